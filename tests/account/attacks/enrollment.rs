//! Ways in by way of a new device.

use std::sync::Barrier;
use std::time::Duration;

use secondfactor::account::{DeviceState, Diagnosis, LabelError};
use secondfactor::codes::{Algorithm, Digits, Parameters, Secret, SecretError, Totp};
use secondfactor::store::MemoryStore;
use secondfactor::{Denial, Error, Label, Mfa, NewDevice, Policy};

use super::{denial, open_sqlite};
use crate::support::*;

/// A thief of the password opts in too, a moment before the owner does, and confirms afterwards, without a proof.
/// Attacks: "a secret from the client, or never confirmed"; R11.
#[test]
fn an_opt_in_begun_beside_the_owners_dies_when_the_owner_confirms() {
    let mfa = Mfa::new(MemoryStore::new(), keyring())
        .with_clock(secondfactor::codes::ManualClock::new(NOW));
    let thiefs = run(mfa.enroll(&alice(), label("mine"))).unwrap();
    let owners = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    let _proof =
        run(mfa.confirm(&alice(), owners.device(), code(owners.secret(), NOW, 0))).unwrap();
    let result = run(mfa.confirm(&alice(), thiefs.device(), code(thiefs.secret(), NOW, 0)));
    assert!(matches!(result, Err(Error::UnknownDevice)), "{result:?}");
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 1);
}

/// What was begun with a proof is not touched by another one that is confirmed.
/// Attacks: R11.
#[test]
fn two_enrollments_begun_with_a_proof_are_both_confirmed() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let begun =
        ["tablet", "token"].map(|text| run(mfa.enroll_another(&proof, label(text))).unwrap());
    for one in &begun {
        run(mfa.confirm(&alice(), one.device(), code(one.secret(), NOW, 0))).unwrap();
    }
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 3);
}

/// A thief with the phone and a fresh login begins to rotate its secret; the owner takes the phone away from them, and
/// they confirm the new secret.
/// Attacks: "removal by others, or without proof".
#[test]
fn a_rotation_begun_ends_when_its_device_is_suspended_or_revoked() {
    for revoke in [false, true] {
        let Login {
            mfa,
            device: phone,
            proof,
            ..
        } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let owner =
            run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
        let thiefs = run(mfa.rotate(&proof, phone, Duration::ZERO)).unwrap();
        match revoke {
            true => run(mfa.revoke(&owner, phone)).unwrap(),
            false => run(mfa.suspend(&owner, phone)).unwrap(),
        }
        let result = run(mfa.confirm(&alice(), thiefs.device(), code(thiefs.secret(), NOW, 0)));
        assert!(
            matches!(result, Err(Error::UnknownDevice)),
            "revoke: {revoke}, {result:?}"
        );
    }
}

/// Each rotation leaves the old secret for the grace: a script that rotates all day must not fill the record, nor give
/// a guesser ever more secrets to hit.
/// Attacks: "unbounded work"; T21.
#[test]
fn rotations_within_the_grace_do_not_pile_up() {
    let Login {
        mfa,
        clock,
        device,
        mut proof,
        ..
    } = Login::new(MemoryStore::new());
    let mut device = device;
    for second in 0..50 {
        clock.set(NOW.saturating_add(Duration::from_secs(second)));
        let next = run(mfa.rotate(&proof, device, Policy::MAX_ROTATION_GRACE)).unwrap();
        device = next.device();
        proof = run(mfa.confirm(&alice(), device, code(next.secret(), NOW, 1))).unwrap();
    }
    let devices = run(mfa.devices(&alice())).unwrap();
    let retiring = devices
        .iter()
        .filter(|one| matches!(one.state(), DeviceState::Retiring { .. }))
        .count();
    assert_eq!((retiring, devices.len()), (8, 9));
    // The latest ones stay, each for its grace.
    assert_eq!(devices.last().unwrap().id(), device);
    assert!(devices.windows(2).all(|pair| pair[0].id() < pair[1].id()));
}

/// A server whose clock is behind must not sweep the pending device away. Nor does it prolong its time.
/// Attacks: R8.
#[test]
fn a_server_that_is_behind_confirms_what_another_has_enrolled() {
    for seconds in [5, 6, 3600] {
        for (later, waits) in [(0, true), (600, true), (601, false)] {
            let Login {
                mfa, clock, proof, ..
            } = Login::new(MemoryStore::new());
            let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
            let behind = NOW.saturating_sub(Duration::from_secs(seconds));
            clock.set(behind);
            run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
            // Servers that differ by five seconds keep the later time.
            let from = if seconds == 5 { NOW } else { behind };
            let now = from.saturating_add(Duration::from_secs(later));
            clock.set(now);
            let shown = code(tablet.secret(), now, 0);
            let result = run(mfa.confirm(&alice(), tablet.device(), shown));
            assert_eq!(result.is_ok(), waits, "{seconds} s, {later} s: {result:?}");
        }
    }
}

/// Labels that an owner cannot tell apart, or that turn the text around them.
#[test]
fn a_label_cannot_hide_or_turn_the_text_around() {
    for invisible in [
        '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}',
        '\u{feff}', '\u{61c}',
    ] {
        for text in [
            format!("{invisible}"),
            format!("pho{invisible}ne"),
            format!("phone{invisible}"),
        ] {
            assert_eq!(
                Label::new(text),
                Err(LabelError::Character),
                "{:x}",
                u32::from(invisible)
            );
        }
    }
    for text in ["\u{200d}", "\u{200c}\u{200d}", "\u{3164}", "\u{2800}"] {
        assert_eq!(
            Label::new(text),
            Err(LabelError::Character),
            "nothing to see"
        );
    }
    for fine in [
        "phone",
        "T\u{e9}l\u{e9}phone",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{646}\u{200c}\u{645}",
    ] {
        assert!(Label::new(fine).is_ok(), "{fine}");
    }
}

/// Attacks: "a secret disclosed"; T12.
#[test]
fn beginning_to_enroll_never_touches_the_secret_that_counts() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.enroll(&alice(), label("phone"))),
        Err(Error::ProofRequired)
    ));
    let another = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let next = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    for shown in [another.secret(), next.secret()] {
        assert_ne!(
            shown.expose_bytes(),
            secret.expose_bytes(),
            "a live secret is never shown again"
        );
        assert!(run(mfa.verify(&alice(), code(shown, NOW, 0))).is_err());
    }
    // Both are left half done, and end by themselves.
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    clock.advance(Duration::from_secs(601));
    let ids: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|one| one.id())
        .collect();
    assert_eq!(ids, [device]);
    let now = NOW.saturating_add(Duration::from_secs(601));
    assert!(run(mfa.verify(&alice(), code(&secret, now, 0))).is_ok());
}

/// Attacks: "a secret from the client, or never confirmed".
#[test]
fn five_guesses_end_an_enrollment() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    for pair in [false, true] {
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let wrong = wrong_code(tablet.secret(), NOW);
        let guess = |code| match pair {
            true => run(mfa.confirm_pair(&alice(), tablet.device(), [code, code])),
            false => run(mfa.confirm(&alice(), tablet.device(), code)),
        };
        for _ in 0..5 {
            assert_eq!(denial(guess(wrong)), Denial::Mismatch);
        }
        assert!(matches!(
            guess(code(tablet.secret(), NOW, 0)),
            Err(Error::EnrollmentExpired)
        ));
    }
}

/// Apps that ignore what they are told would show wrong codes for ever: said at once, and never let in.
/// Attacks: "a silent fallback".
#[test]
fn an_app_that_ignores_its_settings_is_told_and_not_confirmed() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let eight = Parameters::DEFAULT.with_digits(Digits::Eight);
    let strong = eight.with_algorithm(Algorithm::Sha256);
    let new = NewDevice::with_parameters(label("tablet"), strong).unwrap();
    let tablet = run(mfa.enroll_another(&proof, new)).unwrap();
    let confirm = |code| denial(run(mfa.confirm(&alice(), tablet.device(), code)));
    assert_eq!(
        confirm(code(tablet.secret(), NOW, 0)),
        Denial::Unconfirmed(Diagnosis::IgnoredSettings)
    );
    let eight = Totp::from_parameters(tablet.secret(), eight).unwrap();
    assert_eq!(
        confirm(eight.at(NOW).unwrap()),
        Denial::Unconfirmed(Diagnosis::IgnoredAlgorithm)
    );
}

/// Attacks: "an empty or missing secret".
#[test]
fn no_new_secret_is_empty_or_short_and_an_imported_weak_one_is_marked() {
    assert_eq!(
        Secret::from_weak_bytes(&[]).unwrap_err(),
        SecretError::Empty
    );
    assert_eq!(
        Secret::from_bytes(&[1; 15]).unwrap_err(),
        SecretError::TooShort
    );
    let Login {
        mfa, proof, secret, ..
    } = Login::new(MemoryStore::new());
    assert_eq!(secret.expose_bytes().len(), 20);
    let weak =
        NewDevice::totp(label("old token")).with_secret(Secret::from_weak_bytes(&[1; 10]).unwrap());
    let _enrollment = run(mfa.enroll_another(&proof, weak)).unwrap();
    let marks: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|one| one.is_weak())
        .collect();
    assert_eq!(marks, [false, true]);
}

/// Verify, rotate and revoke at the same instant: whatever comes first, someone can still log in, and nothing is half done.
/// Attacks: R12.
#[test]
fn verify_rotate_and_revoke_at_the_same_instant_leave_a_whole_account() {
    for round in 0..20 {
        let (_folder, path) = super::sqlite();
        let Login {
            mfa,
            secret,
            device: phone,
            proof,
            ..
        } = Login::new(open_sqlite(path));
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let owner =
            run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
        let rotation = run(mfa.rotate(&proof, phone, Duration::ZERO)).unwrap();
        let barrier = Barrier::new(3);
        let (verified, rotated, revoked) = std::thread::scope(|scope| {
            let (mfa, secret, owner, rotation, barrier) =
                (&mfa, &secret, &owner, &rotation, &barrier);
            let verify = scope.spawn(move || {
                barrier.wait();
                run(mfa.verify(&alice(), code(secret, NOW, 0))).is_ok()
            });
            let rotate = scope.spawn(move || {
                barrier.wait();
                run(mfa.confirm(&alice(), rotation.device(), code(rotation.secret(), NOW, 0)))
                    .is_ok()
            });
            let revoke = scope.spawn(move || {
                barrier.wait();
                run(mfa.revoke(owner, phone)).is_ok()
            });
            (
                verify.join().unwrap(),
                rotate.join().unwrap(),
                revoke.join().unwrap(),
            )
        });
        let ids: Vec<_> = run(mfa.devices(&alice()))
            .unwrap()
            .iter()
            .map(|one| one.id())
            .collect();
        assert!(
            ids.contains(&tablet.device()) && !ids.contains(&phone),
            "round {round}: {ids:?}"
        );
        // Whichever came first ended the phone, and with it the other.
        assert_eq!(
            (ids.contains(&rotation.device()), revoked),
            (rotated, !rotated),
            "round {round}"
        );
        // The code of the phone counted if it came before that; it never counts now.
        let _either = verified;
        assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_err());
    }
}
