//! Broken in along time: what a thief begins, issues or adds must end with what it rests on.

use std::time::Duration;

use secondfactor::account::{DeviceId, ProofKind, Stale, Submission, VouchedBy};
use secondfactor::codes::Secret;
use secondfactor::{Denial, Error, Event, NewDevice, Policy, Proof, Verified};

use super::denial;
use crate::stage::{Held, Stage, active};
use crate::support::*;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

fn has_ended<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Stale(Stale::Ended)))
}

fn is_unknown<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::UnknownDevice))
}

fn tells_the_end_of(stage: &Stage, device: &Held) -> bool {
    let is = |event: &Event| matches!(event, Event::EnrollmentEnded { device: ended, .. } if *ended == device.id);
    stage.told().iter().filter(|event| is(event)).count() == 1
}

/// Every change that a proof is for is refused, since what the proof rests on has ended.
fn proves_nothing(stage: &Stage, proof: impl AsRef<Proof>, device: DeviceId) {
    let (mfa, proof) = (&stage.mfa, proof.as_ref());
    let before = (run(mfa.status(&alice())).unwrap(), stage.writes());
    assert!(has_ended(run(mfa.check_proof(proof))));
    assert!(has_ended(stage.enroll(proof, label("thief's"))));
    assert!(has_ended(run(mfa.rotate(proof, device, Duration::ZERO))));
    assert!(has_ended(run(mfa.rename(proof, device, label("mine")))));
    assert!(has_ended(run(mfa.suspend(proof, device))));
    assert!(has_ended(run(mfa.resume(proof, device))));
    assert!(has_ended(run(mfa.revoke(proof, device))));
    assert!(has_ended(run(mfa.keep_only(proof, &[device]))));
    assert!(has_ended(run(mfa.issue_recovery_codes(proof, None))));
    assert!(has_ended(run(mfa.opt_out(proof))));
    let after = (run(mfa.status(&alice())).unwrap(), stage.writes());
    assert_eq!(before, after);
}

/// Attacks: P1.
#[test]
fn a_device_begun_by_a_stolen_recovery_code_ends_with_its_set() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let stolen = stage.issue(&by_phone);
    stage.six_minutes();
    let thief = stage.redeem(&stolen[0]).unwrap();
    let thiefs = stage.enroll(&thief, label("mine")).unwrap();

    stage.wait(MINUTE);
    let owner = stage.log_in(&phone).unwrap();
    stage.told();
    stage.issue(&owner);
    assert!(tells_the_end_of(&stage, &thiefs));
    assert!(!stage.has(&thiefs));
    assert!(is_unknown(stage.confirm(&thiefs)));
    assert_eq!(stage.devices(), active(["phone"]));
}

/// Attacks: P2.
#[test]
fn a_rotation_begun_by_a_stolen_recovery_code_ends_with_its_set() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let stolen = stage.issue(&by_phone);
    stage.six_minutes();
    let thief = stage.redeem(&stolen[0]).unwrap();
    let thiefs = stage.rotate(&thief, &phone, Duration::ZERO).unwrap();

    stage.wait(MINUTE);
    let owner = stage.log_in(&phone).unwrap();
    stage.told();
    stage.issue(&owner);
    assert!(tells_the_end_of(&stage, &thiefs));
    assert!(is_unknown(stage.confirm(&thiefs)));
    assert_eq!(stage.devices(), active(["phone"]));
    assert_eq!(stage.log_in(&phone).unwrap().device(), phone.id);
}

/// Attacks: P3.
#[test]
fn a_device_begun_by_a_leaked_secret_ends_with_its_rotation() {
    for grace in [Duration::ZERO, Policy::MAX_ROTATION_GRACE] {
        let (stage, leaked, _) = Stage::with_phone();
        stage.six_minutes();
        let thief = stage.log_in(&leaked).unwrap();
        let thiefs = stage.enroll(&thief, label("mine")).unwrap();

        stage.wait(MINUTE);
        let owner = stage.log_in(&leaked).unwrap();
        let new = stage.rotate(&owner, &leaked, grace).unwrap();
        assert!(stage.has(&thiefs), "it has not ended yet");
        stage.told();
        stage.confirm(&new).unwrap();
        assert!(tells_the_end_of(&stage, &thiefs), "{grace:?}");
        assert!(is_unknown(stage.confirm(&thiefs)), "{grace:?}");
        assert!(stage.log_in(&new).is_ok());
    }
}

/// Attacks: P4.
#[test]
fn keep_only_voids_the_codes_of_a_thief() {
    let (stage, phone, tablet) = Stage::with_two();
    stage.six_minutes();
    let thief = stage.log_in(&phone).unwrap();
    let thiefs = stage.issue(&thief);
    let codes_by = run(stage.mfa.status(&alice())).unwrap().recovery_codes_by();
    assert_eq!(codes_by.unwrap().by(), VouchedBy::Device(phone.id));

    stage.six_minutes();
    let owner = stage.log_in(&tablet).unwrap();
    stage.told();
    let renewed = stage.keep(&owner, &[&tablet]);
    let told = stage.told_codes();
    assert_eq!(told, ["revoked", "recovery_codes_voided", "kept_only"]);
    let no_codes = || matches!(stage.redeem(&thiefs[0]), Err(Error::NoRecoveryCodes));
    assert!(no_codes());
    assert_eq!(stage.devices(), active(["tablet"]));

    let before = run(stage.mfa.status(&alice())).unwrap();
    stage.keep(&renewed, &[&tablet]);
    assert_eq!(stage.told_codes(), ["kept_only"]);
    assert_eq!(run(stage.mfa.status(&alice())).unwrap(), before);
    assert!(no_codes() && stage.log_in(&tablet).is_ok());
}

/// Attacks: P5.
#[test]
fn only_a_device_resumes_a_device() {
    let (stage, phone, tablet) = Stage::with_two();
    let by_phone = stage.log_in(&phone).unwrap();
    let codes = stage.issue(&by_phone);
    stage.six_minutes();
    let owner = stage.log_in(&tablet).unwrap();
    stage.told();
    run(stage.mfa.suspend(&owner, phone.id)).unwrap();
    let is_by_phone = |event: &Event| {
        matches!(event, Event::Suspended { device, codes_by: Some(by), .. }
            if *device == phone.id && by.by() == VouchedBy::Device(phone.id))
    };
    assert!(stage.told().iter().any(is_by_phone), "the owner is warned");

    stage.six_minutes();
    let thief = stage.redeem(&codes[0]).unwrap();
    let resumed = run(stage.mfa.resume(&thief, phone.id));
    assert!(matches!(resumed, Err(Error::DeviceRequired)));
    assert_eq!(denial(stage.log_in(&phone)), Denial::Mismatch);

    stage.six_minutes();
    let owner = stage.log_in(&tablet).unwrap();
    run(stage.mfa.resume(&owner, phone.id)).unwrap();
    assert!(stage.log_in(&phone).is_ok());
}

/// Browsers are not built yet.
/// Attacks: P6.
#[test]
fn keep_only_leaves_nothing_of_a_thief() {
    let (stage, phone, tablet) = Stage::with_two();
    stage.six_minutes();
    stage.wait(STEP);
    let remembered = Submission::new(stage.shows(&phone)).remember_browser(label("thief's"));
    let mut thief = run(stage.mfa.verify(&alice(), remembered)).unwrap();
    let cookie = thief.take_browser_cookie().unwrap().expose_value();
    let (first, by_first) = stage.add(&thief, "first");
    let (second, by_second) = stage.add(&by_first, "second");
    run(stage.mfa.revoke(&by_second, first.id)).unwrap();
    let codes = stage.issue(&by_second);
    let redeemed = stage.redeem(&codes[0]).unwrap();
    let third = stage.enroll(&redeemed, label("third")).unwrap();
    let fourth = stage.rotate(&by_second, &tablet, Duration::ZERO).unwrap();
    let retiring = stage.rotate(&by_second, &phone, DAY).unwrap();
    stage.confirm(&retiring).unwrap();

    stage.six_minutes();
    let owner = stage.log_in(&tablet).unwrap();
    let (writes, _) = (stage.writes(), stage.told());
    stage.keep(&owner, &[&tablet]);
    assert_eq!(stage.writes() - writes, 1, "in one commit");
    let told = stage.told();
    for (device, code) in [
        (&phone, "retired"),
        (&retiring, "revoked"),
        (&second, "revoked"),
        (&third, "enrollment_ended"),
        (&fourth, "enrollment_ended"),
    ] {
        let is = |event: &&Event| event.code() == code && event.device() == Some(device.id);
        assert_eq!(told.iter().filter(is).count(), 1, "{code}: {told:?}");
        assert!(!stage.has(device));
    }
    let voided = "RecoveryCodesVoided { codes: 9, redemptions: 1 }";
    assert!(told.iter().any(|event| shown(event) == voided), "{told:?}");
    assert_eq!(told.last().map(Event::code), Some("kept_only"));
    assert!(told.iter().any(|event| event.code() == "browser_forgotten"));
    assert_eq!(told.len(), 8, "{told:?}");
    let guess = Submission::new(wrong_code(&tablet.secret, stage.now())).in_browser(Some(&cookie));
    let _wrong = run(stage.mfa.verify(&alice(), guess)).unwrap_err();
    let by_stranger = |event: &Event| matches!(event, Event::Mismatch { browser: None, .. });
    assert!(by_stranger(&stage.told()[0]));

    assert_eq!(stage.devices(), active(["tablet"]));
    for proof in [by_second.as_ref(), redeemed.as_ref()] {
        let again = run(stage.mfa.issue_recovery_codes(proof, None));
        assert!(matches!(again, Err(Error::Stale(_))));
    }
    assert!(matches!(
        stage.redeem(&codes[1]),
        Err(Error::NoRecoveryCodes)
    ));
    assert!(is_unknown(stage.confirm(&third)) && is_unknown(stage.confirm(&fourth)));
    for device in [&phone, &second, &retiring] {
        assert_eq!(denial(stage.log_in(device)), Denial::Mismatch);
    }
}

/// A code of the tablet that the owner keeps was phished, or relayed.
/// Attacks: P17.
#[test]
fn keep_only_ends_the_proofs_of_what_is_kept() {
    let (stage, phone, tablet) = Stage::with_two();
    let by_phone = stage.log_in(&phone).unwrap();
    let thief = stage.log_in(&tablet).unwrap();
    let token = stage.mfa.seal_proof(&thief, b"thief's").unwrap();
    let owner = stage.log_in(&tablet).unwrap();
    let renewed = stage.keep(&owner, &[&phone, &tablet]);
    for proof in [by_phone.as_ref(), thief.as_ref(), owner.as_ref()] {
        proves_nothing(&stage, proof, phone.id);
        assert!(has_ended(run(stage.mfa.stands(proof))));
    }
    let opened = stage.mfa.open_proof(&alice(), b"thief's", &token).unwrap();
    proves_nothing(&stage, opened, phone.id);

    // The answer was lost: by the old proof it is refused, and a login gives another one.
    let lost = run(stage.mfa.keep_only(&owner, &[phone.id, tablet.id]));
    assert!(has_ended(lost));
    let again = stage.log_in(&tablet).unwrap();
    assert!(stage.enroll(&again, label("watch")).is_ok());

    // The returned one is the same, as old as it was, and goes through a session.
    run(stage.mfa.stands(&renewed)).unwrap();
    assert_eq!(
        (renewed.kind(), renewed.device(), renewed.at()),
        (ProofKind::Code, Some(tablet.id), owner.at())
    );
    let token = stage.mfa.seal_proof(&renewed, b"owner's").unwrap();
    let opened = (stage.mfa).open_verified(&alice(), b"owner's", &token, Verified::SENSITIVE);
    assert!(stage.enroll(opened.unwrap(), label("car")).is_ok());
    stage.wait(MINUTE * 5);
    let stale = stage.enroll(&renewed, label("ring"));
    assert!(matches!(stale, Err(Error::Stale(Stale::TooOld))));
}

/// Attacks: P7.
#[test]
fn of_two_redemptions_the_one_that_issues_stays() {
    for pause in [Duration::ZERO, MINUTE * 6] {
        let (stage, phone, by_phone) = Stage::with_phone();
        let codes = stage.issue(&by_phone);
        let owner = stage.redeem(&codes[0]).unwrap();
        let thief = stage.redeem(&codes[1]).unwrap();
        stage.wait(pause);
        stage.told();
        let fresh = stage.issue(&owner);
        let told: Vec<String> = stage.told().iter().map(shown).collect();
        let voided = "RecoveryCodesVoided { codes: 0, redemptions: 1 }";
        assert!(told.contains(&voided.to_owned()), "{told:?}");

        proves_nothing(&stage, &thief, phone.id);
        stage.wait(pause);
        proves_nothing(&stage, &thief, phone.id);
        // The owner goes on mending.
        stage.add(&owner, "new phone");
        run(stage.mfa.revoke(&owner, phone.id)).unwrap();
        assert!(stage.redeem(&fresh[0]).is_ok());
    }
}

/// Attacks: P7b.
#[test]
fn the_redemption_that_issued_ends_with_the_set_that_it_issued() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let stolen = stage.issue(&by_phone);
    stage.six_minutes();
    let thief = stage.redeem(&stolen[0]).unwrap();
    let thiefs = stage.issue(&thief);
    // It stands until then.
    assert!(stage.enroll(&thief, label("mine")).is_ok());

    let owner = stage.log_in(&phone).unwrap();
    stage.issue(&owner);
    proves_nothing(&stage, &thief, phone.id);
    assert_eq!(denial(stage.redeem(&thiefs[0])), Denial::Mismatch);
    assert_eq!(stage.devices(), active(["phone"]));
}

/// Attacks: P8.
#[test]
fn a_proof_of_an_earlier_incarnation_proves_nothing() {
    let (stage, phone, confirmed) = Stage::with_phone();
    let codes = stage.issue(&confirmed);
    let verified = run(stage.mfa.verify(&alice(), code(&phone.secret, NOW, 1))).unwrap();
    let recovered = stage.redeem(&codes[0]).unwrap();
    run(stage.mfa.opt_out(&verified)).unwrap();

    let enrollment = run(stage.mfa.enroll(&alice(), label("phone"))).unwrap();
    let again = Held::new(&enrollment);
    assert_eq!(again.id, phone.id, "the small number comes back");
    let fresh = stage.confirm(&again).unwrap();
    stage.issue(&fresh);
    assert_eq!(stage.now(), NOW, "within the same second");
    let old: [&Proof; 3] = [confirmed.as_ref(), verified.as_ref(), recovered.as_ref()];
    for proof in old {
        proves_nothing(&stage, proof, again.id);
        assert!(has_ended(run(stage.mfa.stands(proof))));
    }
    assert!(stage.enroll(&fresh, label("tablet")).is_ok());
}

/// Attacks: P10.
#[test]
fn a_retiring_device_proves_nothing() {
    let (stage, leaked, tablet) = Stage::with_two();
    stage.six_minutes();
    let owner = stage.log_in(&leaked).unwrap();
    let new = stage.rotate(&owner, &leaked, DAY * 7).unwrap();
    stage.confirm(&new).unwrap();
    // The proof with which she rotated is one of the old secret.
    proves_nothing(&stage, &owner, tablet.id);

    stage.wait(DAY * 2);
    let thief = stage.log_in(&leaked).unwrap();
    assert_eq!(thief.device(), leaked.id);
    for device in [&tablet, &new, &leaked] {
        proves_nothing(&stage, &thief, device.id);
    }
    // It is a login, which goes on until the grace ends.
    run(stage.mfa.stands(&thief)).unwrap();
    stage.wait(DAY * 5);
    assert!(has_ended(run(stage.mfa.stands(&thief))));
    assert_eq!(denial(stage.log_in(&leaked)), Denial::Mismatch);
}

/// Attacks: P11.
#[test]
fn a_token_keeps_its_kind() {
    let (stage, phone, confirmed) = Stage::with_phone();
    let codes = stage.issue(&confirmed);
    let recovered = stage.redeem(&codes[0]).unwrap();
    let verified = stage.log_in(&phone).unwrap();
    let proofs: [(&Proof, bool); 3] = [
        (recovered.as_ref(), false),
        (confirmed.as_ref(), false),
        (verified.as_ref(), true),
    ];
    for (proof, is_code) in proofs {
        let token = stage.mfa.seal_proof(proof, b"session").unwrap();
        let opened = (stage.mfa).open_verified(&alice(), b"session", &token, Verified::SESSION);
        match opened {
            Ok(verified) => assert!(is_code, "{verified:?}"),
            Err(error) => assert!(!is_code && matches!(error, Error::Token), "{error}"),
        }
        let again = stage.mfa.open_proof(&alice(), b"session", &token).unwrap();
        assert_eq!((again.kind(), again.at()), (proof.kind(), proof.at()));
        assert_eq!(again.device(), proof.device());
    }
}

/// Attacks: P12.
#[test]
fn an_import_ends_a_strangers_opt_in() {
    let stage = Stage::empty();
    let enrollment = run(stage.mfa.enroll(&alice(), label("mine"))).unwrap();
    let thiefs = Held::new(&enrollment);
    stage.told();
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let phone = || NewDevice::totp(label("phone")).with_secret(secret.duplicate());
    run(stage
        .mfa
        .danger_import_unproven(&alice(), &operator(), vec![phone()], None))
    .unwrap();
    assert_eq!(stage.told_codes(), ["enrollment_ended", "imported"]);
    assert!(is_unknown(stage.confirm(&thiefs)));
    assert_eq!(stage.devices(), active(["phone"]));

    let opt_in = run(stage.mfa.enroll(&alice(), label("mine")));
    assert!(matches!(opt_in, Err(Error::ProofRequired)));
    // Repeated it is done; with other devices it takes a proof.
    run(stage
        .mfa
        .danger_import_unproven(&alice(), &operator(), vec![phone()], None))
    .unwrap();
    let other = NewDevice::totp(label("other")).with_secret(Secret::from_bytes(&[1; 20]).unwrap());
    let other = run(stage
        .mfa
        .danger_import_unproven(&alice(), &operator(), vec![other], None));
    assert!(matches!(other, Err(Error::ProofRequired)));
    // What the old system may have accepted is burned.
    let used = run(stage.mfa.verify(&alice(), code(&secret, NOW, 1)));
    assert_eq!(denial(used), Denial::Replayed);
    stage.six_minutes();
    assert!(run(stage.mfa.verify(&alice(), code(&secret, stage.now(), 0))).is_ok());
}

/// Attacks: P13.
#[test]
fn a_stolen_last_device_can_be_taken_away() {
    for suspend in [false, true] {
        let (stage, phone, by_phone) = Stage::with_phone();
        let codes = stage.issue(&by_phone);
        stage.six_minutes();
        // By the device itself it stays: nobody could log in.
        let owner = stage.log_in(&phone).unwrap();
        let last = run(stage.mfa.revoke(&owner, phone.id));
        assert!(matches!(last, Err(Error::LastDevice)));
        let owner = stage.redeem(&codes[0]).unwrap();
        match suspend {
            true => run(stage.mfa.suspend(&owner, phone.id)).unwrap(),
            false => run(stage.mfa.revoke(&owner, phone.id)).unwrap(),
        }

        assert_eq!(denial(stage.log_in(&phone)), Denial::NoDevice);
        let opt_in = run(stage.mfa.enroll(&alice(), label("mine")));
        assert!(matches!(opt_in, Err(Error::ProofRequired)));
        let status = run(stage.mfa.status(&alice())).unwrap();
        assert_eq!(
            (status.has_accepted_device(), status.recovery_codes_left()),
            (false, 9)
        );

        // The next day, in a shop.
        stage.wait(DAY);
        let owner = stage.redeem(&codes[1]).unwrap();
        let new = stage.enroll(&owner, label("new phone")).unwrap();
        stage.six_minutes();
        stage.confirm(&new).unwrap();
        assert_eq!(stage.log_in(&new).unwrap().device(), new.id);
        assert_eq!(denial(stage.log_in(&phone)), Denial::Mismatch);
    }
}

/// Attacks: P14.
#[test]
fn a_resumed_device_does_not_bring_its_old_proofs_back() {
    let (stage, phone, tablet) = Stage::with_two();
    let old = stage.log_in(&phone).unwrap();
    let token = stage.mfa.seal_proof(&old, b"session").unwrap();
    let open = || {
        let opened = (stage.mfa).open_verified(&alice(), b"session", &token, Verified::SESSION);
        opened.unwrap()
    };
    run(stage.mfa.stands(open())).unwrap();
    let owner = stage.log_in(&tablet).unwrap();
    run(stage.mfa.suspend(&owner, phone.id)).unwrap();
    assert!(has_ended(run(stage.mfa.stands(open()))));
    run(stage.mfa.resume(&owner, phone.id)).unwrap();

    assert!(has_ended(run(stage.mfa.stands(open()))));
    proves_nothing(&stage, open(), tablet.id);
    // What it proves from now on stands.
    let new = stage.log_in(&phone).unwrap();
    run(stage.mfa.stands(&new)).unwrap();
    assert!(stage.enroll(&new, label("watch")).is_ok());
}

/// Attacks: P15.
#[test]
fn only_the_session_that_began_it_confirms() {
    let begin_first = |stage: &Stage| {
        let new = NewDevice::totp(label("phone")).in_session(b"alice's");
        Held::new(&run(stage.mfa.enroll(&alice(), new)).unwrap())
    };
    let begin_another = |stage: &Stage, proof: &Proof| {
        let new = NewDevice::totp(label("watch")).in_session(b"alice's");
        stage.enroll(proof, new).unwrap()
    };
    let begin_rotation = |stage: &Stage, phone: &Held, proof: &Proof| {
        let phone = phone.id.in_session(b"alice's");
        Held::new(&run(stage.mfa.rotate(proof, phone, Duration::ZERO)).unwrap())
    };
    for which in 0..3 {
        let (stage, new) = match which {
            0 => {
                let stage = Stage::empty();
                let new = begin_first(&stage);
                (stage, new)
            }
            1 => {
                let (stage, _, proof) = Stage::with_phone();
                let new = begin_another(&stage, proof.as_ref());
                (stage, new)
            }
            _ => {
                let (stage, phone, proof) = Stage::with_phone();
                let new = begin_rotation(&stage, &phone, proof.as_ref());
                (stage, new)
            }
        };
        let writes = stage.writes();
        let wrong = wrong_code(&new.secret, NOW);
        for typed in [wrong, wrong, wrong, wrong, wrong, stage.shows(&new)] {
            for elsewhere in [new.id.into(), new.id.in_session(b"thief's")] {
                let result = run(stage.mfa.confirm(&alice(), elsewhere, typed));
                assert!(is_unknown(result));
                let result = run((stage.mfa).confirm_pair(&alice(), elsewhere, [typed; 2]));
                assert!(is_unknown(result));
            }
        }
        assert_eq!(stage.writes(), writes, "no try was spent");
        let session = new.id.in_session(b"alice's");
        for _ in 0..4 {
            let result = run(stage.mfa.confirm(&alice(), session, wrong));
            assert_eq!(denial(result), Denial::Mismatch);
        }
        run(stage.mfa.confirm(&alice(), session, stage.shows(&new))).unwrap();
    }
}

/// Attacks: P16.
#[test]
fn a_rotation_ends_with_what_it_replaces() {
    for suspend in [false, true] {
        let (stage, phone, tablet) = Stage::with_two();
        stage.six_minutes();
        let by_tablet = stage.log_in(&tablet).unwrap();
        let begun = stage.rotate(&by_tablet, &phone, Duration::ZERO).unwrap();
        stage.told();
        match suspend {
            true => run(stage.mfa.suspend(&by_tablet, phone.id)).unwrap(),
            false => run(stage.mfa.revoke(&by_tablet, phone.id)).unwrap(),
        }
        assert!(tells_the_end_of(&stage, &begun));
        assert!(!stage.has(&begun));
        assert!(is_unknown(stage.confirm(&begun)));
    }
}
