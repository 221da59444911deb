//! The table of events: the stable code, the device, and who is told.

use super::Event;
use crate::account::device::id::DeviceId;

/// Says who must hear of an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It goes into the log only.
    Log,
    /// The owner must hear of it too.
    Owner,
}

impl Told {
    const fn owner_if(condition: bool) -> Self {
        if condition { Self::Owner } else { Self::Log }
    }
}

/// A row of the table of events holds the stable code, the device, and who is told.
struct Row(&'static str, Option<DeviceId>, Told);

impl Event {
    /// Returns a stable name, in lower case with underscores.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().0
    }

    /// Returns the device that it is about, which is the new one for a rotation.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.row().1
    }

    /// Returns whether the owner must hear of it, by mail or another way than the login.
    ///
    /// The owner hears of every change of the second factor (NIST SP 800-63B-4 section 4.6, OWASP
    /// ASVS 6.3.7), and of signs of an attack. Such signs are wrong codes after a right password, a
    /// success after two or more (ASVS 6.3.5), and a code used twice (NIST section 3.1.4.2). They hear of a
    /// call that was cut off if it was to tell them something: it may be that it has happened.
    #[must_use]
    pub fn notify_owner(&self) -> bool {
        matches!(self.row().2, Told::Owner)
    }

    fn row(&self) -> Row {
        use Told::{Log, Owner};
        match self {
            Self::EnrollmentBegun { device } => Row("enrollment_begun", Some(*device), Log),
            Self::ConfirmationFailed { device, .. } => {
                Row("confirmation_failed", Some(*device), Log)
            }
            Self::DeviceConfirmed { device, .. } => Row("device_confirmed", Some(*device), Owner),
            Self::Rotated { new, .. } => Row("rotated", Some(*new), Owner),
            Self::Retired { device, .. } => Row("retired", Some(*device), Log),
            Self::Rebound { device } => Row("rebound", Some(*device), Owner),
            Self::Verified {
                device,
                failures_before,
                after_lock,
                ..
            } => {
                // One wrong code is a typo, as a rule.
                let told = *after_lock || *failures_before >= 2;
                Row("verified", Some(*device), Told::owner_if(told))
            }
            Self::AnsweredAgain { device } => Row("answered_again", *device, Log),
            Self::Mismatch { .. } => Row("mismatch", None, Log),
            Self::ReplayRefused { is_first } => {
                Row("replay_refused", None, Told::owner_if(*is_first))
            }
            Self::Throttled { .. } => Row("throttled", None, Log),
            Self::Locked { .. } => Row("locked", None, Owner),
            Self::Disabled => Row("disabled", None, Owner),
            Self::KnownBrowsersClosed => Row("known_browsers_closed", None, Owner),
            Self::BrowserClosed { .. } => Row("browser_closed", None, Owner),
            Self::BrowserRemembered { .. } => Row("browser_remembered", None, Owner),
            Self::BrowserForgotten { .. } => Row("browser_forgotten", None, Owner),
            Self::BrowserTrusted { .. } => Row("browser_trusted", None, Owner),
            Self::Recognized { .. } => Row("recognized", None, Log),
            Self::PasswordChanged => Row("password_changed", None, Owner),
            Self::RefusedDisabled => Row("refused_disabled", None, Log),
            Self::DriftSuspected { device, .. } => Row("drift_suspected", Some(*device), Log),
            Self::DriftMoved { device, .. } => Row("drift_moved", Some(*device), Log),
            Self::Resynchronized { device } => Row("resynchronized", Some(*device), Owner),
            Self::ResyncFailed { device } => Row("resync_failed", Some(*device), Log),
            Self::Renamed { device, .. } => Row("renamed", Some(*device), Owner),
            Self::Suspended { device, .. } => Row("suspended", Some(*device), Owner),
            Self::Resumed { device } => Row("resumed", Some(*device), Owner),
            Self::Revoked { device, .. } => Row("revoked", Some(*device), Owner),
            Self::EnrollmentEnded { device, .. } => Row("enrollment_ended", Some(*device), Log),
            Self::KeptOnly { .. } => Row("kept_only", None, Owner),
            Self::Imported { device, .. } => Row("imported", Some(*device), Owner),
            Self::RevokedUnproven { device, .. } => Row("revoked_unproven", Some(*device), Owner),
            Self::OptedOut => Row("opted_out", None, Owner),
            Self::OptedOutUnproven { .. } => Row("opted_out_unproven", None, Owner),
            Self::UnlockedUnproven { .. } => Row("unlocked_unproven", None, Owner),
            Self::MovedAway { .. } => Row("moved_away", None, Log),
            Self::MovedHere { .. } => Row("moved_here", None, Owner),
            Self::RecoveryCodesIssued { .. } => Row("recovery_codes_issued", None, Owner),
            Self::RecoveryCodesVoided { .. } => Row("recovery_codes_voided", None, Owner),
            Self::Recovered { .. } => Row("recovered", None, Owner),
            Self::RecoveryMismatch { .. } => Row("recovery_mismatch", None, Owner),
            Self::RecoveryDisabled => Row("recovery_disabled", None, Owner),
            Self::TemporaryCodeIssued { .. } => Row("temporary_code_issued", None, Owner),
            Self::TemporaryCodeRedeemed => Row("temporary_code_redeemed", None, Owner),
            Self::TemporaryCodeWithdrawn { .. } => Row("temporary_code_withdrawn", None, Owner),
            Self::TemporaryCodeEnded => Row("temporary_code_ended", None, Log),
            Self::Resealed { .. } => Row("resealed", None, Log),
            Self::Interrupted { events } => {
                let told = events.iter().any(Self::notify_owner);
                Row("interrupted", None, Told::owner_if(told))
            }
            Self::Unreadable => Row("unreadable", None, Log),
            Self::ClockRegressed { .. } => Row("clock_regressed", None, Log),
        }
    }
}
