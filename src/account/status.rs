//! What an account has, without secrets.

use super::denial::Denial;
use super::device::entry::{Device, State};
use super::device::id::DeviceId;
use super::label::Label;
use super::policy::Policy;
use super::state::Account;
use super::throttle::Throttle;
use crate::codes::{Parameters, UnixTime};
use crate::sealing::KeyId;

/// What an account has, without secrets: for its owner's page, and for support.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Status {
    devices: Vec<DeviceStatus>,
    lock: Lock,
    recovery_codes_left: usize,
    recovery_lock: Lock,
    sealed_by: Option<KeyId>,
}

impl Account {
    /// Returns what the account has, without secrets.
    #[must_use]
    pub fn status(&self, now: UnixTime) -> Status {
        Status::new(self, now)
    }
}

impl Status {
    fn new(account: &Account, now: UnixTime) -> Self {
        let lock = |throttle: &Throttle| Lock::new(throttle, &account.policy, now);
        let pending_or_not_over = |device: &&Device| {
            !device.has_expired(now)
                && (device.is_accepted(now) || !matches!(device.state, State::Retiring { .. }))
        };
        Self {
            devices: account
                .devices
                .iter()
                .filter(pending_or_not_over)
                .map(|one| DeviceStatus::new(one, now))
                .collect(),
            lock: lock(&account.throttle),
            recovery_codes_left: account
                .recovery
                .as_ref()
                .map_or(0, |recovery| recovery.codes.len()),
            recovery_lock: account
                .recovery
                .as_ref()
                .map_or(Lock::Open, |recovery| lock(&recovery.throttle)),
            sealed_by: account.sealed_by,
        }
    }

    /// Whether a login needs a code: at least one device counts.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.devices.iter().any(|device| {
            matches!(
                device.state,
                DeviceState::Active | DeviceState::Retiring { .. }
            )
        })
    }

    /// Every device, in the order of enrollment.
    #[must_use]
    pub fn devices(&self) -> &[DeviceStatus] {
        &self.devices
    }

    /// Whether a code would be judged now.
    #[must_use]
    pub const fn lock(&self) -> Lock {
        self.lock
    }

    /// How many recovery codes are left.
    #[must_use]
    pub const fn recovery_codes_left(&self) -> usize {
        self.recovery_codes_left
    }

    /// Whether a recovery code would be judged now.
    #[must_use]
    pub const fn recovery_lock(&self) -> Lock {
        self.recovery_lock
    }

    /// The key that sealed the record; `None` if it was never sealed.
    #[must_use]
    pub const fn sealed_by(&self) -> Option<KeyId> {
        self.sealed_by
    }
}

/// Whether a submission would be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Lock {
    /// It would.
    Open,
    /// Not before this time, after too many wrong ones.
    Until(UnixTime),
    /// Not any more, after too many wrong ones in a row.
    Disabled,
}

impl Lock {
    fn new(throttle: &Throttle, policy: &Policy, now: UnixTime) -> Self {
        match throttle.check(policy, now) {
            Ok(()) => Self::Open,
            Err(Denial::Throttled { retry_at }) => Self::Until(retry_at),
            Err(_) => Self::Disabled,
        }
    }
}

/// A device of an account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct DeviceStatus {
    id: DeviceId,
    label: Label,
    state: DeviceState,
    parameters: Parameters,
    created: UnixTime,
    last_used: Option<UnixTime>,
    drift: i64,
    is_weak: bool,
}

impl DeviceStatus {
    fn new(device: &Device, now: UnixTime) -> Self {
        let state = match device.state {
            State::Pending { replaces, .. } => DeviceState::Pending { replaces },
            State::Active => DeviceState::Active,
            State::Suspended => DeviceState::Suspended,
            State::Retiring { until } => DeviceState::Retiring { until },
        };
        Self {
            id: device.id,
            label: device.label.clone(),
            state,
            parameters: device.parameters(),
            created: device.created,
            last_used: device.last_used,
            drift: device.drift.steps(now),
            is_weak: device.secret.is_weak(),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> DeviceId {
        self.id
    }

    /// What its owner calls it.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Whether it counts.
    #[must_use]
    pub const fn state(&self) -> DeviceState {
        self.state
    }

    /// Returns how it makes its codes.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// When it was enrolled.
    #[must_use]
    pub const fn created(&self) -> UnixTime {
        self.created
    }

    /// When a code of it was last verified.
    #[must_use]
    pub const fn last_used(&self) -> Option<UnixTime> {
        self.last_used
    }

    /// How many steps its clock is taken to be off; positive if it is fast.
    #[must_use]
    pub const fn drift(&self) -> i64 {
        self.drift
    }

    /// Whether its secret has fewer than 128 bits (RFC 4226 section 4, R6): rotate it.
    #[must_use]
    pub const fn is_weak(&self) -> bool {
        self.is_weak
    }
}

/// Whether a device counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum DeviceState {
    /// Enrolled, not yet confirmed: no login needs it, and none can use it.
    Pending {
        /// The device whose secret it rotates, which ends when this one is confirmed.
        replaces: Option<DeviceId>,
    },
    /// Confirmed: its codes count.
    Active,
    /// Does not count until it is resumed.
    Suspended,
    /// Rotated: counts beside its successor for the rest of the grace.
    Retiring {
        /// Until then.
        until: UnixTime,
    },
}
