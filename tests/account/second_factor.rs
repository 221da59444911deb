//! `Mfa` over the memory store: enrollment, single use, and what never gives a verdict.

use std::time::Duration;

use secondfactor::account::{
    Account, AccountIdError, DeviceId, Diagnosis, Fault, Stale, Submission, Wait,
};
use secondfactor::codes::{ManualClock, Secret, UnixTime, Window};
use secondfactor::sealing::SealError;
use secondfactor::store::{MemoryStore, Report, Store, Stored, Swap, Version};
use secondfactor::{AccountId, Denial, Error, Keyring, Label, Mfa, NewDevice};

use crate::denial;
use crate::support::*;

#[test]
fn a_code_works_once() {
    let Login {
        mfa,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let code = code(&secret, NOW, 0);
    let verified = run(mfa.verify(&alice(), code)).unwrap();
    assert_eq!(
        (verified.account(), verified.device(), verified.at()),
        (&alice(), device, NOW)
    );
    for _ in 0..3 {
        assert_eq!(denial(run(mfa.verify(&alice(), code))), Denial::Replayed);
    }
}

/// CVE-2021-43177: the step before the last used one was still inside the window.
#[test]
fn after_a_later_step_no_earlier_one_works() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    let codes = [-1, 0, 1].map(|steps| code(&secret, NOW, steps));
    let _in = run(mfa.verify(&alice(), codes[2])).unwrap();
    for code in codes {
        assert_eq!(denial(run(mfa.verify(&alice(), code))), Denial::Replayed);
    }
    // The same at any later time, and when the server's clock goes back.
    for time in [
        NOW.saturating_add(STEP),
        UnixTime::from_secs(NOW.as_secs() - 30),
    ] {
        clock.set(time);
        assert_eq!(
            denial(run(mfa.verify(&alice(), codes[1]))),
            Denial::Replayed
        );
    }
}

#[test]
fn the_window_is_one_step_each_way() {
    let accepted: Vec<i64> = (-4..=4)
        .filter(|steps| {
            let Login {
                mfa, secret, clock, ..
            } = Login::new(MemoryStore::new());
            let later = NOW.saturating_add(STEP * 10);
            clock.set(later);
            run(mfa.verify(&alice(), code(&secret, later, *steps))).is_ok()
        })
        .collect();
    assert_eq!(accepted, [-1, 0, 1]);
    assert_eq!(Window::DEFAULT, Window::new(1, 1).unwrap());
}

#[test]
fn a_wrong_code_is_refused_and_the_right_one_still_works() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    assert_eq!(
        denial(run(mfa.verify(&alice(), wrong_code(&secret, NOW)))),
        Denial::Mismatch
    );
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
}

#[test]
fn the_claimant_reads_the_same_for_every_wrong_code() {
    let messages =
        [Denial::Mismatch, Denial::Replayed].map(|denial| Error::from(denial).to_string());
    assert_eq!(messages, ["wrong code: try another one"; 2]);
}

/// People and logs read the messages, programs translate the codes, and a fault says which page or alarm is due.
#[test]
fn each_error_has_a_message_a_code_and_a_fault() {
    use Fault::{Application, Claimant, Environment, Operator};
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let wrong = || run(mfa.verify(&alice(), wrong_code(&secret, NOW))).unwrap_err();
    let [.., locked, throttled] = [(); 6].map(|()| wrong());
    let errors: [(Error, &str, Fault, &str); 28] = [
        (
            locked,
            "wrong_code_begins_wait",
            Claimant,
            "wrong code: wait before the next one",
        ),
        (
            Denial::Mismatch.into(),
            "wrong_code",
            Claimant,
            "wrong code: try another one",
        ),
        (
            Denial::Replayed.into(),
            "wrong_code",
            Claimant,
            "wrong code: try another one",
        ),
        (
            Denial::Unconfirmed(Diagnosis::IgnoredDigits).into(),
            "wrong_code_of_new_device",
            Claimant,
            "wrong code: the app ignores the number of digits",
        ),
        (
            throttled,
            "throttled",
            Claimant,
            "too many wrong codes: wait before the next one",
        ),
        (
            Denial::Disabled.into(),
            "disabled",
            Claimant,
            "too many wrong codes: enroll a new device, or ask for help",
        ),
        (
            Denial::NoDevice.into(),
            "no_device",
            Claimant,
            "no device is enrolled: take a recovery code, or ask for help",
        ),
        (
            Error::NotEnrolled,
            "not_enrolled",
            Application,
            "no second factor is enrolled",
        ),
        (
            Error::UnknownDevice,
            "unknown_device",
            Application,
            "no such device",
        ),
        (
            Error::ProofRequired,
            "proof_required",
            Application,
            "a device is enrolled already: another one takes a proof of it",
        ),
        (
            Stale::TooOld.into(),
            "stale",
            Application,
            "the second factor was proved too long ago: ask for another code",
        ),
        (
            Error::ForeignProof,
            "foreign_proof",
            Application,
            "the proof belongs to another account",
        ),
        (
            Error::LastDevice,
            "last_device",
            Application,
            "this is the last device: enroll another one first, or opt out",
        ),
        (
            Error::DeviceRequired,
            "device_required",
            Application,
            "a recovery code resumes no device: enroll a new one",
        ),
        (
            Error::GraceTooLong,
            "grace_too_long",
            Application,
            "the grace of a rotated secret is at most 7 days",
        ),
        (
            Error::NoTemporaryCode,
            "no_temporary_code",
            Application,
            "there is no temporary code: look at what was made by it",
        ),
        (
            Error::NothingToImport,
            "nothing_to_import",
            Application,
            "no device is imported: name one",
        ),
        (
            Error::SecretRequired,
            "secret_required",
            Application,
            "an imported device brings its secret",
        ),
        (
            Error::DuplicateSecret,
            "duplicate_secret",
            Application,
            "another device has this secret: enroll with a new one",
        ),
        (
            Error::NoRecoveryCodes,
            "no_recovery_codes",
            Application,
            "there are no recovery codes: use a device, or ask for help",
        ),
        (
            Error::Token,
            "token",
            Application,
            "the token is not valid here: ask for another code",
        ),
        (
            Error::TooManyDevices,
            "too_many_devices",
            Application,
            "too many devices: revoke one first",
        ),
        (
            Error::LabelTaken,
            "label_taken",
            Application,
            "another device has this label: choose another one",
        ),
        (
            Error::EnrollmentExpired,
            "enrollment_expired",
            Application,
            "the enrollment has expired: enroll again",
        ),
        (
            Error::Contended,
            "contended",
            Environment,
            "too many changes to the account at once: try again",
        ),
        (
            Error::Store("the line is cut".into()),
            "store",
            Environment,
            "the store failed",
        ),
        (
            SealError::Malformed.into(),
            "seal",
            Operator,
            "not a sealed record: restore it from a backup, or remove it",
        ),
        (
            Error::ForeignReceipt,
            "foreign_receipt",
            Operator,
            "the receipt belongs to another record",
        ),
    ];
    for (error, code, fault, message) in errors {
        assert_eq!((error.to_string().as_str(), error.code()), (message, code));
        assert_eq!(error.fault(), fault, "{code}");
    }
}

#[test]
fn a_throttled_claimant_is_told_how_long_to_wait() {
    let Login { mfa, secret, .. } = Login::new(MemoryStore::new());
    let wrong = || denial(run(mfa.verify(&alice(), wrong_code(&secret, NOW))));
    for _ in 0..4 {
        assert_eq!(wrong(), Denial::Mismatch);
    }
    // The one that begins the wait says so.
    let locked = wrong();
    assert!(matches!(locked, Denial::Locked { .. }), "{locked:?}");
    assert_eq!(locked.retry_after(NOW), Some(STEP));
    assert_eq!(locked.text(NOW), "wrong code: try again in 30 seconds");
    let denied = denial(run(mfa.verify(&alice(), code(&secret, NOW, 0))));
    let wait = |seconds| denied.retry_after(NOW.saturating_add(Duration::from_secs(seconds)));
    assert_eq!(wait(0), Some(STEP));
    assert_eq!(wait(12), Some(Duration::from_secs(18)));
    assert_eq!(wait(31), Some(Duration::ZERO));
    let later = NOW.saturating_add(Duration::from_secs(29));
    assert_eq!(
        denied.text(later),
        "too many wrong codes: try again in 1 second"
    );
    for denied in [Denial::Replayed, Denial::Disabled] {
        assert_eq!(denied.retry_after(NOW), None);
    }
}

#[test]
fn a_wait_is_said_as_people_say_it() {
    for (seconds, text) in [
        (1, "1 second"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (300, "5 minutes"),
        (301, "6 minutes"),
        (5400, "90 minutes"),
        (5401, "2 hours"),
        (8 * 3600, "8 hours"),
        (129_601, "2 days"),
    ] {
        assert_eq!(Wait::from(Duration::from_secs(seconds)).to_string(), text);
    }
    // Nobody comes too early.
    let wait = Wait::from(Duration::from_millis(1001));
    assert_eq!((wait.count(), wait.unit().code()), (2, "second"));
}

#[test]
fn without_a_record_or_an_active_device_there_is_no_verdict() {
    let mfa = Mfa::new(MemoryStore::new(), keyring());
    let any = "123456".parse::<secondfactor::Code>().unwrap();
    assert!(matches!(
        run(mfa.verify(&alice(), any)),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(run(mfa.status(&alice())), Err(Error::NotEnrolled)));

    let enrollment = run(mfa.enroll(&alice(), label("phone"))).unwrap();
    assert!(matches!(
        run(mfa.confirm(&account("bob"), enrollment.device(), any)),
        Err(Error::NotEnrolled)
    ));
    assert!(matches!(
        run(mfa.verify(&alice(), any)),
        Err(Error::NotEnrolled)
    ));
    assert!(!run(mfa.status(&alice())).unwrap().has_accepted_device());
}

#[test]
fn a_pending_device_opens_nothing_until_a_code_of_it_is_confirmed() {
    let Login {
        mfa,
        clock,
        secret,
        device,
        proof,
    } = Login::new(MemoryStore::new());
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let states = || {
        let devices = run(mfa.devices(&alice())).unwrap();
        let states = devices
            .iter()
            .map(|device| (device.id(), shown(device.state())));
        states.collect::<Vec<_>>()
    };
    let are = |tablets: &str| {
        [(device, "Active"), (tablet.device(), tablets)].map(|(id, state)| (id, state.to_owned()))
    };
    assert_eq!(states(), are("Pending { replaces: None }"));
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(tablet.secret(), NOW, 0)))),
        Denial::Mismatch
    );
    // The other device's code confirms nothing.
    assert_eq!(
        denial(run(mfa.confirm(
            &alice(),
            tablet.device(),
            code(&secret, NOW, 0)
        ))),
        Denial::Mismatch
    );
    run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
    assert_eq!(states(), are("Active"));

    // Both are accepted now, each once a step.
    clock.advance(STEP);
    let later = NOW.saturating_add(STEP);
    assert_eq!(
        run(mfa.verify(&alice(), code(tablet.secret(), later, 0)))
            .unwrap()
            .device(),
        tablet.device()
    );
    assert_eq!(
        run(mfa.verify(&alice(), code(&secret, later, 0)))
            .unwrap()
            .device(),
        device
    );
}

#[test]
fn a_second_enroll_leaves_the_active_device_alone() {
    let Login {
        mfa, secret, proof, ..
    } = Login::new(MemoryStore::new());
    let begun = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    assert_ne!(begun.secret().expose_bytes(), secret.expose_bytes());
    assert!(run(mfa.verify(&alice(), code(&secret, NOW, 0))).is_ok());
    assert!(matches!(
        run(mfa.enroll_another(&proof, label("phone"))),
        Err(Error::LabelTaken)
    ));
}

#[test]
fn only_what_is_pending_is_confirmed() {
    let Login {
        mfa,
        secret,
        device,
        ..
    } = Login::new(MemoryStore::new());
    let code = code(&secret, NOW, 0);
    assert!(matches!(
        run(mfa.confirm(&alice(), device, code)),
        Err(Error::UnknownDevice)
    ));
    assert!(matches!(
        run(mfa.confirm(&alice(), "77".parse::<DeviceId>().unwrap(), code)),
        Err(Error::UnknownDevice)
    ));
    assert_eq!(device.to_string().parse(), Ok(device));
}

#[test]
fn an_enrollment_lasts_ten_minutes() {
    for (seconds, lasts) in [(600, true), (601, false)] {
        let Login {
            mfa, clock, proof, ..
        } = Login::new(MemoryStore::new());
        let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
        clock.advance(Duration::from_secs(seconds));
        let code = code(
            tablet.secret(),
            NOW.saturating_add(Duration::from_secs(seconds)),
            0,
        );
        match run(mfa.confirm(&alice(), tablet.device(), code)) {
            Ok(_) => assert!(lasts),
            Err(error) => assert!(
                !lasts && matches!(error, Error::EnrollmentExpired),
                "{error}"
            ),
        }
    }
}

#[test]
fn an_enrollment_takes_five_wrong_codes() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let tablet = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let wrong = wrong_code(tablet.secret(), NOW);
    for _ in 0..5 {
        assert_eq!(
            denial(run(mfa.confirm(&alice(), tablet.device(), wrong))),
            Denial::Mismatch
        );
    }
    let right = code(tablet.secret(), NOW, 0);
    assert!(matches!(
        run(mfa.confirm(&alice(), tablet.device(), right)),
        Err(Error::EnrollmentExpired)
    ));
    // It makes room: its label is free again, and its id is not given to another device.
    let again = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    assert!(again.device() > tablet.device());
}

#[test]
fn an_account_has_eight_devices_and_the_longest_waiting_one_makes_room() {
    let Login {
        mfa,
        device: phone,
        proof,
        ..
    } = Login::new(MemoryStore::new());
    let mut enrollments: Vec<_> = (2..=9)
        .map(|n| run(mfa.enroll_another(&proof, label(&format!("device {n}")))).unwrap())
        .collect();
    let ids: Vec<_> = run(mfa.status(&alice()))
        .unwrap()
        .devices()
        .iter()
        .map(|device| device.id())
        .collect();
    let made_room = enrollments.remove(0);
    assert_eq!(
        ids,
        [
            vec![phone],
            enrollments.iter().map(|one| one.device()).collect()
        ]
        .concat()
    );
    let right = code(made_room.secret(), NOW, 0);
    assert!(matches!(
        run(mfa.confirm(&alice(), made_room.device(), right)),
        Err(Error::UnknownDevice)
    ));

    for enrollment in &enrollments {
        run(mfa.confirm(
            &alice(),
            enrollment.device(),
            code(enrollment.secret(), NOW, 0),
        ))
        .unwrap();
    }
    assert!(matches!(
        run(mfa.enroll_another(&proof, label("tenth"))),
        Err(Error::TooManyDevices)
    ));
}

/// The same form, open twice.
#[test]
fn of_two_enrollments_with_one_label_one_is_confirmed() {
    let Login { mfa, proof, .. } = Login::new(MemoryStore::new());
    let [one, other] = [(); 2].map(|()| run(mfa.enroll_another(&proof, label("tablet"))).unwrap());
    run(mfa.confirm(&alice(), other.device(), code(other.secret(), NOW, 0))).unwrap();
    let result = run(mfa.confirm(&alice(), one.device(), code(one.secret(), NOW, 0)));
    assert!(matches!(result, Err(Error::LabelTaken)));
}

/// Two devices whose codes agree at a step: the code is credited once, and burned for both.
#[test]
fn a_code_that_two_devices_share_is_burned_for_both() {
    let (one, other) = secrets_with_the_same_code();
    let device =
        |name, secret: &Secret| NewDevice::totp(label(name)).with_secret(secret.duplicate());
    let (account, enrollment) = commit(
        Account::new(alice())
            .enroll(device("one", &one), NOW)
            .unwrap(),
    );
    let first = enrollment.unwrap().device();
    let (account, proof) = commit(account.confirm(first, code(&one, NOW, -1), NOW).unwrap());
    let attempt = account
        .enroll_another(proof.unwrap(), device("other", &other), NOW)
        .unwrap();
    let (account, enrollment) = commit(attempt);
    let (account, _) = commit(
        account
            .confirm(enrollment.unwrap().device(), code(&other, NOW, -1), NOW)
            .unwrap(),
    );

    let shared = code(&one, NOW, 0);
    assert_eq!(shared, code(&other, NOW, 0));
    let (account, verified) = commit(account.verify(shared, NOW).unwrap());
    assert_eq!(verified.unwrap().device(), first);
    assert!(matches!(
        verdict(account.verify(shared, NOW)),
        Err(Error::Denied(Denial::Replayed))
    ));
}

fn secrets_with_the_same_code() -> (Secret, Secret) {
    let secret = |seed: u32| Secret::from_bytes(&[seed.to_be_bytes(); 5].concat()).unwrap();
    let mut seen = std::collections::HashMap::new();
    for seed in 0_u32.. {
        if let Some(other) = seen.insert(code(&secret(seed), NOW, 0).to_string(), seed) {
            return (secret(other), secret(seed));
        }
    }
    unreachable!()
}

/// A store whose swaps fail, or lose, as told.
pub(crate) struct Faulty {
    inner: MemoryStore,
    fault: std::sync::Mutex<Option<Failure>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// The write is not made, and the store says so.
    ErrorBefore,
    /// The write is made, and the store fails to say so.
    ErrorAfter,
    /// Somebody else always wins.
    Lose,
    /// A receipt for other bytes.
    ForeignReceipt,
}

#[derive(Debug, thiserror::Error)]
#[error("the line is cut")]
pub(crate) struct Cut;

impl Faulty {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryStore::new(),
            fault: std::sync::Mutex::new(None),
        }
    }

    pub(crate) fn set(&self, fault: impl Into<Option<Failure>>) {
        *self.fault.lock().unwrap() = fault.into();
    }
}

impl Store for Faulty {
    type Error = Cut;

    async fn check(&self) -> Result<Report, Cut> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Cut> {
        Ok(self.inner.load(account).await.unwrap())
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Cut> {
        let fault = *self.fault.lock().unwrap();
        match fault {
            Some(Failure::ErrorBefore) => return Err(Cut),
            Some(Failure::Lose) => return Ok(Swap::Conflict),
            _ => {}
        }
        let swap = self.inner.swap(account, expected, next).await.unwrap();
        match fault {
            Some(Failure::ErrorAfter) => Err(Cut),
            Some(Failure::ForeignReceipt) => Ok(Swap::from_rows(&[0; 64], 1)),
            _ => Ok(swap),
        }
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Cut> {
        Ok(self.inner.remove(account, expected).await.unwrap())
    }
}

#[test]
fn no_verdict_without_a_commit() {
    let store = std::sync::Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    let code = code(&secret, NOW, 0);

    store.set(Failure::ErrorBefore);
    let error = run(mfa.verify(&alice(), code)).unwrap_err();
    assert!(matches!(error, Error::Store(_)));
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "the line is cut"
    );

    store.set(Failure::Lose);
    assert!(matches!(
        run(mfa.verify(&alice(), code)),
        Err(Error::Contended)
    ));

    // Nothing was written so far: the code still works.
    store.set(None);
    assert!(run(mfa.verify(&alice(), code)).is_ok());
}

#[test]
fn an_unknown_outcome_lets_nobody_in_and_burns_the_code() {
    let store = std::sync::Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    store.set(Failure::ErrorAfter);
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::Store(_))
    ));
    store.set(None);
    assert_eq!(
        denial(run(mfa.verify(&alice(), code(&secret, NOW, 0)))),
        Denial::Replayed
    );
}

#[test]
fn a_receipt_for_other_bytes_reveals_nothing() {
    let store = std::sync::Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    store.set(Failure::ForeignReceipt);
    assert!(matches!(
        run(mfa.verify(&alice(), code(&secret, NOW, 0))),
        Err(Error::ForeignReceipt)
    ));

    let account = Account::new(alice());
    let attempt = account.enroll(label("phone"), NOW).unwrap();
    // Not even sealed: no receipt fits, neither an empty one nor one for all zeros.
    assert!(matches!(
        attempt.reveal(receipt(&[])),
        Err(Error::ForeignReceipt)
    ));
}

#[test]
fn a_wrong_code_is_answered_only_when_its_charge_is_committed() {
    let store = std::sync::Arc::new(Faulty::new());
    let Login { mfa, secret, .. } = Login::new(std::sync::Arc::clone(&store));
    store.set(Failure::ErrorBefore);
    assert!(matches!(
        run(mfa.verify(&alice(), wrong_code(&secret, NOW))),
        Err(Error::Store(_))
    ));
}

#[test]
fn any_time_is_judged_without_a_panic() {
    for time in [
        0,
        1,
        29,
        30,
        59,
        u64::from(u32::MAX),
        u64::MAX - 30,
        u64::MAX - 1,
        u64::MAX,
    ] {
        let time = UnixTime::from_secs(time);
        let clock = std::sync::Arc::new(ManualClock::new(time));
        let mfa = Mfa::new(MemoryStore::new(), keyring()).with_clock(clock);
        let tablet = run(mfa.enroll(&alice(), label("tablet"))).unwrap();
        let code = secondfactor::codes::Totp::new(tablet.secret())
            .at(time)
            .unwrap();
        run(mfa.confirm(&alice(), tablet.device(), code)).unwrap();
        assert_eq!(denial(run(mfa.verify(&alice(), code))), Denial::Replayed);
    }
}

#[test]
fn status_tells_all_but_secrets() {
    let Login {
        mfa, clock, secret, ..
    } = Login::new(MemoryStore::new());
    clock.advance(STEP);
    let later = NOW.saturating_add(STEP);
    let device = |mfa: &Mfa<MemoryStore>| run(mfa.status(&alice())).unwrap().devices()[0].clone();
    assert_eq!(device(&mfa).last_used(), None);
    let verified = run(mfa.verify(&alice(), code(&secret, later, 0))).unwrap();
    assert_eq!(verified.age(later.saturating_add(STEP)), STEP);
    let phone = device(&mfa);
    assert_eq!(
        (phone.label().as_str(), phone.created(), phone.last_used()),
        ("phone", NOW, Some(later))
    );
    assert!(run(mfa.status(&alice())).unwrap().has_accepted_device());
}

#[test]
fn debug_and_errors_hold_no_secret_and_no_code() {
    let Login {
        mfa,
        clock,
        secret,
        proof,
        ..
    } = Login::new(MemoryStore::new());
    let enrollment = run(mfa.enroll_another(&proof, label("tablet"))).unwrap();
    let attempt = Account::new(alice())
        .enroll(
            NewDevice::totp(label("phone")).with_secret(secret.duplicate()),
            NOW,
        )
        .unwrap();
    let account = Account::new(alice());
    let used = code(&secret, NOW, 0);
    let shown = [
        format!(
            "{enrollment:?} {:?}",
            enrollment.key_uri("Example", "alice")
        ),
        format!("{attempt:?} {account:?} {:?}", keyring()),
        format!("{:?}", run(mfa.verify(&alice(), used))),
        format!("{:?}", run(mfa.verify(&alice(), used))),
        format!("{:?}", run(mfa.status(&alice()))),
        format!("{clock:?}"),
    ]
    .join(" ");
    for secret in [&secret, enrollment.secret()] {
        assert!(!shown.contains(&*secret.expose_base32()));
        assert!(!shown.contains(&format!("{:?}", secret.expose_bytes())));
    }
    assert!(!shown.contains(&used.to_string()));
    assert!(shown.contains("Attempt(..) Account {"), "{shown}");
    assert!(format!("{mfa:?}").starts_with("Mfa { store: "));
}

/// Otherwise whoever sees one code knows a browser.
#[test]
fn a_cookie_does_not_follow_from_the_code() {
    let cookie = || {
        let secret = Secret::from_bytes(&[9; 20]).unwrap();
        let phone = NewDevice::totp(label("phone")).with_secret(secret.duplicate());
        let clock = std::sync::Arc::new(ManualClock::new(NOW));
        let mfa = Mfa::new(MemoryStore::new(), keyring()).with_clock(clock);
        let device = run(mfa.enroll(&alice(), phone)).unwrap().device();
        run(mfa.confirm(&alice(), device, code(&secret, NOW, -1))).unwrap();
        let submission = Submission::new(code(&secret, NOW, 0)).remember_browser(label("laptop"));
        let mut verified = run(mfa.verify(&alice(), submission)).unwrap();
        verified.take_browser_cookie().unwrap()
    };
    let (one, other) = (cookie(), cookie());
    assert_ne!(*one.expose_value(), *other.expose_value());
    assert!(format!("{one:?}").ends_with("value: CookieValue(..) }"));
}

#[test]
fn ids_and_labels_lend_their_text() {
    let (id, label) = (account("user-1"), label("phone"));
    let lent: [&str; 2] = [id.as_ref(), label.as_ref()];
    assert_eq!(lent, ["user-1", "phone"]);
}

#[test]
fn the_id_of_the_beacon_comes_from_a_store_only() {
    let beacon = "\0secondfactor beacon";
    assert_eq!(AccountId::new(beacon), Err(AccountIdError::Reserved));
    assert_eq!(AccountId::from_stored(beacon).unwrap().as_str(), beacon);
    assert_eq!(AccountId::from_stored("user-1"), Ok(account("user-1")));
    assert_eq!(AccountId::from_stored(""), Err(AccountIdError::Empty));
    assert_eq!(AccountId::from_stored([0xff]), Err(AccountIdError::Utf8));
}

#[test]
fn ids_and_labels_have_limits() {
    assert_eq!(
        AccountId::new("").unwrap_err().to_string(),
        "the account id is empty"
    );
    assert_eq!(
        AccountId::new("x".repeat(1025)).unwrap_err().to_string(),
        "the account id has more than 1024 bytes"
    );
    assert!(AccountId::new("\u{1f980}\0 \n".repeat(100)).is_ok());
    assert_eq!(
        AccountId::new("x".repeat(1024)).unwrap().to_string(),
        "x".repeat(1024)
    );
    assert_eq!(
        Label::new("").unwrap_err().to_string(),
        "the label is empty"
    );
    assert_eq!(
        Label::new("x".repeat(65)).unwrap_err().to_string(),
        "the label has more than 64 characters"
    );
    assert!(Label::new("\u{1f980}".repeat(64)).is_ok());
    assert_eq!(label("a\u{200d}b").to_string(), "a\u{200d}b");
    assert!(Label::new("\u{2764}\u{fe0f}").is_ok());
    let invisible = [
        "\u{34f}",
        "pho\u{180b}ne",
        "phone\u{fe00}",
        "phone\u{fffb}",
        "\u{1d173}phone",
        "phone\u{e0061}",
    ];
    for text in [
        " phone",
        "phone ",
        "pho\nne",
        "\u{7f}",
        "\u{200c}\u{200d}",
        "\u{fe0f}",
    ]
    .into_iter()
    .chain(invisible)
    {
        let message = "the label has a control or invisible character, or a blank at an end";
        assert_eq!(Label::new(text).unwrap_err().to_string(), message);
    }
}

#[test]
fn futures_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let mfa = Mfa::new(MemoryStore::new(), keyring());
    let alice = alice();
    is_send(&mfa.verify(&alice, "123456".parse::<secondfactor::Code>().unwrap()));
    is_send(&mfa.enroll(&alice, label("phone")));
    fn proven<'a>(
        mfa: &'a Mfa<MemoryStore>,
        proof: &'a secondfactor::Proof,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'a {
        mfa.opt_out(proof)
    }
    let _ = proven;
    fn is_sync<T: Send + Sync>() {}
    is_sync::<Mfa<MemoryStore>>();
    is_sync::<Keyring>();
    is_sync::<Error>();
}
