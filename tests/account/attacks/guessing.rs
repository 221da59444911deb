//! Guesses: many at once, without end, or at the owner's expense.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::task::{Context, Waker};
use std::time::Duration;

use secondfactor::account::Lock;
use secondfactor::codes::{LookAhead, Window};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Denial, Error, Mfa, Policy};

use super::{denial, is_throttled, kind, open_sqlite, sqlite, wait};
use crate::stage::{Slow, Stage};
use crate::support::*;

/// How many of so many wrong codes at once are judged, how many are told to wait, and how many saw too much traffic.
fn guess_at_once(policy: Policy, guesses: usize) -> (usize, usize, usize) {
    let (_folder, path) = sqlite();
    let Login { mfa, secret, .. } = Login::new(open_sqlite(path));
    let mfa = mfa.with_policy(policy);
    let wrong = wrong_code(&secret, NOW);
    let barrier = Barrier::new(guesses);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..guesses)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    run(mfa.verify(&alice(), wrong)).unwrap_err()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |is: fn(&Error) -> bool| results.iter().filter(|one| is(one)).count();
    let judged = count(|error| {
        matches!(
            error,
            Error::Denied(Denial::Mismatch | Denial::Locked { .. })
        )
    });
    let throttled = count(|error| matches!(error, Error::Denied(Denial::Throttled { .. })));
    let contended = count(|error| matches!(error, Error::Contended));
    assert_eq!(judged + throttled + contended, guesses, "{results:?}");
    (judged, throttled, contended)
}

/// With a counter in each process 46 to 64 of these were judged.
/// Attacks: "guesses"; R2.
#[test]
fn of_sixty_four_guesses_at_once_five_are_judged() {
    for _ in 0..3 {
        assert_eq!(guess_at_once(Policy::DEFAULT, 64), (5, 59, 0));
    }
}

/// With ten free tries, a submission may lose more often than it is judged anew: then it is not judged at all.
/// Attacks: "guesses".
#[test]
fn of_sixty_four_guesses_at_once_ten_are_judged_under_pci() {
    let (judged, throttled, contended) = guess_at_once(Policy::PCI, 64);
    assert_eq!((judged, throttled + contended), (10, 54));
}

/// Attacks: T10.
#[test]
fn another_server_or_session_gives_no_new_tries() {
    let (_folder, path) = sqlite();
    let Login { clock, secret, .. } = Login::new(open_sqlite(&path));
    let wrong = wrong_code(&secret, NOW);
    let results: Vec<_> = (0..8)
        .map(|_| {
            let fresh = Mfa::new(open_sqlite(&path), keyring()).with_clock(Arc::clone(&clock));
            kind(run(fresh.verify(&alice(), wrong)))
        })
        .collect();
    assert!(
        results[..5].iter().all(|one| *one == Denial::Mismatch),
        "{results:?}"
    );
    assert!(
        results[5..]
            .iter()
            .all(|one| matches!(one, Denial::Throttled { .. })),
        "{results:?}"
    );
}

/// The login fails, and the application rolls its transaction back: the charge is not part of it.
/// Attacks: "a limiter that is void"; T6.
#[test]
fn the_applications_rollback_does_not_take_the_charge_back() {
    let (_folder, path) = sqlite();
    let Login { mfa, secret, .. } = Login::new(open_sqlite(&path));
    let application = rusqlite::Connection::open(&path).unwrap();
    for _ in 0..5 {
        application
            .execute_batch("BEGIN; SELECT count(*) FROM secondfactor_record;")
            .unwrap();
        assert_eq!(
            kind(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
            Denial::Mismatch
        );
        application.execute_batch("ROLLBACK").unwrap();
    }
    assert!(is_throttled(run(
        mfa.verify(&alice(), wrong_code(&secret, NOW))
    )));
}

/// The claimant hangs up while the answer is on its way, and the server drops the future.
/// Attacks: "a limiter that is void".
#[test]
fn hanging_up_before_the_answer_does_not_take_the_charge_back() {
    let store = Arc::<Slow>::default();
    let Login { mfa, secret, .. } = Login::new(Arc::clone(&store));
    store.is_hanging.store(true, Ordering::SeqCst);
    let mut context = Context::from_waker(Waker::noop());
    let alice = alice();
    for _ in 0..5 {
        let mut answer = pin!(mfa.verify(&alice, wrong_code(&secret, NOW)));
        assert!(answer.as_mut().poll(&mut context).is_pending());
    }
    store.is_hanging.store(false, Ordering::SeqCst);
    assert!(is_throttled(run(mfa.verify(&alice, code(&secret, NOW, 0)))));
}

/// A password, a recovery code, a resynchronization, a new device: none of them gives tries back.
/// Attacks: "a limiter that is void"; T11.
#[test]
fn no_other_success_resets_the_count() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    for _ in 0..5 {
        assert_eq!(
            kind(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
            Denial::Mismatch
        );
    }
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
    run(mfa.resync(
        &alice(),
        device,
        [0, 1].map(|steps| code(&secret, NOW, steps)),
    ))
    .unwrap();
    run(mfa.rename(&recovered, device, label("old phone"))).unwrap();
    assert_eq!(
        wait(run(mfa.verify(&alice(), code(&secret, NOW, 2))), NOW),
        30
    );
    // The sixth doubles the wait, as if nothing had happened in between.
    clock.advance(STEP);
    let now = NOW.saturating_add(STEP);
    assert_eq!(
        kind(run(mfa.verify(&alice(), wrong_code(&secret, now)))),
        Denial::Mismatch
    );
    assert_eq!(
        wait(run(mfa.verify(&alice(), code(&secret, now, 2))), now),
        60
    );
}

/// Locking somebody out: only with their password, and for an hour at most at a time.
/// Attacks: "lockout as denial of service"; T8.
#[test]
fn no_wait_is_longer_than_an_hour_and_the_owner_gets_in_after_it() {
    let (mut account, phone) = super::with_phone();
    let mut now = NOW;
    for _ in 0..12 {
        while let Lock::Until(then) = account.status(now).lock() {
            assert!(then.saturating_since(now) <= Duration::from_secs(3600));
            now = then;
        }
        let (next, verdict) = commit(account.verify(wrong_code(&phone.secret, now), now).unwrap());
        assert_eq!(kind(verdict), Denial::Mismatch);
        account = next;
    }
    let Lock::Until(then) = account.status(now).lock() else {
        panic!("no lock")
    };
    assert!(
        commit(account.verify(code(&phone.secret, then, 0), then).unwrap())
            .1
            .is_ok()
    );
}

/// Names that have no second factor are not counted, so nobody is locked before they enroll, and nothing grows.
/// Attacks: T9.
#[test]
fn guesses_at_a_name_without_a_second_factor_leave_no_trace() {
    let store = Arc::new(MemoryStore::new());
    let mfa = Mfa::new(Arc::clone(&store), keyring());
    for _ in 0..20 {
        assert!(matches!(
            run(mfa.verify(&alice(), "123456".parse::<secondfactor::Code>().unwrap())),
            Err(Error::NotEnrolled)
        ));
    }
    assert_eq!(run(store.load(&alice())).unwrap(), None);
}

/// Attacks: "guesses".
#[test]
fn a_hundred_wrong_codes_disable_and_only_a_new_device_ends_it() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let mut judged = 0;
    let now = loop {
        let now = secondfactor::codes::Clock::now(&clock);
        match kind(run(mfa.verify(&alice(), wrong_code(&secret, now)))) {
            Denial::Mismatch if judged < 80 => judged += 1,
            Denial::Throttled { retry_at, .. } => clock.set(retry_at),
            _ => break now,
        }
    };
    assert_eq!(judged, 80, "and 20 are for known browsers");
    for now in [
        now,
        now.saturating_add(Duration::from_secs(3650 * 24 * 3600)),
        NOW,
    ] {
        clock.set(now);
        assert_eq!(
            kind(run(mfa.verify(&alice(), code(&secret, now, 0)))),
            Denial::Disabled
        );
        let pair = [0, 1].map(|steps| code(&secret, now, steps));
        assert_eq!(
            kind(run(mfa.resync(&alice(), device, pair))),
            Denial::Disabled
        );
        assert!(matches!(
            run(mfa.enroll(&alice(), label("thief's"))),
            Err(Error::ProofRequired)
        ));
    }

    // Bound anew: a recovery code, a new device, its confirmation. The guessed-at one is gone.
    clock.set(now);
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    let tablet = run(mfa.enroll_another(&recovered, label("tablet"))).unwrap();
    assert_eq!(
        kind(run(mfa.verify(&alice(), code(tablet.secret(), now, 0)))),
        Denial::Disabled
    );
    run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), now, 0))).unwrap();
    let ids: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|one| one.id())
        .collect();
    assert_eq!(ids, [tablet.device()]);
    clock.set(now.saturating_add(Duration::from_secs(24 * 3600)));
    let now = now.saturating_add(Duration::from_secs(24 * 3600));
    assert_eq!(
        kind(run(mfa.verify(&alice(), code(&secret, now, 0)))),
        Denial::Mismatch
    );
    assert!(run(mfa.verify(&alice(), code(tablet.secret(), now, 0))).is_ok());
}

/// The owner's daily logins reset the failures in a row; the pressure stays.
/// Attacks: "guesses".
#[test]
fn a_guesser_beside_the_owners_logins_runs_into_the_pressure() {
    let (mut account, phone) = super::with_phone();
    let (mut judged, mut now) = (0, NOW);
    for _ in 0..3000 {
        // A step: the guesser tries four codes, which is no lock, and the owner logs in.
        now = now.saturating_add(STEP);
        for _ in 0..4 {
            match account.status(now).lock() {
                Lock::Open => {
                    account =
                        commit(account.verify(wrong_code(&phone.secret, now), now).unwrap()).0;
                    judged += 1;
                }
                _ => break,
            }
        }
        if account.status(now).lock() == Lock::Open {
            let (next, verdict) = commit(account.verify(code(&phone.secret, now, 0), now).unwrap());
            let _verified = verdict.unwrap();
            account = next;
        }
    }
    // 3000 steps are a day and an hour.
    assert!((20..=25).contains(&judged), "{judged}");
}

/// Attacks: T20.
#[test]
fn one_wrong_code_is_one_charge_however_many_devices_there_are() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    for n in 2..=8 {
        let next = run(mfa.enroll_another(&proof, label(&format!("device {n}")))).unwrap();
        run(mfa.confirm(&alice(), next.device(), code(next.secret(), NOW, 0))).unwrap();
    }
    for _ in 0..4 {
        assert_eq!(
            denial(run(mfa.verify(
                &alice(),
                "000000".parse::<secondfactor::Code>().unwrap()
            ))),
            Denial::Mismatch
        );
    }
    assert_eq!(
        run(mfa.status(&alice())).unwrap().lock(),
        Lock::Open,
        "four of five"
    );
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
}

/// Whoever spams to starve the owner's swap: after the fifth, nothing of it is written.
/// Attacks: R14.
#[test]
fn a_flood_of_guesses_writes_five_times_and_not_more() {
    let (stage, phone, _) = Stage::with_phone();
    let before = stage.writes();
    for _ in 0..1000 {
        let wrong = wrong_code(&phone.secret, NOW);
        let _refused = run(stage.mfa.verify(&alice(), wrong)).unwrap_err();
    }
    assert_eq!(stage.writes() - before, 5);
}

/// Attacks: "unbounded work".
#[test]
fn a_resynchronization_is_judged_three_times_a_day() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let wrong = [wrong_code(&secret, NOW); 2];
    for _ in 0..3 {
        assert_eq!(
            kind(run(mfa.resync(&alice(), device, wrong))),
            Denial::Mismatch
        );
    }
    assert_eq!(
        wait(run(mfa.resync(&alice(), device, wrong)), NOW),
        8 * 3600
    );
    // It is apart from the budget of logins, both ways.
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    clock.advance(Duration::from_secs(8 * 3600));
    assert_eq!(
        kind(run(mfa.resync(&alice(), device, wrong))),
        Denial::Mismatch
    );
    assert!(is_throttled(run(mfa.resync(&alice(), device, wrong))));
}

#[test]
fn a_policy_that_leaves_a_guess_in_a_thousand_is_refused() {
    let new = Policy::builder;
    for refused in [
        new().window(Window::new(10, 10).unwrap()),
        new().look_ahead(LookAhead::DEFAULT),
        new().max_failures(101),
        new().waits(5, Duration::ZERO, Duration::from_secs(3600)),
    ] {
        assert!(refused.build().is_err(), "{refused:?}");
    }
    for policy in [Policy::DEFAULT, Policy::ASVS, Policy::NIST, Policy::PCI] {
        let bound = policy.guess_bound();
        assert!(
            bound.per_day() < 1e-3 && bound.until_disabled() < 1e-3,
            "{bound:?}"
        );
    }
}
