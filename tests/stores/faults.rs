//! Faults, for real: processes killed, connections cut, statements that take too long. Never is a code accepted twice,
//! never is somebody let in whose record is not committed, and never is a record that can't be read taken for none.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secondfactor::codes::ManualClock;
use secondfactor::store::drivers::redis;
use secondfactor::store::{
    AnyStore, AnyStoreError, Report, Store, Stored, Swap, Version, conformance,
};
use secondfactor::{AccountId, Code, Error, Mfa, Verified};

use crate::daemon::{Daemon, Kind};
use crate::hold::{hold_swaps, let_go, until_a_swap_waits};
use crate::place::{Place, connection, pool};
use crate::proxy::{Cut, Proxy};
use crate::server::{Server, outcome};
use crate::sqlx_pools;
use crate::support::*;

/// A test for each server.
macro_rules! on_both {
    ($($name:ident: $on_postgres:ident, $on_redis:ident;)*) => {$(
        #[test]
        #[ignore = "needs the servers' programs: scripts/test"]
        fn $on_postgres() {
            $name(&Arc::new(Daemon::start(Kind::Postgres)));
        }

        #[test]
        #[ignore = "needs the servers' programs: scripts/test"]
        fn $on_redis() {
            $name(&Arc::new(Daemon::start(Kind::Redis)));
        }
    )*};
}

on_both! {
    login_server_killed_at_a_point: login_server_killed_on_postgres, login_server_killed_on_redis;
    killed_while_it_works: killed_while_it_works_postgres, killed_while_it_works_redis;
    killed_between_load_and_swap: killed_between_load_and_swap_postgres, killed_between_load_and_swap_redis;
    killed_during_swap: killed_during_swap_postgres, killed_during_swap_redis;
    cut_in_a_request: cut_in_a_request_postgres, cut_in_a_request_redis;
    cut_before_the_reply: cut_before_the_reply_postgres, cut_before_the_reply_redis;
    a_swap_that_takes_too_long: a_swap_that_takes_too_long_on_postgres, a_swap_that_takes_too_long_on_redis;
    records_gone: records_gone_from_postgres, records_gone_from_redis;
}

/// The same by way of `sqlx`.
macro_rules! on_both_by_sqlx {
    ($($name:ident: $on_postgres:ident, $on_mariadb:ident;)*) => {$(
        #[test]
        #[ignore = "needs the servers' programs: scripts/test"]
        fn $on_postgres() {
            $name(&Arc::new(Daemon::start(Kind::Postgres).by_sqlx()));
        }

        #[test]
        #[ignore = "needs the servers' programs: scripts/test"]
        fn $on_mariadb() {
            $name(&Arc::new(Daemon::start(Kind::MariaDb)));
        }
    )*};
}

on_both_by_sqlx! {
    login_server_killed_at_a_point: login_server_killed_on_sqlx_postgres, login_server_killed_on_sqlx_mariadb;
    killed_while_it_works: killed_while_it_works_sqlx_postgres, killed_while_it_works_sqlx_mariadb;
    killed_between_load_and_swap: killed_between_load_and_swap_sqlx_postgres, killed_between_load_and_swap_sqlx_mariadb;
    killed_during_swap: killed_during_swap_sqlx_postgres, killed_during_swap_sqlx_mariadb;
    cut_in_a_request: cut_in_a_request_sqlx_postgres, cut_in_a_request_sqlx_mariadb;
    cut_before_the_reply: cut_before_the_reply_sqlx_postgres, cut_before_the_reply_sqlx_mariadb;
    a_swap_that_takes_too_long: a_swap_that_takes_too_long_on_sqlx_postgres, a_swap_that_takes_too_long_on_sqlx_mariadb;
    records_gone: records_gone_from_sqlx_postgres, records_gone_from_sqlx_mariadb;
}

type LoginServer = Mfa<Faulty>;

/// A login server on a place, with something that happens before its next swap.
fn login_server(place: &Place) -> (LoginServer, Arc<Mutex<Option<Fault>>>) {
    login_server_on(place.open())
}

fn login_server_on(store: AnyStore) -> (LoginServer, Arc<Mutex<Option<Fault>>>) {
    let fault = Arc::new(Mutex::new(None));
    let store = Faulty {
        inner: store,
        before_swap: Arc::clone(&fault),
    };
    (
        Mfa::new(store, keyring()).with_clock(Arc::new(ManualClock::new(NOW))),
        fault,
    )
}

type Fault = Box<dyn FnOnce() + Send>;

struct Faulty {
    inner: AnyStore,
    before_swap: Arc<Mutex<Option<Fault>>>,
}

impl Store for Faulty {
    type Error = AnyStoreError;

    async fn check(&self) -> Result<Report, AnyStoreError> {
        self.inner.check().await
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyStoreError> {
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, AnyStoreError> {
        let fault = self.before_swap.lock().unwrap().take();
        if let Some(fault) = fault {
            // Not on this runtime's thread: the fault may wait for the runtime too.
            std::thread::spawn(fault).join().unwrap();
        }
        self.inner.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyStoreError> {
        self.inner.remove(account, expected).await
    }
}

fn submit<S: Store>(mfa: &Mfa<S>, code: Code) -> Result<Verified, Error> {
    run(mfa.verify(&alice(), code))
}

#[track_caller]
fn assert_store_failed<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::Store(_))), "{result:?}");
}

/// Pools and connections find a server that is back after some errors, and the server may take a while.
fn until_it_answers<S: Store>(mfa: &Mfa<S>) {
    let start = std::time::Instant::now();
    while start.elapsed().as_secs() < 60 {
        match run(mfa.status(&alice())) {
            Err(Error::Store(_)) => {}
            status => return assert!(status.unwrap().has_accepted_device()),
        }
    }
    panic!("the store stays away");
}

#[track_caller]
fn assert_works_once<S: Store>(mfa: &Mfa<S>, code: Code) {
    assert_eq!(outcome(submit(mfa, code)), "Verified");
    assert_eq!(outcome(submit(mfa, code)), "Replayed");
}

fn login_server_killed_at_a_point(daemon: &Arc<Daemon>) {
    for (point, then) in [
        ("before load", "Verified"),
        ("before swap", "Verified"),
        ("after swap", "Replayed"),
    ] {
        let place = daemon.place();
        let Login { mfa, secret, .. } = Login::new(place.open());
        let code = code(&secret, NOW, 0);
        let mut server = Server::start_to_stop_at(&place, point);
        server.verify("alice", NOW, code);
        assert_eq!(server.answer(), point);
        assert!(server.kill().is_empty());
        assert_eq!(outcome(submit(&mfa, code)), then, "{point}");
        assert_eq!(outcome(submit(&mfa, code)), "Replayed", "{point}");
    }
}

/// Redis comes back from its AOF, PostgreSQL by crash recovery.
fn killed_while_it_works(daemon: &Arc<Daemon>) {
    const STEPS: u32 = 30;
    let (mut granted, mut refused) = (0, 0);
    for round in 0..6 {
        let place = daemon.place();
        let Login { secret, .. } = Login::new(place.open());
        let at = |step: u32| NOW.saturating_add(STEP * step);
        let mut server = Server::start(&place);
        for step in 0..STEPS {
            server.verify("alice", at(step), code(&secret, at(step), 0));
        }
        let mut answers: Vec<String> = (0..round * 2).map(|_| server.answer()).collect();
        daemon.kill();
        daemon.restart(); // at once, as a pool of `sqlx` tries again for as long as a call may take
        answers.extend((answers.len()..STEPS as usize).map(|_| server.answer()));

        let clock = Arc::new(ManualClock::new(NOW));
        let mfa = Mfa::new(place.open(), keyring()).with_clock(Arc::clone(&clock));
        until_it_answers(&mfa);
        for (step, answer) in (0..).zip(answers) {
            clock.set(at(step));
            let code = code(&secret, at(step), 0);
            match &*answer {
                "Verified" => granted += 1,
                answer => {
                    assert!(answer.starts_with("the store failed: "), "{answer}");
                    refused += 1;
                    // It may have been written or not, but it works once at most.
                    let _unknown = submit(&mfa, code);
                }
            }
            assert_eq!(
                outcome(submit(&mfa, code)),
                "Replayed",
                "round {round}, step {step}"
            );
        }
    }
    assert!(
        granted > 0 && refused > 0,
        "the kill must fall among the submissions"
    );
}

fn killed_between_load_and_swap(daemon: &Arc<Daemon>) {
    let place = daemon.place();
    let Login { secret, .. } = Login::new(place.open());
    let code = code(&secret, NOW, 0);
    let (mfa, fault) = login_server(&place);
    let server = Arc::clone(daemon);
    *fault.lock().unwrap() = Some(Box::new(move || server.kill()));
    assert_store_failed(submit(&mfa, code));
    assert_store_failed(submit(&mfa, code));
    daemon.restart();
    until_it_answers(&mfa);
    assert_works_once(&mfa, code);
}

fn killed_during_swap(daemon: &Arc<Daemon>) {
    let place = daemon.place();
    let Login { secret, .. } = Login::new(place.open());
    let code = code(&secret, NOW, 0);
    let (mfa, fault) = login_server(&place);
    let held = Arc::new(Mutex::new(None));
    *fault.lock().unwrap() = Some(hold_swaps(&place, &held));
    std::thread::scope(|scope| {
        let verdict = scope.spawn(|| submit(&mfa, code));
        until_a_swap_waits(daemon, &place);
        daemon.kill();
        assert_store_failed(verdict.join().unwrap());
    });
    daemon.restart();
    until_it_answers(&mfa);
    assert_works_once(&mfa, code);
}

fn cut_in_a_request(daemon: &Arc<Daemon>) {
    let (_proxy, mfa, code) = login_server_that_is_cut(daemon, Cut::Request);
    assert_store_failed(submit(&mfa, code));
    until_it_answers(&mfa);
    assert_works_once(&mfa, code);
}

/// The answer got lost: the code is used up, and nobody was let in.
fn cut_before_the_reply(daemon: &Arc<Daemon>) {
    let done: &[u8] = match daemon.kind {
        Kind::Postgres => b"UPDATE 1",
        Kind::MariaDb => b"Rows matched: 1",
        Kind::Redis => b":1\r\n",
    };
    let (_proxy, mfa, code) = login_server_that_is_cut(daemon, Cut::Reply(done));
    assert_store_failed(submit(&mfa, code));
    until_it_answers(&mfa);
    assert_eq!(outcome(submit(&mfa, code)), "Replayed");
}

/// Cut in its next swap, when the statement has been prepared by an earlier one.
fn login_server_that_is_cut(daemon: &Daemon, cut: Cut) -> (Proxy, LoginServer, Code) {
    let place = daemon.place();
    let Login { secret, .. } = Login::new(place.open());
    let proxy = Proxy::to(daemon);
    let (mfa, fault) = login_server(&daemon.place_by_way_of(proxy.folder(), &place));
    assert_eq!(outcome(submit(&mfa, code(&secret, NOW, 0))), "Verified");
    let order = proxy.order();
    *fault.lock().unwrap() = Some(Box::new(move || *order.lock().unwrap() = Some(cut)));
    (proxy, mfa, code(&secret, NOW, 1))
}

fn a_swap_that_takes_too_long(daemon: &Arc<Daemon>) {
    let place = daemon.place();
    let Login { secret, .. } = Login::new(place.open());
    let code = code(&secret, NOW, 0);
    let (mfa, fault) = login_server_on(with_timeout(&place));
    let held = Arc::new(Mutex::new(None));
    *fault.lock().unwrap() = Some(hold_swaps(&place, &held));
    assert_store_failed(submit(&mfa, code));
    let_go(&held);
    until_it_answers(&mfa);
    match daemon.kind {
        Kind::Postgres | Kind::MariaDb => assert_works_once(&mfa, code),
        // It gave up waiting, and Redis went on: what was called unknown is committed.
        Kind::Redis => assert_eq!(outcome(submit(&mfa, code)), "Replayed"),
    }
}

/// PostgreSQL and MariaDB give up by a setting of the connection, the store on Redis by its time limit.
fn with_timeout(place: &Place) -> AnyStore {
    const SOON: [&str; 2] = ["options='", "options='-c statement_timeout=200ms "];
    match place.clone() {
        Place::Postgres { config } => Place::Postgres {
            config: config.replace(SOON[0], SOON[1]),
        }
        .open(),
        Place::SqlxPostgres { config } => Place::SqlxPostgres {
            config: config.replace(SOON[0], SOON[1]),
        }
        .open(),
        Place::SqlxMariaDb { url } => {
            let soon = "SET GLOBAL innodb_lock_wait_timeout = 1";
            run(sqlx_pools::batch(&sqlx_pools::mariadb(&url), soon));
            place.open()
        }
        Place::Redis { .. } => {
            AnyStore::new(place.open_redis().with_time_limit(Duration::from_secs(1)))
        }
        place => place.open(),
    }
}

fn records_gone(daemon: &Arc<Daemon>) {
    let place = daemon.place();
    let Login { mfa, secret, .. } = Login::new(place.open());
    let code = code(&secret, NOW, 0);
    run(async {
        match &place {
            Place::SqlxMariaDb { url } => {
                let truncate = "TRUNCATE secondfactor_record";
                sqlx_pools::batch(&sqlx_pools::mariadb(url), truncate).await;
            }
            Place::Postgres { config } | Place::SqlxPostgres { config } => {
                pool(config)
                    .get()
                    .await
                    .unwrap()
                    .batch_execute("TRUNCATE secondfactor_record")
                    .await
                    .unwrap();
            }
            _ => redis::cmd("FLUSHALL")
                .query_async(&mut connection(&daemon.address()).await)
                .await
                .unwrap(),
        }
    });
    assert!(matches!(submit(&mfa, code), Err(Error::NotEnrolled)));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));

    let store = place.open();
    assert!(run(store.load(&alice())).unwrap().is_none());
    daemon.kill();
    conformance::check_failing(&store, &&*RUNTIME).unwrap();
    assert_store_failed(submit(&mfa, code));
    assert_store_failed(run(mfa.status(&alice())));
    assert_store_failed(run(mfa.enroll(&alice(), label("phone"))));
}

/// One of its processes is killed, and PostgreSQL throws out all and recovers.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn crash_of_one_process_of_postgres() {
    let daemon = Daemon::start(Kind::Postgres);
    let place = daemon.place();
    let Login { mfa, secret, .. } = Login::new(place.open());
    let code = code(&secret, NOW, 0);
    assert_eq!(outcome(submit(&mfa, code)), "Verified");
    let Place::Postgres { config } = &place else {
        unreachable!()
    };
    let (client, process) = run(async {
        let client = pool(config).get().await.unwrap();
        let process: i32 = client
            .query_one("SELECT pg_backend_pid()", &[])
            .await
            .unwrap()
            .get(0);
        (client, process)
    });
    let mut kill = std::process::Command::new("kill");
    assert!(
        kill.args(["-KILL", &process.to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(run(client.simple_query("SELECT 1")).is_err());
    // The others are thrown out a moment later, in the middle of this.
    let start = std::time::Instant::now();
    let mut answers = std::iter::repeat_with(|| outcome(submit(&mfa, code)));
    let answer = answers
        .find(|answer| !answer.starts_with("the store failed") || start.elapsed().as_secs() > 60);
    assert_eq!(answer.as_deref(), Some("Replayed"));
}
