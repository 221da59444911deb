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
//! made at the first start, readable by its owner only. In production it belongs on another machine than the database's
//! backups.

use std::error::Error as StdError;
use std::fs::OpenOptions;
use std::io::{BufRead, ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use pollster::block_on;
use rusqlite::{Connection, OptionalExtension};
use secondfactor::{
    AccountId, Code, Denial, DeviceId, DeviceState, Enrollment, Error, KeyId, Keyring, Label, Mfa, SealingKey,
    SqliteStore, Verified,
};
use tempfile::NamedTempFile;

const ISSUER: &str = "secondfactor login";
const HELP: &str = "\
signup   make an account with a name and a password
login    log in: password, and a code if you have opted in
enroll   (logged in) opt in to the second factor
status   (logged in) show your devices
logout   (logged in)
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
        // So that no name is special to SQLite, as `:memory:` is.
        (Some(path), None) => std::path::absolute(path)?,
        _ => return Err("usage: login DATABASE (a file, which is made if it is not there)".into()),
    };
    let mut program = Program {
        users: Users::open(&database)?,
        mfa: Mfa::new(SqliteStore::open(&database)?, keyring(&database)?),
        terminal: Terminal { interactive },
        session: None,
    };
    writeln!(stdout(), "Accounts are in {}. Type help for the commands.", database.display())?;
    while let Some(command) = program.terminal.command(program.session.as_ref())? {
        match program.perform(command.trim()) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) if interactive => say_error(&*error),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A sentence for the person, and its causes.
fn say_error(error: &dyn StdError) {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    let _ = writeln!(stderr(), "{sentence}.");
}

struct Program {
    users: Users,
    mfa: Mfa<SqliteStore>,
    terminal: Terminal,
    session: Option<Session>,
}

/// Somebody who is logged in, and by what.
struct Session {
    user: User,
    second_factor: Option<Verified>,
}

impl Program {
    /// Performs a command; `false` ends the program.
    fn perform(&mut self, command: &str) -> Outcome<bool> {
        match command {
            "" => {}
            "help" => writeln!(stdout(), "{HELP}")?,
            "quit" => return Ok(false),
            "signup" => self.sign_up()?,
            "login" => self.session = Some(self.log_in()?),
            "logout" => self.session = None,
            "enroll" => self.enroll()?,
            "status" => self.status()?,
            _ => return Err("There is no such command, type help".into()),
        }
        Ok(true)
    }

    fn sign_up(&mut self) -> Outcome {
        let name = self.terminal.ask("Name: ")?;
        let password = self.terminal.ask_hidden("Password: ")?;
        self.users.add(&name, &password)?;
        writeln!(stdout(), "Signed up. Now log in.")?;
        Ok(())
    }

    /// The password first, then the code: no answer about the code without the password.
    fn log_in(&mut self) -> Outcome<Session> {
        self.session = None;
        let name = self.terminal.ask("Name: ")?;
        let password = self.terminal.ask_hidden("Password: ")?;
        let user = self.users.check(&name, &password)?;
        if !self.needs_code(&user)? {
            writeln!(stdout(), "Logged in as {name}, by password alone. Type enroll to opt in to a second factor.")?;
            return Ok(Session { user, second_factor: None });
        }
        let code = self.terminal.ask_code("Code: ")?;
        let verified = block_on(self.mfa.verify(&user.account, code)).map_err(explain)?;
        writeln!(stdout(), "Logged in as {name}, by password and code.")?;
        Ok(Session { user, second_factor: Some(verified) })
    }

    /// Who has opted in is noted with the user as well: a record that is missing then is an error, never a way past.
    fn needs_code(&self, user: &User) -> Outcome<bool> {
        match block_on(self.mfa.status(&user.account)) {
            Ok(status) => Ok(user.opted_in || status.is_enrolled()),
            Err(Error::NotEnrolled) if !user.opted_in => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn enroll(&mut self) -> Outcome {
        let session = self.session.as_ref().ok_or("Log in first")?;
        if self.needs_code(&session.user)? && session.second_factor.is_none() {
            return Err("Log in again, with a code: a password alone adds no device to those you have".into());
        }
        let label = match self.terminal.ask("What do you call the device [phone]: ")? {
            empty if empty.is_empty() => Label::new("phone")?,
            label => Label::new(label)?,
        };
        let enrollment = block_on(self.mfa.enroll(&session.user.account, label))?;
        show(&enrollment, &session.user.name)?;
        self.confirm(&session.user.account, enrollment.device())?;
        self.users.opt_in(&session.user)?;
        self.session.iter_mut().for_each(|session| session.user.opted_in = true);
        writeln!(stdout(), "The second factor is on. That code is used up: the next login needs the next one.")?;
        Ok(())
    }

    fn confirm(&self, account: &AccountId, device: DeviceId) -> Outcome {
        loop {
            let code = self.terminal.ask_code("Code that the app shows: ")?;
            match block_on(self.mfa.confirm(account, device, code)) {
                Err(Error::Denied(_)) if self.terminal.interactive => {
                    writeln!(stdout(), "Wrong code, try the next one.")?
                }
                result => return result.map(drop).map_err(explain),
            }
        }
    }

    fn status(&self) -> Outcome {
        let session = self.session.as_ref().ok_or("Log in first")?;
        let factors = if session.second_factor.is_some() { "password and code" } else { "password" };
        writeln!(stdout(), "Logged in as {}, by {factors}.", session.user.name)?;
        let status = match block_on(self.mfa.status(&session.user.account)) {
            Err(Error::NotEnrolled) if !session.user.opted_in => {
                writeln!(stdout(), "The second factor is off.")?;
                return Ok(());
            }
            status => status?,
        };
        writeln!(stdout(), "The second factor is {}.", if status.is_enrolled() { "on" } else { "off" })?;
        for device in status.devices() {
            let state = match device.state() {
                DeviceState::Active => "active",
                _ => "waits to be confirmed",
            };
            write!(stdout(), "  {}: {state}, enrolled at {}", device.label(), device.created().as_secs())?;
            match device.last_used() {
                Some(time) => writeln!(stdout(), ", last used at {}", time.as_secs())?,
                None => writeln!(stdout(), ", not yet used")?,
            }
        }
        Ok(())
    }
}

/// The QR code, and the key for those who type it: shown this once.
fn show(enrollment: &Enrollment, name: &str) -> Outcome {
    let uri = enrollment.key_uri(ISSUER, name)?;
    writeln!(stdout(), "Scan this with your authenticator app:\n\n{}", &*uri.expose_terminal()?)?;
    writeln!(stdout(), "Or type this key, time-based, six digits:\nKey: {}", &*enrollment.secret().expose_base32())?;
    Ok(())
}

/// What the person is told. A used code is named as such here: at their own terminal, nobody else reads it.
fn explain(error: Error) -> Box<dyn StdError> {
    match error {
        Error::Denied(Denial::Replayed) => "That code has been used, wait for the next one".into(),
        Error::Denied(_) => "Wrong code".into(),
        error => error.into(),
    }
}

/// The sealing key: from the environment, or from a file beside the database.
fn keyring(database: &Path) -> Outcome<Keyring> {
    let key = match std::env::var("SECONDFACTOR_SEALING_KEY") {
        Ok(text) => SealingKey::from_base32(&text)
            .map_err(|error| format!("SECONDFACTOR_SEALING_KEY is no sealing key: {error}"))?,
        Err(std::env::VarError::NotPresent) => key_file(&with_suffix(database, ".key"))?,
        Err(_) => return Err("SECONDFACTOR_SEALING_KEY is not UTF-8".into()),
    };
    Ok(Keyring::new(KeyId::new(1), key))
}

/// Reads the key file, or makes it.
fn key_file(path: &Path) -> Outcome<SealingKey> {
    if !path.exists() {
        make_key_file(path).map_err(|error| format!("The key file {} can't be made: {error}", path.display()))?;
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The key file {} can't be read: {error}", path.display()))?;
    SealingKey::from_base32(text.trim_end())
        .map_err(|error| format!("The key file {} holds no sealing key: {error}", path.display()).into())
}

/// It gets its name when it is whole, so no half of a key is ever found. If another process was faster, its key stays.
fn make_key_file(path: &Path) -> Outcome {
    // Readable by its owner only, as `NamedTempFile` makes all its files.
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    writeln!(file, "{}", &*SealingKey::generate()?.expose_base32())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error.into()),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes the database's file, for its owner only: it will hold password hashes. SQLite's files beside it get the same
/// permissions.
fn make_private(database: &Path) -> Outcome {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(database) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(format!("The database {} can't be made: {error}", database.display()).into())
        }
        _ => Ok(()),
    }
}

/// Names and password hashes, in the same file.
struct Users {
    connection: Connection,
}

struct User {
    /// The row's number, not the name: names may change hands.
    account: AccountId,
    name: String,
    opted_in: bool,
}

impl Users {
    fn open(database: &Path) -> Outcome<Self> {
        make_private(database)?;
        let connection = Connection::open(database)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS user (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL UNIQUE,
                password TEXT NOT NULL,
                opted_in INTEGER NOT NULL DEFAULT 0
            ) STRICT",
        )?;
        Ok(Self { connection })
    }

    fn add(&self, name: &str, password: &str) -> Outcome {
        // Nothing that a terminal obeys, that passes for another name, or that a key URI can't hold.
        let fits = |character: char| character.is_alphanumeric() || "-._@+".contains(character);
        if !(1..=32).contains(&name.chars().count()) || !name.chars().all(fits) {
            return Err("A name has 1 to 32 letters, digits or any of -._@+".into());
        }
        if password.chars().count() < 8 {
            return Err("A password has at least 8 characters".into());
        }
        let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
        let sql = "INSERT INTO user (name, password) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        match self.connection.execute(sql, [name, hash.to_string().as_str()])? {
            1 => Ok(()),
            _ => Err("The name is taken".into()),
        }
    }

    /// The same answer, after the same work, whether the name or the password is wrong.
    fn check(&self, name: &str, password: &str) -> Outcome<User> {
        let row = self
            .connection
            .query_row("SELECT id, password, opted_in FROM user WHERE name = ?1", [name], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?))
            })
            .optional()?;
        match row {
            Some((id, hash, opted_in)) if matches(password, &hash)? => {
                Ok(User { account: AccountId::new(format!("user-{id}"))?, name: name.to_owned(), opted_in })
            }
            Some(_) => Err("Wrong name or password".into()),
            None => {
                let _ = Argon2::default().hash_password(password.as_bytes());
                Err("Wrong name or password".into())
            }
        }
    }

    fn opt_in(&self, user: &User) -> Outcome {
        self.connection.execute("UPDATE user SET opted_in = 1 WHERE name = ?1", [&user.name])?;
        Ok(())
    }
}

fn matches(password: &str, hash: &str) -> Outcome<bool> {
    let hash = PasswordHash::new(hash).map_err(|error| format!("The stored password is damaged: {error}"))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Questions and answers: at a terminal with prompts, from a pipe as plain lines.
struct Terminal {
    interactive: bool,
}

impl Terminal {
    /// The next command; `None` at the end of input.
    fn command(&self, session: Option<&Session>) -> Outcome<Option<String>> {
        self.prompt(&session.map_or_else(|| "> ".to_owned(), |session| format!("{}> ", session.user.name)))?;
        self.line()
    }

    fn ask(&self, question: &str) -> Outcome<String> {
        self.prompt(question)?;
        self.line()?.ok_or_else(|| "The input ended before the answer".into())
    }

    /// At a terminal a code with a typing mistake is asked for again; an empty one gives up.
    fn ask_code(&self, question: &str) -> Outcome<Code> {
        loop {
            let answer = self.ask(question)?;
            match answer.parse() {
                Err(error) if self.interactive && !answer.is_empty() => say_error(&error),
                code => return Ok(code?),
            }
        }
    }

    fn ask_hidden(&self, question: &str) -> Outcome<String> {
        if self.interactive { Ok(rpassword::prompt_password(question)?) } else { self.ask(question) }
    }

    fn prompt(&self, text: &str) -> Outcome {
        if self.interactive {
            write!(stdout(), "{text}")?;
            stdout().flush()?;
        }
        Ok(())
    }

    fn line(&self) -> Outcome<Option<String>> {
        let mut line = String::new();
        match stdin().lock().read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned())),
            Err(error) if error.kind() == ErrorKind::InvalidData => Err("The input is not UTF-8".into()),
            Err(error) => Err(error.into()),
        }
    }
}
