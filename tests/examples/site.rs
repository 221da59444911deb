//! A site: the example `login` on a database of its own, driven by pipe.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rusqlite::Connection;
use secondfactor::codes::{Clock, Secret, SystemClock, UnixTime};
use tempfile::TempDir;

use crate::program::{Run, example};
use crate::support::code;

/// A folder with the database of a login program.
pub(crate) struct Site {
    folder: TempDir,
}

pub(crate) const SIGN_UP: &str = "signup\nalice\ncorrect horse\n";
pub(crate) const LOG_IN: &str = "login\nalice\ncorrect horse\n";
pub(crate) const USED: &str = "That code has been used, wait for the next one.";

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With an account that has no second factor.
    pub(crate) fn with_account() -> Self {
        let site = Self::new();
        assert_eq!(site.run(SIGN_UP).status, Some(0));
        site
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("accounts.db")
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("accounts.db.key")
    }

    /// Everything that is sealed in the database.
    pub(crate) fn sealed(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let database = Connection::open(self.database()).unwrap();
        let sql = "SELECT account, body FROM secondfactor_record ORDER BY account";
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The names in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn program(&self) -> Command {
        let mut command = example("login");
        command.arg(self.database());
        command
    }

    pub(crate) fn run(&self, input: impl AsRef<[u8]>) -> Run {
        Run::of(&mut self.program(), input)
    }

    pub(crate) fn log_in(&self, code: &str) -> Run {
        self.run(format!("{LOG_IN}{code}\n"))
    }

    /// Opts in. The answer to the question for the code is computed from the key that is shown.
    pub(crate) fn enroll(&self, code: impl FnOnce(&Secret) -> String) -> (Run, Secret) {
        self.dialogue(&format!("{LOG_IN}enroll\nphone\n"), |secret| {
            code(secret) + "\nstatus"
        })
    }

    /// Types until a key is shown, and then what is answered to it.
    pub(crate) fn dialogue(
        &self,
        typed: &str,
        answer: impl FnOnce(&Secret) -> String,
    ) -> (Run, Secret) {
        let mut talk = self.talk();
        talk.types(typed);
        let key = talk.key();
        talk.types(&(answer(&key) + "\n"));
        (talk.end(), key)
    }

    /// Starts the program, and goes on as it answers.
    pub(crate) fn talk(&self) -> Talk {
        Talk::with(self.program().spawn().unwrap())
    }

    /// The same at a terminal of `script`, which is part of util-linux.
    pub(crate) fn talk_at_a_terminal(&self) -> Talk {
        let words = [
            self.program().get_program().to_owned(),
            self.database().into(),
        ];
        let words = words.map(|word| format!("'{}'", word.to_str().unwrap()));
        let mut script = Command::new("script");
        script.args([
            "--quiet",
            "--return",
            "--command",
            &words.join(" "),
            "/dev/null",
        ]);
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        Talk::with(
            script
                .spawn()
                .expect("script can't be run: is it installed?"),
        )
    }
}

/// A program that runs.
pub(crate) struct Talk {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    shown: String,
}

impl Talk {
    fn with(mut child: Child) -> Self {
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            shown: String::new(),
        }
    }

    pub(crate) fn types(&mut self, lines: &str) {
        self.input.write_all(lines.as_bytes()).unwrap();
    }

    /// The next key that is shown.
    pub(crate) fn key(&mut self) -> Secret {
        loop {
            let start = self.shown.len();
            assert_ne!(
                self.output.read_line(&mut self.shown).unwrap(),
                0,
                "no key is shown: {}",
                self.shown
            );
            if let Some(key) = self.shown[start..].strip_prefix("Key: ") {
                return Secret::from_base32(key.trim_end()).unwrap();
            }
        }
    }

    /// Waits for the next such text. It may be a question, which ends no line.
    pub(crate) fn sees(&mut self, text: &str) {
        let start = self.shown.len();
        while !self.shown[start..].contains(text) {
            let mut byte = [0];
            assert_eq!(
                self.output.read(&mut byte).unwrap(),
                1,
                "{text}: {}",
                self.shown
            );
            self.shown.push(char::from(byte[0]));
        }
    }

    /// Types nothing more.
    pub(crate) fn end(mut self) -> Run {
        drop(self.input);
        self.output.read_to_string(&mut self.shown).unwrap();
        let stdout = self.shown;
        Run {
            stdout,
            ..Run::end_of(self.child)
        }
    }
}

/// The program has failed, and one sentence says why.
#[track_caller]
pub(crate) fn assert_fails(run: &Run, sentence: &str) {
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (Some(1), format!("{sentence}\n").as_str()),
        "{run:?}"
    );
}

/// The same, and nobody was let in.
#[track_caller]
pub(crate) fn assert_refused(run: &Run, sentence: &str) {
    assert_fails(run, sentence);
    assert!(!run.stdout.contains("Logged in"), "{run:?}");
}

/// Runs a scenario at the present time. The program has the system's clock: if the scenario took so long that its
/// codes may have run out, it is run again from the start, so it must judge nothing itself.
pub(crate) fn at_present<T>(scenario: impl Fn(UnixTime) -> T) -> T {
    for _ in 0..5 {
        let start = SystemClock.now();
        let result = scenario(start);
        if SystemClock.now().as_secs() / 30 <= start.as_secs() / 30 + 1 {
            return result;
        }
    }
    panic!("the machine is too slow: a few logins take more than 30 seconds");
}

/// A site whose `alice` has confirmed a phone by the code of the present step.
pub(crate) fn opted_in(now: UnixTime) -> (Site, Secret) {
    let (site, secret, _) = opted_in_with_codes(now);
    (site, secret)
}

/// The recovery codes that a run has shown.
pub(crate) fn recovery_codes(stdout: &str) -> Vec<String> {
    let lines = stdout.lines().filter_map(|line| line.strip_prefix("  "));
    lines
        .filter(|line| line.len() == 29 && line.matches('-').count() == 4)
        .map(str::to_owned)
        .collect()
}

/// The same, with the recovery codes that were shown.
pub(crate) fn opted_in_with_codes(now: UnixTime) -> (Site, Secret, Vec<String>) {
    let site = Site::with_account();
    let (run, secret) = site.enroll(|secret| code(secret, now, 0).to_string());
    (site, secret, recovery_codes(&run.stdout))
}
