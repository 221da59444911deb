//! Whoever can write to the database, and what a fault of it leaves behind.

use secondfactor::sealing::SealError;
use secondfactor::store::{MemoryStore, Store, Swap};
use secondfactor::{Denial, Error, Mfa};

use super::{denial, open_sqlite, sqlite};
use crate::support::*;

fn execute(path: &std::path::Path, sql: &str) -> usize {
    rusqlite::Connection::open(path)
        .unwrap()
        .execute(sql, [])
        .unwrap()
}

/// Attacks: T22, R15.
#[test]
fn deleting_the_row_switches_no_second_factor_off() {
    let (_folder, path) = sqlite();
    let Login { mfa, secret, .. } = Login::new(open_sqlite(&path));
    assert_eq!(execute(&path, "DELETE FROM secondfactor_record"), 1);
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));
}

/// Attacks: R15.
#[test]
fn another_accounts_row_does_not_open() {
    let (_folder, path) = sqlite();
    let Login { mfa, .. } = Login::new(open_sqlite(&path));
    let mallory = account("mallory");
    let enrollment = run(mfa.enroll(&mallory, label("phone"))).unwrap();
    run(mfa.confirm(
        &mallory,
        enrollment.device(),
        code(enrollment.secret(), NOW, 0),
    ))
    .unwrap();
    let copied = "UPDATE secondfactor_record SET body = (SELECT body FROM secondfactor_record WHERE account = x'6d616c6c6f7279')";
    assert_eq!(execute(&path, copied), 2);
    let result = run(mfa.verify(&alice(), code(enrollment.secret(), NOW, 1)));
    assert!(
        matches!(result, Err(Error::Seal(SealError::Forged))),
        "{result:?}"
    );
}

/// The first byte says which format it is: another one may mean less.
/// Attacks: R15.
#[test]
fn a_record_that_claims_another_format_does_not_open() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let stored = run(store.load(&alice())).unwrap().unwrap();
    for format in (0..=u8::MAX).filter(|format| *format != stored.body()[0]) {
        let edited = [&[format], &stored.body()[1..]].concat();
        let version = run(store.load(&alice())).unwrap().unwrap().version();
        assert!(matches!(
            run(store.swap(&alice(), Some(version), &edited)),
            Ok(Swap::Committed(_))
        ));
        assert!(
            matches!(
                run(mfa.verify(&alice(), code(&secret, NOW, 0))),
                Err(Error::Seal(_))
            ),
            "format {format}"
        );
    }
}

/// A version at its end is a store error, not a version that comes back.
/// Attacks: R15.
#[test]
fn a_version_set_to_its_end_lets_nobody_in() {
    let (_folder, path) = sqlite();
    let Login { mfa, secret, .. } = Login::new(open_sqlite(&path));
    execute(
        &path,
        "UPDATE secondfactor_record SET version = 9223372036854775807",
    );
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Store(_))
    ));
}

/// Open, as the threat model says: the older record is as genuine as the newer one. If this ever fails, say so there.
/// Attacks: R15.
#[test]
fn a_row_put_back_whole_is_not_noticed() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let old = run(store.load(&alice())).unwrap().unwrap();
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    let version = run(store.load(&alice())).unwrap().unwrap().version();
    assert!(matches!(
        run(store.swap(&alice(), Some(version), old.body())),
        Ok(Swap::Committed(_))
    ));
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
}

/// Records in memory are gone with the process: nobody gets in by a code used before, nor by any other.
/// Attacks: T5, R7.
#[test]
fn a_memory_store_that_restarts_lets_nobody_in() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    let restarted = Mfa::new(MemoryStore::new(), keyring()).with_clock(clock);
    for steps in [-1, 0, 1] {
        assert!(matches!(
            run(restarted.verify(&alice(), code(&secret, NOW, steps))),
            Err(Error::NotEnrolled)
        ));
    }
}

/// Neither logins nor failures nor half-done enrollments add up in the record.
/// Attacks: T21.
#[test]
fn the_record_does_not_grow_with_use() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(std::sync::Arc::clone(&store));
    assert_eq!(
        run(mfa.issue_recovery_codes(&proof, None)).unwrap().count(),
        10
    );
    let len = || run(store.load(&alice())).unwrap().unwrap().body().len();
    let _begun = run(mfa.enroll_another(&proof, label("tablet")));
    let before = len();
    for round in 1..=100 {
        let now = NOW.saturating_add(STEP * (400 * round)); // 3 hours 20 minutes
        clock.set(now);
        assert_eq!(
            denial(run(mfa.verify(&alice(), wrong_code(&secret, now)))),
            Denial::Mismatch
        );
        let verified = run(mfa.verify(&alice(), code(&secret, now, 0))).unwrap();
        let _begun = run(mfa.enroll_another(&verified, label("tablet")));
        assert!(run(mfa.rename(&verified, verified.device(), label("phone"))).is_ok());
    }
    // A few numbers have become longer.
    assert!(len() <= before + 40, "{before} {}", len());
    assert!(before < 1024, "{before}");
}
