//! A server process, as a person starts it, and the clock that it reads.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use super::browser::PATIENCE;

pub(crate) struct Server {
    /// Without a slash at its end.
    pub(crate) address: String,
    process: Child,
    log: Arc<Log>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// What a server says at last that does not start.
    pub(crate) fn refuses(folder: &Path, arguments: &[&str]) -> String {
        let output = Self::runs(folder, arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        last_line(&output.stderr)
    }

    /// Runs to its end, without a log; for a server that should have none, until it says that it listens.
    pub(crate) fn runs(folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Self::command(folder, arguments);
        let mut process = command.env("RUST_LOG", "off").spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut text = Vec::new();
        output.read_until(b'\n', &mut text).unwrap();
        if text.starts_with(b"Listening") {
            process.kill().unwrap();
        }
        output.read_to_end(&mut text).unwrap();
        let ended = process.wait_with_output().unwrap();
        Output {
            stdout: text,
            ..ended
        }
    }

    fn command(folder: &Path, arguments: &[&str]) -> Command {
        if !cfg!(feature = "test-clock") {
            panic!("these tests are run by scripts/browser");
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_secondfactor-web-login"));
        command
            .args(["--listen", "127.0.0.1:0", "--key-file"])
            .arg(folder.join("web-login.key"));
        if !arguments.contains(&"--store") {
            command.arg("--store").arg(folder.join("accounts.db"));
        }
        if !arguments.contains(&"--password-tries-per-minute") {
            command.args(["--password-tries-per-minute", "1000"]);
        }
        command
            .args(arguments)
            .env("SECONDFACTOR_TEST_CLOCK_FILE", folder.join("clock"))
            .env("RUST_LOG", "debug");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// On a free port, with the SQLite file, key and clock of the folder; later arguments go before these.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut process = Self::command(folder, arguments).spawn().unwrap();

        let log = Arc::new(Log::default());
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || lines.map_while(Result::ok).for_each(|line| log.add(&line))
        });
        let mut first = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut first).unwrap();
        let Some(address) = first
            .strip_prefix("Listening on ")
            .map(|url| url.trim_end().trim_end_matches('/'))
        else {
            process.kill().unwrap();
            process.wait().unwrap();
            reader.join().unwrap();
            panic!("the server says {first:?} and:\n{}", log.text());
        };
        // The rest must be read too, or it would wait for its reader; there should be none.
        let rest = Arc::clone(&log);
        let rest = std::thread::spawn(move || {
            let mut text = String::new();
            if output.read_to_string(&mut text).is_ok() && !text.is_empty() {
                rest.add(&format!("more on standard output: {text}"));
            }
        });
        Self {
            address: address.to_owned(),
            process,
            log,
            readers: vec![reader, rest],
        }
    }

    /// Waits until it has logged a text.
    pub(crate) fn logs(&self, text: &str) {
        self.log.wait_for(text);
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// The most memory that it has ever had, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        let mut words = line.unwrap().split_whitespace();
        words.nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([&format!("-{signal}"), &self.process.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for its end. Gives also all that it has logged.
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let status = self.process.wait().unwrap();
        (status, self.whole_log())
    }

    /// Ends it. Gives all that it has logged.
    pub(crate) fn stop(mut self) -> String {
        self.kill();
        self.whole_log()
    }

    fn kill(&mut self) {
        if let Ok(None) = self.process.try_wait() {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }
    }

    /// After its end: what it has written before is read by then.
    fn whole_log(&mut self) -> String {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.log.text()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn last_line(text: &[u8]) -> String {
    let text = std::str::from_utf8(text).unwrap();
    text.lines().next_back().unwrap_or_default().to_owned()
}

/// What a server has logged so far.
#[derive(Default)]
struct Log {
    text: Mutex<String>,
    grows: Condvar,
}

impl Log {
    fn add(&self, line: &str) {
        *self.text.lock().unwrap() += &format!("{line}\n");
        self.grows.notify_all();
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn wait_for(&self, wanted: &str) {
        let text = self.text.lock().unwrap();
        let (text, _timeout) = self
            .grows
            .wait_timeout_while(text, PATIENCE, |text| !text.contains(wanted))
            .unwrap();
        assert!(text.contains(wanted), "no {wanted:?} in the log:\n{text}");
    }
}

/// The present of the server, which stands still until it is moved. It starts near the real one, as the browser's
/// cookies live by that.
pub(crate) struct Clock {
    file: PathBuf,
}

impl Clock {
    pub(crate) fn new(file: &Path) -> Self {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let clock = Self {
            file: file.to_owned(),
        };
        // Ten seconds into a step.
        clock.set(now / 30 * 30 + 10);
        clock
    }

    pub(crate) fn now(&self) -> u64 {
        std::fs::read_to_string(&self.file)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.set(self.now() + by.as_secs());
    }

    /// To the time of the next code.
    pub(crate) fn next_step(&self) {
        self.advance(Duration::from_secs(30));
    }

    /// By renaming, so that no half-written time is read.
    fn set(&self, seconds: u64) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{seconds}\n")).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}
