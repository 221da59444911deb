//! A replica takes over from its primary, on real servers: what comes back, and what is lost.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::codes::{Counter, Hotp, ManualClock, Parameters, Period, Secret, Totp, UnixTime};
use secondfactor::store::{Finding, MemoryStore, RedisStore, Store, Swap};
use secondfactor::{Code, Error, Mfa, NewDevice, RecoveryCode};

use crate::daemon::Daemon;
use crate::redis::missed_limit;
use crate::replication::{Pair, catch_up, command, follow, info, until};
use crate::support::*;

/// Tries with a later code each time, as a call without an answer may have used its code up. The answers before the
/// login.
fn until_a_login(login: &Login<RedisStore>, step: &mut u32) -> Vec<Error> {
    let mut errors = Vec::new();
    loop {
        *step += 1;
        let time = NOW.saturating_add(STEP * *step);
        login.clock.set(time);
        match run(login.mfa.verify(&alice(), code(&login.secret, time, 0))) {
            Ok(_) => return errors,
            Err(error @ Error::Store(_)) => errors.push(error),
            Err(error) => panic!("{error:?}"),
        }
        assert!(errors.len() < 20, "{errors:?}");
    }
}

/// Attack S4.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn logins_come_back_after_a_failover() {
    for replicas in [0, 1] {
        let pair = Pair::start();
        let login = Login::new(pair.store().with_replicas(replicas));
        let mut step = 0;
        assert!(until_a_login(&login, &mut step).is_empty());
        catch_up(&pair.replica, &pair.primary);

        pair.fail_over();
        follow(&pair.primary, &pair.replica);
        let errors = until_a_login(&login, &mut step);
        // Writes that wait may find a new connection.
        if replicas == 0 {
            let first = errors[0].source().and_then(|error| error.source()).unwrap();
            assert!(first.to_string().contains("read only"), "{first}");
        }
        assert!(until_a_login(&login, &mut step).is_empty());

        // And back.
        pair.address.move_to(&pair.primary);
        catch_up(&pair.primary, &pair.replica);
        command(&pair.primary, "REPLICAOF NO ONE");
        follow(&pair.replica, &pair.primary);
        until_a_login(&login, &mut step);
    }
}

/// Attack S4, the primary hangs.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn logins_come_back_after_a_primary_that_hangs() {
    let pair = Pair::start();
    let login = Login::new(pair.store());
    let mut step = 0;
    assert!(until_a_login(&login, &mut step).is_empty());
    catch_up(&pair.replica, &pair.primary);

    pair.primary.pause();
    let now = login.clock.clone();
    step += 1;
    now.set(NOW.saturating_add(STEP * step));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let error = run(login.mfa.status(&alice())).unwrap_err();
                assert!(missed_limit(&error).is_some(), "{error:?}");
            });
        }
    });
    pair.fail_over();
    // One may still have been opening a connection to the old primary.
    let errors = until_a_login(&login, &mut step);
    assert!(
        errors.iter().all(|error| missed_limit(error).is_some()),
        "{errors:?}"
    );
    assert!(until_a_login(&login, &mut step).is_empty());

    // It wakes up, and the address does not lead there.
    pair.primary.resume();
    assert!(until_a_login(&login, &mut step).is_empty());
}

/// A primary that hung wakes up and takes itself for the primary, and one login server was left on it.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn two_primaries_accept_no_code_twice() {
    for replicas in [0, 1] {
        let pair = Pair::start();
        let login = Login::new(pair.store().with_replicas(replicas));
        let left_behind = mfa(pair.store_on(&pair.primary).with_replicas(replicas));
        catch_up(&pair.replica, &pair.primary);
        pair.primary.pause();
        pair.fail_over();
        let third = Daemon::start_redis_for_replicas();
        follow(&third, &pair.replica);
        let mut step = 0;
        until_a_login(&login, &mut step);
        pair.primary.resume();
        let time = NOW.saturating_add(STEP * step);
        left_behind.1.set(time);
        let again = run(left_behind.0.verify(&alice(), code(&login.secret, time, 0)));
        match replicas {
            0 => assert!(again.is_ok(), "{again:?}"),
            _ => assert!(matches!(again, Err(Error::Store(_))), "{again:?}"),
        }
    }
}

/// Of two primaries, the loads ask the one that the writes go to.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn all_connections_lead_to_one_server() {
    let pair = Pair::start();
    let login = Login::new(pair.store().with_replicas(1));
    pair.fail_over();
    let third = Daemon::start_redis_for_replicas();
    follow(&third, &pair.replica);
    let (mfa, _clock) = mfa(pair.store_on(&pair.replica));
    let _verified = run(mfa.verify(&alice(), code(&login.secret, NOW, 0))).unwrap();
    // The connection for loads still leads to the old primary.
    let _verified = run(login.mfa.verify(&alice(), code(&login.secret, NOW, 1))).unwrap();
}

fn mfa<S: Store>(store: S) -> (Mfa<S>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(NOW));
    (
        Mfa::new(store, keyring()).with_clock(Arc::clone(&clock)),
        clock,
    )
}

/// A write waits for the replica, and a load does not wait behind it.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn a_load_does_not_wait_for_replicas() {
    let pair = Pair::start();
    let store = pair.store().with_replicas(1);
    assert!(run(store.load(&alice())).unwrap().is_none());
    pair.cut_the_replica_off();
    std::thread::scope(|scope| {
        let patient = store.clone().with_time_limit(Duration::from_secs(240));
        let write = scope.spawn(move || run(patient.swap(&alice(), None, b"body")).unwrap());
        until("the write waits", || {
            info(&pair.primary, "blocked_clients") == "1"
        });
        assert!(run(store.load(&alice())).unwrap().is_some());
        follow(&pair.replica, &pair.primary);
        assert!(matches!(write.join().unwrap(), Swap::Committed(_)));
    });
}

#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn replicas_that_nobody_waits_for_are_found() {
    let pair = Pair::start();
    let finds = |store: RedisStore, finding| {
        let report = run(store.check()).unwrap();
        report.findings().contains(&finding)
    };
    let asynchronous = || Finding::AsynchronousReplicas { count: 1 };
    assert!(finds(pair.store(), asynchronous()));
    assert!(!finds(pair.store().with_replicas(1), asynchronous()));
    assert!(finds(pair.store_on(&pair.replica), Finding::NotPrimary));
}

/// Whoever has one of these can submit it twice.
struct Submissions {
    phone: Code,
    /// Of a device with a period of two minutes.
    slow: Code,
    token: Code,
    recovery: RecoveryCode,
}

impl Submissions {
    /// Each is good at `NOW`. The codes are of one step later: those that pass for longest.
    fn new(login: &Login<RedisStore>) -> Self {
        let enroll = |device: NewDevice, code: &dyn Fn(&Secret) -> Code| {
            let enrollment = run(login.mfa.enroll_another(&login.proof, device)).unwrap();
            let code = code(enrollment.secret());
            run(login.mfa.confirm(&alice(), enrollment.device(), code)).unwrap();
            enrollment.secret().duplicate()
        };
        let parameters = Parameters::totp(Period::from_secs(120).unwrap());
        let two_minutes = |secret: &Secret, time| {
            Totp::from_parameters(secret, parameters)
                .unwrap()
                .at(time)
                .unwrap()
        };
        let slow = NewDevice::with_parameters(label("slow"), parameters).unwrap();
        let slow = enroll(slow, &|secret| two_minutes(secret, NOW));
        let count = |secret: &Secret, counter| Hotp::new(secret).at(Counter::new(counter));
        let token = NewDevice::hotp(label("token"), Counter::new(0));
        let token = enroll(token, &|secret| count(secret, 0));
        let codes = run(login.mfa.issue_recovery_codes(&login.proof, None)).unwrap();
        Self {
            phone: code(&login.secret, NOW, 1),
            slow: two_minutes(&slow, NOW.saturating_add(4 * STEP)),
            token: count(&token, 1),
            recovery: codes.into_iter().next().unwrap(),
        }
    }

    /// Submits them in their order.
    fn submit<S: Store>(&self, mfa: &Mfa<S>) -> [Result<(), Error>; 4] {
        [
            run(mfa.verify(&alice(), self.phone)).map(drop),
            run(mfa.verify(&alice(), self.slow)).map(drop),
            run(mfa.verify(&alice(), self.token)).map(drop),
            run(mfa.redeem(&alice(), &self.recovery)).map(drop),
        ]
    }

    /// Which of them this record accepts at a time.
    fn accepted_at(&self, record: &[u8], time: UnixTime) -> [bool; 4] {
        let store = MemoryStore::new();
        let swap = run(store.swap(&alice(), None, record)).unwrap();
        assert!(matches!(swap, Swap::Committed(_)));
        let (mfa, clock) = mfa(store);
        clock.set(time);
        self.submit(&mfa).map(|answer| answer.is_ok())
    }
}

/// The replica lacks the last writes: each code passes again, those of a clock for as long as they are in the window.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn what_a_replica_lacks_passes_again() {
    let pair = Pair::start();
    let login = Login::new(pair.store());
    let submissions = Submissions::new(&login);
    catch_up(&pair.replica, &pair.primary);
    pair.cut_the_replica_off();
    let answers = submissions.submit(&login.mfa);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let lost = run(pair.store().load(&alice())).unwrap().unwrap();
    pair.primary.kill();
    pair.fail_over();

    let left = run(pair.store_on(&pair.replica).load(&alice()))
        .unwrap()
        .unwrap();
    let after = |secs| NOW.saturating_add(Duration::from_secs(secs));
    let accepted = |secs| submissions.accepted_at(left.body(), after(secs));
    assert_eq!(accepted(0), [true; 4]);
    assert_eq!(accepted(89), [true; 4], "three steps");
    assert_eq!(accepted(90), [false, true, true, true]);
    assert_eq!(
        accepted(269),
        [false, true, true, true],
        "of its six minutes, NOW is 90 s in"
    );
    assert_eq!(accepted(270), [false, false, true, true]);
    let ten_years = 10 * 365 * 24 * 60 * 60;
    assert_eq!(
        accepted(ten_years),
        [false, false, true, true],
        "they have no time"
    );

    // What was lost does not come back as another record of the same version.
    until_it_answers(&login);
    let answers = submissions.submit(&login.mfa);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let store = pair.store();
    let now = run(store.load(&alice())).unwrap().unwrap();
    assert!(now.version() > lost.version());
    let stale = run(store.swap(&alice(), Some(lost.version()), b"stale")).unwrap();
    assert!(matches!(stale, Swap::Conflict));
}

fn until_it_answers(login: &Login<RedisStore>) {
    while let Err(error) = run(login.mfa.status(&alice())) {
        assert!(matches!(error, Error::Store(_)), "{error:?}");
    }
}

/// With all replicas waited for, nothing was accepted that the replica lacks.
#[test]
#[ignore = "needs the servers' programs: scripts/test"]
fn what_all_replicas_have_passes_once() {
    let pair = Pair::start();
    let login = Login::new(pair.store().with_replicas(1));
    let submissions = Submissions::new(&login);
    pair.cut_the_replica_off();
    let answers = submissions.submit(&login.mfa);
    let is_unknown = |answer: &Result<(), Error>| matches!(answer, Err(Error::Store(_)));
    assert!(answers.iter().all(is_unknown), "{answers:?}");
    pair.primary.kill();
    pair.fail_over();

    let (mfa, _clock) = mfa(pair.store_on(&pair.replica));
    let answers = submissions.submit(&mfa);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let answers = submissions.submit(&mfa);
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(Error::Denied(_)))),
        "{answers:?}"
    );
}
