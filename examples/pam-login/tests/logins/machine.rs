//! The machine that `scripts/pam` makes: its services, its log, its users' phones, and the programs by which they log in.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use pam_secondfactor::words::PROMPT;
use tempfile::TempDir;

use crate::log::Log;
use crate::phone::Phone;

/// Of every user.
pub(crate) const PASSWORD: &str = "sesame";

pub(crate) fn machine() -> PathBuf {
    let folder = std::env::var_os("SECONDFACTOR_TEST_PAM");
    folder.expect("started by scripts/pam").into()
}

/// A service of PAM, with a database and a key.
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) folder: Arc<TempDir>,
}

impl Service {
    /// Asks for a code and nothing else.
    pub(crate) fn of_code(name: &str) -> Self {
        let service = Self::without_file(name);
        service.write(&[service.line("")]);
        service
    }

    /// As Debian does it: a wrong password ends it before anything is asked.
    pub(crate) fn of_password_and_code(name: &str) -> Self {
        let service = Self::without_file(name);
        service.write(&[
            "auth [success=1 default=ignore] pam_unix.so".to_owned(),
            "auth requisite pam_deny.so".to_owned(),
            service.line(""),
        ]);
        service
    }

    /// Asks for a code and nothing else, of the same files.
    pub(crate) fn without_password(&self, name: &str) -> Self {
        let service = Self {
            name: name.to_owned(),
            folder: Arc::clone(&self.folder),
        };
        service.write(&[service.line("")]);
        service
    }

    pub(crate) fn without_file(name: &str) -> Self {
        Log::open();
        Self {
            name: name.to_owned(),
            folder: Arc::new(tempfile::tempdir_in(machine()).unwrap()),
        }
    }

    /// The module's line in a service's file, with more options.
    pub(crate) fn line(&self, options: &str) -> String {
        let module = machine().join("pam_secondfactor.so");
        self.line_of(&module, options)
    }

    /// The same of a module that panics at the name "panic".
    pub(crate) fn panicking_line(&self) -> String {
        self.line_of(&machine().join("pam_panics.so"), "")
    }

    fn line_of(&self, module: &Path, options: &str) -> String {
        let (module, database, key) = (module.display(), self.database(), self.key());
        let (database, key) = (database.display(), key.display());
        format!("auth required {module} db={database} key={key} {options}")
    }

    pub(crate) fn write(&self, auth: &[String]) {
        let rest = "account required pam_permit.so\nsession required pam_permit.so\n";
        let text = format!("{}\n{rest}", auth.join("\n"));
        fs::write(Path::new("/etc/pam.d").join(&self.name), text).unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.path().join("sealing.key")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secondfactor-pam"));
        command.arg("--db").arg(self.database());
        command.arg("--key").arg(self.key()).args(words);
        command
    }

    /// The administrator's command, with its input at once.
    pub(crate) fn administer(&self, words: &[&str], input: &str) -> Output {
        run(&mut self.command(words), input)
    }

    /// The device's present code is used up by the confirmation.
    pub(crate) fn enroll(&self, user: &str) -> Phone {
        self.add(user, "enroll", &[])
    }

    /// Adds a device whose label is the command, after answers to the questions before its own.
    pub(crate) fn add(&self, user: &str, command: &str, answers: &[&str]) -> Phone {
        let mut child = Running::start(&mut self.command(&[command, user, "--label", command]));
        answers.iter().for_each(|answer| child.type_line(answer));
        let asks = child.comes_to("Code that the app shows: ");
        assert!(asks, "{}", child.said);
        let mut lines = child.said.lines();
        let key = lines.find_map(|line| line.strip_prefix("Key: ")).unwrap();
        let phone = Phone::new(key);
        let output = child.answer(&phone.code());
        assert!(output.status.success(), "{output:?}");
        phone.with_sheet(&String::from_utf8(output.stdout).unwrap())
    }

    /// Logs in by pamtester.
    pub(crate) fn log_in(&self, user: &str, code: &str) -> Answer {
        self.ask(user).answer(code)
    }

    /// Goes as far as the question.
    pub(crate) fn ask(&self, user: &str) -> Asked {
        self.ask_until(PROMPT, user).unwrap()
    }

    /// `None` if another module has refused at once.
    pub(crate) fn ask_until(&self, question: &str, user: &str) -> Option<Asked> {
        let mut command = Command::new("pamtester");
        command.args([&*self.name, user, "authenticate"]);
        let mut child = Running::on_standard_error(&mut command);
        child.comes_to(question).then_some(Asked(child))
    }
}

/// A login that waits for the code.
pub(crate) struct Asked(Running);

impl Asked {
    pub(crate) fn answer(self, code: &str) -> Answer {
        Answer::new(&self.0.answer(code))
    }
}

/// What came of a login.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) is_in: bool,
    /// What the claimant was told.
    pub(crate) said: String,
}

impl Answer {
    fn new(output: &Output) -> Self {
        let said = [&*output.stdout, &*output.stderr].concat();
        Self {
            is_in: output.status.success(),
            said: String::from_utf8(said).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn assert_in(&self) {
        assert!(self.is_in, "{self:?}");
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, text: &str) {
        assert!(!self.is_in && self.said.contains(text), "{self:?}");
    }
}

/// A program that asks, with all that it has said.
struct Running {
    child: Child,
    on_standard_error: bool,
    said: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self {
            child: piped.stderr(Stdio::piped()).spawn().unwrap(),
            on_standard_error: false,
            said: String::new(),
        }
    }

    fn on_standard_error(command: &mut Command) -> Self {
        Self {
            on_standard_error: true,
            ..Self::start(command)
        }
    }

    /// Whether it asks this, and does not end before.
    fn comes_to(&mut self, question: &str) -> bool {
        let mut said = Vec::new();
        let mut byte = [0];
        while !said.ends_with(question.as_bytes()) {
            let read = match self.on_standard_error {
                true => self.child.stderr.as_mut().unwrap().read(&mut byte),
                false => self.child.stdout.as_mut().unwrap().read(&mut byte),
            };
            if read.unwrap() == 0 {
                break;
            }
            said.push(byte[0]);
        }
        self.said = String::from_utf8(said).unwrap();
        self.said.ends_with(question)
    }

    /// It may have ended already.
    fn type_line(&mut self, text: &str) {
        let _ = writeln!(self.child.stdin.as_mut().unwrap(), "{text}");
    }

    fn answer(mut self, text: &str) -> Output {
        self.type_line(text);
        drop(self.child.stdin.take());
        self.child.wait_with_output().unwrap()
    }
}

/// Runs a program to its end, with its input at once.
pub(crate) fn run(command: &mut Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = piped.stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Runs `su` or `sudo` as a user without rights.
pub(crate) fn run_as(user: &str, words: &[&str], input: &str) -> Answer {
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid",
        user,
        "--regid",
        user,
        "--init-groups",
        "--reset-env",
    ]);
    Answer::new(&run(command.args(words), input))
}
