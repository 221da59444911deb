//! Any bytes in the store: an error, which is no verdict, at any time.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use secondfactor::account::DeviceId;
use secondfactor::codes::{ManualClock, UnixTime};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Code, Confirmed, Error, Mfa, RecoveryCodes};

use crate::support::{Login, alice, code, keyring, label, operator, run};

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
    let codes = [code(&secret, at, 0), code(&secret, at, 1)];
    let answers = submissions(&mfa, device, codes)
        .into_iter()
        .chain(changes(&mfa, device, &proof))
        .chain(operations(&mfa, device));
    for (n, error) in answers.enumerate() {
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
        run(mfa.danger_opt_out_unproven(&alice(), &operator())).is_ok(),
        "an operator can take it away"
    );
}

type Server = Mfa<Arc<MemoryStore>>;

fn submissions(mfa: &Server, device: DeviceId, codes: [Code; 2]) -> Vec<Option<Error>> {
    let new = RecoveryCodes::generate().unwrap();
    vec![
        run(mfa.verify(&alice(), codes[0])).err(),
        run(mfa.enroll(&alice(), label("tablet"))).err(),
        run(mfa.confirm(&alice(), device, codes[0])).err(),
        run(mfa.confirm_pair(&alice(), device, codes)).err(),
        run(mfa.resync(&alice(), device, codes)).err(),
        run(mfa.redeem(&alice(), new.iter().next().unwrap())).err(),
        run(mfa.status(&alice())).err(),
    ]
}

fn changes(mfa: &Server, device: DeviceId, proof: &Confirmed) -> Vec<Option<Error>> {
    vec![
        run(mfa.enroll_another(proof, label("tablet"))).err(),
        run(mfa.rotate(proof, device, Duration::ZERO)).err(),
        run(mfa.issue_recovery_codes(proof, None)).err(),
        run(mfa.rename(proof, device, label("x"))).err(),
        run(mfa.suspend(proof, device)).err(),
        run(mfa.resume(proof, device)).err(),
        run(mfa.revoke(proof, device)).err(),
        run(mfa.keep_only(proof, &[device])).err(),
        run(mfa.stands(proof)).err(),
        run(mfa.opt_out(proof)).err(),
    ]
}

fn operations(mfa: &Server, device: DeviceId) -> Vec<Option<Error>> {
    vec![
        run(mfa.danger_import_unproven(&alice(), &operator(), Vec::new(), None)).err(),
        run(mfa.danger_revoke_unproven(&alice(), &operator(), device)).err(),
        run(mfa.danger_unlock_unproven(&alice(), &operator())).err(),
    ]
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
