//! The status of the real one, line by line as the second one writes it.

use std::fmt::Write as _;

use secondfactor::account::{DeviceState, Lock, VouchedBy, Voucher};
use secondfactor::{AccountId, Status};

use super::real::{Real, told};

fn lock(lock: Lock) -> String {
    match lock {
        Lock::Open => "open".into(),
        Lock::Until(time) => format!("until {}", time.as_secs()),
        _ => "disabled".into(),
    }
}

fn by(voucher: Voucher) -> String {
    let by = match voucher.by() {
        VouchedBy::Device(id) => format!("Device({id})"),
        other => format!("{other:?}"),
    };
    format!("{by} at {}", voucher.at().as_secs())
}

impl Real {
    pub(crate) fn status(&self, id: &AccountId) -> String {
        match pollster::block_on(self.mfa.status(id)) {
            Ok(status) => shown(&status),
            Err(error) => told(&error),
        }
    }
}

fn shown(status: &Status) -> String {
    let mut text = String::new();
    for device in status.devices() {
        let state = match device.state() {
            DeviceState::Pending { replaces, .. } => format!("pending {replaces:?}"),
            DeviceState::Active => "active".into(),
            DeviceState::Suspended => "suspended".into(),
            DeviceState::Retiring { until, .. } => format!("retiring until {}", until.as_secs()),
            other => format!("{other:?}"),
        };
        let (id, label, drift) = (device.id(), device.label().as_str(), device.drift());
        let created = device.created().as_secs();
        let used = device.last_used().map(|used| used.as_secs());
        let by = by(device.vouched_by());
        let _ = writeln!(
            text,
            "device {id} {label}: {state}, drift {drift}, created {created}, used {used:?}, by {by}"
        );
    }
    for browser in status.browsers() {
        let (id, label, device) = (browser.id(), browser.label().as_str(), browser.device());
        let (used, closed) = (browser.last_used().as_secs(), browser.is_closed());
        let trusted = browser.trusted_until().map(|until| until.as_secs());
        let _ = writeln!(
            text,
            "browser {id} {label}: {device:?}, used {used}, closed {closed}, trusted {trusted:?}"
        );
    }
    let accepted = status.has_accepted_device();
    let _ = writeln!(
        text,
        "accepted {accepted}, confirmed {}",
        status.was_confirmed()
    );
    let (strangers, known) = (lock(status.lock()), lock(status.known_browsers_lock()));
    let _ = writeln!(text, "strangers {strangers}, known {known}");
    let _ = writeln!(
        text,
        "recovery: {} left of {:?} by {:?}, {}",
        status.recovery_codes_left(),
        status.recovery_set(),
        status.recovery_codes_by().map(by),
        lock(status.recovery_lock()),
    );
    let _ = writeln!(
        text,
        "temporary: {:?}, {}",
        status.temporary_code_until().map(|until| until.as_secs()),
        lock(status.temporary_code_lock()),
    );
    text
}
