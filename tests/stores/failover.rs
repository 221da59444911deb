//! PostgreSQL that hangs, and that fails over to a standby. The address of the primary leads to the standby then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secondfactor::codes::{Counter, Hotp, ManualClock, Parameters, Period, Secret, Totp, UnixTime};
use secondfactor::store::PostgresStore;
use secondfactor::store::drivers::deadpool_postgres::Pool;
use secondfactor::{AccountId, Code, Confirmed, Error, Mfa, NewDevice, RecoveryCode};

use crate::address::Address;
use crate::daemon::{Daemon, Kind};
use crate::place::{Place, pool};
use crate::server::outcome;
use crate::sqlite_locks::is_time_limit;
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

/// The beginning of a step of 30 seconds, and of one of 120.
const BEGIN: UnixTime = UnixTime::from_secs(1_700_000_040);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// What was used at `BEGIN` on a primary, which was killed then, and a login server on its standby.
struct Used {
    mfa: LoginServer,
    clock: Arc<ManualClock>,
    /// Of accounts with the period's name, and of those with `late` behind it.
    totp: Vec<(u16, Code)>,
    hotp: [Code; 2],
    recovery_code: RecoveryCode,
    standby: Daemon,
}

fn use_and_fail_over(is_synchronous: bool) -> Used {
    let primary = Daemon::start(Kind::Postgres);
    let shared = pool(&primary.address());
    run(PostgresStore::new(shared.clone()).create_schema()).unwrap();
    let standby = primary.start_standby();
    let (mfa, clock) = login_server(&shared);

    let mut totp = Vec::new();
    for period in [30, 120] {
        let secret = Secret::generate().unwrap();
        let parameters = Parameters::totp(Period::from_secs(period).unwrap());
        let prover = Totp::from_parameters(&secret, parameters).unwrap();
        let earlier = UnixTime::from_secs(BEGIN.as_secs() - u64::from(period));
        clock.set(earlier);
        for id in [period.to_string(), format!("{period} late")] {
            let device = NewDevice::with_parameters(label("phone"), parameters).unwrap();
            enroll(
                &mfa,
                &id,
                device.with_secret(secret.duplicate()),
                prover.at(earlier).unwrap(),
            );
        }
        totp.push((period, prover.at(BEGIN).unwrap()));
    }
    let secret = Secret::generate().unwrap();
    let token = NewDevice::hotp(label("token"), Counter::new(0)).with_secret(secret.duplicate());
    let press = |counter| Hotp::new(&secret).at(Counter::new(counter));
    let proof = enroll(&mfa, "token", token, press(0));
    let recovery_codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();

    primary.until("SELECT coalesce(bool_and(flush_lsn = pg_current_wal_lsn()), false) FROM pg_stat_replication");
    if is_synchronous {
        primary.wait_for_standby("*");
    } else {
        standby.sql("ALTER SYSTEM SET primary_conninfo = ''");
        standby.sql("SELECT pg_reload_conf()");
        primary.until("SELECT count(*) = 0 FROM pg_stat_replication");
    }
    let used = Used {
        mfa,
        clock,
        totp,
        hotp: [press(1), press(2)],
        recovery_code: recovery_codes.into_iter().next().unwrap(),
        standby,
    };
    used.clock.set(BEGIN);
    for (period, code) in &used.totp {
        for id in [period.to_string(), format!("{period} late")] {
            assert_eq!(used.verify(&id, *code), "Verified", "{id}");
        }
    }
    for code in used.hotp {
        assert_eq!(used.verify("token", code), "Verified");
    }
    assert!(used.redeems());

    primary.kill();
    used.standby.promote();
    let (mfa, clock) = login_server(&pool(&used.standby.address()));
    clock.set(BEGIN);
    Used { mfa, clock, ..used }
}

fn enroll(mfa: &LoginServer, id: &str, device: NewDevice, code: Code) -> Confirmed {
    let device = run(mfa.enroll(&account(id), device)).unwrap().device();
    run(mfa.confirm(&account(id), device, code)).unwrap()
}

impl Used {
    fn verify(&self, id: &str, code: Code) -> String {
        outcome(run(self.mfa.verify(&account(id), code)))
    }

    fn redeems(&self) -> bool {
        run(self.mfa.redeem(&account("token"), &self.recovery_code)).is_ok()
    }
}

/// As long as the manual says.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn what_an_asynchronous_standby_of_postgres_lacks_passes_again() {
    let used = use_and_fail_over(false);
    for (period, code) in &used.totp {
        let end = BEGIN.saturating_add(Duration::from_secs(2 * u64::from(*period)));
        used.clock.set(UnixTime::from_secs(end.as_secs() - 1));
        assert_eq!(used.verify(&period.to_string(), *code), "Verified");
        assert_eq!(used.verify(&period.to_string(), *code), "Replayed");
        used.clock.set(end);
        assert_eq!(used.verify(&format!("{period} late"), *code), "Mismatch");
    }
    used.clock.set(BEGIN.saturating_add(YEAR));
    for code in used.hotp {
        assert_eq!(used.verify("token", code), "Verified");
    }
    assert!(used.redeems());
    assert!(!used.redeems());
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn what_a_synchronous_standby_of_postgres_has_does_not_pass_again() {
    let used = use_and_fail_over(true);
    for (period, code) in &used.totp {
        assert_eq!(used.verify(&period.to_string(), *code), "Replayed");
    }
    for code in used.hotp {
        assert_ne!(used.verify("token", code), "Verified");
    }
    assert!(!used.redeems());
}
