//! Records that were written once, in `tests/records`: every release opens them, and understands them as they were meant.
//!
//! `SECONDFACTOR_WRITE_RECORDS=1 cargo test --all-features --test account recorded` writes those that are not there. One
//! that was part of a release is never written again. A release that adds a field adds a record.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use secondfactor::account::{Account, DeviceId, Lock, PendingDevice, Submission, VouchedBy};
use secondfactor::codes::{
    Algorithm, Counter, Digits, Hotp, ManualClock, Parameters, Period, Secret, Totp,
};
use secondfactor::store::{MemoryStore, Store};
use secondfactor::{Error, Mfa, NewDevice, Policy, RecoveryCodes, Verified};

use crate::record_checks::unseal;
use crate::support::*;

/// The bytes of a file there. If it is not there and may be written, `write` says what it holds.
pub(crate) fn recorded(name: &str, write: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/records")
        .join(name);
    if !path.exists() && std::env::var_os("SECONDFACTOR_WRITE_RECORDS").is_some() {
        fs::write(&path, write()).unwrap();
    }
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The phone of each record has this secret.
fn secret() -> Secret {
    Secret::from_bytes(b"12345678901234567890").unwrap()
}

fn in_form<C>(code: C) -> Submission<C> {
    let form = "0123456789abcdef0123456789abcdef".parse().unwrap();
    Submission::new(code)
        .with_form(b"the session's id", form)
        .unwrap()
}

/// An account whose phone was confirmed by the code of the step before `NOW`, and has shown that of
/// `NOW` at a login. The clock went back once before that.
fn write(what_else: impl FnOnce(&Mfa<Arc<MemoryStore>>, &Verified)) -> Vec<u8> {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(NOW));
    let policy = Policy::builder().trust(TRUST).build().unwrap();
    let mfa = Mfa::new(Arc::clone(&store), keyring())
        .with_clock(Arc::clone(&clock))
        .with_policy(policy);
    let phone = NewDevice::totp(label("phone")).with_secret(secret());
    let phone = run(mfa.enroll(&alice(), phone)).unwrap().device();
    clock.advance(STEP);
    run(mfa.danger_unlock_unproven(&alice(), &operator())).unwrap();
    clock.set(NOW);
    run(mfa.confirm(&alice(), phone, code(&secret(), NOW, -1))).unwrap();
    let used = code(&secret(), NOW, 0);
    let verified = run(mfa.verify(&alice(), in_form(used))).unwrap();
    let _replayed = run(mfa.verify(&alice(), used)).unwrap_err();
    what_else(&mfa, &verified);
    run(store.load(&alice())).unwrap().unwrap().body().to_vec()
}

fn token() -> Parameters {
    Parameters::hotp(Counter::new(7))
        .with_algorithm(Algorithm::Sha512)
        .with_digits(Digits::Eight)
}

fn watch() -> Parameters {
    Parameters::totp(Period::from_secs(60).unwrap())
        .with_algorithm(Algorithm::Sha256)
        .with_digits(Digits::Seven)
}

const TRUST: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

/// The one in which a rotation was begun.
const SESSION: &[u8] = b"session 8d2f";

/// Every field of a record has a value, but for those of [`write_visits`].
fn write_everything(mfa: &Mfa<Arc<MemoryStore>>, verified: &Verified) {
    let enroll = |name, parameters| {
        let new = NewDevice::with_parameters(label(name), parameters).unwrap();
        run(mfa.enroll_another(verified, new)).unwrap()
    };
    let tablet = enroll("tablet", Parameters::DEFAULT);
    run(mfa.confirm(&alice(), tablet.device(), code(tablet.secret(), NOW, 0))).unwrap();
    run(mfa.suspend(verified, tablet.device())).unwrap();

    let old_token = enroll("token", token());
    let (hotp, next) = Hotp::from_parameters(old_token.secret(), token()).unwrap();
    run(mfa.confirm(&alice(), old_token.device(), hotp.at(next))).unwrap();
    let grace = Policy::MAX_ROTATION_GRACE;
    let new_token = run(mfa.rotate(verified, old_token.device(), grace)).unwrap();
    let (hotp, next) = Hotp::from_parameters(new_token.secret(), new_token.parameters()).unwrap();
    run(mfa.confirm(&alice(), new_token.device(), hotp.at(next))).unwrap();

    // 59 steps slow, and then 57.
    let slow = enroll("watch", watch());
    let totp = Totp::from_parameters(slow.secret(), watch()).unwrap();
    let pair =
        |steps: [u32; 2]| steps.map(|steps| totp.at(NOW.saturating_sub(STEP * 2 * steps)).unwrap());
    run(mfa.confirm_pair(&alice(), slow.device(), pair([60, 59]))).unwrap();
    run(mfa.resync(&alice(), slow.device(), pair([58, 57]))).unwrap();

    let phone = verified.device().in_session(SESSION);
    let pending = run(mfa.rotate(verified, phone, Duration::from_secs(60))).unwrap();
    let wrong = wrong_code(pending.secret(), NOW);
    let in_session = pending.device().in_session(SESSION);
    let _refused = run(mfa.confirm(&alice(), in_session, wrong)).unwrap_err();
    for _ in 0..6 {
        let _refused = run(mfa.verify(&alice(), wrong_code(&secret(), NOW))).unwrap_err();
    }
    for _ in 0..2 {
        let _refused = run(mfa.resync(&alice(), verified.device(), [wrong; 2])).unwrap_err();
    }
    let codes = run(mfa.issue_recovery_codes(verified, None)).unwrap();
    let first = codes.iter().next().unwrap();
    let _recovered = run(mfa.redeem(&alice(), in_form(first))).unwrap();
    let other = RecoveryCodes::generate().unwrap();
    for code in other.iter().take(5) {
        let _refused = run(mfa.redeem(&alice(), code)).unwrap_err();
    }
}

/// The owner has a browser that is trusted, and a token with a serial number; an operator helped.
fn write_visits(mfa: &Mfa<Arc<MemoryStore>>, _: &Verified) {
    let next = Submission::new(code(&secret(), NOW, 1)).remember_browser(label("laptop"));
    let mut verified = run(mfa.verify(&alice(), next)).unwrap();
    let cookie = verified.take_browser_cookie().unwrap().expose_value();
    let browser = verified.browser().unwrap();
    run(mfa.trust_browser(&verified, browser, TRUST)).unwrap();
    #[cfg(feature = "csv")]
    {
        let file = b"10001001,6162636465666768696a6b6c6d6e6f7071727374,hotp";
        let mut tokens =
            secondfactor::provisioning::Token::read_csv(file, Parameters::DEFAULT).unwrap();
        let token = NewDevice::from_token(label("token"), &tokens.remove(0).unwrap()).unwrap();
        let _shown = run(mfa.enroll_another(&verified, token)).unwrap();
    }
    let wrong = Submission::new(wrong_code(&secret(), NOW)).in_browser(Some(&cookie));
    let _refused = run(mfa.verify(&alice(), wrong)).unwrap_err();
    run(mfa.danger_issue_temporary_code_unproven(&alice(), &operator(), HOUR)).unwrap();
}

fn visits() -> Vec<u8> {
    recorded("format-1-visits.bin", || write(write_visits))
}

fn one_active() -> Vec<u8> {
    recorded("format-1-one-active.bin", || write(|_, _| {}))
}

fn everything() -> Vec<u8> {
    recorded("format-1-everything.bin", || write(write_everything))
}

fn open(sealed: &[u8]) -> Account {
    Account::open(&alice(), sealed, &keyring()).unwrap()
}

#[test]
fn recorded_records_open_and_are_written_as_they_were() {
    for sealed in [one_active(), everything(), visits()] {
        let again = open(&sealed).reseal(&keyring()).seal(&keyring()).unwrap();
        let plaintext = |sealed: &[u8]| unseal("alice", &[[7; 32]], sealed).unwrap();
        assert_eq!(plaintext(&again), plaintext(&sealed));
    }
}

#[test]
fn what_was_used_before_a_record_was_written_stays_used() {
    for steps in [-1, 0, 1] {
        let judged = open(&one_active()).verify(code(&secret(), NOW, steps), NOW);
        let is_right = judged.is_ok_and(|attempt| commit(attempt).1.is_ok());
        assert_eq!(is_right, steps == 1, "{steps} steps");
    }
}

#[test]
fn what_was_answered_before_a_record_was_written_is_answered_again() {
    let retry = |time| {
        let retried = open(&one_active()).verify(in_form(code(&secret(), NOW, 0)), time);
        verdict(retried).map(|verified| verified.at())
    };
    assert_eq!(retry(NOW.saturating_add(STEP)).unwrap(), NOW);
    assert!(retry(NOW.saturating_add(STEP * 2)).is_err());
}

#[test]
fn a_recorded_record_means_what_it_meant() {
    let account = open(&everything());
    let status = account.status(NOW);
    let id = |device: u32| device.to_string().parse::<DeviceId>().unwrap();
    let next = |counter| {
        Parameters::hotp(Counter::new(counter))
            .with_algorithm(Algorithm::Sha512)
            .with_digits(Digits::Eight)
    };
    let (totp, until) = (
        Parameters::DEFAULT,
        NOW.saturating_add(Policy::MAX_ROTATION_GRACE),
    );
    let retiring = format!("Retiring {{ until: {until:?} }}");
    let pending = format!("Pending {{ replaces: Some({:?}) }}", id(1));
    let expected = [
        (1, "phone", totp, "Active", 0),
        (2, "tablet", totp, "Suspended", 0),
        (3, "token", next(8), &retiring, 0),
        (4, "token", next(1), "Active", 0),
        (5, "watch", watch(), "Active", -57),
        (6, "phone", totp, &pending, 0),
    ];
    assert_eq!(status.devices().len(), expected.len());
    for (device, expected) in status.devices().iter().zip(expected) {
        let (number, label, parameters, state, drift) = expected;
        assert_eq!((device.id(), device.label().as_str()), (id(number), label));
        let (seen, vouched_by) = (shown(device.state()), shown(device.vouched_by().by()));
        assert_eq!((device.parameters(), seen.as_str()), (parameters, state));
        let voucher = if number == 1 {
            "Nobody"
        } else {
            "Device(DeviceId(1))"
        };
        assert_eq!(
            (vouched_by.as_str(), device.vouched_by().at()),
            (voucher, NOW)
        );
        assert_eq!((device.drift(), device.created()), (drift, NOW));
        assert_eq!(device.last_used(), (number == 1).then_some(NOW));
    }
    // The drift is provisional, beside what the confirmation found.
    let next_day = NOW.saturating_add(STEP * 2 * 60 * 24).saturating_add(STEP);
    assert_eq!(account.status(next_day).devices()[4].drift(), -59);
    let wait = Lock::Until(NOW.saturating_add(STEP));
    assert_eq!((status.lock(), status.recovery_lock()), (wait, wait));
    assert_eq!(status.recovery_codes_left(), 9);
    let codes_by = status.recovery_codes_by().unwrap().by();
    assert_eq!(codes_by, VouchedBy::Device(id(1)));
    let pair = [1, 2].map(|steps| code(&secret(), NOW, steps));
    let throttled = account.resync(id(1), pair, NOW).unwrap_err();
    assert_eq!(throttled.code(), "throttled");
}

#[test]
fn a_recorded_browser_is_known_and_a_temporary_code_runs() {
    let policy = Policy::builder().trust(TRUST).build().unwrap();
    let status = open(&visits()).with_policy(policy).status(NOW);
    let [laptop] = status.browsers() else {
        panic!("{:?}", status.browsers());
    };
    assert_eq!(laptop.label().as_str(), "laptop");
    assert_eq!(laptop.device(), Some(status.devices()[0].id()));
    assert_eq!((laptop.last_used(), laptop.is_closed()), (NOW, false));
    assert_eq!(laptop.trusted_until(), Some(NOW.saturating_add(TRUST)));
    assert_eq!(status.devices()[1].serial(), Some("10001001"));
    assert_eq!(
        status.temporary_code_until(),
        Some(NOW.saturating_add(HOUR))
    );
}

#[test]
fn what_a_recorded_record_began_is_confirmed_where_it_was_begun() {
    let pending: DeviceId = "6".parse().unwrap();
    let confirm = |device: PendingDevice| {
        let wrong = "000000".parse::<secondfactor::Code>().unwrap();
        open(&everything()).confirm(device, wrong, NOW)
    };
    for elsewhere in [pending.into(), pending.in_session(b"another")] {
        assert!(matches!(confirm(elsewhere), Err(Error::UnknownDevice)));
    }
    let denied = commit(confirm(pending.in_session(SESSION)).unwrap()).1;
    assert!(matches!(denied, Err(Error::Denied(_))));
}

/// What an account has, and neither secrets nor the hashes of recovery codes.
#[test]
fn an_account_shows_nothing_secret() {
    let shown = format!("{:?}", open(&everything()));
    let (devices, recovery) = shown.split_once("recovery: Some(").unwrap();
    let by = format!("Voucher {{ by: Device(DeviceId(1)), at: {NOW:?} }}");
    let start = format!("RecoverySet {{ vouched_by: {by}, redemptions: 1, codes: 9, throttle: ");
    assert!(recovery.starts_with(&start), "{recovery}");
    assert_eq!(devices.matches("Secret(..)").count(), 6);
    assert_eq!(devices.matches("credential: Credential(..)").count(), 7);
    assert!(devices.contains("answer: Some(Answer { left: 60s, at: "));
    assert!(!shown.contains("salt") && !shown.contains("hash"));
}
