//! What an account has, without secrets.

use super::{DeviceId, Label};
use crate::UnixTime;

/// The devices of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    devices: Vec<DeviceStatus>,
}

impl Status {
    pub(super) const fn new(devices: Vec<DeviceStatus>) -> Self {
        Self { devices }
    }

    /// Whether a login needs a code: at least one device is active.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.devices.iter().any(|device| device.state == DeviceState::Active)
    }

    /// Every device, in the order of enrollment.
    #[must_use]
    pub fn devices(&self) -> &[DeviceStatus] {
        &self.devices
    }
}

/// A device of an account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceStatus {
    pub(super) id: DeviceId,
    pub(super) label: Label,
    pub(super) state: DeviceState,
    pub(super) created: UnixTime,
    pub(super) last_used: Option<UnixTime>,
}

impl DeviceStatus {
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
}

/// Whether a device counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceState {
    /// Enrolled, not yet confirmed: no login needs it, and none can use it.
    Pending,
    /// Confirmed.
    Active,
}
