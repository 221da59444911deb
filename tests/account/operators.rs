//! What operators do without a proof, and who may use it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use secondfactor::account::{Actor, Lock, Origin, Submission, VouchedBy};
use secondfactor::codes::{ManualClock, Secret, UnixTime};
use secondfactor::store::{MemoryStore, Store as _};
use secondfactor::{Denial, Error, Mfa, NewDevice, RecoveryCode};

use crate::denial;
use crate::stage::{Held, Stage};
use crate::support::*;

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn issue(stage: &Stage, lifetime: Duration) -> Result<RecoveryCode, Error> {
    let (alice, bob) = (alice(), operator());
    run((stage.mfa).danger_issue_temporary_code_unproven(&alice, &bob, lifetime))
}

pub(crate) fn until(stage: &Stage) -> Option<u64> {
    let status = run(stage.mfa.status(&alice())).unwrap();
    status
        .temporary_code_until()
        .map(|until| until.as_secs() - NOW.as_secs())
}

/// Guesses at the temporary code cost its own tries, and no others.
#[test]
fn a_temporary_code_has_a_throttle_of_its_own() {
    let (stage, _, by_phone) = Stage::with_phone();
    let printed = stage.issue(&by_phone);
    let earlier = issue(&stage, HOUR).unwrap();
    let code = issue(&stage, HOUR).unwrap();
    for _ in 0..5 {
        stage.redeem(&earlier).unwrap_err();
    }
    assert!(matches!(
        denial(stage.redeem(&code)),
        Denial::Throttled { .. }
    ));
    let status = run(stage.mfa.status(&alice())).unwrap();
    assert!(matches!(status.temporary_code_lock(), Lock::Until(_)));
    assert_eq!(status.recovery_lock(), Lock::Open);
    assert!(stage.redeem(&printed[0]).is_ok());
    // An operator sets that count back, too.
    run((stage.mfa).danger_unlock_unproven(&alice(), &operator())).unwrap();
    assert!(stage.redeem(&code).is_ok());
}

#[test]
fn a_temporary_code_lives_for_a_day_at_most_and_only_where_a_device_was() {
    let (stage, ..) = Stage::with_phone();
    let day = HOUR * 24;
    for lifetime in [
        Duration::ZERO,
        Duration::from_millis(999),
        day + Duration::from_nanos(1),
    ] {
        assert!(matches!(
            issue(&stage, lifetime),
            Err(Error::TemporaryLifetime)
        ));
    }
    assert!(issue(&stage, day).is_ok() && issue(&stage, SECOND).is_ok());
    let stage = Stage::empty();
    assert!(matches!(issue(&stage, HOUR), Err(Error::NotEnrolled)));
    let _pending = run(stage.mfa.enroll(&alice(), label("phone"))).unwrap();
    assert!(matches!(issue(&stage, HOUR), Err(Error::NotEnrolled)));
}

/// Whoever redeemed it has a quarter of an hour, and the rest of its lifetime; then a session by it ends.
#[test]
fn what_a_temporary_code_began_ends_with_it() {
    for (waits, ends) in [(Duration::ZERO, HOUR), (HOUR - SECOND, HOUR / 4)] {
        let (stage, ..) = Stage::with_phone();
        let code = issue(&stage, HOUR).unwrap();
        stage.wait(waits);
        let recovered = stage.redeem(&code).unwrap();
        stage.wait(ends - SECOND);
        run(stage.mfa.stands(&recovered)).unwrap();
        stage.wait(SECOND);
        run(stage.mfa.stands(&recovered)).unwrap_err();
        run(stage.mfa.check_proof(&recovered)).unwrap_err();
    }
}

/// A pending device that was begun by it ends with it.
#[test]
fn a_withdrawn_temporary_code_takes_what_it_began() {
    let withdraw = |stage: &Stage| {
        let (alice, bob) = (alice(), operator());
        run((stage.mfa).danger_withdraw_temporary_code_unproven(&alice, &bob))
    };
    let (stage, ..) = Stage::with_phone();
    let code = issue(&stage, HOUR).unwrap();
    let recovered = stage.redeem(&code).unwrap();
    let new = stage.enroll(&recovered, label("new phone")).unwrap();
    stage.told();
    withdraw(&stage).unwrap();
    assert_eq!(
        stage.told_codes(),
        ["temporary_code_withdrawn", "enrollment_ended"]
    );
    assert!(!stage.has(&new));
    run(stage.mfa.stands(&recovered)).unwrap_err();
    let there_is_none = |stage: &Stage| {
        assert!(matches!(withdraw(stage), Err(Error::NoTemporaryCode)));
        assert!(stage.told_codes().is_empty());
    };
    there_is_none(&stage);
    // A thief was quicker: what is left of it is shown.
    let code = issue(&stage, HOUR).unwrap();
    let thief = stage.redeem(&code).unwrap();
    let evil = stage.enroll(&thief, label("evil")).unwrap();
    stage.issue(&thief);
    stage.told();
    there_is_none(&stage);
    stage.confirm(&evil).unwrap();
    let status = run(stage.mfa.status(&alice())).unwrap();
    let device = status.devices().iter().find(|one| one.id() == evil.id);
    let vouchers = [
        device.unwrap().vouched_by(),
        status.recovery_codes_by().unwrap(),
    ];
    for voucher in vouchers {
        assert_eq!(voucher.by(), VouchedBy::RecoveryCode);
    }
}

#[test]
fn what_the_owner_keeps_ends_a_temporary_code_but_the_own_redemption() {
    let (stage, phone, by_phone) = Stage::with_phone();
    let code = issue(&stage, HOUR).unwrap();
    stage.keep(&by_phone, &[&phone]);
    assert!(matches!(stage.redeem(&code), Err(Error::NoRecoveryCodes)));

    let (stage, phone, _) = Stage::with_phone();
    let code = issue(&stage, HOUR).unwrap();
    let recovered = stage.redeem(&code).unwrap();
    let kept = stage.keep(&recovered, &[&phone]);
    run(stage.mfa.check_proof(&kept)).unwrap();
    // It mends the second factor: new codes, a new device, and the old one goes.
    let printed = stage.issue(&kept);
    let (tablet, _) = stage.add(&kept, "tablet");
    run(stage.mfa.revoke(&kept, phone.id)).unwrap();
    assert!(stage.log_in(&tablet).is_ok() && stage.redeem(&printed[0]).is_ok());
}

/// Of two redemptions the one that issues new codes stays, whatever it redeemed.
#[test]
fn a_temporary_codes_redemption_goes_over_to_the_codes_that_it_issues() {
    let (stage, _, by_phone) = Stage::with_phone();
    let printed = stage.issue(&by_phone);
    let code = issue(&stage, HOUR).unwrap();
    let (thief, owner) = (
        stage.redeem(&printed[0]).unwrap(),
        stage.redeem(&code).unwrap(),
    );
    stage.issue(&owner);
    run(stage.mfa.check_proof(&thief)).unwrap_err();
    run(stage.mfa.check_proof(&owner)).unwrap();
    // And the other way round.
    let code = issue(&stage, HOUR).unwrap();
    let thief = stage.redeem(&code).unwrap();
    stage.issue(&owner);
    run(stage.mfa.check_proof(&thief)).unwrap_err();
    run(stage.mfa.check_proof(&owner)).unwrap();
}

/// Who it was, is told.
#[test]
fn each_change_without_a_proof_names_its_operator() {
    let stage = Stage::empty();
    let (mfa, alice, bob) = (&stage.mfa, alice(), operator());
    let phone = |n: u8| {
        let secret = Secret::from_bytes(&[n; 20]).unwrap();
        NewDevice::totp(label(&format!("device {n}"))).with_secret(secret)
    };
    run(mfa.danger_import_unproven(&alice, &bob, vec![phone(1), phone(2)], None)).unwrap();
    let first = run(mfa.devices(&alice)).unwrap()[0].id();
    run(mfa.danger_revoke_unproven(&alice, &bob, first)).unwrap();
    run(mfa.danger_unlock_unproven(&alice, &bob)).unwrap();
    issue(&stage, HOUR).unwrap();
    run(mfa.danger_withdraw_temporary_code_unproven(&alice, &bob)).unwrap();
    let other = account("user-1");
    run(mfa.danger_move_unproven(&bob, &alice, &other)).unwrap();
    run(mfa.danger_opt_out_unproven(&other, &bob)).unwrap();
    let told = stage.told();
    assert_eq!(told.len(), 9);
    for event in told {
        let text = shown(&event);
        assert!(text.contains("bob, help desk"), "{text}");
    }
}

#[test]
fn an_imported_device_says_when_it_was_last_used() {
    let stage = Stage::empty();
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let phone = NewDevice::totp(label("phone")).with_secret(secret.duplicate());
    let last = NOW.saturating_sub(HOUR);
    let (id, bob) = (alice(), operator());
    run((stage.mfa).danger_import_unproven(&id, &bob, vec![phone], Some(last))).unwrap();
    let devices = run(stage.mfa.devices(&alice())).unwrap();
    assert_eq!(devices[0].last_used(), Some(last));
    // What another system may have accepted is burned, the window's future too.
    let held = Held {
        id: devices[0].id(),
        secret,
    };
    for steps in -1..=1 {
        let shown = code(&held.secret, stage.now(), steps);
        assert_eq!(
            denial(run(stage.mfa.verify(&alice(), shown))),
            Denial::Replayed
        );
    }
    stage.told();
    stage.wait(STEP);
    let verified = stage.log_in(&held).unwrap();
    assert_eq!(verified.device(), held.id);
    let told = shown(stage.told());
    assert!(told.contains("idle: Some(3660s)"), "{told}");
}

#[test]
fn an_import_names_a_device_and_a_last_use_that_was() {
    let stage = Stage::empty();
    let (id, bob) = (alice(), operator());
    let import =
        |devices, last| run((stage.mfa).danger_import_unproven(&id, &bob, devices, Some(last)));
    let nothing = || matches!(import(Vec::new(), NOW), Err(Error::NothingToImport));
    assert!(nothing());
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let phone = NewDevice::totp(label("phone")).with_secret(secret);
    import(vec![phone], NOW.saturating_add(HOUR)).unwrap();
    let devices = run(stage.mfa.devices(&id)).unwrap();
    assert_eq!(devices[0].last_used(), Some(NOW));
    assert!(nothing(), "and none beside another one");
}

/// An origin is beside each event of its call, and nowhere else.
#[test]
fn an_origin_reaches_the_handlers_and_no_record() {
    const FROM: &[u8] = b"192.0.2.1 Firefox";
    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&told);
    let (clock, store) = (
        Arc::new(ManualClock::new(NOW)),
        Arc::new(MemoryStore::new()),
    );
    let mfa = Mfa::new(Arc::clone(&store), keyring()).with_clock(Arc::clone(&clock));
    let mfa = mfa.on_event_from(move |_, _, event, origin| {
        let from = origin.map(|origin| origin.as_bytes().to_vec());
        sink.lock().unwrap().push((event.code(), from));
    });
    let from = || Origin::new(FROM).unwrap();
    let told = || std::mem::take(&mut *told.lock().unwrap());
    let is_from = |told: Vec<(&str, Option<Vec<u8>>)>| {
        assert!(!told.is_empty());
        for (code, origin) in told {
            assert_eq!(origin.as_deref(), Some(FROM), "{code}");
        }
    };

    let phone = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    assert_eq!(told(), [("enrollment_begun", None)]);
    let typed = |at: UnixTime| Submission::new(code(phone.secret(), at, 0)).with_origin(from());
    let confirmed = run(mfa.confirm(&alice(), phone.device(), typed(NOW))).unwrap();
    is_from(told());
    // Refused at once, and charged.
    run(mfa.verify(&alice(), typed(NOW))).unwrap_err();
    run(mfa.verify(&alice(), typed(NOW))).unwrap_err();
    is_from(told());
    let codes = run(mfa.issue_recovery_codes(&confirmed.with_origin(from()), None)).unwrap();
    is_from(told());
    let code = codes.iter().next().unwrap();
    let recovered = run(mfa.redeem(&alice(), Submission::new(code).with_origin(from()))).unwrap();
    is_from(told());
    // It belongs to the request, and not to the proof that a session keeps.
    let recovered = recovered.with_origin(from());
    let token = mfa.seal_proof(&recovered, b"session").unwrap();
    let proof = run(mfa.keep_only(&recovered, &[phone.device()]))
        .unwrap()
        .unwrap();
    is_from(told());
    let opened = mfa.open_proof(&alice(), b"session", &token).unwrap();
    run(mfa.rename(&opened, phone.device(), label("old phone"))).unwrap();
    assert_eq!(told(), [("renamed", None)]);
    run(mfa.opt_out(&proof)).unwrap();
    is_from(told());
    assert!(run(store.load(&alice())).unwrap().is_none());
}

#[test]
fn an_origin_is_bounded_and_shown_by_its_length() {
    assert!(Origin::new(vec![7; 256]).is_ok());
    let error = Origin::new(vec![7; 257]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an origin has at most 256 bytes: shorten it"
    );
    let submission = Submission::new(1).with_origin(Origin::new(*b"192.0.2.1").unwrap());
    let shown = shown(submission);
    assert!(
        shown.contains("Origin(9 bytes)") && !shown.contains("49"),
        "{shown}"
    );
}

#[test]
fn the_name_of_an_operator_is_checked() {
    assert_eq!(Actor::new("").unwrap_err().to_string(), "the name is empty");
    assert_eq!(
        Actor::new("bob  at the help desk").unwrap().to_string(),
        "bob at the help desk"
    );
    for refused in [
        "",
        " bob",
        "bob\n2026-11-28 alice opted_out",
        "bob\u{202e}",
        &"b".repeat(65),
    ] {
        assert!(Actor::new(refused).is_err(), "{refused:?}");
    }
}
