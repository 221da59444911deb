//! Other processes of the test program, each a login server on a place. The test `server` is what they run.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use secondfactor::account::{DeviceId, Submission};
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::store::{AnyStore, AnyStoreError, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Code, Denial, Error, Mfa, RecoveryCode, Verified};

use crate::place::Place;
use crate::support::{NOW, account, keyring, label, run};

const PLACE: &str = "SECONDFACTOR_TEST_PLACE";
const STOP_AT: &str = "SECONDFACTOR_TEST_STOP_AT";

pub(crate) struct Server {
    child: Child,
    commands: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

/// How often a race of processes is run: `scripts/test` asks for more than a developer waits for, and
/// `scripts/soak` for a thousand.
pub(crate) fn rounds() -> u32 {
    std::env::var("SECONDFACTOR_TEST_ROUNDS").map_or(100, |rounds| rounds.parse().unwrap())
}

impl Server {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_to_stop_at(place, "nowhere")
    }

    /// It says the point's name when it comes there, and goes no further.
    pub(crate) fn start_to_stop_at(place: &Place, point: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server", "--nocapture", "--quiet"])
            .env(PLACE, place.to_string())
            .env(STOP_AT, point)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self {
            child,
            commands,
            lines,
        };
        assert_eq!(server.answer(), "ready");
        server
    }

    pub(crate) fn verify(&mut self, id: &str, time: UnixTime, code: Code) {
        writeln!(self.commands, "verify {id} {} {code}", time.as_secs()).unwrap();
    }

    /// In a form of the one session.
    pub(crate) fn verify_in(&mut self, id: &str, time: UnixTime, code: Code, form: u128) {
        writeln!(
            self.commands,
            "verify {id} {} {code} {form:032x}",
            time.as_secs()
        )
        .unwrap();
    }

    pub(crate) fn enroll(&mut self, id: &str) {
        writeln!(self.commands, "enroll {id}").unwrap();
    }

    /// At `NOW`.
    pub(crate) fn confirm(&mut self, id: &str, device: DeviceId, code: Code) {
        writeln!(self.commands, "confirm {id} {device} {code}").unwrap();
    }

    /// At `NOW`.
    pub(crate) fn redeem(&mut self, id: &str, code: &RecoveryCode) {
        writeln!(self.commands, "redeem {id} {}", &*code.expose_text()).unwrap();
    }

    /// The next answer; the test program's own lines have no prefix.
    pub(crate) fn answer(&mut self) -> String {
        self.try_answer().expect("the server ended")
    }

    fn try_answer(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("> ").map(|(_, said)| said.to_owned()))
    }

    /// SIGKILL. What it had still answered.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        std::iter::from_fn(|| self.try_answer()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// What the process does, until its input ends.
pub(crate) fn serve() {
    let Ok(place) = std::env::var(PLACE) else {
        return;
    };
    let store = Stopping {
        inner: place.parse::<Place>().unwrap().open(),
        stop_at: std::env::var(STOP_AT).unwrap(),
    };
    let clock = Arc::new(ManualClock::new(NOW));
    let mfa = Mfa::new(store, keyring()).with_clock(Arc::clone(&clock));
    say("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["verify", id, time, code] => {
                clock.set(UnixTime::from_secs(time.parse().unwrap()));
                say(&outcome(run(
                    mfa.verify(&account(id), code.parse::<Code>().unwrap())
                )));
            }
            ["verify", id, time, code, form] => {
                clock.set(UnixTime::from_secs(time.parse().unwrap()));
                let code: Code = code.parse().unwrap();
                let submission =
                    Submission::new(code).with_form(b"the session's id", form.parse().unwrap());
                say(&outcome(run(mfa.verify(&account(id), submission.unwrap()))));
            }
            ["enroll", id] => match run(mfa.enroll(&account(id), label("phone"))) {
                Ok(enrollment) => {
                    say(&format!(
                        "{} {}",
                        enrollment.device(),
                        &*enrollment.secret().expose_base32()
                    ));
                }
                Err(error) => say(&outcome(Err(error))),
            },
            ["confirm", id, device, code] => {
                clock.set(NOW);
                let device: DeviceId = device.parse().unwrap();
                let confirmed =
                    run(mfa.confirm(&account(id), device, code.parse::<Code>().unwrap()));
                say(&named("Confirmed", confirmed));
            }
            ["redeem", id, code] => {
                clock.set(NOW);
                say(&named(
                    "Recovered",
                    run(mfa.redeem(&account(id), &code.parse().unwrap())),
                ));
            }
            _ => panic!("{line}"),
        }
    }
}

pub(crate) fn outcome(verdict: Result<Verified, Error>) -> String {
    named("Verified", verdict)
}

fn named<T>(success: &str, result: Result<T, Error>) -> String {
    match result {
        Ok(_) => success.to_owned(),
        Err(Error::Denied(Denial::Replayed)) => "Replayed".to_owned(),
        Err(Error::Denied(Denial::Mismatch | Denial::Locked { .. })) => "Mismatch".to_owned(),
        Err(Error::Denied(Denial::Throttled { .. })) => "Throttled".to_owned(),
        Err(error) => match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

fn say(what: &str) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "> {what}")
        .and_then(|()| stdout.flush())
        .unwrap();
}

/// A store that stops for good at a named point.
struct Stopping {
    inner: AnyStore,
    stop_at: String,
}

impl Stopping {
    fn point(&self, name: &str) {
        if self.stop_at == name {
            say(name);
            loop {
                std::thread::park();
            }
        }
    }
}

impl Store for Stopping {
    type Error = AnyStoreError;

    async fn check(&self) -> Result<Report, AnyStoreError> {
        self.inner.check().await
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyStoreError> {
        self.point("before load");
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, AnyStoreError> {
        self.point("before swap");
        let swap = self.inner.swap(account, expected, next).await;
        self.point("after swap");
        swap
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyStoreError> {
        self.inner.remove(account, expected).await
    }
}
