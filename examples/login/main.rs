//! A login at the terminal with an opt-in second factor, on one SQLite file.
//!
//! ```sh
//! cargo run --example login --features sqlite,qr -- accounts.db
//! ```
//!
//! Type `help` for the commands. At a terminal it asks, and asks again after a mistake; lines from a pipe are taken
//! as the answers, and the first refusal ends the program with status 1.
//!
//! The sealing key comes from `SECONDFACTOR_SEALING_KEY` (Base32, 32 bytes) or from a file beside the database, which is
//! made where nothing was sealed yet, readable by its owner only. In production it belongs on another machine than the
//! database's backups. With a wrong key, or on a database that is not fit for a login, the program does not start.

mod dates;
mod files;
mod keep;
mod second_factor;
mod terminal;
mod users;
mod words;

use std::error::Error as StdError;
use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use pollster::block_on;
use secondfactor::mfa::blocking;
use secondfactor::sealing::SealError;
use secondfactor::sign_in::NeedsCode;
use secondfactor::store::{ListAccounts, Report, Severity, SqliteStore};
use secondfactor::{Error, Keyring, Proof};
use terminal::{Terminal, say, say_error};
use users::{User, Users};

const USAGE: &str = "Usage: login DATABASE (a file, which is made if it is not there)";

const HELP: &str = "\
signup   make an account with a name and a password
login    log in: password, and a code if you have opted in (or a recovery code)
resync   put a device right whose clock or counter is off, by two codes in a row
Logged in:
enroll   opt in to the second factor, or add a device
status   show your devices and recovery codes, and who vouched for them
rename, suspend, resume, revoke, rotate   change a device
keep     say which devices are in your hands: everything else ends
codes    get new recovery codes
optout   go without a second factor
logout
quit";

fn main() -> ExitCode {
    let interactive = stdin().is_terminal();
    match run(interactive) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say_error(&*error);
            ExitCode::FAILURE
        }
    }
}

type Outcome<T = ()> = Result<T, Box<dyn StdError>>;

fn run(interactive: bool) -> Outcome {
    let mut arguments = std::env::args_os().skip(1);
    let database = match (arguments.next(), arguments.next()) {
        (Some(option), None) if option == "-h" || option == "--help" => {
            return say(format_args!("{USAGE}.\n\n{HELP}"));
        }
        // `./-name` is a file all the same.
        (Some(option), None) if option.as_encoded_bytes().starts_with(b"-") => {
            return Err(USAGE.into());
        }
        // So that no name is special to SQLite, as `:memory:` is.
        (Some(path), None) => std::path::absolute(path)?,
        _ => return Err(USAGE.into()),
    };
    let users = Users::open(&database)?;
    let store = SqliteStore::open(&database)?;
    // Asked before the file is looked for: another process may make it and seal the first record at any moment.
    let nothing_sealed = block_on(store.list_accounts(None, 1))?.is_empty();
    let (key, place) = files::sealing_key(&database, nothing_sealed)?;
    // A program that serves people would mail them here; this one tells them at its terminal.
    let mfa = secondfactor::Mfa::new(store, Keyring::new(key)).on_event(words::tell_owner);
    let mfa = blocking::Mfa::new(mfa);
    heed(&check(&mfa, &place)?)?;
    let mut program = Program {
        users,
        mfa,
        terminal: Terminal { interactive },
        session: None,
    };
    say(format_args!(
        "Accounts are in {}. Type help for the commands.",
        database.display()
    ))?;
    while let Some(command) = program.next_command()? {
        match program.perform(command.trim()) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if interactive => say_error(&*error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// With a wrong key there is no start: what it seals, the right one does not open.
fn check(mfa: &blocking::Mfa<SqliteStore>, place: &str) -> Outcome<Report> {
    match mfa.check() {
        Err(Error::Seal(SealError::UnknownKey { id, .. })) => Err(format!(
            "The sealing key in {place} is wrong: these accounts are sealed by key {id}. Put that key there, from its \
             backup. Nothing was changed"
        )
        .into()),
        report => Ok(report?),
    }
}

/// Says what the store finds in its settings, the worst first; with what is unsafe there is no start.
fn heed(report: &Report) -> Outcome {
    for finding in report.findings() {
        if finding.severity() >= Severity::Unsafe {
            return Err(format!("The database is not fit for a login: {finding}").into());
        }
        say_error(&*Box::<dyn StdError>::from(format!("Warning: {finding}")));
    }
    Ok(())
}

struct Program {
    users: Users,
    mfa: blocking::Mfa<SqliteStore>,
    terminal: Terminal,
    session: Option<Session>,
}

/// Somebody who is logged in.
struct Session {
    user: User,
    /// What they have proved beside the password.
    proof: Option<Proof>,
}

impl Program {
    fn next_command(&self) -> Outcome<Option<String>> {
        self.terminal.command(
            self.session
                .as_ref()
                .map(|session| session.user.name.as_str()),
        )
    }

    /// Performs a command; `false` ends the program.
    fn perform(&mut self, command: &str) -> Outcome<bool> {
        match command {
            "" => {}
            "help" => say(HELP)?,
            "quit" => return Ok(false),
            "signup" => self.sign_up()?,
            "login" => self.session = Some(self.log_in()?),
            "resync" => self.resync()?,
            "logout" => self.session = None,
            "enroll" => self.enroll()?,
            "status" => self.status()?,
            "rename" | "suspend" | "resume" | "revoke" | "rotate" => self.change_device(command)?,
            "keep" => self.keep()?,
            "codes" => self.issue_recovery_codes()?,
            "optout" => self.opt_out()?,
            _ => return Err("There is no such command, type help".into()),
        }
        Ok(true)
    }

    fn sign_up(&mut self) -> Outcome {
        let name = self.terminal.ask("Name: ")?;
        let password = self.terminal.ask_hidden("Password: ")?;
        self.users.add(&name, &password)?;
        say("Signed up. Now log in.")
    }

    /// The password first, then the code: no answer about the code without the password.
    fn log_in(&mut self) -> Outcome<Session> {
        self.session = None;
        let user = self.check_password()?;
        let name = &user.name;
        let NeedsCode::Yes { note_is_behind } =
            self.mfa.needs_code(&user.account, user.opted_in)?
        else {
            say(format_args!(
                "Logged in as {name}, by password alone. Type enroll to opt in to a second factor."
            ))?;
            return Ok(Session { user, proof: None });
        };
        let proof = self.ask_proof(&user)?;
        // The program was ended between a confirmation and its note: the note is made now.
        if note_is_behind {
            self.users.note_opted_in(&user, true)?;
        }
        say(format_args!(
            "Logged in as {name}, by password and {}.",
            words::by(&proof)
        ))?;
        Ok(Session {
            user,
            proof: Some(proof),
        })
    }

    fn check_password(&self) -> Outcome<User> {
        let name = self.terminal.ask("Name: ")?;
        let password = self.terminal.ask_hidden("Password: ")?;
        self.users.check(&name, &password)
    }
}
