//! Recovery codes: raced, used again, guessed.

use std::sync::Barrier;

use secondfactor::{Account, Denial, Error, Lock, MemoryStore, Mfa, Proof, RecoveryCode, SqliteStore};

use super::{denial, is_throttled, sqlite};
use crate::support::*;

fn other_code() -> RecoveryCode {
    secondfactor::RecoveryCodes::generate().unwrap().into_iter().next().unwrap()
}

/// Judges wrong recovery codes, each as soon as it may be, until none is judged any more.
fn exhaust(mut account: Account, mut now: secondfactor::UnixTime) -> (Account, secondfactor::UnixTime, usize) {
    let mut judged = 0;
    loop {
        match account.status(now).recovery_lock() {
            Lock::Open if judged < 100 => {
                let (next, verdict) = commit(account.redeem(&other_code(), now).unwrap());
                assert_eq!(denial(verdict), Denial::Mismatch);
                (account, judged) = (next, judged + 1);
            }
            Lock::Until(then) => now = then,
            _ => return (account, now, judged),
        }
    }
}

/// A hundred wrong ones void the set. Replenishing it would hand out codes that nobody ever judges.
#[test]
fn a_guessed_at_set_of_codes_is_void_until_a_new_one_is_issued() {
    let (account, phone) = super::with_phone();
    let (account, verdict) = commit(account.verify(code(&phone.secret, NOW, 0), NOW).unwrap());
    let (account, codes) = commit(account.issue_recovery_codes(&verdict.unwrap(), NOW).unwrap());
    let good = codes.unwrap().into_iter().next().unwrap();

    let (account, now, judged) = exhaust(account, NOW);
    assert_eq!(judged, 100);
    let (sealed, verdict) = commit(account.verify(code(&phone.secret, now, 0), now).unwrap());
    let proof = verdict.unwrap();
    let mut attempt = sealed.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let open = || Account::open(&alice(), &body, &keyring()).unwrap();
    assert!(matches!(open().redeem(&good, now), Err(Error::Denied(Denial::Disabled))));
    assert!(matches!(open().replenish_recovery_codes(&proof, now), Err(Error::NoRecoveryCodes)));
    let (account, codes) = commit(open().issue_recovery_codes(&proof, now).unwrap());
    assert!(commit(account.redeem(codes.unwrap().iter().next().unwrap(), now).unwrap()).1.is_ok());
}

/// Attacks: "a recovery code not used up, or raced"; R13.
#[test]
fn one_recovery_code_raced_by_sixteen_recovers_once() {
    let (_folder, path) = sqlite();
    let Login { mfa, proof, .. } = Login::new(SqliteStore::open(path).unwrap());
    let codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    let raced = codes.iter().next().unwrap();
    let barrier = Barrier::new(16);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    run(mfa.redeem(&alice(), raced))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (ins, outs): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(ins.len(), 1);
    // For the others it is a wrong code, so five are judged, and the rest must wait.
    let judged = outs.into_iter().map(denial).filter(|one| *one == Denial::Mismatch).count();
    assert_eq!(judged, 5);
    assert_eq!(run(mfa.status(&alice())).unwrap().recovery_codes(), 9);
}

/// A list that is read, changed and written back loses one of two removals.
/// Attacks: "a recovery code not used up, or raced"; T15.
#[test]
fn different_recovery_codes_raced_are_all_gone() {
    let (_folder, path) = sqlite();
    let Login { mfa, proof, clock, .. } = Login::new(SqliteStore::open(&path).unwrap());
    let codes: Vec<_> = run(mfa.issue_recovery_codes(&proof)).unwrap().into_iter().collect();
    let barrier = Barrier::new(6);
    std::thread::scope(|scope| {
        for raced in &codes[..6] {
            let (mfa, barrier) = (&mfa, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let _recovered = run(mfa.redeem(&alice(), raced)).unwrap();
            });
        }
    });
    assert_eq!(run(mfa.status(&alice())).unwrap().recovery_codes(), 4);
    // Nor do they come back with a restart.
    drop(mfa);
    let mfa = Mfa::new(SqliteStore::open(&path).unwrap(), keyring()).with_clock(clock);
    assert_eq!(denial(run(mfa.redeem(&alice(), &codes[0]))), Denial::Mismatch);
    assert!(run(mfa.redeem(&alice(), &codes[6])).is_ok());
}

/// Attacks: "a recovery code of another user".
#[test]
fn another_accounts_recovery_code_is_wrong() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let bob = account("bob");
    let enrollment = run(mfa.enroll(&bob, label("phone"))).unwrap();
    let bobs = run(mfa.confirm(&bob, enrollment.device(), code(enrollment.secret(), NOW, 0))).unwrap();
    let alices_codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    let bobs_codes = run(mfa.issue_recovery_codes(&bobs)).unwrap();
    for (alices, of_bob) in alices_codes.iter().zip(&bobs_codes).take(5) {
        assert_eq!(denial(run(mfa.redeem(&alice(), of_bob))), Denial::Mismatch);
        assert!(run(mfa.redeem(&bob, of_bob)).is_ok());
        assert_ne!(*alices.expose_text(), *of_bob.expose_text());
    }
}

/// Attacks: T15.
#[test]
fn an_earlier_recovery_code_is_void_once_new_ones_are_issued() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let earlier = run(mfa.issue_recovery_codes(&proof)).unwrap();
    let later = run(mfa.issue_recovery_codes(&proof)).unwrap();
    assert_eq!(denial(run(mfa.redeem(&alice(), earlier.iter().next().unwrap()))), Denial::Mismatch);
    assert!(run(mfa.redeem(&alice(), later.iter().next().unwrap())).is_ok());
    // Replenished, the one that is used is replaced, and does not come back.
    let fresh = run(mfa.replenish_recovery_codes(&proof)).unwrap();
    assert_eq!(fresh.count(), 1);
    assert_eq!(denial(run(mfa.redeem(&alice(), later.iter().next().unwrap()))), Denial::Mismatch);
    assert!(run(mfa.redeem(&alice(), fresh.iter().next().unwrap())).is_ok());
}

/// Attacks: "lockout as denial of service".
#[test]
fn guesses_at_codes_and_at_recovery_codes_do_not_block_each_other() {
    let Login { mfa, secret, proof, .. } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    for _ in 0..5 {
        assert_eq!(denial(run(mfa.redeem(&alice(), &other_code()))), Denial::Mismatch);
    }
    assert!(is_throttled(run(mfa.redeem(&alice(), &other_code()))));
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    // That login gives no recovery code back its tries.
    assert!(is_throttled(run(mfa.redeem(&alice(), codes.iter().next().unwrap()))));

    let Login { mfa, secret, proof, .. } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    for _ in 0..5 {
        assert_eq!(denial(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))), Denial::Mismatch);
    }
    assert!(is_throttled(run(mfa.verify(&alice(), code(&secret, NOW, 0)))));
    assert!(run(mfa.redeem(&alice(), codes.iter().next().unwrap())).is_ok());
    assert!(is_throttled(run(mfa.verify(&alice(), code(&secret, NOW, 0)))));
}

/// Lost the phone: a recovery code, a new device, the lost one revoked, new codes; and no way to log in by it.
#[test]
fn a_recovery_code_mends_the_second_factor_and_is_no_login() {
    fn is_a_proof(_: &impl Proof) {}
    let Login { mfa, clock, secret, device: lost, proof } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof)).unwrap();
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    is_a_proof(&recovered);
    // The last device stays until another one has proved itself.
    assert!(matches!(run(mfa.revoke(&recovered, lost)), Err(Error::LastDevice)));
    let new = run(mfa.enroll_another(&recovered, label("new phone"))).unwrap();
    run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
    run(mfa.revoke(&recovered, lost)).unwrap();
    assert_eq!(run(mfa.replenish_recovery_codes(&recovered)).unwrap().count(), 1);
    clock.advance(STEP);
    let now = NOW.saturating_add(STEP);
    assert_eq!(denial(run(mfa.verify(&alice(), code(&secret, now, 0)))), Denial::Mismatch);
    assert!(run(mfa.verify(&alice(), code(new.secret(), now, 0))).is_ok());
    // The proof ends after five minutes.
    clock.advance(std::time::Duration::from_secs(300));
    assert!(matches!(run(mfa.opt_out(&recovered)), Err(Error::Stale(_))));
}

#[test]
fn a_mistyped_recovery_code_costs_no_try() {
    let text = other_code().expose_text();
    let last = if text.ends_with('0') { '1' } else { '0' };
    assert!(format!("{}{last}", &text[..28]).parse::<RecoveryCode>().is_err());
}
