//! What the library says, in words for people.

use std::time::Duration;

use secondfactor::account::{
    DeviceId, DeviceState, DeviceStatus, Diagnosis, LabelError, RecoveryCodeError, VouchedBy,
    Voucher, Wait,
};
use secondfactor::codes::{CodeError, UnixTime};
use secondfactor::sign_in::Requirement;
use secondfactor::{Denial, Error, Event, Status};
use time::OffsetDateTime;

use crate::problem::Problem;

/// A point in time: for machines, and for people by day and by distance.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) machine: String,
    /// "24 November 2026, 22:53 UTC".
    pub(crate) date: String,
    /// "3 minutes ago", "in 28 seconds"; nobody comes too early by it.
    pub(crate) distance: String,
    /// How long until then; 0 if it is past.
    pub(crate) seconds: u64,
}

impl Moment {
    pub(crate) fn new(at: UnixTime, now: UnixTime) -> Self {
        let date = i64::try_from(at.as_secs())
            .ok()
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let date = date.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = (date.year(), date.month(), date.day());
        let (hour, minute, second) = date.to_hms();
        let seconds = at.saturating_since(now).as_secs();
        let distance = if seconds > 0 {
            format!("in {}", Wait::from(Duration::from_secs(seconds)))
        } else {
            match now.saturating_since(at).as_secs() {
                0..45 => "just now".to_owned(),
                seconds => format!("{} ago", span(seconds)),
            }
        };
        Self {
            machine: format!(
                "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
                u8::from(month)
            ),
            date: format!("{day} {month} {year}, {hour:02}:{minute:02} UTC"),
            distance,
            seconds,
        }
    }
}

/// In the largest unit, rounded.
pub(crate) fn span(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "second"),
        MINUTE..HOUR => (rounded(seconds, MINUTE), "minute"),
        HOUR..DAY => (rounded(seconds, HOUR), "hour"),
        _ => (rounded(seconds, DAY), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

const fn rounded(seconds: u64, unit: u64) -> u64 {
    match seconds.saturating_add(unit.div_ceil(2)).checked_div(unit) {
        Some(count) => count,
        None => 0,
    }
}

/// What an owner demands of a user, and until when.
pub(crate) fn demanded(requirement: Requirement, now: UnixTime) -> Option<String> {
    match requirement {
        Requirement::Satisfied => None,
        Requirement::EnrollBy { deadline, .. } => {
            let by = Moment::new(deadline, now).date;
            Some(format!(
                "Your organisation demands a second factor of you, by {by}."
            ))
        }
        Requirement::Overdue => Some(
            "Your organisation demands a second factor of you. Nothing else opens until you have one."
                .to_owned(),
        ),
    }
}

/// What its owner knows a browser by, from what it says of itself: its own words, and perhaps those of a thief.
pub(crate) fn browser(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    let name = find(&BROWSERS).unwrap_or("A browser");
    find(&SYSTEMS).map_or_else(|| name.to_owned(), |system| format!("{name} on {system}"))
}

/// What a field's owner is told beside it.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) text: String,
    /// From when on to try again.
    pub(crate) retry: Option<Moment>,
}

impl<T: Into<String>> From<T> for Message {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            retry: None,
        }
    }
}

/// What the claimant is told of an error, by its code. Errors that are not here are not theirs.
///
/// A wrong code and a used one get the same answer: whoever looks over a shoulder must not learn that what they saw was
/// right.
const REFUSALS: [(&str, &str); 15] = [
    ("wrong_code", "That code is wrong, or was used already."),
    (
        "wrong_code_begins_wait",
        "That code is wrong, or was used already. There were too many wrong codes.",
    ),
    ("throttled", "Too many wrong codes."),
    (
        "disabled",
        "Too many wrong codes, so none is accepted. Use a recovery code, or ask the owner of your organisation; if that is you, whoever runs this site.",
    ),
    (
        "strangers_closed",
        "Too many wrong codes. Use a browser that is known here, and change your password there; or use a recovery code.",
    ),
    (
        "no_recovery_codes",
        "There are no recovery codes left. Ask the owner of your organisation to turn your second factor off; if that is you, whoever runs this site.",
    ),
    (
        "no_device",
        "You have no device any longer. Use a recovery code, and add a new one.",
    ),
    (
        "stale",
        "Your code was given too long ago, or what it rests on has ended. Give another one.",
    ),
    (
        "device_required",
        "A recovery code does not do for this. Give a code of a device, or add a new one.",
    ),
    ("enrollment_expired", "This took too long. Start over."),
    // What waited too long is dropped at the next change of the account, and is unknown then.
    (
        "unknown_device",
        "This took too long, or was begun in another browser. Start over.",
    ),
    (
        "label_taken",
        "You have a device of this name already. Give this one another name.",
    ),
    (
        "too_many_devices",
        "You have as many devices as there may be. Revoke one first.",
    ),
    (
        "last_device",
        "One device must stay. Add another one first, or turn the second factor off. If it was stolen, log in with a recovery code.",
    ),
    ("contended", "Too much happened at once. Try again."),
];

/// Why a code was not taken, if that is for the claimant to know.
pub(crate) fn refusal(error: Error, now: UnixTime) -> Result<Message, Problem> {
    let retry = match &error {
        Error::Denied(denial) => denial.retry_after(now),
        _ => None,
    };
    let text = match &error {
        Error::Denied(Denial::Unconfirmed(diagnosis)) => Some(wrong_device(*diagnosis)),
        error => refusal_text(error.code()).map(str::to_owned),
    };
    match text {
        Some(text) => Ok(Message {
            text,
            retry: retry.map(|wait| Moment::new(now.saturating_add(wait), now)),
        }),
        None => Err(error.into()),
    }
}

fn refusal_text(code: &str) -> Option<&'static str> {
    let (_, text) = REFUSALS.iter().find(|(known, _)| *known == code)?;
    Some(text)
}

/// The same for a recovery code. These are counted apart: what stops them does not stop the devices.
pub(crate) fn recovery_refusal(error: Error, now: UnixTime) -> Result<Message, Problem> {
    if let Error::Denied(Denial::Disabled) = error {
        return Ok("Too many wrong recovery codes, so none is accepted. Log in by a code of your device, and get new ones; or ask the owner of your organisation, and if that is you, whoever runs this site.".into());
    }
    refusal(error, now)
}

/// Why a session has ended, by the reason's code.
const ENDED: [(&str, &str); 7] = [
    ("half_too_old", "This took too long. Log in again."),
    ("repeat_over", "That page was too old. Log in again."),
    ("idle", "You were away for a while. Log in again."),
    ("too_old", "You were logged in for a day. Log in again."),
    ("from_the_future", "Our clock was wrong. Log in again."),
    (
        "code_needed",
        "Your account has a second factor now. Log in again.",
    ),
    (
        "proof_ended",
        "The device or the recovery codes that you logged in with have ended. Log in again.",
    ),
];

pub(crate) fn ended(code: &str) -> Option<&'static str> {
    let (_, text) = ENDED.iter().find(|(known, _)| *known == code)?;
    Some(text)
}

/// Two codes in a row confirm a device whose clock is off by an hour at most.
pub(crate) fn can_be_confirmed_by_two(diagnosis: Diagnosis) -> bool {
    match diagnosis {
        Diagnosis::ClockOff { steps, period } => {
            steps.unsigned_abs().saturating_mul(period.as_secs().into()) <= 3600
        }
        _ => false,
    }
}

fn wrong_device(diagnosis: Diagnosis) -> String {
    match diagnosis {
        Diagnosis::ClockOff { steps, period } => {
            let off = span(steps.unsigned_abs().saturating_mul(period.as_secs().into()));
            let way = if steps > 0 { "fast" } else { "slow" };
            let instead = match can_be_confirmed_by_two(diagnosis) {
                true => ", or give two codes in a row",
                false => "; its time zone too",
            };
            format!(
                "That code is wrong: your device's clock is about {off} {way}. Set it to automatic{instead}."
            )
        }
        diagnosis => format!("That code is wrong: {diagnosis}. Try another authenticator app."),
    }
}

pub(crate) const fn mistyped_code(error: CodeError) -> &'static str {
    match error {
        CodeError::Character { .. } => "A code has digits only.",
        CodeError::OtherDigits { .. } => "Type the digits 0 to 9: these are of another script.",
        CodeError::TooShort { .. } => "A code has six digits, this has fewer.",
        _ => "A code has six digits, this has more.",
    }
}

pub(crate) fn mistyped_recovery_code(error: RecoveryCodeError) -> String {
    match error {
        RecoveryCodeError::TooShort { symbols } => {
            format!("A recovery code has 25 letters and digits, this has {symbols}.")
        }
        RecoveryCodeError::TooLong { .. } => {
            "A recovery code has 25 letters and digits, this has more.".to_owned()
        }
        RecoveryCodeError::OtherDigits { .. } => {
            "Type the digits 0 to 9: these are of another script.".to_owned()
        }
        RecoveryCodeError::Character { .. } => {
            "That is no recovery code: there is a sign in it that none has.".to_owned()
        }
        _ => "There is a typo in it. Compare it with your list; this cost you no try.".to_owned(),
    }
}

pub(crate) const fn bad_label(error: LabelError) -> &'static str {
    match error {
        LabelError::Empty => "Give it a name.",
        LabelError::TooLong => "A name has at most 64 characters.",
        _ => "There is a character in it that can't be seen.",
    }
}

pub(crate) fn state(device: &DeviceStatus, now: UnixTime) -> String {
    match device.state() {
        DeviceState::Active => "active".to_owned(),
        DeviceState::Pending { .. } => "not confirmed yet".to_owned(),
        DeviceState::Suspended => "suspended".to_owned(),
        DeviceState::Retiring { until, .. } => {
            format!("replaced, ends {}", Moment::new(until, now).distance)
        }
        _ => "unknown".to_owned(),
    }
}

/// Who vouched, in words: "by ..".
pub(crate) fn voucher(voucher: Voucher, status: &Status) -> String {
    match voucher.by() {
        VouchedBy::Nobody => "your password alone".to_owned(),
        VouchedBy::RecoveryCode => "a recovery code".to_owned(),
        VouchedBy::Operator => "whoever runs this site".to_owned(),
        VouchedBy::Device(id) => match label(id, status) {
            Some(label) => format!("the device \u{201c}{label}\u{201d}"),
            None => "a device that has ended".to_owned(),
        },
        _ => "somebody".to_owned(),
    }
}

fn label(id: DeviceId, status: &Status) -> Option<String> {
    let device = status.devices().iter().find(|device| device.id() == id);
    device.map(|device| device.label().to_string())
}

/// A login with a device that its owner has not used for so long is told as such.
const LONG_IDLE: Duration = Duration::from_secs(30 * 24 * 3600);

/// What happened, for the owner's list. What an attacker could repeat at will without a write is left to the log, or it
/// would push the rest out of the list. No device by its name: the list is in clear, and names are sealed with the record.
pub(crate) fn event(event: &Event) -> Option<String> {
    let text = match event {
        Event::EnrollmentBegun { .. } => {
            "A new device was enrolled. Its codes are accepted once it is confirmed."
        }
        Event::ConfirmationFailed { .. } => "A new device showed a wrong code.",
        Event::DeviceConfirmed { .. } => {
            "A device was confirmed. Its codes are accepted from now on."
        }
        Event::Rotated { label, .. } => {
            return Some(format!(
                "The device \u{201c}{label}\u{201d} has a new key. If that was not you, another device has its name now."
            ));
        }
        Event::Rebound { .. } => {
            "The account was bound to a new device alone, after too many wrong codes."
        }
        Event::Verified {
            failures_before, ..
        } if event.notify_owner() => {
            return Some(format!(
                "A code was accepted, after {failures_before} wrong ones. Was that you?"
            ));
        }
        Event::Verified {
            idle: Some(idle), ..
        } if *idle >= LONG_IDLE => {
            return Some(format!(
                "A code was accepted, of a device that was not used for {}.",
                span(idle.as_secs())
            ));
        }
        Event::Verified { .. } => "A code was accepted.",
        Event::Mismatch { .. } => "A wrong code.",
        Event::ReplayRefused { is_first: true, .. } => {
            "A code was tried a second time. If you did not type it twice, somebody saw it."
        }
        Event::Locked { failures, .. } => {
            return Some(format!(
                "{failures} wrong codes in a row: whoever types them knows your password. Change it, if that was not you."
            ));
        }
        Event::Disabled => {
            "Too many wrong codes in a row: none is accepted, but from known browsers."
        }
        Event::KnownBrowsersClosed => {
            "Too many wrong codes came from known browsers. They are strangers for now: change your password."
        }
        Event::BrowserClosed { label, .. } => {
            return Some(format!(
                "Ten wrong codes in a row came from \u{201c}{label}\u{201d}. If that was not you, change your password."
            ));
        }
        Event::BrowserRemembered { label, .. } => {
            return Some(format!(
                "The browser \u{201c}{label}\u{201d} is known from now on."
            ));
        }
        Event::BrowserForgotten { label, .. } => {
            return Some(format!(
                "The browser \u{201c}{label}\u{201d} is no longer known."
            ));
        }
        Event::BrowserTrusted { .. } => "A browser may do without a code for a time.",
        Event::Recognized { .. } => "A trusted browser did without a code.",
        Event::PasswordChanged => "Your password was changed. Other browsers are forgotten.",
        Event::DriftSuspected { .. } => "A device's clock seems to be off.",
        Event::Resynchronized { .. } => "A device's clock was allowed for, by two codes in a row.",
        Event::ResyncFailed { .. } => "Two codes were not two in a row of the device.",
        Event::Renamed { .. } => "A device has another name.",
        Event::Suspended {
            device, codes_by, ..
        } if has_issued(*device, *codes_by) => {
            "A device was suspended. It has issued your recovery codes, which still work: get new ones."
        }
        Event::Suspended { .. } => "A device was suspended.",
        Event::Resumed { .. } => "A device works again.",
        Event::Revoked { .. } | Event::RevokedUnproven { .. } => "A device was revoked.",
        Event::Retired { .. } => "The replaced key of a device has ended.",
        Event::EnrollmentEnded { .. } => "A new device has ended before it was confirmed.",
        Event::KeptOnly { devices, .. } => {
            return Some(format!(
                "You said which devices are in your hands ({devices}). Everything else has ended."
            ));
        }
        Event::MovedHere { .. } => "Whoever runs this site gave your account another id.",
        Event::Imported { .. } => "Whoever runs this site added a device that you have.",
        Event::OptedOut => "The second factor was turned off.",
        Event::OptedOutUnproven { .. } => {
            "The owner of your organisation, or whoever runs this site, turned your second factor off."
        }
        Event::UnlockedUnproven { .. } => "Wrong codes were forgiven.",
        Event::RecoveryCodesIssued { count, .. } => {
            return Some(format!(
                "{count} new recovery codes; earlier ones are void."
            ));
        }
        Event::RecoveryCodesVoided { codes: 0, .. } => {
            "A recovery code that was used no longer proves anything."
        }
        Event::RecoveryCodesVoided { codes, .. } => {
            return Some(format!("{codes} recovery codes are void."));
        }
        Event::Recovered { codes_left, .. } => {
            return Some(format!("A recovery code was used; {codes_left} are left."));
        }
        Event::RecoveryMismatch { .. } => "A wrong recovery code.",
        Event::RecoveryDisabled => "Too many wrong recovery codes: all are void.",
        Event::TemporaryCodeIssued { .. } => {
            "Whoever runs this site made a temporary code for you, to log in without your device."
        }
        Event::TemporaryCodeRedeemed => "The temporary code was used.",
        Event::TemporaryCodeWithdrawn { .. } => {
            "Whoever runs this site took the temporary code back."
        }
        // Whoever breaks a connection at the right moment must not keep a change from its owner.
        Event::Interrupted { events, .. } => {
            let told: Vec<String> = events.iter().filter_map(self::event).collect();
            return (!told.is_empty()).then(|| {
                format!(
                    "A call was cut off. It may be that this has happened: {} Look at your devices and codes.",
                    told.join(" ")
                )
            });
        }
        // `Unreadable` comes with every page: it is for the log.
        _ => return None,
    };
    Some(text.to_owned())
}

fn has_issued(device: DeviceId, codes_by: Option<Voucher>) -> bool {
    codes_by.is_some_and(|voucher| voucher.by() == VouchedBy::Device(device))
}

#[cfg(test)]
mod tests {
    use secondfactor::sign_in::EndReason;

    use super::*;

    #[test]
    fn nobody_is_sent_to_what_has_just_refused_them() {
        let text = |refusal: fn(Error, UnixTime) -> Result<Message, Problem>| {
            refusal(Denial::Disabled.into(), UnixTime::from_secs(0))
                .ok()
                .map(|message| message.text)
                .unwrap_or_default()
        };
        assert!(text(refusal).contains("Use a recovery code"));
        assert!(text(recovery_refusal).contains("a code of your device"));
    }

    #[test]
    fn what_a_claimant_can_cause_is_told_to_them() {
        let now = UnixTime::from_secs(0);
        for error in [
            Denial::Mismatch.into(),
            Denial::Replayed.into(),
            Denial::Disabled.into(),
            Denial::NoDevice.into(),
            Error::DeviceRequired,
            Error::NoRecoveryCodes,
            Error::EnrollmentExpired,
            Error::UnknownDevice,
            Error::LabelTaken,
            Error::TooManyDevices,
            Error::LastDevice,
            Error::Contended,
        ] {
            let code = error.code();
            assert!(refusal(error, now).is_ok(), "{code}");
        }
    }

    #[test]
    fn each_end_of_a_session_has_a_reason() {
        for reason in [
            EndReason::HalfTooOld,
            EndReason::RepeatOver,
            EndReason::Idle,
            EndReason::TooOld,
            EndReason::FromTheFuture,
            EndReason::CodeNeeded,
            EndReason::ProofEnded,
        ] {
            assert!(ended(reason.code()).is_some(), "{reason}");
        }
        assert!(ended("<script>").is_none());
    }

    #[test]
    fn times_are_said_in_the_largest_unit() {
        let now = UnixTime::from_secs(1_795_562_124);
        let at = |seconds| Moment::new(UnixTime::from_secs(seconds), now);
        let said = [
            (1_795_562_152, "in 28 seconds"),
            (1_795_562_414, "in 5 minutes"),
            (1_795_562_215, "in 2 minutes"),
            (1_795_562_124, "just now"),
            (1_795_562_064, "1 minute ago"),
            (1_795_556_724, "2 hours ago"),
            (1_795_302_924, "3 days ago"),
        ];
        for (seconds, words) in said {
            assert_eq!(at(seconds).distance, words);
        }
        assert_eq!(at(1_795_562_124).date, "24 November 2026, 23:15 UTC");
        assert_eq!(at(1_795_562_124).machine, "2026-11-24T23:15:24Z");
        // No time is too far for words.
        assert_eq!(at(u64::MAX).date, "1 January 1970, 00:00 UTC");
    }
}
