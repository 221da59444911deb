//! Shows what an account has, without secrets.

use std::time::Duration;

use super::browser::status::BrowserStatus;
use super::denial::Denial;
use super::device::entry::{Device, State};
use super::device::id::DeviceId;
use super::label::Label;
use super::policy::Policy;
use super::recovery::set_id::RecoverySetId;
use super::state::Account;
use super::throttle::{Limits, Throttle};
use super::voucher::Voucher;
use crate::codes::{Parameters, UnixTime};
use crate::sealing::KeyId;

/// Shows what an account has, without secrets: for its owner's page, and for support.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    devices: Vec<DeviceStatus>,
    browsers: Vec<BrowserStatus>,
    lock: Lock,
    known_browsers_lock: Lock,
    recovery_codes_left: usize,
    recovery_codes_by: Option<Voucher>,
    recovery_set: Option<RecoverySetId>,
    recovery_lock: Lock,
    temporary_code_until: Option<UnixTime>,
    temporary_code_lock: Lock,
    was_confirmed: bool,
    sealed_by: Option<KeyId>,
}

impl Account {
    /// Returns what the account has, without secrets.
    #[must_use]
    pub fn status(&self, now: UnixTime) -> Status {
        let (policy, elapsed) = (&self.policy, self.clock.elapsed(now));
        let lock = |throttle, limits| Lock::new(throttle, limits, elapsed, now);
        let there = self.devices_after(elapsed);
        let show = |device: &&Device| DeviceStatus::new(device, policy, elapsed, now);
        let recovery = self.recovery.as_ref();
        let strangers = lock(self.strangers, Limits::strangers(policy, &self.known));
        let of_known = Limits::known_browsers(policy, &self.strangers);
        let of_recovery = Limits::recovery_codes(policy);
        Status {
            devices: there.iter().map(show).collect(),
            browsers: self.browser_statuses(&there, elapsed, now),
            lock: strangers,
            known_browsers_lock: match lock(self.known, of_known) {
                Lock::Disabled => strangers,
                known => known,
            },
            recovery_codes_left: recovery.map_or(0, |recovery| recovery.codes.len()),
            recovery_codes_by: self.recovery_codes_by(),
            recovery_set: self.recovery_set_id(),
            recovery_lock: recovery
                .map_or(Lock::Open, |recovery| lock(recovery.throttle, of_recovery)),
            temporary_code_until: self.temporary_code_until(elapsed, now),
            temporary_code_lock: (self.temporary.as_ref())
                .map_or(Lock::Open, |one| lock(one.set.throttle, of_recovery)),
            was_confirmed: self.was_confirmed,
            sealed_by: self.sealed_by,
        }
    }
}

impl Account {
    fn temporary_code_until(&self, elapsed: Duration, now: UnixTime) -> Option<UnixTime> {
        let unused = (self.temporary.as_ref()).filter(|one| !one.set.codes.is_empty())?;
        let left = unused.left.checked_sub(elapsed)?;
        (!left.is_zero()).then(|| now.saturating_add(left))
    }
}

impl Status {
    /// Returns whether a device is there whose codes are accepted at a login, for the owner's page.
    ///
    /// This is no gate. A record that was lost has no such device either, and nor has an account whose
    /// owner took the last one away by a recovery code. At a login, ask
    /// [`Mfa::needs_code`](crate::Mfa::needs_code).
    #[must_use]
    pub fn has_accepted_device(&self) -> bool {
        let accepted = |device: &DeviceStatus| {
            matches!(
                device.state,
                DeviceState::Active | DeviceState::Retiring { .. }
            )
        };
        self.devices.iter().any(accepted)
    }

    /// Returns whether a device was ever confirmed. The account has opted in then, although it may
    /// have no device now.
    ///
    /// This is no gate either: a record that was lost says no.
    #[must_use]
    pub const fn was_confirmed(&self) -> bool {
        self.was_confirmed
    }

    /// Returns every device, in the order of enrollment.
    #[must_use]
    pub fn devices(&self) -> &[DeviceStatus] {
        &self.devices
    }

    /// Returns every known browser, the one that was used last at the end.
    #[must_use]
    pub fn browsers(&self) -> &[BrowserStatus] {
        &self.browsers
    }

    /// Returns whether a code of a stranger would be judged now.
    #[must_use]
    pub const fn lock(&self) -> Lock {
        self.lock
    }

    /// Returns whether a code from a known browser would be judged now. Where these are closed, they are judged with
    /// strangers.
    #[must_use]
    pub const fn known_browsers_lock(&self) -> Lock {
        self.known_browsers_lock
    }

    /// Returns how many recovery codes are left.
    #[must_use]
    pub const fn recovery_codes_left(&self) -> usize {
        self.recovery_codes_left
    }

    /// Returns who vouched for the present recovery codes, and when they were issued. It is `None` if
    /// none is left.
    #[must_use]
    pub const fn recovery_codes_by(&self) -> Option<Voucher> {
        self.recovery_codes_by
    }

    /// Returns the present set of recovery codes, which new ones replace, even if none of it is left.
    /// It is `None` if none was ever issued.
    #[must_use]
    pub const fn recovery_set(&self) -> Option<RecoverySetId> {
        self.recovery_set
    }

    /// Returns whether a recovery code would be judged now.
    #[must_use]
    pub const fn recovery_lock(&self) -> Lock {
        self.recovery_lock
    }

    /// Returns until when the temporary code is redeemed. It is `None` if there is none, or if it was redeemed.
    #[must_use]
    pub const fn temporary_code_until(&self) -> Option<UnixTime> {
        self.temporary_code_until
    }

    /// Returns whether the temporary code would be judged now. Wrong ones make it wait, and a new one does not wait.
    #[must_use]
    pub const fn temporary_code_lock(&self) -> Lock {
        self.temporary_code_lock
    }

    /// Returns the key that sealed the record, or `None` if it was never sealed.
    #[must_use]
    pub const fn sealed_by(&self) -> Option<KeyId> {
        self.sealed_by
    }
}

/// Says whether a submission would be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Lock {
    /// It would be judged.
    Open,
    /// It would be refused until this time, after too many wrong ones.
    Until(UnixTime),
    /// It would be refused for good, after too many wrong ones in a row.
    Disabled,
}

impl Lock {
    fn new(mut throttle: Throttle, limits: Limits<'_>, elapsed: Duration, now: UnixTime) -> Self {
        throttle.pass(elapsed);
        match throttle.check(limits, now) {
            Ok(()) => Self::Open,
            Err(Denial::Throttled { retry_at }) => Self::Until(retry_at),
            Err(_) => Self::Disabled,
        }
    }
}

/// Shows a device of an account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DeviceStatus {
    id: DeviceId,
    label: Label,
    state: DeviceState,
    parameters: Parameters,
    serial: Option<String>,
    created: UnixTime,
    vouched_by: Voucher,
    last_used: Option<UnixTime>,
    drift: i64,
    is_weak: bool,
}

impl DeviceStatus {
    /// Shows a device that is there once so much time has passed.
    fn new(device: &Device, policy: &Policy, elapsed: Duration, now: UnixTime) -> Self {
        let (mut state, mut drift) = (device.state, device.drift);
        let _is_there = state.pass(elapsed);
        drift.pass(elapsed);
        let state = match state {
            State::Pending(pending) => DeviceState::Pending {
                replaces: pending.replaces.map(|replaced| replaced.device),
            },
            State::Active => DeviceState::Active,
            State::Suspended => DeviceState::Suspended,
            State::Retiring { left, .. } => DeviceState::Retiring {
                until: now.saturating_add(left),
            },
        };
        Self {
            id: device.id,
            label: device.label.clone(),
            state,
            parameters: device.parameters(),
            serial: device.serial.clone(),
            created: device.vouched_by.at(),
            vouched_by: device.vouched_by,
            last_used: device.last_used,
            drift: drift.steps(policy.window()),
            is_weak: device.secret.is_weak(),
        }
    }

    /// Returns its id.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// Returns what its owner calls it.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Returns whether its codes are accepted.
    #[must_use]
    pub const fn state(&self) -> DeviceState {
        self.state
    }

    /// Returns how it makes its codes.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Returns the serial number of a hardware token, if the vendor's file that it came from has one.
    ///
    /// A device that was rotated has none: its new secret is in no token.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// Returns when it was enrolled.
    #[must_use]
    pub const fn created(&self) -> UnixTime {
        self.created
    }

    /// Returns who vouched for it.
    #[must_use]
    pub const fn vouched_by(&self) -> Voucher {
        self.vouched_by
    }

    /// Returns when a code of it was last verified.
    #[must_use]
    pub const fn last_used(&self) -> Option<UnixTime> {
        self.last_used
    }

    /// Returns how many steps its clock is taken to be off, which are positive if it is fast.
    #[must_use]
    pub const fn drift(&self) -> i64 {
        self.drift
    }

    /// Returns whether its secret has fewer than 128 bits (RFC 4226 section 4, R6). Rotate it then.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        self.is_weak
    }
}

/// Says whether a device's codes are accepted at a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum DeviceState {
    /// It is enrolled and not yet confirmed. Its codes are not accepted.
    #[non_exhaustive]
    Pending {
        /// It rotates the secret of this device, which retires when it is confirmed.
        replaces: Option<DeviceId>,
    },
    /// It is confirmed, and its codes are accepted.
    Active,
    /// Its codes are refused until it is resumed.
    Suspended,
    /// It was rotated. Its codes are accepted at a login until it ends, and prove nothing for changes.
    #[non_exhaustive]
    Retiring {
        /// It ends at this time.
        until: UnixTime,
    },
}
