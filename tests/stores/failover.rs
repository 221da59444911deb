//! PostgreSQL that hangs, and that fails over to a standby. The address of the primary leads to the standby then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secondfactor::account::DeviceId;
use secondfactor::codes::{Counter, Hotp, ManualClock, Parameters, Period, Secret, Totp, UnixTime};
use secondfactor::store::PostgresStore;
use secondfactor::store::drivers::deadpool_postgres::Pool;
use secondfactor::{AccountId, Code, Error, Mfa, NewDevice, RecoveryCode};

use crate::address::Address;
use crate::daemon::{Daemon, Kind};
use crate::place::{Place, pool};
use crate::pooled::is_time_limit;
use crate::server::outcome;
use crate::support::*;

/// Long enough for a loaded machine, and short enough for a test to wait for.
const LIMIT: Duration = Duration::from_secs(2);

type LoginServer = Mfa<PostgresStore>;

fn login_server(pool: &Pool) -> (LoginServer, Arc<ManualClock>) {
    let store = PostgresStore::new(pool.clone()).with_time_limit(LIMIT);
    let clock = Arc::new(ManualClock::new(NOW));
    let mfa = Mfa::new(store, keyring()).with_clock(Arc::clone(&clock));
    (mfa, clock)
}

/// Uses so many connections of the pool at once, and leaves them idle.
fn use_at_once(pool: &Pool, count: usize) {
    run(async {
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(pool.get().await.unwrap());
        }
    });
}

#[track_caller]
fn assert_missed_its_limit<T: std::fmt::Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Store(error)) => assert!(is_time_limit(&*error), "{error:?}"),
        other => panic!("{other:?}"),
    }
}

fn until_it_answers(mfa: &LoginServer) {
    let start = Instant::now();
    while let Err(error) = run(mfa.status(&alice())) {
        assert!(start.elapsed().as_secs() < 60, "{error:?}");
    }
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_hanging_server_is_an_error_in_time() {
    let daemon = Daemon::start(Kind::Postgres);
    let Place::Postgres { config } = daemon.place() else {
        unreachable!()
    };
    let pool = pool(&config);
    let Login { secret, .. } = Login::new(PostgresStore::new(pool.clone()));
    let (mfa, _) = login_server(&pool);
    let code = code(&secret, NOW, 0);
    use_at_once(&pool, 4);
    daemon.pause();
    assert_missed_its_limit(run(mfa.verify(&alice(), code)));
    // None that hangs is handed out again, neither the one that was used nor another one.
    assert_eq!(pool.status().size, 0);
    // Nor does a new one answer.
    assert_missed_its_limit(run(mfa.check()));
    daemon.resume();
    until_it_answers(&mfa);
    assert_eq!(outcome(run(mfa.verify(&alice(), code))), "Verified");
    assert_eq!(outcome(run(mfa.verify(&alice(), code))), "Replayed");
}

/// A server that is only slow is not asked for all its connections anew.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_connection_that_was_used_meanwhile_stays() {
    let daemon = Daemon::start(Kind::Postgres);
    let place = daemon.place();
    let Place::Postgres { config } = &place else {
        unreachable!()
    };
    let pool = pool(config);
    let Login { secret, .. } = Login::new(PostgresStore::new(pool.clone()));
    let (mfa, _) = login_server(&pool);
    let held = Arc::default();
    crate::hold::hold_swaps(&place, &held)();
    std::thread::scope(|scope| {
        let verdict = scope.spawn(|| run(mfa.verify(&alice(), code(&secret, NOW, 0))));
        // Each answer comes from a connection that was taken after the login had begun.
        crate::hold::until_a_swap_waits(&daemon, &place);
        use_at_once(&pool, 3);
        assert_missed_its_limit(verdict.join().unwrap());
    });
    crate::hold::let_go(&held);
    assert_eq!(pool.status().size, 3);
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn logins_come_back_after_the_address_moved() {
    let primary = Daemon::start(Kind::Postgres);
    run(PostgresStore::new(pool(&primary.address())).create_schema()).unwrap();
    let standby = primary.start_standby();
    primary.wait_for_standby("*");
    let address = Address::of(&primary);
    let pool = pool(&address.postgres());
    let Login { secret, .. } = Login::new(PostgresStore::new(pool.clone()));
    let (mfa, _) = login_server(&pool);
    use_at_once(&pool, 4);

    primary.pause();
    standby.promote();
    address.move_to(&standby);
    let code = code(&secret, NOW, 0);
    let answers: Vec<String> = (0..3)
        .map(|_| outcome(run(mfa.verify(&alice(), code))))
        .collect();
    assert!(answers[0].starts_with("the store failed"), "{answers:?}");
    assert!(answers[1..].contains(&"Verified".to_owned()), "{answers:?}");
}

/// One owner, who logs in step by step. What was acknowledged, or may be, is submitted again after the failover.
struct Owner {
    id: AccountId,
    secret: Secret,
    mfa: LoginServer,
    clock: Arc<ManualClock>,
}

impl Owner {
    fn new(pool: &Pool, name: &str) -> Self {
        let (mfa, clock) = login_server(pool);
        let id = account(name);
        let enrollment = run(mfa.enroll(&id, label("phone"))).unwrap();
        let secret = enrollment.secret().duplicate();
        run(mfa.confirm(&id, enrollment.device(), code(&secret, NOW, -1))).unwrap();
        Self {
            id,
            secret,
            mfa,
            clock,
        }
    }

    fn submit(&self, step: u32) -> String {
        self.clock.set(NOW.saturating_add(STEP * step));
        let code = code(&self.secret, NOW, i64::from(step));
        outcome(run(self.mfa.verify(&self.id, code)))
    }

    /// Until the store answers.
    fn submit_until_answered(&self, step: u32) -> String {
        let start = Instant::now();
        loop {
            let answer = self.submit(step);
            if !answer.starts_with("the store failed") {
                return answer;
            }
            assert!(start.elapsed().as_secs() < 120, "{answer}");
        }
    }

    /// Logs in until the store fails, and until it is back.
    fn log_in_through_a_failover(&self, has_logged_in: &std::sync::Barrier) {
        let mut step = 0;
        while self.submit(step) == "Verified" {
            step += 1;
            if step == 5 {
                has_logged_in.wait();
            }
        }
        assert!(step >= 5, "{} failed before the failover", self.id);
        let acknowledged = self.submit_until_answered(step - 1);
        assert_eq!(acknowledged, "Replayed", "{}: lost", self.id);
        let unknown = self.submit_until_answered(step);
        assert!(["Verified", "Replayed"].contains(&&*unknown), "{unknown}");
        let again = self.submit_until_answered(step);
        assert_eq!(again, "Replayed", "{}: twice", self.id);
        assert_eq!(self.submit_until_answered(step + 1), "Verified");
    }
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_failover_to_a_synchronous_standby_loses_nothing() {
    const OWNERS: usize = 6;
    let primary = Daemon::start(Kind::Postgres);
    run(PostgresStore::new(pool(&primary.address())).create_schema()).unwrap();
    let standby = primary.start_standby();
    primary.wait_for_standby("*");
    let address = Address::of(&primary);
    let pool = pool(&address.postgres());
    let owners: Vec<_> = (0..OWNERS)
        .map(|n| Owner::new(&pool, &format!("owner {n}")))
        .collect();
    let has_logged_in = std::sync::Barrier::new(OWNERS + 1);
    std::thread::scope(|scope| {
        for owner in &owners {
            scope.spawn(|| owner.log_in_through_a_failover(&has_logged_in));
        }
        has_logged_in.wait();
        primary.kill();
        standby.promote();
        address.move_to(&standby);
    });
}
