//! The administrator's command: it enrolls, shows and resets the second factors that the PAM module asks for.
#![forbid(unsafe_code)]

mod command;
mod files;
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
reset NAME      remove all of it, after the owner has proved who they are

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
    if matches!(&*call.command, "enroll" | "replace") {
        make_missing(&call.settings)?;
    }
    let command = Command::new(&call.settings, &call.name)?;
    match &*call.command {
        "enroll" => command.enroll(&call.label),
        "replace" => command.replace(&call.label),
        "status" => command.status(),
        "codes" => command.issue_recovery_codes(),
        "reset" => command.reset(),
        other => Err(format!("there is no command {other:?}: see --help").into()),
    }
}

struct Call {
    settings: Settings,
    label: String,
    command: String,
    name: String,
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
        let [command, name] = <[String; 2]>::try_from(words)
            .map_err(|_| "give a command and the name of a user: see --help")?;
        Ok(Some(Self {
            settings,
            label,
            command,
            name,
        }))
    }
}

fn path(arguments: &mut lexopt::Parser) -> Outcome<PathBuf> {
    Ok(arguments.value()?.into())
}
