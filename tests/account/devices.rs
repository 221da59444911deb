//! The devices of an account: kinds, labels, limits, what owners and operators do with them.

use std::time::Duration;

use secondfactor::account::{DeviceState, Lock, Stale, VouchedBy};
use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret, SystemClock, Totp, UnixTime,
};
use secondfactor::store::MemoryStore;
use secondfactor::{Confirmed, Denial, Error, NewDevice, Verified};

use crate::recovery_set;
use crate::stage::{Held, Stage};
use crate::support::*;

type Server = secondfactor::Mfa<MemoryStore>;

fn states(mfa: &Server) -> Vec<DeviceState> {
    run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(secondfactor::account::DeviceStatus::state)
        .collect()
}

/// One more active device of alice.
fn add(
    mfa: &Server,
    proof: &Confirmed,
    name: &str,
) -> (secondfactor::account::DeviceId, Confirmed) {
    let enrollment = run(mfa.enroll_another(proof, label(name))).unwrap();
    let proof = run(mfa.confirm(
        &alice(),
        enrollment.device(),
        code(enrollment.secret(), NOW, 0),
    ))
    .unwrap();
    (enrollment.device(), proof)
}

#[test]
fn the_list_tells_all_but_secrets() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let parameters = Parameters::hotp(Counter::new(0))
        .with_algorithm(Algorithm::Sha256)
        .with_digits(Digits::Eight);
    let token = NewDevice::with_parameters(label("token"), parameters)
        .unwrap()
        .with_secret(Secret::from_weak_bytes(b"short").unwrap());
    let pending = run(mfa.enroll_another(&proof, token)).unwrap();
    clock.advance(STEP);
    let _verified = run(mfa.verify(&alice(), code(&secret, NOW.saturating_add(STEP), 0))).unwrap();

    let status = run(mfa.status(&alice())).unwrap();
    assert!(status.has_accepted_device());
    assert_eq!(status.lock(), Lock::Open);
    assert_eq!(
        (status.recovery_codes_left(), status.recovery_lock()),
        (0, Lock::Open)
    );
    assert_eq!(status.sealed_by(), Some(keyring().active_id()));
    let [phone, token] = status.devices() else {
        panic!("two devices")
    };
    assert_eq!(
        (phone.id(), phone.parameters(), phone.state()),
        (device, Parameters::DEFAULT, DeviceState::Active)
    );
    assert_eq!((phone.label().as_str(), phone.created()), ("phone", NOW));
    assert_eq!(
        (phone.last_used(), phone.drift(), phone.is_weak()),
        (Some(NOW.saturating_add(STEP)), 0, false)
    );
    assert_eq!(
        (token.id(), token.parameters()),
        (pending.device(), parameters)
    );
    assert_eq!(pending.parameters(), parameters);
    assert_eq!(shown(token.state()), "Pending { replaces: None }");
    assert_eq!((token.last_used(), token.is_weak()), (None, true));
}

#[test]
fn each_device_has_its_own_hash_digits_and_period() {
    let Login {
        mfa, clock, proof, ..
    } = Login::new(MemoryStore::new());
    let strong = Parameters::totp(Period::from_secs(60).unwrap())
        .with_algorithm(Algorithm::Sha512)
        .with_digits(Digits::Eight);
    let new = NewDevice::with_parameters(label("strong"), strong).unwrap();
    let enrollment = run(mfa.enroll_another(&proof, new)).unwrap();
    assert_eq!(enrollment.secret().expose_bytes().len(), 64);
    let uri = enrollment.key_uri("Example", "alice").expose_uri();
    assert!(uri.ends_with("&algorithm=SHA512&digits=8&period=60"));

    let prover = Totp::from_parameters(enrollment.secret(), strong).unwrap();
    run(mfa.confirm(&alice(), enrollment.device(), prover.at(NOW).unwrap())).unwrap();
    clock.advance(Duration::from_secs(60));
    let verified = run(mfa.verify(
        &alice(),
        prover
            .at(NOW.saturating_add(Duration::from_secs(60)))
            .unwrap(),
    ))
    .unwrap();
    assert_eq!(verified.device(), enrollment.device());
}

#[test]
fn a_period_of_a_device_is_15_seconds_to_2_minutes() {
    let with_period = |period| NewDevice::with_parameters(label("phone"), Parameters::totp(period));
    for (secs, fits) in [(14, false), (15, true), (120, true), (121, false)] {
        let new = with_period(Period::from_secs(secs).unwrap());
        assert_eq!(new.is_ok(), fits, "{secs}");
    }
    let error = with_period(Period::MAX).unwrap_err();
    assert_eq!(
        error.to_string(),
        "period of a device in seconds must be 15 to 120"
    );
}

#[test]
fn a_counter_token_moves_on_within_its_look_ahead() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let hotp = Hotp::new(&secret);
    let at = |counter| hotp.at(Counter::new(counter));
    let new = NewDevice::hotp(label("token"), Counter::new(3)).with_secret(secret.duplicate());
    let enrollment = run(mfa.enroll_another(&proof, new)).unwrap();
    assert!(
        enrollment
            .key_uri("Example", "alice")
            .expose_uri()
            .ends_with("&counter=3")
    );
    // Counters before the first are used up.
    assert!(run(mfa.confirm(&alice(), enrollment.device(), at(2))).is_err());
    run(mfa.confirm(&alice(), enrollment.device(), at(3))).unwrap();

    let token = enrollment.device();
    assert_eq!(run(mfa.verify(&alice(), at(4))).unwrap().device(), token);
    // Typed twice: a replay, not charged. Earlier ones are just wrong.
    assert!(matches!(
        run(mfa.verify(&alice(), at(4))),
        Err(Error::Denied(Denial::Replayed))
    ));
    assert!(matches!(
        run(mfa.verify(&alice(), at(3))),
        Err(Error::Denied(Denial::Mismatch))
    ));
    // Pressed five times without a login: the look-ahead of the default policy.
    assert!(run(mfa.verify(&alice(), at(10))).is_ok());
    assert!(matches!(
        run(mfa.verify(&alice(), at(17))),
        Err(Error::Denied(Denial::Mismatch))
    ));
    // Further ahead, two in a row put it right.
    run(mfa.resync(&alice(), token, [at(60), at(61)])).unwrap();
    assert!(run(mfa.verify(&alice(), at(61))).is_err());
    assert!(run(mfa.verify(&alice(), at(62))).is_ok());
}

#[test]
fn a_counter_token_ends_with_its_last_counter() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let secret = Secret::from_bytes(b"12345678901234567890").unwrap();
    let at = |counter| Hotp::new(&secret).at(Counter::new(counter));
    let new =
        NewDevice::hotp(label("token"), Counter::new(u64::MAX - 1)).with_secret(secret.duplicate());
    let token = run(mfa.enroll_another(&proof, new)).unwrap().device();
    run(mfa.confirm(&alice(), token, at(u64::MAX - 1))).unwrap();
    assert!(run(mfa.verify(&alice(), at(u64::MAX))).is_ok());
    assert!(run(mfa.verify(&alice(), at(u64::MAX))).is_err());
    assert!(run(mfa.verify(&alice(), at(0))).is_err());
    assert!(run(mfa.resync(&alice(), token, [at(u64::MAX), at(0)])).is_err());
}

#[test]
fn a_secret_is_enrolled_once_an_account() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let twin = NewDevice::totp(label("twin")).with_secret(secret.duplicate());
    assert!(matches!(
        run(mfa.enroll_another(&proof, twin)),
        Err(Error::DuplicateSecret)
    ));
}

/// Whichever hash makes them one: that of the new device, or that of one which is there. Two devices
/// that are not one may both be one with a third.
#[test]
fn one_key_for_the_hash_of_either_device_is_one_secret() {
    use sha1::Digest as _;
    let long = [7; 65];
    let token = |name: &str, bytes: &[u8], algorithm| {
        let secret = Secret::from_bytes(bytes).unwrap();
        let parameters = Parameters::DEFAULT.with_algorithm(algorithm);
        let new = NewDevice::with_parameters(label(name), parameters).unwrap();
        new.with_secret(secret)
    };
    let (by_sha1, by_sha256) = (sha1::Sha1::digest(long), sha2::Sha256::digest(long));
    let there = [
        ("a", &by_sha1[..], Algorithm::Sha512),
        ("b", &by_sha256[..], Algorithm::Sha256),
    ];
    for kept in [&there[..1], &there[1..], &there] {
        let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
        for (name, bytes, algorithm) in kept {
            let _shown = run(mfa.enroll_another(&proof, token(name, bytes, *algorithm))).unwrap();
        }
        let again = run(mfa.enroll_another(&proof, token("c", &long, Algorithm::Sha1)));
        assert!(matches!(again, Err(Error::DuplicateSecret)));
    }
}

#[test]
fn opting_in_once_more_takes_a_proof() {
    let Login { mfa, .. } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.enroll(&alice(), label("mallory's phone"))),
        Err(Error::ProofRequired)
    ));
    assert_eq!(states(&mfa), [DeviceState::Active]);
}

#[test]
fn a_proof_is_of_the_account_and_five_minutes_fresh() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let later = NOW.saturating_add(Duration::from_secs(300));
    let verify = |time| {
        clock.set(time);
        run(mfa.verify(&alice(), code(&secret, time, 0))).unwrap()
    };
    let verified = verify(NOW);
    clock.set(later);
    run(mfa.rename(&verified, device, label("my phone"))).unwrap();
    clock.advance(Duration::from_secs(1));
    assert!(matches!(
        run(mfa.rename(&verified, device, label("phone"))),
        Err(Error::Stale(_))
    ));
    // A proof from the future: the server that gave it out is ahead, or this one was set back.
    clock.set(UnixTime::from_secs(NOW.as_secs() - 6));
    assert!(matches!(
        run(mfa.rename(&verified, device, label("phone"))),
        Err(Error::Stale(_))
    ));

    // Another account's proof changes that account, by its own id: there is no argument to get wrong. In the pure core it
    // is checked.
    let account = secondfactor::account::Account::new(account("bob"));
    assert!(matches!(
        account.rename(&proof, device, label("x"), NOW),
        Err(Error::ForeignProof)
    ));
    assert_eq!(
        Error::ForeignProof.to_string(),
        "the proof belongs to another account"
    );
}

/// A device of another service, by its key URI: the same codes, also from a counter, and no period that a device can't have.
#[test]
fn a_device_comes_by_its_key_uri() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    let uri = |text: String| secondfactor::provisioning::KeyUri::parse(&text).unwrap();
    let watch = uri(format!(
        "otpauth://totp/alice?secret={key}&algorithm=SHA256&digits=8&period=60"
    ));
    let new = NewDevice::from_key_uri(label("watch"), &watch).unwrap();
    let enrollment = run(mfa.enroll_another(&proof, new)).unwrap();
    assert_eq!(enrollment.secret().expose_bytes(), b"12345678901234567890");
    run(mfa.confirm(
        &alice(),
        enrollment.device(),
        watch.to_totp().unwrap().at(NOW).unwrap(),
    ))
    .unwrap();
    let status = run(mfa.devices(&alice())).unwrap().pop().unwrap();
    assert_eq!(status.parameters(), watch.parameters());
    let period = status.parameters().period();
    assert_eq!(period, Some(Period::from_secs(60).unwrap()));

    let token = uri(format!(
        "otpauth://hotp/alice?secret={}&counter=7",
        key.replace("GEZD", "GEZE")
    ));
    let new = NewDevice::from_key_uri(label("token"), &token).unwrap();
    let enrollment = run(mfa.enroll_another(&proof, new)).unwrap();
    let (hotp, first) = token.to_hotp().unwrap();
    assert!(
        run(mfa.confirm(&alice(), enrollment.device(), hotp.at(Counter::new(6)))).is_err(),
        "used"
    );
    run(mfa.confirm(&alice(), enrollment.device(), hotp.at(first))).unwrap();

    let slow = uri(format!("otpauth://totp/alice?secret={key}&period=121"));
    assert!(NewDevice::from_key_uri(label("slow"), &slow).is_err());
}

#[test]
fn labels_are_unique_among_confirmed_devices() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let (tablet, _) = add(&mfa, &proof, "tablet");
    assert!(matches!(
        run(mfa.rename(&proof, tablet, label("phone"))),
        Err(Error::LabelTaken)
    ));
    run(mfa.rename(&proof, device, label("old phone"))).unwrap();
    run(mfa.rename(&proof, tablet, label("phone"))).unwrap();
    run(mfa.rename(&proof, tablet, label("phone"))).unwrap();
    assert!(matches!(
        run(mfa.rename(&proof, "9".parse().unwrap(), label("x"))),
        Err(Error::UnknownDevice)
    ));
    for twin in ["pho\u{200d}ne", "pho\u{200c}ne", "phone\u{fe0f}"] {
        assert!(
            matches!(
                run(mfa.rename(&proof, device, label(twin))),
                Err(Error::LabelTaken)
            ),
            "they look alike"
        );
    }
}

#[test]
fn a_suspended_device_is_not_accepted_until_it_is_resumed() {
    let Login {
        mfa,
        secret,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.suspend(&proof, device)),
        Err(Error::LastDevice)
    ));
    let (tablet, by_tablet) = add(&mfa, &proof, "tablet");
    run(mfa.suspend(&proof, device)).unwrap();
    // What the suspended one has proved is void: it can't resume itself.
    assert!(matches!(
        run(mfa.resume(&proof, device)),
        Err(Error::Stale(_))
    ));
    let proof = by_tablet;
    assert_eq!(states(&mfa), [DeviceState::Suspended, DeviceState::Active]);
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Denied(Denial::Mismatch))
    ));
    assert!(matches!(
        run(mfa.suspend(&proof, device)),
        Err(Error::UnknownDevice)
    ));
    // The other one is the last that is active.
    assert!(matches!(
        run(mfa.suspend(&proof, tablet)),
        Err(Error::LastDevice)
    ));
    assert!(matches!(
        run(mfa.revoke(&proof, tablet)),
        Err(Error::LastDevice)
    ));

    run(mfa.resume(&proof, device)).unwrap();
    assert!(matches!(
        run(mfa.resume(&proof, device)),
        Err(Error::UnknownDevice)
    ));
    // What it has shown up to then is burned.
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_err());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 1))).is_ok());
    run(mfa.revoke(&proof, tablet)).unwrap();
}

#[test]
fn a_revoked_device_is_gone() {
    let Login {
        mfa,
        secret,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    assert!(matches!(
        run(mfa.revoke(&proof, device)),
        Err(Error::LastDevice)
    ));
    assert!(matches!(
        run(mfa.danger_revoke_unproven(&alice(), &operator(), device)),
        Err(Error::LastDevice)
    ));
    let (tablet, by_tablet) = add(&mfa, &proof, "tablet");
    run(mfa.danger_revoke_unproven(&alice(), &operator(), device)).unwrap();
    assert!(matches!(
        run(mfa.revoke(&proof, device)),
        Err(Error::Stale(_))
    ));
    assert!(matches!(
        run(mfa.revoke(&by_tablet, device)),
        Err(Error::UnknownDevice)
    ));
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Denied(Denial::Mismatch))
    ));
    let ids: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(secondfactor::account::DeviceStatus::id)
        .collect();
    assert_eq!(ids, [tablet]);
}

#[test]
fn opting_out_takes_a_proof_and_removes_the_record() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(MemoryStore::new());
    clock.advance(Duration::from_secs(301));
    assert!(matches!(run(mfa.opt_out(&proof)), Err(Error::Stale(_))));
    let verified: Verified = run(mfa.verify(
        &alice(),
        code(&secret, NOW.saturating_add(Duration::from_secs(301)), 0),
    ))
    .unwrap();
    run(mfa.opt_out(&verified)).unwrap();
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));
    assert!(matches!(
        run(mfa.opt_out(&verified)),
        Err(Error::NotEnrolled)
    ));
    // A new beginning is a new record.
    assert!(run(mfa.enroll(&alice(), label("phone"))).is_ok());
    run(mfa.danger_opt_out_unproven(&alice(), &operator())).unwrap();
    assert!(matches!(
        run(mfa.danger_opt_out_unproven(&alice(), &operator())),
        Err(Error::NotEnrolled)
    ));
}

#[test]
fn an_operator_forgets_a_record_that_does_not_open() {
    let store = std::sync::Arc::new(MemoryStore::new());
    let _login = Login::new(std::sync::Arc::clone(&store));
    let other = secondfactor::Keyring::new(secondfactor::SealingKey::from_bytes(&[9; 32]));
    let mfa = secondfactor::Mfa::new(store, other).with_clock(SystemClock);
    assert!(matches!(run(mfa.status(&alice())), Err(Error::Seal(_))));
    run(mfa.danger_opt_out_unproven(&alice(), &operator())).unwrap();
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));
}

fn vouched_by(mfa: &Server) -> Vec<VouchedBy> {
    let devices = run(mfa.devices(&alice())).unwrap();
    devices
        .iter()
        .map(|device| device.vouched_by().by())
        .collect()
}

/// For the owner's eye: nobody, a device, a recovery code or an operator.
#[test]
fn a_status_shows_who_vouched_for_devices_and_codes() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let codes_by = || {
        let status = run(mfa.status(&alice())).unwrap();
        status.recovery_codes_by().map(|voucher| voucher.by())
    };
    assert_eq!(codes_by(), None);
    let (tablet, by_tablet) = add(&mfa, &proof, "tablet");
    let codes = run(mfa.issue_recovery_codes(&by_tablet, None)).unwrap();
    assert_eq!(codes_by(), Some(VouchedBy::Device(tablet)));
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    let _watch = run(mfa.enroll_another(&recovered, label("watch"))).unwrap();
    let expected = [
        VouchedBy::Nobody,
        VouchedBy::Device(device),
        VouchedBy::RecoveryCode,
    ];
    assert_eq!(vouched_by(&mfa), expected);
    // They stay when their voucher goes, and no rule reads them.
    run(mfa.revoke(&by_tablet, device)).unwrap();
    assert_eq!(vouched_by(&mfa), expected[1..]);
    let _codes = run(mfa.issue_recovery_codes(&recovered, recovery_set(&mfa))).unwrap();
    assert_eq!(codes_by(), Some(VouchedBy::RecoveryCode));

    let imported = Server::new(MemoryStore::new(), keyring());
    let phone = NewDevice::totp(label("phone")).with_secret(Secret::from_bytes(&[1; 20]).unwrap());
    run(imported.danger_import_unproven(&alice(), &operator(), vec![phone], None)).unwrap();
    assert_eq!(vouched_by(&imported), [VouchedBy::Operator]);
}

#[test]
fn what_is_kept_is_active_and_not_nothing() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let (tablet, by_tablet) = add(&mfa, &proof, "tablet");
    let (pad, _) = add(&mfa, &proof, "pad");
    run(mfa.suspend(&proof, pad)).unwrap();
    let pending = run(mfa.enroll_another(&proof, label("watch"))).unwrap();
    let next = run(mfa.rotate(&by_tablet, device, Duration::from_secs(3600))).unwrap();
    run(mfa.confirm(&alice(), next.device(), code(next.secret(), NOW, 0))).unwrap();
    let unknown = "99".parse().unwrap();
    let before = run(mfa.status(&alice())).unwrap();
    for other in [pad, pending.device(), device, unknown] {
        let result = run(mfa.keep_only(&by_tablet, &[tablet, other]));
        assert!(matches!(result, Err(Error::UnknownDevice)), "{other}");
    }
    assert!(matches!(
        run(mfa.keep_only(&by_tablet, &[])),
        Err(Error::LastDevice)
    ));
    assert_eq!(run(mfa.status(&alice())).unwrap(), before);

    // The proof's own device need not be among them. One that is named twice is kept once.
    let renewed = run(mfa.keep_only(&by_tablet, &[next.device(), next.device()])).unwrap();
    assert!(renewed.is_none(), "of a device that is gone");
    let kept = run(mfa.devices(&alice())).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].id(), next.device());
    assert!(matches!(
        run(mfa.issue_recovery_codes(&by_tablet, None)),
        Err(Error::Stale(_))
    ));
}

/// Whoever redeemed a recovery code has codes, or asks for new ones: nothing has to be kept.
#[test]
fn a_redemption_that_keeps_nothing_stays() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    // Its answer may get lost, and nothing else is left to repeat it with.
    let _lost = run(mfa.keep_only(&recovered, &[])).unwrap();
    let recovered = run(mfa.keep_only(&recovered, &[])).unwrap().unwrap();
    assert_eq!(states(&mfa), []);
    assert!(matches!(
        run(mfa.redeem(&alice(), codes.iter().nth(1).unwrap())),
        Err(Error::NoRecoveryCodes)
    ));
    assert_eq!(
        run(mfa.issue_recovery_codes(&recovered, recovery_set(&mfa)))
            .unwrap()
            .count(),
        10
    );
    assert!(run(mfa.enroll_another(&recovered, label("new phone"))).is_ok());
}

#[test]
fn imported_devices_bring_secrets_and_labels_of_their_own() {
    let mfa = Server::new(MemoryStore::new(), keyring());
    let import = |devices| run(mfa.danger_import_unproven(&alice(), &operator(), devices, None));
    let device = |name: &str, byte| {
        let secret = Secret::from_bytes(&[byte; 20]).unwrap();
        NewDevice::totp(label(name)).with_secret(secret)
    };
    let without = || NewDevice::totp(label("phone"));
    assert!(matches!(
        import(vec![device("tablet", 1), without()]),
        Err(Error::SecretRequired)
    ));
    assert!(matches!(
        import(vec![device("phone", 1), device("tablet", 1)]),
        Err(Error::DuplicateSecret)
    ));
    assert!(matches!(
        import(vec![device("phone", 1), device("phone", 2)]),
        Err(Error::LabelTaken)
    ));
    let many = |count| {
        (1..=count)
            .map(|n| device(&format!("device {n}"), n))
            .collect()
    };
    assert!(matches!(import(many(9)), Err(Error::TooManyDevices)));
    run(mfa.danger_import_unproven(&account("bob"), &operator(), many(8), None)).unwrap();
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));

    let both = || vec![device("phone", 1), device("tablet", 2)];
    import(both()).unwrap();
    assert_eq!(states(&mfa), [DeviceState::Active; 2]);
    import(both()).unwrap();
    import(vec![device("another name", 2)]).unwrap();
    assert_eq!(states(&mfa), [DeviceState::Active; 2]);
    assert!(matches!(import(vec![without()]), Err(Error::ProofRequired)));
}

/// For sessions that must end as soon as their device does: one read of the record.
#[test]
fn a_session_goes_on_as_long_as_its_device_logs_in() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let login = run(mfa.verify(&alice(), code(&secret, NOW, 0))).unwrap();
    let codes = run(mfa.issue_recovery_codes(&proof, None)).unwrap();
    let recovered = run(mfa.redeem(&alice(), codes.iter().next().unwrap())).unwrap();
    let (_, by_tablet) = add(&mfa, &proof, "tablet");
    // How long ago it was does not matter.
    clock.advance(Duration::from_secs(24 * 3600));
    run(mfa.stands(&login)).unwrap();
    run(mfa.stands(&recovered)).unwrap();
    clock.set(NOW);
    run(mfa.revoke(&by_tablet, device)).unwrap();
    let has_ended = |result| matches!(result, Err(Error::Stale(Stale::Ended)));
    assert!(has_ended(run(mfa.stands(&login))));
    run(mfa.stands(&recovered)).unwrap();
    let _codes = run(mfa.issue_recovery_codes(&by_tablet, recovery_set(&mfa))).unwrap();
    assert!(has_ended(run(mfa.stands(&recovered))));
    run(mfa.opt_out(&by_tablet)).unwrap();
    assert!(matches!(
        run(mfa.stands(&by_tablet)),
        Err(Error::NotEnrolled)
    ));
}

#[test]
fn a_new_label_reaches_the_rotation_that_is_under_way() {
    let Login {
        mfa,
        clock,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let other = run(mfa.enroll_another(&proof, label("phone 2"))).unwrap();
    let rotation = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    run(mfa.rename(&proof, device, label("work phone"))).unwrap();
    let renamed: Vec<_> = (log.events().iter())
        .filter(|event| event.code() == "renamed")
        .map(|event| event.device())
        .collect();
    assert_eq!(renamed, [Some(device), Some(rotation.device())]);

    // Another device may take the old label meanwhile.
    run(mfa.rename(&proof, other.device(), label("phone"))).unwrap();
    let shown = code(other.secret(), NOW, 0);
    let _confirmed = run(mfa.confirm(&alice(), other.device(), shown)).unwrap();
    clock.advance(STEP);
    let shown = code(rotation.secret(), NOW.saturating_add(STEP), 0);
    let _confirmed = run(mfa.confirm(&alice(), rotation.device(), shown)).unwrap();
    let devices = run(mfa.devices(&alice())).unwrap();
    let labels: Vec<_> = devices.iter().map(|one| one.label().as_str()).collect();
    assert_eq!(labels, ["phone", "work phone"]);
}

/// Its owner called it otherwise.
#[test]
fn a_rotation_with_a_label_of_its_own_keeps_it() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let rotation = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    run(mfa.rename(&proof, rotation.device(), label("new phone"))).unwrap();
    run(mfa.rename(&proof, device, label("old phone"))).unwrap();
    let devices = run(mfa.devices(&alice())).unwrap();
    let labels: Vec<_> = devices.iter().map(|one| one.label().as_str()).collect();
    assert_eq!(labels, ["old phone", "new phone"]);
}

/// By a recovery code the last device may be taken away. The account has opted in all the same.
#[test]
fn a_status_says_whether_a_device_was_ever_confirmed() {
    let stage = Stage::empty();
    let status = || run(stage.mfa.status(&alice())).unwrap();
    let phone = Held::new(&run(stage.mfa.enroll(&alice(), label("phone"))).unwrap());
    assert!(!status().was_confirmed());
    let confirmed = stage.confirm(&phone).unwrap();
    assert!(status().was_confirmed() && status().has_accepted_device());
    let codes = stage.issue(&confirmed);
    let recovered = stage.redeem(&codes[0]).unwrap();
    run(stage.mfa.revoke(&recovered, phone.id)).unwrap();
    assert!(status().was_confirmed() && !status().has_accepted_device());
}
