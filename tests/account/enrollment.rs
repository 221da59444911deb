//! From a secret to an active device: confirmation, diagnosis, import, rotation.

use std::time::Duration;

use proptest::prelude::*;
use secondfactor::account::{Account, Diagnosis, Enrollment};
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret, Totp};
use secondfactor::provisioning::KeyUri;
use secondfactor::store::MemoryStore;
use secondfactor::{Code, Denial, Error, Mfa, NewDevice, Policy};

use crate::denial;
use crate::support::*;

#[test]
fn two_codes_in_a_row_confirm_a_device_whose_clock_is_off() {
    for steps in [-122, -77, -2, 0, 2, 122] {
        let Login {
            mfa, clock, proof, ..
        } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        let shown = |time, at: i64| code(tablet.secret(), time, at + steps);
        run(mfa.confirm_pair(&alice(), tablet.device(), [shown(NOW, -1), shown(NOW, 0)])).unwrap();
        let drift = run(mfa.devices(&alice())).unwrap()[1].drift();
        assert_eq!(drift, steps);
        // Both are burned, and the clock is allowed for from now on.
        assert!(run(mfa.verify(&alice(), shown(NOW, 0))).is_err());
        clock.advance(STEP);
        let verified = run(mfa.verify(&alice(), shown(NOW.saturating_add(STEP), 0))).unwrap();
        assert_eq!(verified.device(), tablet.device());
    }
}

#[test]
fn two_codes_that_are_not_in_a_row_confirm_nothing() {
    let Login {
        mfa, proof, secret, ..
    } = Login::new(MemoryStore::new());
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let shown = |at| code(tablet.secret(), NOW, at);
    let pairs = [
        [shown(0), shown(0)],
        [shown(1), shown(0)],
        [shown(0), shown(2)],
        [shown(122), shown(123)],
        [code(&secret, NOW, 0), code(&secret, NOW, 1)],
    ];
    for pair in pairs {
        assert_eq!(
            denial(run(mfa.confirm_pair(&alice(), tablet.device(), pair))),
            Denial::Mismatch
        );
    }
    // Each cost a try.
    let right = [shown(0), shown(1)];
    assert!(matches!(
        run(mfa.confirm_pair(&alice(), tablet.device(), right)),
        Err(Error::EnrollmentExpired)
    ));
}

#[test]
fn a_wrong_code_at_confirmation_says_what_is_off() {
    let shows = |algorithm, digits, secs, at: i64| {
        move |secret: &Secret| -> Code {
            let time = secondfactor::codes::UnixTime::from_secs(
                NOW.as_secs().checked_add_signed(at).unwrap(),
            );
            let parameters = Parameters::totp(Period::from_secs(secs).unwrap())
                .with_algorithm(algorithm)
                .with_digits(digits);
            Totp::from_parameters(secret, parameters)
                .unwrap()
                .at(time)
                .unwrap()
        }
    };
    let (sha1, sha256, six, eight) = (
        Algorithm::Sha1,
        Algorithm::Sha256,
        Digits::Six,
        Digits::Eight,
    );
    let off = |steps| Diagnosis::ClockOff {
        steps,
        period: Period::from_secs(60).unwrap(),
    };
    let cases = [
        (
            shows(sha1, eight, 60, 0),
            Diagnosis::IgnoredAlgorithm,
            "the app ignores the hash algorithm",
        ),
        (
            shows(sha256, six, 60, 0),
            Diagnosis::IgnoredDigits,
            "the app ignores the number of digits",
        ),
        (
            shows(sha256, eight, 30, 0),
            Diagnosis::IgnoredPeriod,
            "the app ignores the period",
        ),
        (
            shows(sha1, six, 30, 0),
            Diagnosis::IgnoredSettings,
            "the app ignores the key's settings",
        ),
        (
            shows(sha1, six, 60, 0),
            Diagnosis::IgnoredSettings,
            "the app ignores the key's settings",
        ),
        (
            shows(sha256, eight, 60, 600),
            off(10),
            "the device's clock is fast by about 10 minutes",
        ),
        (
            shows(sha256, eight, 60, -600),
            off(-10),
            "the device's clock is slow by about 10 minutes",
        ),
    ];
    for (shown, diagnosis, text) in cases {
        let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
        let log = Log::default();
        let mfa = mfa.on_event(log.handler());
        let tablet = run(mfa.enroll_another(&proof, told().in_session(b"hers"))).unwrap();
        let denied = denial(run(mfa.confirm(
            &alice(),
            tablet.device().in_session(b"hers"),
            shown(tablet.secret()),
        )));
        assert_eq!(denied, Denial::Unconfirmed(diagnosis));
        assert_eq!(denied.to_string(), format!("wrong code: {text}"));
        let failed = format!(
            "ConfirmationFailed {{ device: {:?}, diagnosis: Some({diagnosis:?}) }}",
            tablet.device()
        );
        assert_eq!(log.shown().last(), Some(&failed));
    }
}

#[test]
fn how_far_a_clock_is_off_is_told_in_a_unit_that_fits() {
    let told = [(2, "60 seconds"), (3, "2 minutes"), (120, "60 minutes")];
    for (steps, about) in told {
        let period = Period::DEFAULT;
        assert_eq!(
            Diagnosis::ClockOff { steps, period }.to_string(),
            format!("the device's clock is fast by about {about}")
        );
    }
}

/// The device is pending by then, so a URI that can't be built would leave one that nobody can scan.
#[test]
fn there_is_a_key_uri_whatever_the_names_are() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let longest = format!("{}@example.com", "x".repeat(254 - 12));
    for (name, shown) in [
        ("alice@example.com", "alice@example.com"),
        (&longest, &longest),
        (&format!("{longest}x"), &longest),
        (&"ü".repeat(128), &"ü".repeat(127)),
        (&format!("\u{200b}{} alice", " ".repeat(300)), "alice"),
        ("", "-"),
        (" \u{200b}\n", "-"),
        ("localhost:8000", "localhost-8000"),
        ("al\u{200b}ice\u{202e}", "alice"),
        (" alice\u{a0}\r\n", "alice"),
        ("al\u{200d}\u{200d} ice\u{200d}", "al ice"),
        ("\u{1f468}\u{200d}\u{1f469}", "\u{1f468}\u{200d}\u{1f469}"),
    ] {
        let uris = [
            tablet.key_uri("Example", name),
            tablet.key_uri(name, "alice"),
        ];
        let [of_account, of_issuer] = uris.map(|uri| KeyUri::parse(&uri.expose_uri()).unwrap());
        assert_eq!(of_account.account(), shown, "{name:?}");
        assert_eq!(of_issuer.issuer(), Some(shown), "{name:?}");
        assert_eq!(
            of_account.secret().expose_bytes(),
            tablet.secret().expose_bytes()
        );
    }
}

proptest! {
    #[test]
    fn a_key_uri_has_the_names_that_fit_and_something_like_the_others(
        issuer in any::<String>(),
        account in "[ab:\u{200b}-\u{200f}\u{fe0f} \u{3164}\u{301}ü\u{1f468}]{0,90}",
    ) {
        let enrollment = pending();
        let uri = enrollment.key_uri(&issuer, &account);
        let read = KeyUri::parse(&uri.expose_uri()).unwrap();
        prop_assert_eq!((read.issuer(), read.account()), (uri.issuer(), uri.account()));
        let strict = KeyUri::totp(enrollment.secret().duplicate(), &issuer, &account);
        if let Ok(strict) = strict {
            prop_assert_eq!(&*strict.expose_uri(), &*uri.expose_uri());
        }
    }
}

fn pending() -> Enrollment {
    let account = Account::new(alice());
    verdict(account.enroll(label("phone"), NOW)).unwrap()
}

/// A phone in the wrong zone, or set to local time as if it were UTC. Two codes in a row are too far off.
#[test]
fn a_clock_in_another_time_zone_is_told_and_confirms_nothing() {
    let cases = [
        (240, "fast by about 2 hours"),
        (-240, "slow by about 2 hours"),
        (241, "fast by about 2 hours"),
        (-14 * 120, "slow by about 14 hours"),
        (14 * 120, "fast by about 14 hours"),
        (690, "fast by about 5 hours 45 minutes"),
        (150, "fast by about 1 hour 15 minutes"),
    ];
    for (steps, told) in cases {
        let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
        let tablet = NewDevice::totp(label("tablet")).in_session(b"hers");
        let tablet = run(mfa.enroll_another(&proof, tablet)).unwrap();
        let pending = tablet.device().in_session(b"hers");
        let shown = |at| code(tablet.secret(), NOW, at);
        let denied = denial(run(mfa.confirm(&alice(), pending, shown(steps))));
        let period = Period::DEFAULT;
        let off = Diagnosis::ClockOff { steps, period };
        assert_eq!(denied, Denial::Unconfirmed(off));
        assert_eq!(
            denied.to_string(),
            format!("wrong code: the device's clock is {told}")
        );
        let pair = [shown(steps), shown(steps + 1)];
        assert_eq!(
            denial(run(mfa.confirm_pair(&alice(), pending, pair))),
            Denial::Mismatch
        );
        // Nothing is learned from it.
        run(mfa.confirm(&alice(), pending, shown(0))).unwrap();
        assert_eq!(run(mfa.devices(&alice())).unwrap()[1].drift(), 0);
    }
    for steps in [130, -135, 14 * 120 + 2, 24 * 120] {
        let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
        let tablet = NewDevice::totp(label("tablet")).in_session(b"hers");
        let tablet = run(mfa.enroll_another(&proof, tablet)).unwrap();
        let pending = tablet.device().in_session(b"hers");
        let shown = code(tablet.secret(), NOW, steps);
        let denied = denial(run(mfa.confirm(&alice(), pending, shown)));
        assert_eq!(denied, Denial::Mismatch, "{steps}: no zone is so far away");
    }
}

fn told() -> NewDevice {
    let parameters = Parameters::totp(Period::from_secs(60).unwrap())
        .with_algorithm(Algorithm::Sha256)
        .with_digits(Digits::Eight);
    NewDevice::with_parameters(label("tablet"), parameters).unwrap()
}

#[test]
fn a_diagnosis_costs_a_try_and_confirms_nothing() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let tablet = NewDevice::totp(label("tablet")).in_session(b"hers");
    let tablet = run(mfa.enroll_another(&proof, tablet)).unwrap();
    let pending = tablet.device().in_session(b"hers");
    let late = code(tablet.secret(), NOW, -9);
    for _ in 0..5 {
        let denied = denial(run(mfa.confirm(&alice(), pending, late)));
        assert_eq!(
            denied,
            Denial::Unconfirmed(Diagnosis::ClockOff {
                steps: -9,
                period: Period::DEFAULT
            })
        );
    }
    let right = code(tablet.secret(), NOW, 0);
    assert!(matches!(
        run(mfa.confirm(&alice(), pending, right)),
        Err(Error::EnrollmentExpired)
    ));
    assert_eq!(run(mfa.devices(&alice())).unwrap().len(), 1);
}

#[test]
fn an_existing_secret_is_imported_a_weak_one_is_marked() {
    let Login {
        mfa, clock, proof, ..
    } = Login::new(MemoryStore::new());
    let weak = Secret::from_weak_base32("JBSWY3DPEHPK3PXP").unwrap();
    let imported = NewDevice::totp(label("old service")).with_secret(weak.duplicate());
    let enrollment = run(mfa.enroll_another(&proof, imported)).unwrap();
    assert_eq!(enrollment.secret().expose_bytes(), weak.expose_bytes());
    run(mfa.confirm(&alice(), enrollment.device(), code(&weak, NOW, 0))).unwrap();
    clock.advance(STEP);
    assert!(run(mfa.verify(&alice(), code(&weak, NOW, 1))).is_ok());
    let weak: Vec<bool> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|device| device.is_weak())
        .collect();
    assert_eq!(weak, [false, true]);
}

fn rotated(mfa: &Mfa<MemoryStore>) -> Vec<String> {
    let devices = run(mfa.devices(&alice())).unwrap();
    devices.iter().map(|device| shown(device.state())).collect()
}

#[test]
fn a_rotation_leaves_no_gap_and_ends_the_old_secret_at_once() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let new = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    assert_ne!(new.secret().expose_bytes(), secret.expose_bytes());
    assert_eq!(
        rotated(&mfa),
        [
            "Active".to_owned(),
            format!("Pending {{ replaces: Some({device:?}) }}")
        ]
    );
    // Until the new one is confirmed, the old one is active, and the new one is not.
    assert!(run(mfa.verify(&alice(), code(new.secret(), NOW, 0))).is_err());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();

    clock.advance(STEP);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, NOW, 1)))),
        Denial::Mismatch
    );
    assert!(run(mfa.verify(&alice(), code(new.secret(), NOW, 1))).is_ok());
    let devices = run(mfa.devices(&alice())).unwrap();
    assert_eq!((devices.len(), devices[0].label().as_str()), (1, "phone"));
}

#[test]
fn with_a_grace_both_secrets_log_in_until_the_deadline() {
    let grace = Duration::from_secs(3600);
    let Login {
        mfa,
        clock,
        secret,
        proof,
        device,
    } = Login::new(MemoryStore::new());
    let log = Log::default();
    let mfa = mfa.on_event(log.handler());
    let new = run(mfa.rotate(&proof, device, grace)).unwrap();
    let proof = run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
    let until = NOW.saturating_add(grace);
    assert_eq!(
        rotated(&mfa),
        [
            format!("Retiring {{ until: {until:?} }}"),
            "Active".to_owned()
        ]
    );
    // An authenticator shows its codes by time, so the two are told apart by what they were last used for.
    clock.advance(STEP);
    assert_eq!(
        run(mfa.verify(&alice(), code(&secret, NOW, 1)))
            .unwrap()
            .device(),
        device
    );
    assert_eq!(
        run(mfa.verify(&alice(), code(new.secret(), NOW, 1)))
            .unwrap()
            .device(),
        new.device()
    );
    let last_used: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|device| device.last_used())
        .collect();
    assert_eq!(last_used, [Some(NOW.saturating_add(STEP)); 2]);
    // What is about to end is no reason to let the other one go.
    assert!(matches!(
        run(mfa.revoke(&proof, new.device())),
        Err(Error::LastDevice)
    ));

    clock.set(until);
    assert_eq!(rotated(&mfa), ["Active"]);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, until, 0)))),
        Denial::Mismatch
    );
    let told = |expected: String| assert!(log.shown().contains(&expected), "{expected}");
    told(format!(
        "Retired {{ device: {device:?}, label: {:?}, serial: None }}",
        label("phone")
    ));
    told(format!(
        "Rotated {{ old: {device:?}, new: {:?}, label: Label(\"phone\"), ends: {until:?} }}",
        new.device()
    ));
}

/// A grace is stored as what is left of it: by a clock that was set back it is as long again, and no longer.
#[test]
fn a_clock_that_goes_back_neither_ends_a_grace_nor_prolongs_it() {
    let grace = Policy::MAX_ROTATION_GRACE;
    for back in [5, 6, 3600] {
        let Login {
            mfa,
            clock,
            secret,
            proof,
            device,
        } = Login::new(MemoryStore::new());
        let new = run(mfa.rotate(&proof, device, grace)).unwrap();
        run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
        let behind = NOW.saturating_sub(Duration::from_secs(back));
        clock.set(behind);
        run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
        // Servers that differ by five seconds keep the later time.
        let from = if back == 5 { NOW } else { behind };
        let last = from
            .saturating_add(grace)
            .saturating_sub(Duration::from_secs(1));
        clock.set(last);
        assert!(run(mfa.verify(&alice(), code(&secret, last, 0))).is_ok());
        clock.advance(Duration::from_secs(1));
        assert_eq!(
            denial(run(mfa.verify(&alice(), code(&secret, last, 1)))),
            Denial::Mismatch
        );
    }
}

#[test]
fn a_grace_is_at_most_seven_days() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let too_long = Policy::MAX_ROTATION_GRACE.saturating_add(Duration::from_secs(1));
    let result = run(mfa.rotate(&proof, device, too_long));
    assert!(matches!(result, Err(Error::GraceTooLong)));
    assert_eq!(rotated(&mfa), ["Active"]);
    assert!(run(mfa.rotate(&proof, device, Policy::MAX_ROTATION_GRACE)).is_ok());
}

#[test]
fn a_rotation_leaves_the_other_devices_as_they_are() {
    let Login {
        mfa, proof, device, ..
    } = Login::new(MemoryStore::new());
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
    run(mfa.suspend(&proof, tablet.device())).unwrap();
    let pad = run(mfa.enroll_another(&proof, label("pad"))).unwrap();
    let by_pad = run(mfa.confirm(&alice(), pad.device(), code(pad.secret(), NOW, 0))).unwrap();
    let waits = run(mfa.enroll_another(&by_pad, label("watch"))).unwrap();

    let new = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    run(mfa.confirm(&alice(), new.device(), code(new.secret(), NOW, 0))).unwrap();
    let devices: Vec<_> = run(mfa.devices(&alice()))
        .unwrap()
        .iter()
        .map(|one| (one.id(), shown(one.state())))
        .collect();
    let expected = [
        (tablet.device(), "Suspended"),
        (pad.device(), "Active"),
        (waits.device(), "Pending { replaces: None }"),
        (new.device(), "Active"),
    ]
    .map(|(id, state)| (id, state.to_owned()));
    assert_eq!(devices, expected);
}

#[test]
fn a_full_account_can_rotate_and_a_second_rotation_takes_the_place_of_the_first() {
    let Login {
        mfa,
        clock,
        proof,
        device,
        ..
    } = Login::new(MemoryStore::new());
    for n in 2..=8 {
        let one = run(mfa.enroll_another(&proof, label(&format!("device {n}")))).unwrap();
        run(mfa.confirm(&alice(), one.device(), code(one.secret(), NOW, 0))).unwrap();
    }
    let first = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    let second = run(mfa.rotate(&proof, device, Duration::ZERO)).unwrap();
    let right = code(first.secret(), NOW, 0);
    assert!(matches!(
        run(mfa.confirm(&alice(), first.device(), right)),
        Err(Error::UnknownDevice)
    ));
    let proof = run(mfa.confirm(&alice(), second.device(), code(second.secret(), NOW, 0))).unwrap();
    assert_eq!(rotated(&mfa), ["Active"; 8]);
    assert!(matches!(
        run(mfa.rotate(&proof, device, Duration::ZERO)),
        Err(Error::UnknownDevice)
    ));
    assert!(matches!(
        run(mfa.enroll_another(&proof, label("ninth"))),
        Err(Error::TooManyDevices)
    ));
    // A rotation that is not confirmed in time leaves the old secret as it was.
    let _forgotten = run(mfa.rotate(&proof, second.device(), Duration::ZERO)).unwrap();
    clock.advance(Duration::from_secs(601));
    let later = NOW.saturating_add(Duration::from_secs(601));
    assert!(run(mfa.verify(&alice(), code(second.secret(), later, 0))).is_ok());
    assert_eq!(rotated(&mfa), ["Active"; 8]);
}

#[test]
fn a_rotation_keeps_the_device_s_settings() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let parameters = Parameters::hotp(Counter::new(7))
        .with_digits(Digits::Eight)
        .with_algorithm(Algorithm::Sha512);
    let told = NewDevice::with_parameters(label("token"), parameters).unwrap();
    let token = run(mfa.enroll_another(&proof, told)).unwrap();
    let (hotp, next) = Hotp::from_parameters(token.secret(), token.parameters()).unwrap();
    run(mfa.confirm(&alice(), token.device(), hotp.at(next))).unwrap();
    let new = run(mfa.rotate(&proof, token.device(), Duration::ZERO)).unwrap();
    let uri = new.key_uri("Example", "alice").expose_uri();
    assert!(
        uri.starts_with("otpauth://hotp/") && uri.ends_with("&algorithm=SHA512&digits=8&counter=0")
    );
}

/// Whoever had the device may have begun it.
#[test]
fn what_waits_to_be_confirmed_ends_when_a_device_is_revoked_or_suspended() {
    for (suspend, rotate) in [(false, false), (false, true), (true, false), (true, true)] {
        let Login {
            mfa,
            proof: stolen,
            device,
            ..
        } = Login::new(MemoryStore::new());
        let other = run(mfa.enroll_another(&stolen, label("other"))).unwrap();
        let owner =
            run(mfa.confirm(&alice(), other.device(), code(other.secret(), NOW, 0))).unwrap();
        let begun = match rotate {
            true => run(mfa.rotate(&stolen, device, Duration::ZERO)).unwrap(),
            false => run(mfa.enroll_another(&stolen, label("mine"))).unwrap(),
        };
        match suspend {
            true => run(mfa.suspend(&owner, device)).unwrap(),
            false => run(mfa.revoke(&owner, device)).unwrap(),
        }
        let right = code(begun.secret(), NOW, 0);
        assert!(matches!(
            run(mfa.confirm(&alice(), begun.device(), right)),
            Err(Error::UnknownDevice)
        ));
        assert_eq!(denial(run(mfa.verify(&alice(), right))), Denial::Mismatch);
    }
}
