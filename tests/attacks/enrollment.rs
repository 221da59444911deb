//! Ways in by way of a new device.

use secondfactor::{Error, MemoryStore, Mfa};

use crate::support::*;

/// A thief of the password opts in too, a moment before the owner does, and confirms afterwards, without a proof.
#[test]
fn an_opt_in_begun_beside_the_owners_dies_when_the_owner_confirms() {
    let mfa = Mfa::new(MemoryStore::new(), keyring()).with_clock(secondfactor::ManualClock::new(NOW));
    let thiefs = run(mfa.enroll(&alice(), label("mine"))).unwrap();
    let owners = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    let _proof = run(mfa.confirm(&alice(), owners.device(), code(owners.secret(), NOW, 0))).unwrap();
    let result = run(mfa.confirm(&alice(), thiefs.device(), code(thiefs.secret(), NOW, 0)));
    assert!(matches!(result, Err(Error::UnknownDevice)), "{result:?}");
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 1);
}

/// What was begun with a proof is not touched by another one that is confirmed.
#[test]
fn two_enrollments_begun_with_a_proof_are_both_confirmed() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let begun = ["tablet", "token"].map(|text| run(mfa.enroll_another(&proof, label(text))).unwrap());
    for one in &begun {
        run(mfa.confirm(&alice(), one.device(), code(one.secret(), NOW, 0))).unwrap();
    }
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 3);
}

/// A thief with the phone and a fresh login begins to rotate its secret; the owner takes the phone away from them, and
/// they confirm the new secret.
#[test]
fn a_rotation_begun_ends_when_its_device_is_suspended_or_revoked() {
    for revoke in [false, true] {
        let Login { mfa, device: phone, proof, .. } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let owner = run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
        let thiefs = run(mfa.rotate(&proof, phone)).unwrap();
        match revoke {
            true => run(mfa.revoke(&owner, phone)).unwrap(),
            false => run(mfa.suspend(&owner, phone)).unwrap(),
        }
        let result = run(mfa.confirm(&alice(), thiefs.device(), code(thiefs.secret(), NOW, 0)));
        assert!(matches!(result, Err(Error::UnknownDevice)), "revoke: {revoke}, {result:?}");
    }
}
