//! The administrator's command: it enrolls, shows and resets the second factors that the PAM module asks for.
#![forbid(unsafe_code)]

mod command;
mod files;
mod import;
mod terminal;

use std::error::Error as StdError;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use command::Command;
use files::make_missing;
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt as _;
use pam_secondfactor::settings::Settings;
use terminal::{complain, say};

const HELP: &str = "\
secondfactor-pam [OPTIONS] COMMAND NAME: the second factor of the user NAME, for root

enroll NAME     add a device: shows a QR code, and asks for a code of it
replace NAME    the same, and remove all other devices: for a phone that was lost
status NAME     show devices, recovery codes left, and whether codes are locked
codes NAME      issue new recovery codes: asks for a code first
temporary NAME  show a code for one login in the next ten minutes, after the owner has proved who they are
reset NAME      remove all of it, after the owner has proved who they are
import-google NAME FILE   take over the device of a file .google_authenticator
import-oath NAME FILE     take over the devices that pam_oath's users file has for the user

--label TEXT    what to call the device to add [phone]
--db PATH       the database [/var/lib/secondfactor/accounts.db]
--key PATH      the sealing key [/etc/secondfactor/sealing.key]
--help";

type Outcome<T = ()> = Result<T, Box<dyn StdError>>;

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = OsString>) -> Outcome {
    let Some(call) = Call::read(arguments)? else {
        return say(HELP);
    };
    let words: Vec<&str> = call.words.iter().map(String::as_str).collect();
    let open = |name| Command::new(&call.settings, name);
    let open_or_make = |name| make_missing(&call.settings).and_then(|()| open(name));
    match *words {
        ["enroll", name] => open_or_make(name)?.enroll(&call.label),
        ["replace", name] => open_or_make(name)?.replace(&call.label),
        ["status", name] => open(name)?.status(),
        ["codes", name] => open(name)?.issue_recovery_codes(),
        ["temporary", name] => open(name)?.issue_temporary_code(),
        ["reset", name] => open(name)?.reset(),
        ["import-google", name, file] => open_or_make(name)?.import_google(&call.label, file),
        ["import-oath", name, file] => open_or_make(name)?.import_oath(&call.label, file),
        _ => Err("there is no such command: see --help".into()),
    }
}

struct Call {
    settings: Settings,
    label: String,
    words: Vec<String>,
}

impl Call {
    /// `None` if help was asked for.
    fn read(arguments: impl Iterator<Item = OsString>) -> Outcome<Option<Self>> {
        let mut settings = Settings::default();
        let mut label = "phone".to_owned();
        let mut words = Vec::new();
        let mut arguments = lexopt::Parser::from_args(arguments);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("label") => label = arguments.value()?.string()?,
                Long("db") => settings.database = std::path::absolute(path(&mut arguments)?)?,
                Long("key") => settings.key = std::path::absolute(path(&mut arguments)?)?,
                Value(word) => words.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(Self {
            settings,
            label,
            words,
        }))
    }
}

fn path(arguments: &mut lexopt::Parser) -> Outcome<PathBuf> {
    Ok(arguments.value()?.into())
}
