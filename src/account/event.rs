//! What happened to an account, for its log and its owner. No secret, code or key is in it.

mod table;

use std::time::Duration;

use super::actor::Actor;
use super::browser::id::BrowserId;
use super::device::id::DeviceId;
use super::diagnosis::Diagnosis;
use super::label::Label;
use super::voucher::Voucher;
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::sealing::KeyId;

/// Says what happened to an account.
///
/// [`Mfa::on_event`](crate::Mfa::on_event) gets each one after it is committed.
/// [`code`](Self::code) is a stable name for a log. [`notify_owner`](Self::notify_owner) says which
/// ones the owner must hear of, by another way than the login.
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use secondfactor::{AccountId, Event, Keyring, Label, Mfa, SealingKey, store::MemoryStore};
///
/// # pollster::block_on(async {
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&log);
/// let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?))
///     .on_event(move |account, at, event| {
///         sink.lock().unwrap().push(format!("{} {account} {}", at.as_secs(), event.code()));
///         if event.notify_owner() {
///             // .. mail them, with what to do if it was not them ..
///         }
///     });
/// let _enrollment = mfa.enroll(&AccountId::new("alice")?, Label::new("phone")?).await?;
/// assert!(log.lock().unwrap()[0].ends_with("alice enrollment_begun"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "event", rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Event {
    /// A device was enrolled and is to be confirmed.
    #[non_exhaustive]
    EnrollmentBegun {
        /// This is the device.
        device: DeviceId,
    },
    /// A device that is to be confirmed showed a wrong code.
    #[non_exhaustive]
    ConfirmationFailed {
        /// This is the device.
        device: DeviceId,
        /// This seems to be wrong, if anything does.
        diagnosis: Option<Diagnosis>,
    },
    /// A device was confirmed: its codes are accepted from now on.
    #[non_exhaustive]
    DeviceConfirmed {
        /// This is the device.
        device: DeviceId,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
    },
    /// A secret was rotated, and the new device is confirmed. [`DeviceConfirmed`](Self::DeviceConfirmed) tells it too.
    #[non_exhaustive]
    Rotated {
        /// This device ends.
        old: DeviceId,
        /// This device takes its place.
        new: DeviceId,
        /// This is what its owner called the old one. The new one has it, or the one that it was
        /// given since it was begun.
        label: Label,
        /// The old one ends at this time.
        ends: UnixTime,
    },
    /// A rotated secret is past its grace and gone.
    #[non_exhaustive]
    Retired {
        /// This is the device.
        device: DeviceId,
        /// This is what its owner called it. Nothing else knows the label any longer.
        label: Label,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
    },
    /// A disabled account was bound again, and the device confirmed now is its only one.
    #[non_exhaustive]
    Rebound {
        /// This is the device.
        device: DeviceId,
    },
    /// A code was verified.
    #[non_exhaustive]
    Verified {
        /// This device showed it.
        device: DeviceId,
        /// So many wrong codes in a row came before it.
        failures_before: u32,
        /// This says whether the free tries were used up before.
        after_lock: bool,
        /// The device was idle for so long, or `None` if it was never used before.
        idle: Option<Duration>,
        /// It came from this browser, which was known before, or from a stranger.
        browser: Option<BrowserId>,
    },
    /// A submission came again in the same session, form and minute, and got the same answer.
    #[non_exhaustive]
    AnsweredAgain {
        /// This device showed the code, or it is `None` for a recovery code.
        device: Option<DeviceId>,
    },
    /// A wrong code was judged.
    #[non_exhaustive]
    Mismatch {
        /// So many were wrong in a row on its side, this one included.
        failures: u32,
        /// It came from this known browser, or from a stranger.
        browser: Option<BrowserId>,
    },
    /// A right code was refused, as it was used before: it was typed twice, or somebody saw it.
    #[non_exhaustive]
    ReplayRefused {
        /// This says whether the owner is to hear of it. They hear once of a step or counter, and no
        /// longer of earlier ones: the record remembers how far they were told, and does not grow.
        is_first: bool,
    },
    /// A code came too early after wrong ones, and was not judged.
    #[non_exhaustive]
    Throttled {
        /// From this time on a code is judged.
        retry_at: UnixTime,
    },
    /// A wrong code began a wait, on its side only. It comes after [`Mismatch`](Self::Mismatch), and the code that closes a
    /// side is told by that event alone. The wait of recovery codes is told by no event of its own.
    #[non_exhaustive]
    Locked {
        /// So many were wrong in a row on its side.
        failures: u32,
        /// From this time on a code is judged again.
        until: UnixTime,
        /// It came from this known browser, or from a stranger.
        browser: Option<BrowserId>,
    },
    /// There were too many wrong codes in a row from strangers, so none of theirs is judged any longer.
    /// Codes from known browsers are, if there are any.
    Disabled,
    /// There were too many wrong codes in a row from known browsers, so they are strangers until one of
    /// them verifies.
    KnownBrowsersClosed,
    /// There were ten wrong codes in a row from a known browser, so it is a stranger until it verifies.
    /// Somebody may have its cookie and the password.
    #[non_exhaustive]
    BrowserClosed {
        /// This is the browser.
        browser: BrowserId,
        /// This is what the application called it.
        label: Label,
    },
    /// A browser is known from now on.
    #[non_exhaustive]
    BrowserRemembered {
        /// This is the browser.
        browser: BrowserId,
        /// This is what the application called it.
        label: Label,
    },
    /// A browser is no longer known.
    #[non_exhaustive]
    BrowserForgotten {
        /// This is the browser.
        browser: BrowserId,
        /// This is what the application called it. Nothing else knows the label any longer.
        label: Label,
    },
    /// A browser is trusted to do without a code.
    #[non_exhaustive]
    BrowserTrusted {
        /// This is the browser.
        browser: BrowserId,
        /// The trust ends at this time, if nothing ends it before.
        until: UnixTime,
    },
    /// A trusted browser did without a code at a login.
    #[non_exhaustive]
    Recognized {
        /// This is the browser.
        browser: BrowserId,
    },
    /// The application changed the password, and said so. The other browsers are forgotten, and codes
    /// from strangers are judged again.
    PasswordChanged,
    /// A code was refused, as none is judged any longer.
    RefusedDisabled,
    /// A wrong code belongs to a device whose clock is off. The device needs a resynchronization.
    ///
    /// It is a code of an hour and two steps around where the clock is taken to be, used or not. So an old code that comes
    /// again can look like this too.
    #[non_exhaustive]
    DriftSuspected {
        /// This is the device.
        device: DeviceId,
        /// It is off by so many steps more than are allowed for, which are positive if its clock is
        /// fast.
        steps: i64,
    },
    /// A device's clock is now taken to be one step further off.
    #[non_exhaustive]
    DriftMoved {
        /// This is the device.
        device: DeviceId,
        /// It is taken to be off by so many steps, which are positive if its clock is fast.
        steps: i64,
    },
    /// A device was resynchronized by two codes in a row. If its offset ends as no login confirms it,
    /// no event tells that.
    #[non_exhaustive]
    Resynchronized {
        /// This is the device.
        device: DeviceId,
    },
    /// Two codes were refused, as they are not two in a row of the device.
    #[non_exhaustive]
    ResyncFailed {
        /// This is the device.
        device: DeviceId,
    },
    /// A device got another label, or a rotation of it did with it: each is told.
    #[non_exhaustive]
    Renamed {
        /// This is the device.
        device: DeviceId,
        /// It was called so before.
        before: Label,
        /// It is called so now.
        label: Label,
    },
    /// A device was suspended. Its codes are refused until it is resumed.
    #[non_exhaustive]
    Suspended {
        /// This is the device.
        device: DeviceId,
        /// This says who issued the present recovery codes, which still work.
        codes_by: Option<Voucher>,
    },
    /// A suspended device was resumed.
    #[non_exhaustive]
    Resumed {
        /// This is the device.
        device: DeviceId,
    },
    /// A device was revoked, and its secret is gone.
    #[non_exhaustive]
    Revoked {
        /// This is the device.
        device: DeviceId,
        /// This is what its owner called it. Nothing else knows the label any longer.
        label: Label,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
    },
    /// A pending device has ended: its time or tries were used up, or what it rested on has ended.
    #[non_exhaustive]
    EnrollmentEnded {
        /// This is the device.
        device: DeviceId,
        /// This is what its owner called it. Nothing else knows the label any longer.
        label: Label,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
    },
    /// The owner said which devices are in their hands. Everything else has ended, each with an
    /// event before this one.
    #[non_exhaustive]
    KeptOnly {
        /// So many devices were kept.
        devices: usize,
    },
    /// An operator has imported a device, which is active at once.
    #[non_exhaustive]
    Imported {
        /// This is the device.
        device: DeviceId,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
        /// This operator did it.
        actor: Actor,
    },
    /// A device was revoked without proof of a second factor, by an operator.
    #[non_exhaustive]
    RevokedUnproven {
        /// This is the device.
        device: DeviceId,
        /// This is what its owner called it. Nothing else knows the label any longer.
        label: Label,
        /// It came with this serial number, if it is a hardware token.
        serial: Option<String>,
        /// This operator did it.
        actor: Actor,
    },
    /// The account has opted out, and nothing is remembered of it.
    OptedOut,
    /// The account was opted out without proof of a second factor, by an operator.
    #[non_exhaustive]
    OptedOutUnproven {
        /// This operator did it.
        actor: Actor,
    },
    /// An operator has set the failures in a row back, of codes and of recovery codes.
    #[non_exhaustive]
    UnlockedUnproven {
        /// This operator did it.
        actor: Actor,
    },
    /// An operator moves the account to another id, and nothing is accepted under this one any
    /// longer.
    #[non_exhaustive]
    MovedAway {
        /// This is its new id.
        to: AccountId,
        /// This operator did it.
        actor: Actor,
    },
    /// An operator has moved the account to this id.
    #[non_exhaustive]
    MovedHere {
        /// This was its id before.
        from: AccountId,
        /// This operator did it.
        actor: Actor,
    },
    /// New recovery codes were issued, and earlier ones are void.
    #[non_exhaustive]
    RecoveryCodesIssued {
        /// So many were issued.
        count: usize,
    },
    /// Recovery codes or redemptions ended before their time. Codes that new ones replace are told by
    /// [`RecoveryCodesIssued`](Self::RecoveryCodesIssued) alone.
    #[non_exhaustive]
    RecoveryCodesVoided {
        /// So many unused codes are void.
        codes: usize,
        /// So many redemptions no longer prove anything.
        redemptions: usize,
    },
    /// A recovery code was redeemed.
    #[non_exhaustive]
    Recovered {
        /// So many are left.
        codes_left: usize,
    },
    /// A wrong recovery code or temporary code was judged.
    #[non_exhaustive]
    RecoveryMismatch {
        /// So many were wrong in a row.
        failures: u32,
    },
    /// There were too many wrong recovery codes in a row, or temporary ones, so none of the kind is judged until new ones
    /// are issued.
    RecoveryDisabled,
    /// An operator has issued a temporary code, which is redeemed once until it ends.
    #[non_exhaustive]
    TemporaryCodeIssued {
        /// It ends at this time.
        ends: UnixTime,
        /// This operator did it.
        actor: Actor,
    },
    /// The temporary code was redeemed.
    TemporaryCodeRedeemed,
    /// An operator has withdrawn the temporary code.
    #[non_exhaustive]
    TemporaryCodeWithdrawn {
        /// This operator did it.
        actor: Actor,
    },
    /// The temporary code has ended, by its time or by what the owner did. Its redemption has ended too, except where new
    /// recovery codes were issued by it.
    TemporaryCodeEnded,
    /// The record is sealed by another key now.
    #[non_exhaustive]
    Resealed {
        /// This key sealed it before.
        from: KeyId,
        /// This key seals it now.
        to: KeyId,
    },
    /// A call was dropped, or its store failed, after its write had begun. The write is done or
    /// not.
    #[non_exhaustive]
    Interrupted {
        /// It may be that these have happened. If the write is done, nothing else tells them.
        events: Vec<Event>,
    },
    /// The account's record does not open by these keys, or makes no sense. An operator must look
    /// at it.
    Unreadable,
    /// The server's clock shows an earlier time than it did at the last change.
    #[non_exhaustive]
    ClockRegressed {
        /// This is the time of the last change.
        last: UnixTime,
    },
}
