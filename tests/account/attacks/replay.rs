//! A code that was used, once more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use secondfactor::account::Lock;
use secondfactor::codes::{Counter, Hotp, LookAhead};
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Denial, Mfa, NewDevice, Policy};

use super::{denial, is_throttled, open_sqlite, sqlite};
use crate::support::*;

/// Attacks: "the same code accepted twice".
#[test]
fn the_same_code_twice_is_refused_and_costs_nothing() {
    let (_folder, path) = sqlite();
    let Login { mfa, secret, .. } = Login::new(open_sqlite(path));
    let used = code(&secret, NOW, 0);
    assert!(run(mfa.verify(&alice(), used)).is_ok());
    for _ in 0..50 {
        assert_eq!(denial(run(mfa.verify(&alice(), used))), Denial::Replayed);
    }
    // No charge: the owner who typed it twice is not locked out.
    assert_eq!(run(mfa.status(&alice())).unwrap().lock(), Lock::Open);
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 1))).is_ok());
}

/// Not only the last code is remembered: everything up to it.
/// Attacks: "an older step, still inside the window"; T2.
#[test]
fn an_older_code_after_a_newer_one_is_refused() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let now = NOW.saturating_add(STEP * 10);
    clock.set(now);
    assert!(run(mfa.verify(&alice(), code(&secret, now, 1))).is_ok());
    for steps in [-1, 0, 1] {
        assert_eq!(
            denial(run(mfa.verify(&alice(), code(&secret, now, steps)))),
            Denial::Replayed
        );
    }
}

/// What is kept has no lifetime that could be shorter than the code's: used early, it is refused until it leaves the window.
/// Attacks: T3.
#[test]
fn a_code_used_early_is_still_refused_at_the_end_of_its_life() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let early = code(&secret, NOW, 1);
    assert!(run(mfa.verify(&alice(), early)).is_ok());
    for later in 1..=2 {
        clock.set(NOW.saturating_add(STEP * later));
        assert_eq!(
            denial(run(mfa.verify(&alice(), early))),
            Denial::Replayed,
            "{later} steps later"
        );
    }
}

/// Attacks: "limiter and verifier see different texts"; T4.
#[test]
fn the_same_code_in_another_spelling_is_refused() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let digits = code(&secret, NOW, 0).to_string();
    assert!(run(mfa.verify(&alice(), digits.parse::<secondfactor::Code>().unwrap())).is_ok());
    let (head, tail) = digits.split_at(3);
    let in_script = |zero: u32| -> String {
        let digits = digits.chars().map(|digit| digit.to_digit(10).unwrap());
        digits
            .map(|digit| char::from_u32(zero + digit).unwrap())
            .collect()
    };
    for typed in [
        in_script(0x660),
        in_script(0x6f0),
        in_script(0xff10),
        format!("{head}\u{a0}{tail}\n"),
        format!("\u{feff}{head}\u{2013}{tail}."),
        format!("{head} {tail}"),
        format!("{head}-{tail}"),
        format!(" {digits}"),
        format!("{digits} "),
    ] {
        assert_eq!(
            denial(run(mfa.verify(
                &alice(),
                typed.parse::<secondfactor::Code>().unwrap()
            ))),
            Denial::Replayed,
            "{typed:?}"
        );
    }
}

/// Attacks: T5.
#[test]
fn a_code_used_before_a_restart_is_refused_after_it_and_on_another_server() {
    let (_folder, path) = sqlite();
    let Login {
        mfa, clock, secret, ..
    } = Login::new(open_sqlite(&path));
    let used = code(&secret, NOW, 0);
    assert!(run(mfa.verify(&alice(), used)).is_ok());
    let other = Mfa::new(open_sqlite(&path), keyring()).with_clock(Arc::clone(&clock));
    assert_eq!(denial(run(other.verify(&alice(), used))), Denial::Replayed);
    drop((mfa, other));
    let restarted = Mfa::new(open_sqlite(&path), keyring()).with_clock(clock);
    assert_eq!(
        denial(run(restarted.verify(&alice(), used))),
        Denial::Replayed
    );
}

/// Attacks: "check, then store"; T1, R1.
#[test]
fn two_servers_with_one_code_at_the_same_instant_let_one_in() {
    let (_folder, path) = sqlite();
    let Login {
        mfa, clock, secret, ..
    } = Login::new(open_sqlite(&path));
    let servers = [
        mfa,
        Mfa::new(open_sqlite(&path), keyring()).with_clock(Arc::clone(&clock)),
    ];
    for round in 0..50_u32 {
        let now = NOW.saturating_add(STEP * round);
        clock.set(now);
        let submitted = code(&secret, now, 0);
        let barrier = Barrier::new(2);
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads = servers.each_ref().map(|server| {
                scope.spawn(|| {
                    barrier.wait();
                    run(server.verify(&alice(), submitted))
                })
            });
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let (ins, outs): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(ins.len(), 1, "round {round}");
        outs.into_iter()
            .for_each(|out| assert_eq!(denial(out), Denial::Replayed, "round {round}"));
    }
}

/// Shows, once told, the record as it was then: a replica that lags.
struct Lagging {
    inner: MemoryStore,
    lags: AtomicBool,
    old: Mutex<Option<Stored>>,
}

impl Store for Lagging {
    type Error = std::convert::Infallible;

    async fn check(&self) -> Result<Report, Self::Error> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Self::Error> {
        if self.lags.swap(false, Ordering::Relaxed) {
            return Ok(self.old.lock().unwrap().clone());
        }
        self.inner.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Self::Error> {
        self.inner.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Self::Error> {
        self.inner.remove(account, expected).await
    }
}

/// Attacks: T1, R5.
#[test]
fn a_code_used_already_is_refused_though_the_read_was_stale() {
    let store = Lagging {
        inner: MemoryStore::new(),
        lags: AtomicBool::new(false),
        old: Mutex::new(None),
    };
    let store = Arc::new(store);
    let Login { mfa, secret, .. } = Login::new(Arc::clone(&store));
    *store.old.lock().unwrap() = run(store.inner.load(&alice())).unwrap();
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    store.lags.store(true, Ordering::Relaxed);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, NOW, 0)))),
        Denial::Replayed
    );
    assert!(
        !store.lags.load(Ordering::Relaxed),
        "the stale record was read"
    );
}

/// A stale "no record" must not begin a new account over the one that is there.
/// Attacks: T12, R5.
#[test]
fn a_stale_absence_does_not_overwrite_an_account() {
    let store = Lagging {
        inner: MemoryStore::new(),
        lags: AtomicBool::new(false),
        old: Mutex::new(None),
    };
    let store = Arc::new(store);
    let Login { mfa, secret, .. } = Login::new(Arc::clone(&store));
    store.lags.store(true, Ordering::Relaxed);
    assert!(matches!(
        run(mfa.enroll(&alice(), label("thief's"))),
        Err(secondfactor::Error::ProofRequired)
    ));
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
}

/// Attacks: "a secret from the client, or never confirmed"; T13.
#[test]
fn the_confirming_code_is_no_first_login() {
    let (account, phone) = super::with_phone();
    assert_eq!(
        denial(verdict(account.verify(code(&phone.secret, NOW, -1), NOW))),
        Denial::Replayed
    );
}

/// Vault's class of fault: what was refused or not even judged must not use up the owner's code.
/// Attacks: T14.
#[test]
fn a_refused_submission_does_not_burn_the_owners_code() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let next = code(&secret, NOW, 1);
    for _ in 0..5 {
        let _wrong = run(mfa.verify(&alice(), wrong_code(&secret, NOW))).unwrap_err();
    }
    assert!(
        is_throttled(run(mfa.verify(&alice(), next))),
        "the right code, too early"
    );
    clock.advance(STEP);
    assert!(run(mfa.verify(&alice(), next)).is_ok());
}

#[test]
fn a_counter_that_was_used_or_skipped_never_comes_back() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let token = run(mfa.enroll_another(
        &proof,
        NewDevice::hotp(label("token"), Counter::new(0)).with_secret(super::known_secret()),
    ))
    .unwrap();
    let at = |counter| Hotp::new(token.secret()).at(Counter::new(counter));
    run(mfa.confirm(&alice(), token.device(), at(0))).unwrap();
    assert_eq!(denial(run(mfa.verify(&alice(), at(0)))), Denial::Replayed);
    assert!(
        run(mfa.verify(&alice(), at(4))).is_ok(),
        "three presses in a pocket"
    );
    for counter in [0, 1, 2, 3] {
        assert_eq!(
            denial(run(mfa.verify(&alice(), at(counter)))),
            Denial::Mismatch,
            "counter {counter}"
        );
    }
    assert_eq!(denial(run(mfa.verify(&alice(), at(4)))), Denial::Replayed);
}

/// Attacks: "guesses".
#[test]
fn a_counter_beyond_the_look_ahead_is_refused() {
    let look_ahead = LookAhead::new(3).unwrap();
    let policy = Policy::builder().look_ahead(look_ahead).build().unwrap();
    for (ahead, passes) in [(3, true), (4, false)] {
        let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
        let mfa = mfa.with_policy(policy);
        let token = run(mfa.enroll_another(
            &proof,
            NewDevice::hotp(label("token"), Counter::new(0)).with_secret(super::known_secret()),
        ))
        .unwrap();
        let at = |counter| Hotp::new(token.secret()).at(Counter::new(counter));
        run(mfa.confirm(&alice(), token.device(), at(0))).unwrap();
        assert_eq!(
            run(mfa.verify(&alice(), at(1 + ahead))).is_ok(),
            passes,
            "{ahead} ahead"
        );
    }
}
