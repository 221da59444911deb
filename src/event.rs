//! What happened to an account, for its log and for its owner: no secret, no code, no key.

use crate::account::{DeviceId, Diagnosis, Label};
use crate::{KeyId, UnixTime};

/// What happened to an account.
///
/// [`Mfa::on_event`](crate::Mfa::on_event) gets each one after it is committed. [`code`](Self::code) is a stable name for
/// a log; [`notify_owner`](Self::notify_owner) says which ones the owner must hear of, on another way than the login.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use secondfactor::{AccountId, Event, KeyId, Keyring, Label, MemoryStore, Mfa, SealingKey};
///
/// # pollster::block_on(async {
/// let log = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&log);
/// let mfa = Mfa::new(MemoryStore::new(), Keyring::new(KeyId::new(1), SealingKey::generate()?))
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
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "event", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Event {
    /// A device waits to be confirmed.
    EnrollmentBegun {
        /// Which.
        device: DeviceId,
    },
    /// A wrong code for a device that waits to be confirmed.
    ConfirmationFailed {
        /// Which.
        device: DeviceId,
        /// What seems to be wrong, if anything does.
        diagnosis: Option<Diagnosis>,
    },
    /// A device counts from now on.
    DeviceConfirmed {
        /// Which.
        device: DeviceId,
    },
    /// A secret was rotated: the new device is confirmed.
    Rotated {
        /// The device that ends.
        old: DeviceId,
        /// The device that takes its place.
        new: DeviceId,
        /// When the old one ends.
        ends: UnixTime,
    },
    /// A rotated secret is past its grace and gone.
    Retired {
        /// Which.
        device: DeviceId,
        /// What its owner called it: nothing else knows that any more.
        label: Label,
    },
    /// A disabled account was bound anew: the device confirmed now is the only one.
    Rebound {
        /// Which.
        device: DeviceId,
    },
    /// A code was verified.
    Verified {
        /// The device that showed it.
        device: DeviceId,
        /// Wrong codes in a row before it.
        failures_before: u32,
        /// Whether the free tries had been used up before.
        after_lock: bool,
    },
    /// A wrong code.
    Mismatch {
        /// How many in a row, this one included.
        failures: u32,
    },
    /// A right code that has been used: typed twice, or seen by somebody.
    ReplayRefused,
    /// A code came too early after wrong ones, and was not judged.
    Throttled {
        /// From when on one is judged.
        retry_at: UnixTime,
    },
    /// A wrong code began a wait.
    Locked {
        /// How many in a row.
        failures: u32,
        /// From when on a code is judged again.
        until: UnixTime,
    },
    /// Too many wrong codes in a row: none is judged any more.
    Disabled,
    /// A code came after that.
    RefusedDisabled,
    /// A wrong code belongs to a device whose clock is off: it needs a resynchronization.
    DriftSuspected {
        /// Which.
        device: DeviceId,
        /// How many steps beyond what is allowed for; positive if its clock is fast.
        steps: i64,
    },
    /// A device's clock is now taken to be one step further off.
    DriftMoved {
        /// Which.
        device: DeviceId,
        /// In steps; positive if its clock is fast.
        steps: i64,
    },
    /// A device was resynchronized by two codes in a row.
    Resynchronized {
        /// Which.
        device: DeviceId,
    },
    /// Two codes that are not two in a row of the device.
    ResyncFailed {
        /// Which.
        device: DeviceId,
    },
    /// A device has another label.
    Renamed {
        /// Which.
        device: DeviceId,
    },
    /// A device does not count until it is resumed.
    Suspended {
        /// Which.
        device: DeviceId,
    },
    /// A suspended device counts again.
    Resumed {
        /// Which.
        device: DeviceId,
    },
    /// A device is gone.
    Revoked {
        /// Which.
        device: DeviceId,
        /// What its owner called it: nothing else knows that any more.
        label: Label,
    },
    /// A device was revoked without proof of a second factor, by an operator.
    RevokedUnproven {
        /// Which.
        device: DeviceId,
        /// What its owner called it: nothing else knows that any more.
        label: Label,
    },
    /// The account has opted out: nothing is remembered of it.
    OptedOut,
    /// The account was opted out without proof of a second factor, by an operator.
    OptedOutUnproven,
    /// An operator has set the failures in a row back.
    UnlockedUnproven,
    /// New recovery codes; earlier ones are void.
    RecoveryCodesIssued {
        /// How many.
        count: usize,
    },
    /// Used recovery codes were replaced.
    RecoveryCodesReplenished {
        /// How many are new.
        count: usize,
    },
    /// A recovery code was redeemed.
    Recovered {
        /// How many are left.
        left: usize,
    },
    /// A wrong recovery code.
    RecoveryMismatch {
        /// How many in a row.
        failures: u32,
    },
    /// Too many wrong recovery codes in a row: none is judged until new ones are issued.
    RecoveryDisabled,
    /// The record is sealed by another key now.
    Resealed {
        /// The key that it was sealed by.
        from: KeyId,
        /// The key that it is sealed by.
        to: KeyId,
    },
    /// The server's clock shows an earlier time than at the last change.
    ClockRegressed {
        /// That time.
        last: UnixTime,
    },
}

impl Event {
    /// A stable name, in lower case with underscores.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EnrollmentBegun { .. } => "enrollment_begun",
            Self::ConfirmationFailed { .. } => "confirmation_failed",
            Self::DeviceConfirmed { .. } => "device_confirmed",
            Self::Rotated { .. } => "rotated",
            Self::Retired { .. } => "retired",
            Self::Rebound { .. } => "rebound",
            Self::Verified { .. } => "verified",
            Self::Mismatch { .. } => "mismatch",
            Self::ReplayRefused => "replay_refused",
            Self::Throttled { .. } => "throttled",
            Self::Locked { .. } => "locked",
            Self::Disabled => "disabled",
            Self::RefusedDisabled => "refused_disabled",
            Self::DriftSuspected { .. } => "drift_suspected",
            Self::DriftMoved { .. } => "drift_moved",
            Self::Resynchronized { .. } => "resynchronized",
            Self::ResyncFailed { .. } => "resync_failed",
            Self::Renamed { .. } => "renamed",
            Self::Suspended { .. } => "suspended",
            Self::Resumed { .. } => "resumed",
            Self::Revoked { .. } => "revoked",
            Self::RevokedUnproven { .. } => "revoked_unproven",
            Self::OptedOut => "opted_out",
            Self::OptedOutUnproven => "opted_out_unproven",
            Self::UnlockedUnproven => "unlocked_unproven",
            Self::RecoveryCodesIssued { .. } => "recovery_codes_issued",
            Self::RecoveryCodesReplenished { .. } => "recovery_codes_replenished",
            Self::Recovered { .. } => "recovered",
            Self::RecoveryMismatch { .. } => "recovery_mismatch",
            Self::RecoveryDisabled => "recovery_disabled",
            Self::Resealed { .. } => "resealed",
            Self::ClockRegressed { .. } => "clock_regressed",
        }
    }

    /// The device that it is about, if it is about one; of a rotation the new one.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::EnrollmentBegun { device }
            | Self::ConfirmationFailed { device, .. }
            | Self::DeviceConfirmed { device }
            | Self::Rotated { new: device, .. }
            | Self::Retired { device, .. }
            | Self::Rebound { device }
            | Self::Verified { device, .. }
            | Self::DriftSuspected { device, .. }
            | Self::DriftMoved { device, .. }
            | Self::Resynchronized { device }
            | Self::ResyncFailed { device }
            | Self::Renamed { device }
            | Self::Suspended { device }
            | Self::Resumed { device }
            | Self::Revoked { device, .. }
            | Self::RevokedUnproven { device, .. } => Some(*device),
            Self::Mismatch { .. }
            | Self::ReplayRefused
            | Self::Throttled { .. }
            | Self::Locked { .. }
            | Self::Disabled
            | Self::RefusedDisabled
            | Self::OptedOut
            | Self::OptedOutUnproven
            | Self::UnlockedUnproven
            | Self::RecoveryCodesIssued { .. }
            | Self::RecoveryCodesReplenished { .. }
            | Self::Recovered { .. }
            | Self::RecoveryMismatch { .. }
            | Self::RecoveryDisabled
            | Self::Resealed { .. }
            | Self::ClockRegressed { .. } => None,
        }
    }

    /// Whether the owner must hear of it, by mail or another way than the login: a change of what lets them in (NIST
    /// SP 800-63B-4 section 4.6, OWASP ASVS 6.3.7), and signs of an attack (ASVS 6.3.5: a right password with wrong
    /// codes, and a success after them; NIST section 3.1.4.2: a code used twice).
    #[must_use]
    pub const fn notify_owner(&self) -> bool {
        match self {
            Self::DeviceConfirmed { .. }
            | Self::Rotated { .. }
            | Self::Rebound { .. }
            | Self::ReplayRefused
            | Self::Locked { .. }
            | Self::Disabled
            | Self::Resynchronized { .. }
            | Self::Suspended { .. }
            | Self::Resumed { .. }
            | Self::Revoked { .. }
            | Self::RevokedUnproven { .. }
            | Self::OptedOut
            | Self::OptedOutUnproven
            | Self::UnlockedUnproven
            | Self::RecoveryCodesIssued { .. }
            | Self::RecoveryCodesReplenished { .. }
            | Self::Recovered { .. }
            | Self::RecoveryMismatch { .. }
            | Self::RecoveryDisabled => true,
            Self::Verified { after_lock, .. } => *after_lock,
            Self::EnrollmentBegun { .. }
            | Self::ConfirmationFailed { .. }
            | Self::Retired { .. }
            | Self::Mismatch { .. }
            | Self::Throttled { .. }
            | Self::RefusedDisabled
            | Self::DriftSuspected { .. }
            | Self::DriftMoved { .. }
            | Self::ResyncFailed { .. }
            | Self::Renamed { .. }
            | Self::Resealed { .. }
            | Self::ClockRegressed { .. } => false,
        }
    }
}

/// A handler for [`Mfa::on_event`](crate::Mfa::on_event) that writes each event with `tracing`, target `secondfactor`:
/// what the owner must hear of, refusals and a clock that went back as warnings, the rest as information.
///
/// ```
/// # use secondfactor::{KeyId, Keyring, MemoryStore, Mfa, SealingKey};
/// # let keyring = Keyring::new(KeyId::new(1), SealingKey::generate()?);
/// let mfa = Mfa::new(MemoryStore::new(), keyring).on_event(secondfactor::trace_event);
/// # Ok::<(), secondfactor::RngError>(())
/// ```
#[cfg(feature = "tracing")]
pub fn trace_event(account: &crate::AccountId, at: UnixTime, event: &Event) {
    let (account, at, code) = (account.as_str(), at.as_secs(), event.code());
    let is_warning = event.notify_owner()
        || matches!(
            event,
            Event::Mismatch { .. } | Event::Throttled { .. } | Event::RefusedDisabled | Event::ClockRegressed { .. }
        );
    if is_warning {
        tracing::warn!(target: "secondfactor", account, at, code, ?event);
    } else {
        tracing::info!(target: "secondfactor", account, at, code, ?event);
    }
}
