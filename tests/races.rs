//! One code submitted by many at once, and servers killed in the middle: on one SQLite file, with real processes.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)] // a test fails by panicking
#![cfg(feature = "sqlite")]

mod support;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Barrier};

use secondfactor::{
    AccountId, Code, Denial, Error, ManualClock, MemoryStore, Mfa, SqliteError, SqliteStore, Store, Stored, Swap,
    UnixTime, Verified, Version,
};
use support::*;

const ROUNDS: u64 = 200;

fn submit<S: Store>(mfa: &Mfa<S, Arc<ManualClock>>, code: Code) -> Outcome {
    match run(mfa.verify(&alice(), code)) {
        Ok(verified) => Outcome::of(&verified),
        Err(Error::Denied(Denial::Replayed)) => Outcome::Replayed,
        Err(Error::Denied(_)) => Outcome::Wrong,
        Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Verified,
    Replayed,
    Wrong,
}

impl Outcome {
    fn of(_: &Verified) -> Self {
        Self::Verified
    }
}

fn race_threads<S: Store>(store: S) {
    const THREADS: usize = 16;
    let Login { mfa, clock, secret, .. } = Login::new(store);
    for round in 0..ROUNDS {
        let time = NOW.saturating_add(STEP * round as u32);
        clock.set(time);
        let code = code(&secret, time, 0);
        let barrier = Barrier::new(THREADS);
        let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        submit(&mfa, code)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_one_verified(round, &outcomes);
    }
}

fn assert_one_verified(round: u64, outcomes: &[Outcome]) {
    let count = |outcome| outcomes.iter().filter(|one| **one == outcome).count();
    assert_eq!(count(Outcome::Verified), 1, "round {round}: {outcomes:?}");
    assert_eq!(count(Outcome::Replayed), outcomes.len() - 1, "round {round}: {outcomes:?}");
}

#[test]
fn sixteen_threads_one_code_on_memory() {
    race_threads(MemoryStore::new());
}

#[test]
fn sixteen_threads_one_code_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    race_threads(SqliteStore::open(folder.path().join("store.db")).unwrap());
}

#[test]
fn sixteen_stores_one_code_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let Login { clock, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let code = code(&secret, NOW, 0);
    let barrier = Barrier::new(16);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let servers: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let store = SqliteStore::open(&path).unwrap();
                    submit(&Mfa::new(store, keyring()).with_clock(Arc::clone(&clock)), code)
                })
            })
            .collect();
        servers.into_iter().map(|server| server.join().unwrap()).collect()
    });
    assert_one_verified(0, &outcomes);
}

#[test]
fn eight_processes_one_code_on_one_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    // The eight open a file that is not there yet, all at once.
    let mut servers: Vec<Server> = (0..8).map(|_| Server::start(&path, "free")).collect();
    for server in &mut servers {
        assert_eq!(server.line(), "ready");
    }
    let Login { secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
    for round in 0..ROUNDS {
        let time = NOW.saturating_add(STEP * round as u32);
        for server in &mut servers {
            server.submit(time, code(&secret, time, 0));
        }
        let outcomes: Vec<Outcome> = servers.iter_mut().map(Server::outcome).collect();
        assert_one_verified(round, &outcomes);
    }
}

/// The server stops at a named point, and is killed there.
#[test]
fn a_server_killed_between_two_steps_of_a_verify_grants_nothing_twice() {
    for (point, burned) in [("before load", false), ("before swap", false), ("after swap", true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let Login { mfa, secret, .. } = Login::new(SqliteStore::open(&path).unwrap());
        let code = code(&secret, NOW, 0);
        let mut server = Server::start(&path, point);
        assert_eq!(server.line(), "ready");
        server.submit(NOW, code);
        assert_eq!(server.line(), point);
        server.kill();

        let expected = if burned { Outcome::Replayed } else { Outcome::Verified };
        assert_eq!(submit(&mfa, code), expected, "{point}");
        assert_eq!(submit(&mfa, code), Outcome::Replayed, "{point}");
    }
}

/// A server is killed while it verifies one code after the other, each time a little later.
#[test]
fn a_server_killed_anywhere_grants_nothing_twice() {
    let (mut granted_by_killed, mut in_flight) = (0, 0);
    for round in 0..60_u32 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let Login { mfa, secret, clock, .. } = Login::new(SqliteStore::open(&path).unwrap());
        let at = |step: u32| NOW.saturating_add(STEP * step);

        let mut server = Server::start(&path, "free");
        assert_eq!(server.line(), "ready");
        for step in 0..20 {
            server.submit(at(step), code(&secret, at(step), 0));
        }
        let before_kill = round % 10;
        (0..before_kill).for_each(|_| assert_eq!(server.outcome(), Outcome::Verified));
        (0..round * 50).for_each(|_| std::hint::spin_loop());
        let reported = before_kill + server.kill();

        // A new server opens the file. What was granted is burned; what was in flight is burned or still works, once.
        for step in 0..20 {
            clock.set(at(step));
            let first = submit(&mfa, code(&secret, at(step), 0));
            if step < reported {
                assert_eq!(first, Outcome::Replayed, "round {round}, step {step}");
                granted_by_killed += 1;
            } else if step == reported {
                in_flight += 1;
            } else {
                assert_eq!(first, Outcome::Verified, "round {round}, step {step}");
            }
            assert_eq!(submit(&mfa, code(&secret, at(step), 0)), Outcome::Replayed);
        }
    }
    assert!(granted_by_killed > 0 && in_flight > 0, "the kill must fall among the submissions");
}

/// Another process of this test program, that serves submissions: see `server`.
struct Server {
    child: Child,
    submissions: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

const SERVE: &str = "SECONDFACTOR_TEST_SERVE";
const STOP_AT: &str = "SECONDFACTOR_TEST_STOP_AT";

impl Server {
    fn start(path: &Path, stop_at: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server", "--nocapture", "--quiet"])
            .env(SERVE, path)
            .env(STOP_AT, stop_at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let submissions = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, submissions, lines }
    }

    fn submit(&mut self, time: UnixTime, code: Code) {
        writeln!(self.submissions, "{} {code}", time.as_secs()).unwrap();
    }

    /// The server's next line; the test program's own have no prefix.
    fn line(&mut self) -> String {
        self.try_line().expect("the server ended")
    }

    fn try_line(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("> ").map(|(_, said)| said.to_owned()))
    }

    fn outcome(&mut self) -> Outcome {
        outcome(&self.line())
    }

    /// SIGKILL. How many more submissions it had answered.
    fn kill(mut self) -> u32 {
        self.child.kill().unwrap();
        std::iter::from_fn(|| self.try_line()).map(|line| assert_eq!(outcome(&line), Outcome::Verified)).count() as u32
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn outcome(line: &str) -> Outcome {
    match line {
        "Verified" => Outcome::Verified,
        "Replayed" => Outcome::Replayed,
        "Wrong" => Outcome::Wrong,
        _ => panic!("{line}"),
    }
}

/// Not a test by itself: the process that `Server` starts.
#[test]
fn server() {
    let Some(path) = std::env::var_os(SERVE) else { return };
    let stop_at = std::env::var(STOP_AT).unwrap();
    let store = Stopping { inner: SqliteStore::open(path).unwrap(), stop_at };
    let clock = Arc::new(ManualClock::new(NOW));
    let mfa = Mfa::new(store, keyring()).with_clock(Arc::clone(&clock));
    say("ready");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let (time, code) = line.split_once(' ').unwrap();
        clock.set(UnixTime::from_secs(time.parse().unwrap()));
        say(&format!("{:?}", submit(&mfa, code.parse().unwrap())));
    }
}

fn say(what: &str) {
    println!("> {what}");
    std::io::stdout().flush().unwrap();
}

/// A store that stops for good at a named point.
struct Stopping {
    inner: SqliteStore,
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
    type Error = SqliteError;

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, SqliteError> {
        self.point("before load");
        self.inner.load(account).await
    }

    async fn swap(&self, account: &AccountId, expected: Option<Version>, next: &[u8]) -> Result<Swap, SqliteError> {
        self.point("before swap");
        let swap = self.inner.swap(account, expected, next).await;
        self.point("after swap");
        swap
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, SqliteError> {
        self.inner.remove(account, expected).await
    }
}
