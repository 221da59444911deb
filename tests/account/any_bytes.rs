//! Any bytes in the store: an error, which is no verdict, at any time.

use std::sync::Arc;

use proptest::prelude::*;
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Error, Label, Mfa, RecoveryCodes};

use crate::support::{Login, alice, code, keyring, label, run};

/// Puts these bytes in the place of a good record, and does all that can be done.
fn all_commands_refuse(now: u64, damage: impl FnOnce(&[u8]) -> Vec<u8>) {
    let records = Arc::new(MemoryStore::new());
    let Login {
        device,
        secret,
        proof,
        clock,
        ..
    } = Login::new(Arc::clone(&records));
    let good = run(records.load(&alice())).unwrap().unwrap();
    let bad = damage(good.body());
    if bad == good.body() {
        return;
    }
    let _swapped = run(records.swap(&alice(), Some(good.version()), &bad)).unwrap();
    let version = run(records.load(&alice())).unwrap().unwrap().version();

    let mfa = Mfa::new(Arc::clone(&records), keyring())
        .with_clock(Arc::new(ManualClock::new(UnixTime::from_secs(now))));
    let at = secondfactor::codes::Clock::now(&*clock);
    let (one, next) = (code(&secret, at, 0), code(&secret, at, 1));
    let recovery_code = RecoveryCodes::generate()
        .unwrap()
        .into_iter()
        .next()
        .unwrap();
    let answers = [
        run(mfa.verify(&alice(), one)).err(),
        run(mfa.enroll(&alice(), label("tablet"))).err(),
        run(mfa.enroll_another(&proof, label("tablet"))).err(),
        run(mfa.confirm(&alice(), device, one)).err(),
        run(mfa.confirm_pair(&alice(), device, [one, next])).err(),
        run(mfa.resync(&alice(), device, [one, next])).err(),
        run(mfa.rotate(&proof, device)).err(),
        run(mfa.redeem(&alice(), &recovery_code)).err(),
        run(mfa.issue_recovery_codes(&proof)).err(),
        run(mfa.status(&alice())).err(),
        run(mfa.rename(&proof, device, Label::new("x").unwrap())).err(),
        run(mfa.suspend(&proof, device)).err(),
        run(mfa.resume(&proof, device)).err(),
        run(mfa.revoke(&proof, device)).err(),
        run(mfa.opt_out(&proof)).err(),
        run(mfa.danger_revoke_unproven(&alice(), device)).err(),
        run(mfa.danger_unlock_unproven(&alice())).err(),
    ];
    for (n, error) in answers.into_iter().enumerate() {
        assert!(
            matches!(error, Some(Error::Seal(_) | Error::Record(_))),
            "command {n}: {error:?}"
        );
    }
    let _resealed = run(mfa.reseal(&alice()));
    let usage = run(mfa.key_usage(None, 10)).unwrap();
    assert_eq!(usage.records().len() + usage.unreadable().len(), 1);
    assert_eq!(
        run(records.load(&alice())).unwrap().unwrap().version(),
        version,
        "nothing was written over it"
    );
    assert!(
        run(mfa.danger_opt_out_unproven(&alice())).is_ok(),
        "an operator can take it away"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_bytes_are_no_record(bytes: Vec<u8>, now: u64) {
        all_commands_refuse(now, |_| bytes);
    }

    #[test]
    fn a_truncated_record_is_none(at: prop::sample::Index, now: u64) {
        all_commands_refuse(now, |good| good[..at.index(good.len())].to_vec());
    }

    #[test]
    fn a_record_with_one_other_bit_is_none(at: prop::sample::Index, bit in 0..8_u8, now: u64) {
        all_commands_refuse(now, |good| {
            let mut bad = good.to_vec();
            bad[at.index(good.len())] ^= 1 << bit;
            bad
        });
    }
}
