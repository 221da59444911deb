//! What an owner is shown.

use std::fmt::Write as _;

use super::account::Account;
use super::device::State;
use super::limits::Throttle;

impl Account {
    pub(crate) fn status(&self) -> String {
        let mut text = String::new();
        let at = self.now;
        for device in &self.devices {
            let state = match &device.state {
                State::Pending(pending) => {
                    format!("pending {:?}", pending.replaces.as_ref().map(|old| old.id))
                }
                State::Active => "active".into(),
                State::Suspended => "suspended".into(),
                State::Retiring(left, _) => format!("retiring until {}", at + left),
            };
            let (id, label, drift) = (device.id, &device.label, device.drift.total());
            let (created, used) = (device.created, device.last_used);
            let (by, since) = (&device.vouched.by, device.vouched.at);
            let _ = writeln!(
                text,
                "device {id} {label}: {state}, drift {drift}, created {created}, used {used:?}, by {by} at {since}"
            );
        }
        for browser in &self.browsers {
            let device = self
                .devices
                .iter()
                .find(|device| device.credential == browser.device);
            let (id, label, device) = (browser.id, &browser.label, device.map(|device| device.id));
            let (used, closed) = (browser.last_used, browser.is_closed());
            let trusted = self.trusted_for(browser).map(|left| at + left);
            let _ = writeln!(
                text,
                "browser {id} {label}: {device:?}, used {used}, closed {closed}, trusted {trusted:?}"
            );
        }
        let accepted = self.devices.iter().any(|device| device.is_accepted());
        let _ = writeln!(
            text,
            "accepted {accepted}, confirmed {}",
            self.was_confirmed
        );
        let lock = self.lock(&self.strangers, self.limits.strangers);
        let known = match self.limits.known {
            0 => lock.clone(),
            _ if self.known_are_closed() => lock.clone(),
            known => self.lock(&self.known, known),
        };
        let _ = writeln!(text, "strangers {lock}, known {known}");
        let set = self.recovery.as_ref();
        let voucher = set
            .filter(|set| !set.unused.is_empty())
            .and_then(|set| set.vouched.as_ref());
        let _ = writeln!(
            text,
            "recovery: {} left of {:?} by {:?}, {}",
            set.map_or(0, |set| set.unused.len()),
            set.and_then(|set| set.id),
            voucher.map(|voucher| format!("{} at {}", voucher.by, voucher.at)),
            set.map_or("open".into(), |set| self
                .lock(&set.throttle, self.limits.recovery)),
        );
        let unused = self
            .temporary
            .as_ref()
            .filter(|(_, set)| !set.unused.is_empty());
        let _ = writeln!(
            text,
            "temporary: {:?}, {}",
            unused.map(|(left, _)| at + left),
            unused.map_or("open".into(), |(_, set)| self
                .lock(&set.throttle, self.limits.recovery)),
        );
        text
    }

    /// With no limit it never closes.
    fn lock(&self, throttle: &Throttle, most: u32) -> String {
        if most > 0 && throttle.failures >= most {
            return "disabled".into();
        }
        match throttle.ready_in() {
            0 => "open".into(),
            ready_in => format!("until {}", self.now + ready_in),
        }
    }
}
