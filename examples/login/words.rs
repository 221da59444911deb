//! What the library says, in words for the person at the terminal.

use std::error::Error as StdError;

use secondfactor::account::{
    DeviceId, DeviceState, DeviceStatus, Fault, ProofKind, RecoveryCodeError, VouchedBy, Voucher,
};
use secondfactor::codes::{Clock, CodeError, SystemClock, UnixTime};
use secondfactor::sealing::KeyFileError;
use secondfactor::{AccountId, Denial, Error, Event, Proof, Status};

use crate::dates::{ago, date, span};
use crate::terminal::say;

pub(crate) const NO_FACTOR: &str = "You have no second factor yet: type enroll";

/// What to do about an error, by its code.
const ADVICE: [(&str, &str); 9] = [
    (
        "disabled",
        "Too many wrong codes of this kind: log in with the other kind, a device's code or a recovery code, or ask for help",
    ),
    (
        "no_device",
        "You no longer have a device: log in with a recovery code, and enroll a new one",
    ),
    (
        "no_recovery_codes",
        "There are no recovery codes: log in with a code of a device, or ask for help",
    ),
    (
        "not_enrolled",
        "There is no second factor here: if you had one, ask for help",
    ),
    (
        "proof_required",
        "You have opted in elsewhere meanwhile: log in again, with a code",
    ),
    (
        "stale",
        "That code changes nothing, as its device was replaced or has ended: type the command again, and another code",
    ),
    (
        "last_device",
        "That is your last device: enroll another one first, or type optout. If it was stolen, log in with a recovery code",
    ),
    (
        "device_required",
        "A recovery code resumes no device: log in with a code of another device, or enroll a new one",
    ),
    (
        "unknown_device",
        "That is not possible for this device as it is: type status",
    ),
];

/// The error in a sentence, with what to do.
pub(crate) fn explain(error: &(dyn StdError + 'static)) -> String {
    let said = said(error);
    let mut characters = said.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

fn said(error: &(dyn StdError + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<Error>() {
        explain_second_factor(error)
    } else if let Some(KeyFileError::NoKey { .. }) = error.downcast_ref() {
        // What exactly is wrong with its text helps nobody.
        error.to_string()
    } else if let Some(error) = error.downcast_ref::<CodeError>() {
        mistyped_code(*error).to_owned()
    } else if let Some(error) = error.downcast_ref::<RecoveryCodeError>() {
        mistyped_recovery_code(*error).to_owned()
    } else {
        with_causes(error)
    }
}

fn explain_second_factor(error: &Error) -> String {
    if let Error::Denied(denial) = error {
        let now = SystemClock.now();
        if denial.retry_after(now).is_some() {
            return denial.text(now);
        }
    }
    let advice = ADVICE.iter().find(|(code, _)| *code == error.code());
    match (advice, error.fault()) {
        (Some((_, advice)), _) => (*advice).to_owned(),
        (None, Fault::Claimant) => explain_wrong_code(error),
        (None, Fault::Environment) => format!("Try again later: {}", with_causes(error)),
        (None, Fault::Operator) => format!("Ask for help: {}", with_causes(error)),
        (None, _) => with_causes(error),
    }
}

/// A used code is named as such here: at their own terminal, nobody else reads it.
fn explain_wrong_code(error: &Error) -> String {
    match error {
        Error::Denied(Denial::Replayed) => {
            "That code has been used, wait for the next one".to_owned()
        }
        Error::Denied(Denial::Unconfirmed(diagnosis)) => format!("Wrong code: {diagnosis}"),
        _ => "Wrong code".to_owned(),
    }
}

const OTHER_DIGITS: &str = "Type the digits 0 to 9, these are of another script";

const fn mistyped_code(error: CodeError) -> &'static str {
    match error {
        CodeError::TooShort { .. } => "A code has 6 to 8 digits, this has fewer",
        CodeError::TooLong { .. } => "A code has 6 to 8 digits, this has more",
        CodeError::OtherDigits { .. } => OTHER_DIGITS,
        _ => "A code has digits only",
    }
}

const fn mistyped_recovery_code(error: RecoveryCodeError) -> &'static str {
    match error {
        RecoveryCodeError::TooShort { .. } => "A recovery code has 25 symbols, this has fewer",
        RecoveryCodeError::TooLong { .. } => "A recovery code has 25 symbols, this has more",
        RecoveryCodeError::OtherDigits { .. } => OTHER_DIGITS,
        RecoveryCodeError::Character { .. } => "A recovery code has letters and digits only",
        _ => "A symbol of the recovery code is mistyped: compare it with your list",
    }
}

/// For whoever runs the program: the causes are those of the drivers.
fn with_causes(error: &dyn StdError) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence = format!("{sentence}: {error}");
        cause = error.source();
    }
    sentence
}

/// By what they are logged in beside the password.
pub(crate) const fn by(proof: &Proof) -> &'static str {
    match proof.kind() {
        ProofKind::Code => "code",
        ProofKind::RecoveryCode => "recovery code",
        _ => "code of a new device",
    }
}

/// What a device is, who vouched for it and when.
pub(crate) fn device_text(device: &DeviceStatus, status: &Status) -> String {
    let now = SystemClock.now();
    let state = match device.state() {
        DeviceState::Active => "active".to_owned(),
        DeviceState::Suspended => "suspended".to_owned(),
        DeviceState::Retiring { until, .. } => format!("rotated, logs in until {}", date(until)),
        DeviceState::Pending { .. } => "not yet confirmed".to_owned(),
        _ => "unknown".to_owned(),
    };
    let used = match device.last_used() {
        Some(at) => format!("last used {}", ago(at, now)),
        None => "not yet used".to_owned(),
    };
    format!(
        "{}: {state}, enrolled {}, {used}{}",
        device.label(),
        vouched(device.vouched_by(), status),
        clock(device)
    )
}

/// `None` if there are none.
pub(crate) fn recovery_codes_text(status: &Status) -> Option<String> {
    let by = vouched(status.recovery_codes_by()?, status);
    match status.recovery_codes_left() {
        0 => None,
        count => Some(format!("{count} recovery codes are left, issued {by}.")),
    }
}

fn vouched(voucher: Voucher, status: &Status) -> String {
    let label = |id| {
        let mut devices = status.devices().iter();
        devices
            .find(|device| device.id() == id)
            .map(DeviceStatus::label)
    };
    let by = match voucher.by() {
        VouchedBy::Nobody => "the password alone".to_owned(),
        VouchedBy::RecoveryCode => "a recovery code".to_owned(),
        VouchedBy::Operator => "an operator".to_owned(),
        VouchedBy::Device(id) => match label(id) {
            Some(label) => format!("the device \"{label}\""),
            None => "a device that has ended".to_owned(),
        },
        _ => "somebody".to_owned(),
    };
    format!("{}, by {by}", date(voucher.at()))
}

/// What is known of the device's clock.
fn clock(device: &DeviceStatus) -> String {
    let Some(period) = device.parameters().period().filter(|_| device.drift() != 0) else {
        return String::new();
    };
    let off = device
        .drift()
        .unsigned_abs()
        .saturating_mul(u64::from(period.as_secs()));
    let way = if device.drift() > 0 { "fast" } else { "slow" };
    format!(", its clock is {} {way}", span(off))
}

/// What the owner must hear of, as it happens. The rest belongs in a log.
pub(crate) fn tell_owner(_: &AccountId, _: UnixTime, event: &Event) {
    let told = match event {
        Event::Locked { failures, .. } => say(format_args!(
            "To the owner: {failures} wrong codes in a row."
        )),
        Event::Disabled => {
            say("To the owner: too many wrong codes in a row, no more are accepted.")
        }
        Event::ReplayRefused { is_first: true, .. } => {
            say("To the owner: a used code was tried again.")
        }
        Event::EnrollmentEnded { label, .. } => say(format_args!(
            "To the owner: the device \"{label}\" has ended. It was not yet confirmed."
        )),
        Event::Suspended {
            device, codes_by, ..
        } if issued(*device, *codes_by) => say(
            "To the owner: the suspended device has issued your recovery codes, which still work. Type codes for new ones.",
        ),
        Event::Verified {
            failures_before, ..
        } if event.notify_owner() => say(format_args!(
            "To the owner: this login came after {failures_before} wrong codes."
        )),
        _ => Ok(()),
    };
    // If nobody reads, the answer that follows says so.
    drop(told);
}

fn issued(device: DeviceId, codes_by: Option<Voucher>) -> bool {
    codes_by.is_some_and(|voucher| voucher.by() == VouchedBy::Device(device))
}
