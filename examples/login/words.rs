//! What the library says, in words for the person at the terminal.

use std::error::Error as StdError;

use secondfactor::account::{DeviceState, DeviceStatus, Fault, ProofKind, RecoveryCodeError};
use secondfactor::codes::{Clock, CodeError, SystemClock, UnixTime};
use secondfactor::{AccountId, Denial, Error, Event, Proof};

use crate::terminal::say;

pub(crate) const NEEDS_CODE: &str =
    "Log in again, with a code: a password alone changes nothing of your second factor";

/// What to do about an error, by its code.
const ADVICE: [(&str, &str); 5] = [
    (
        "disabled",
        "Too many wrong codes of this kind: log in with the other kind, a device's code or a recovery code, or ask for help",
    ),
    (
        "not_enrolled",
        "There is no second factor here: if you had one, ask for help",
    ),
    ("proof_required", NEEDS_CODE),
    (
        "stale",
        "Your code is too long ago, or its device has ended: log in again",
    ),
    (
        "last_device",
        "That is your last device: enroll another one first, or type optout",
    ),
];

/// The error in a sentence, with what to do.
pub(crate) fn explain(error: &(dyn StdError + 'static)) -> String {
    if let Some(error) = error.downcast_ref::<Error>() {
        explain_second_factor(error)
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
        if let Some(wait) = denial.retry_after(SystemClock.now()) {
            return format!(
                "Too many wrong codes: try again in {}",
                span(wait.as_secs())
            );
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

const fn mistyped_code(error: CodeError) -> &'static str {
    match error {
        CodeError::TooShort { .. } => "A code has 6 to 8 digits, this has fewer",
        CodeError::TooLong { .. } => "A code has 6 to 8 digits, this has more",
        _ => "A code has digits only",
    }
}

const fn mistyped_recovery_code(error: RecoveryCodeError) -> &'static str {
    match error {
        RecoveryCodeError::TooShort { .. } => "A recovery code has 25 symbols, this has fewer",
        RecoveryCodeError::TooLong { .. } => "A recovery code has 25 symbols, this has more",
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

pub(crate) fn device_line(device: &DeviceStatus, now: UnixTime) -> String {
    let state = match device.state() {
        DeviceState::Active => "active",
        DeviceState::Suspended => "suspended",
        DeviceState::Retiring { .. } => "rotated, works for a while",
        DeviceState::Pending { .. } => "not yet confirmed",
        _ => "unknown",
    };
    let enrolled = ago(device.created(), now);
    let used = match device.last_used() {
        Some(at) => format!("last used {}", ago(at, now)),
        None => "not yet used".to_owned(),
    };
    format!(
        "  {}: {state}, enrolled {enrolled}, {used}{}",
        device.label(),
        clock(device)
    )
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

fn ago(at: UnixTime, now: UnixTime) -> String {
    match now.saturating_since(at).as_secs() {
        0..60 => "just now".to_owned(),
        secs => format!("{} ago", span(secs)),
    }
}

/// Rounded up, so that nobody comes back too early.
fn span(secs: u64) -> String {
    let (count, unit) = match secs {
        0..=120 => (secs, "second"),
        121..=7_200 => (secs.div_ceil(60), "minute"),
        7_201..=172_800 => (secs.div_ceil(3_600), "hour"),
        _ => (secs.div_ceil(86_400), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// What the owner must hear of, as it happens. The rest belongs in a log.
pub(crate) fn tell_owner(_: &AccountId, _: UnixTime, event: &Event) {
    let told = match event {
        Event::Locked { failures, .. } => say(format_args!(
            "To the owner: {failures} wrong codes in a row."
        )),
        Event::Disabled => {
            say("To the owner: a hundred wrong codes in a row, no more are accepted.")
        }
        Event::ReplayRefused => say("To the owner: a used code was tried again."),
        Event::Verified {
            after_lock: true,
            failures_before,
            ..
        } => say(format_args!(
            "To the owner: this login came after {failures_before} wrong codes."
        )),
        _ => Ok(()),
    };
    // If nobody reads, the answer that follows says so.
    drop(told);
}
