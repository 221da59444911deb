//! Ways in by way of a new device.

use std::time::Duration;

use secondfactor::{DeviceState, Error, Label, LabelError, MemoryStore, Mfa, Policy};

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

/// Each rotation leaves the old secret for the grace: a script that rotates all day must not fill the record, nor give
/// a guesser ever more secrets to hit.
#[test]
fn rotations_within_the_grace_do_not_pile_up() {
    let policy = Policy::DEFAULT.with_rotation_grace(Policy::MAX_ROTATION_GRACE).unwrap();
    let Login { mfa, clock, device, mut proof, .. } = Login::new(MemoryStore::new());
    let mfa = mfa.with_policy(policy);
    let mut device = device;
    for second in 0..50 {
        clock.set(NOW.saturating_add(Duration::from_secs(second)));
        let next = run(mfa.rotate(&proof, device)).unwrap();
        device = next.device();
        proof = run(mfa.confirm(&alice(), device, code(next.secret(), NOW, 1))).unwrap();
    }
    let devices = run(mfa.devices(&alice())).unwrap();
    let retiring = devices.iter().filter(|one| matches!(one.state(), DeviceState::Retiring { .. })).count();
    assert_eq!((retiring, devices.len()), (8, 9));
    // The latest ones stay, each for its grace.
    assert_eq!(devices.last().unwrap().id(), device);
    assert!(devices.windows(2).all(|pair| pair[0].id() < pair[1].id()));
}

/// Two servers whose clocks differ a little: the pending device must not be swept away by the one that is behind.
#[test]
fn a_server_a_little_behind_confirms_what_another_has_enrolled() {
    for (seconds, waits) in [(5, true), (6, false)] {
        let Login { mfa, clock, proof, .. } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        clock.set(NOW.saturating_sub(Duration::from_secs(seconds)));
        let result = run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0)));
        assert_eq!(result.is_ok(), waits, "{seconds} s: {result:?}");
    }
}

/// Labels that an owner cannot tell apart, or that turn the text around them.
#[test]
fn a_label_cannot_hide_or_turn_the_text_around() {
    for invisible in
        ['\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{feff}', '\u{61c}']
    {
        for text in [format!("{invisible}"), format!("pho{invisible}ne"), format!("phone{invisible}")] {
            assert_eq!(Label::new(text), Err(LabelError::Character), "{:x}", u32::from(invisible));
        }
    }
    for fine in
        ["phone", "T\u{e9}l\u{e9}phone", "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\u{646}\u{200c}\u{645}"]
    {
        assert!(Label::new(fine).is_ok(), "{fine}");
    }
}
