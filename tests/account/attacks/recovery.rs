//! Recovery codes: raced, used again, guessed.

use std::cell::LazyCell;
use std::sync::{Arc, Barrier};

use secondfactor::account::{Account, Lock};
use secondfactor::codes::{ManualClock, Secret};
use secondfactor::store::{MemoryStore, Store as _, Swap};
use secondfactor::{
    AccountId, Denial, Error, Keyring, Mfa, Policy, Proof, RecoveryCode, SealingKey,
};

use super::{denial, is_throttled, kind, open_sqlite, recovery_set, sqlite};
use crate::record_checks::unseal;
use crate::records::recorded;
use crate::support::*;

fn other_code() -> RecoveryCode {
    secondfactor::RecoveryCodes::generate()
        .unwrap()
        .into_iter()
        .next()
        .unwrap()
}

/// Judges wrong recovery codes, each as soon as it may be, until none is judged any longer.
fn exhaust(
    mut account: Account,
    policy: Policy,
    mut now: secondfactor::codes::UnixTime,
) -> (Account, secondfactor::codes::UnixTime, usize) {
    let mut judged = 0;
    loop {
        account = account.with_policy(policy);
        match account.status(now).recovery_lock() {
            Lock::Open if judged < 130 => {
                let (next, verdict) = commit(account.redeem(&other_code(), now).unwrap());
                assert_eq!(kind(verdict), Denial::Mismatch);
                (account, judged) = (next, judged + 1);
            }
            Lock::Until(then) => now = then,
            _ => return (account, now, judged),
        }
    }
}

/// By `Policy::NIST` a hundred wrong ones void the set: not even a right one of it is judged after that.
#[test]
fn a_guessed_at_set_of_codes_is_void_until_a_new_one_is_issued() {
    let (account, phone) = super::with_phone();
    let (account, verdict) = commit(account.verify(code(&phone.secret, NOW, 0), NOW).unwrap());
    let (account, codes) = commit(
        account
            .issue_recovery_codes(verdict.unwrap(), None, NOW)
            .unwrap(),
    );
    let good = codes.unwrap().into_iter().next().unwrap();

    let (account, now, judged) = exhaust(account, Policy::NIST, NOW);
    assert_eq!(judged, 100);
    let (sealed, verdict) = commit(account.verify(code(&phone.secret, now, 0), now).unwrap());
    let proof = verdict.unwrap();
    let mut attempt = sealed.reseal(&keyring());
    let body = attempt.seal(&keyring()).unwrap();
    let open = || {
        Account::open(&alice(), &body, &keyring())
            .unwrap()
            .with_policy(Policy::NIST)
    };
    assert!(matches!(
        open().redeem(&good, now),
        Err(Error::Denied(Denial::Disabled))
    ));
    let present = open().status(now).recovery_set();
    let (account, codes) = commit(open().issue_recovery_codes(&proof, present, now).unwrap());
    assert!(
        commit(
            account
                .redeem(codes.unwrap().iter().next().unwrap(), now)
                .unwrap()
        )
        .1
        .is_ok()
    );
}

/// A recovery code has 115 bits. A wait is enough, and nobody voids the owner's codes by typing wrong ones.
#[test]
fn wrong_recovery_codes_wait_and_close_nothing() {
    for policy in [Policy::DEFAULT, Policy::ASVS, Policy::PCI] {
        let (account, phone) = super::with_phone();
        let (account, verified) = commit(account.verify(code(&phone.secret, NOW, 0), NOW).unwrap());
        let (account, codes) = commit(
            account
                .issue_recovery_codes(verified.unwrap(), None, NOW)
                .unwrap(),
        );
        let (account, now, judged) = exhaust(account, policy, NOW);
        assert_eq!(judged, 130, "all that were tried");
        let good = codes.unwrap().into_iter().next().unwrap();
        assert!(verdict(account.redeem(&good, now)).is_ok());
    }
}

/// Attacks: "a recovery code not used up, or raced"; R13.
#[test]
fn one_recovery_code_raced_by_sixteen_recovers_once() {
    let (_folder, path) = sqlite();
    let Login { mfa, proof, .. } = Login::new(open_sqlite(path));
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
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
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let (ins, outs): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(ins.len(), 1);
    // For the others it is a wrong code, so five are judged, and the rest must wait.
    let judged = outs
        .into_iter()
        .map(kind)
        .filter(|one| *one == Denial::Mismatch)
        .count();
    assert_eq!(judged, 5);
    assert_eq!(run(mfa.status(&alice())).unwrap().recovery_codes_left(), 9);
}

/// A list that is read, changed and written back loses one of two removals.
/// Attacks: "a recovery code not used up, or raced"; T15.
#[test]
fn different_recovery_codes_raced_are_all_gone() {
    let (_folder, path) = sqlite();
    let Login {
        mfa, proof, clock, ..
    } = Login::new(open_sqlite(&path));
    let codes: Vec<_> = run(mfa.issue_recovery_codes(&proof, None))
        .unwrap()
        .into_iter()
        .collect();
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
    assert_eq!(run(mfa.status(&alice())).unwrap().recovery_codes_left(), 4);
    // Nor do they come back with a restart.
    drop(mfa);
    let mfa = Mfa::new(open_sqlite(&path), keyring()).with_clock(clock);
    assert_eq!(
        denial(run(mfa.redeem(&alice(), &codes[0]))),
        Denial::Mismatch
    );
    assert!(run(mfa.redeem(&alice(), &codes[6])).is_ok());
}

/// Attacks: "a recovery code of another user".
#[test]
fn another_accounts_recovery_code_is_wrong() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let bob = account("bob");
    let enrollment = run(mfa.enroll(&bob, label("phone"))).unwrap();
    let bobs =
        run(mfa.confirm(&bob, enrollment.device(), code(enrollment.secret(), NOW, 0))).unwrap();
    let alices_codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let bobs_codes = run(mfa.issue_recovery_codes(&bobs, None)).unwrap();
    for (alices, of_bob) in alices_codes.iter().zip(&bobs_codes).take(5) {
        assert_eq!(kind(run(mfa.redeem(&alice(), of_bob))), Denial::Mismatch);
        assert!(run(mfa.redeem(&bob, of_bob)).is_ok());
        assert_ne!(*alices.expose_text(), *of_bob.expose_text());
    }
}

/// Attacks: T15.
#[test]
fn an_earlier_recovery_code_is_void_once_new_ones_are_issued() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let earlier = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let later = run(mfa.issue_recovery_codes(&proof, recovery_set(&mfa))).unwrap();
    assert_eq!(
        denial(run(mfa.redeem(&alice(), earlier.iter().next().unwrap()))),
        Denial::Mismatch
    );
    assert!(run(mfa.redeem(&alice(), later.iter().next().unwrap())).is_ok());
    // Neither the one that is used comes back with a third set, nor the rest of the second.
    let fresh = run(mfa.issue_recovery_codes(&proof, recovery_set(&mfa))).unwrap();
    assert_eq!(fresh.count(), 10);
    for code in later.iter().take(2) {
        assert_eq!(denial(run(mfa.redeem(&alice(), code))), Denial::Mismatch);
    }
    assert!(run(mfa.redeem(&alice(), fresh.iter().next().unwrap())).is_ok());
}

/// Attacks: "lockout as denial of service".
#[test]
fn guesses_at_codes_and_at_recovery_codes_do_not_block_each_other() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    for _ in 0..5 {
        assert_eq!(
            kind(run(mfa.redeem(&alice(), &other_code()))),
            Denial::Mismatch
        );
    }
    assert!(is_throttled(run(mfa.redeem(&alice(), &other_code()))));
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    // That login gives no recovery code back its tries.
    assert!(is_throttled(run(
        mfa.redeem(&alice(), codes.iter().next().unwrap())
    )));

    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    for _ in 0..5 {
        assert_eq!(
            kind(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
            Denial::Mismatch
        );
    }
    assert!(is_throttled(run(
        mfa.verify(&alice(), code(&secret, NOW, 0))
    )));
    assert!(run(mfa.redeem(&alice(), codes.iter().next().unwrap())).is_ok());
    assert!(is_throttled(run(
        mfa.verify(&alice(), code(&secret, NOW, 0))
    )));
}

/// Lost the phone: a recovery code, a new device, the lost one revoked, new codes; and no way to log in by it.
#[test]
fn a_recovery_code_mends_the_second_factor_and_is_no_login() {
    fn is_a_proof(_: impl AsRef<Proof>) {}
    let Login {
        mfa,
        clock,
        secret,
        device: lost,
        proof,
    } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    is_a_proof(&recovered);
    let new = run(mfa.enroll_another(&recovered, label("new phone"))).unwrap();
    run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
    run(mfa.revoke(&recovered, lost)).unwrap();
    assert_eq!(
        run(mfa.issue_recovery_codes(&recovered, recovered.recovery_set()))
            .unwrap()
            .count(),
        10
    );
    clock.advance(STEP);
    let now = NOW.saturating_add(STEP);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, now, 0)))),
        Denial::Mismatch
    );
    assert!(run(mfa.verify(&alice(), code(new.secret(), now, 0))).is_ok());
    // The proof ends after fifteen minutes: people install an app in between.
    clock.set(NOW.saturating_add(std::time::Duration::from_secs(900)));
    assert!(run(mfa.rename(&recovered, new.device(), label("phone"))).is_ok());
    clock.advance(std::time::Duration::from_secs(1));
    assert!(matches!(run(mfa.opt_out(&recovered)), Err(Error::Stale(_))));
}

/// A record, and as texts its sealing key, its account and one of its codes. `tests/account/records.rs` says how they are
/// written: once. A change of the hash or of the record's encoding would void every code that owners have printed.
#[test]
fn a_recorded_recovery_code_redeems() {
    let parts = LazyCell::new(write_recovery);
    let [record, key, account, printed] = [0, 1, 2, 3].map(|part| {
        let name = [
            "recovery.bin",
            "recovery.key",
            "recovery.account",
            "recovery.code",
        ][part];
        recorded(name, || parts[part].clone())
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let key = text(key);
    let keyring = Keyring::new(SealingKey::from_base32(&key).unwrap());
    let id = AccountId::new(text(account)).unwrap();
    let printed: RecoveryCode = text(printed).parse().unwrap();

    let key = Secret::from_base32(&key).unwrap();
    let key = *key.expose_bytes().first_chunk().unwrap();
    let plaintext = |sealed: &[u8]| unseal(id.as_str(), &[key], sealed).unwrap();
    let account = Account::open(&id, &record, &keyring).unwrap();
    let again = account.reseal(&keyring).seal(&keyring).unwrap();
    assert_eq!(plaintext(&again), plaintext(&record));

    let store = MemoryStore::new();
    assert!(matches!(
        run(store.swap(&id, None, &record)),
        Ok(Swap::Committed(_))
    ));
    let mfa = Mfa::new(store, keyring).with_clock(ManualClock::new(NOW));
    assert_eq!(run(mfa.status(&id)).unwrap().recovery_codes_left(), 9);
    let recovered = run(mfa.redeem(&id, &printed)).unwrap();
    assert_eq!((recovered.account(), recovered.codes_left()), (&id, 8));
    assert_eq!(denial(run(mfa.redeem(&id, &printed))), Denial::Mismatch);
}

/// Of ten codes one has been redeemed, a wrong one was typed, and another one is printed.
fn write_recovery() -> [Vec<u8>; 4] {
    let store = Arc::new(MemoryStore::new());
    let (id, key) = (account("user-4711"), SealingKey::generate().unwrap());
    let key_text = key.expose_base32();
    let mfa = Mfa::new(Arc::clone(&store), Keyring::new(key)).with_clock(ManualClock::new(NOW));
    let phone = run(mfa.enroll(&id, label("phone"))).unwrap();
    let proof = run(mfa.confirm(&id, phone.device(), code(phone.secret(), NOW, 0))).unwrap();
    let codes: Vec<RecoveryCode> = run(mfa.issue_recovery_codes(&proof, None))
        .unwrap()
        .into_iter()
        .collect();
    let _recovered = run(mfa.redeem(&id, &codes[0])).unwrap();
    let _refused = run(mfa.redeem(&id, &other_code())).unwrap_err();
    let record = run(store.load(&id)).unwrap().unwrap();
    let texts = [
        key_text.as_str(),
        id.as_str(),
        codes[6].expose_text().as_str(),
    ]
    .map(Vec::from);
    let [key, account, printed] = texts;
    [record.body().to_vec(), key, account, printed]
}

#[test]
fn a_mistyped_recovery_code_costs_no_try() {
    let text = other_code().expose_text();
    let last = if text.ends_with('0') { '1' } else { '0' };
    assert!(
        format!("{}{last}", &text[..28])
            .parse::<RecoveryCode>()
            .is_err()
    );
}
