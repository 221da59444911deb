//! Shows a known browser.

use std::time::Duration;

use super::entry::Browser;
use super::id::BrowserId;
use crate::account::credential::Credential;
use crate::account::device::entry::Device;
use crate::account::device::id::DeviceId;
use crate::account::label::Label;
use crate::account::state::Account;
use crate::codes::UnixTime;

/// Shows a known browser of an account, without its cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct BrowserStatus {
    id: BrowserId,
    label: Label,
    device: Option<DeviceId>,
    last_used: UnixTime,
    is_closed: bool,
    trusted_until: Option<UnixTime>,
    /// Of the trust that it has now.
    #[cfg_attr(feature = "serde", serde(skip))]
    grant: Option<Credential>,
}

impl Account {
    /// `devices` are those that are there after that time.
    pub(crate) fn browser_statuses(
        &self,
        devices: &[&Device],
        elapsed: Duration,
        now: UnixTime,
    ) -> Vec<BrowserStatus> {
        // By a clock that went back no browser is trusted, whether that is written or not.
        let mut clock = self.clock;
        let lets_trusted_in = clock.advance(now).is_none() && self.lets_trusted_in();
        let show = |browser: &Browser| {
            let mut devices = devices.iter();
            let device = devices.find(|device| device.credential == browser.device);
            let trust = browser.trust.and_then(|mut trust| {
                trust.pass(elapsed);
                let left = trust.left(self.policy.max_trust());
                let is_trusted = !left.is_zero() && lets_trusted_in && browser.is_known();
                is_trusted.then_some((trust.grant, left))
            });
            BrowserStatus {
                id: browser.id,
                label: browser.label.clone(),
                device: device.map(|device| device.id),
                last_used: browser.last_used,
                is_closed: !browser.is_known(),
                trusted_until: trust.map(|(_, left)| now.saturating_add(left)),
                grant: trust.map(|(grant, _)| grant),
            }
        };
        self.browsers.list.iter().map(show).collect()
    }
}

impl BrowserStatus {
    /// The trust by which it may do without a code now.
    pub(crate) const fn grant(&self) -> Option<Credential> {
        self.grant
    }

    /// Returns its id.
    #[must_use]
    pub const fn id(&self) -> BrowserId {
        self.id
    }

    /// Returns what the application called it.
    #[must_use]
    pub const fn label(&self) -> &Label {
        &self.label
    }

    /// Returns the device that was verified in it last, or `None` if that has ended.
    #[must_use]
    pub const fn device(&self) -> Option<DeviceId> {
        self.device
    }

    /// Returns when a device was last verified in it, or it was recognized.
    #[must_use]
    pub const fn last_used(&self) -> UnixTime {
        self.last_used
    }

    /// Returns whether it is a stranger until it verifies, after ten wrong codes in a row.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns until when it is trusted to do without a code, if it is now. There is none while wrong
    /// codes have closed strangers or known browsers.
    #[must_use]
    pub const fn trusted_until(&self) -> Option<UnixTime> {
        self.trusted_until
    }
}
