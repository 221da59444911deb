//! What holds of an account after every command.

use super::*;

pub(super) fn check(before: &Account, command: Command, after: &Account) {
    for device in &after.devices {
        let mut earlier = before.devices.iter();
        match earlier.find(|earlier| earlier.id == device.id) {
            Some(earlier) => check_changed(earlier, command, device),
            None => assert!(
                device.is_pending() || !before.was_confirmed,
                "a device that nobody confirmed"
            ),
        }
        check_device(device);
        if let State::Pending(pending) = device.state {
            let rests = pending.rests_on.is_none_or(|ground| after.stands(ground));
            let replaces = pending.replaces;
            let replaces = replaces.is_none_or(|old| after.stands(old.credential));
            assert!(rests && replaces, "it outlives what it rests on");
        }
    }
    check_throttle(&after.strangers, &after.policy);
    check_throttle(&after.known, &after.policy);
    check_browsers(after);
    assert!(after.resyncs.left <= RESYNCS.full());
    if let Some(recovery) = &after.recovery {
        check_throttle(&recovery.throttle, &after.policy);
        assert!(recovery.redemptions.len() <= MAX_REDEMPTIONS);
    }
    if let Some(temporary) = &after.temporary {
        check_throttle(&temporary.set.throttle, &after.policy);
        assert!(temporary.left <= Policy::MAX_TEMPORARY_LIFETIME);
        assert_eq!(
            temporary.set.codes.len() + temporary.set.redemptions.len(),
            1
        );
    }
    let (epoch, earlier) = (after.clock.epoch, before.clock.epoch);
    assert!(epoch >= earlier, "an epoch came back");
    assert!(
        epoch > earlier || after.clock.last_change >= before.clock.last_change,
        "the date went back in one epoch"
    );
    assert!(after.was_confirmed || !before.was_confirmed);
}

fn check_changed(earlier: &Device, command: Command, device: &Device) {
    assert!(device.watermark >= earlier.watermark, "a watermark fell");
    let is_same = device.secret.expose_bytes() == earlier.secret.expose_bytes();
    assert!(is_same, "a secret was exchanged");
    let became_active = earlier.is_pending() && !device.is_pending();
    assert!(
        !became_active || device.watermark > earlier.watermark,
        "active without a burned code"
    );
    let was_resumed = earlier.state == State::Suspended && device.is_active();
    let is_new = device.credential != earlier.credential;
    assert!(
        is_new == was_resumed || matches!(command, Command::KeepOnly),
        "a credential is new when it begins to count, is resumed or kept, and then only"
    );
}

/// Nothing lasts longer than it did when it began.
fn check_device(device: &Device) {
    let drift = device.drift;
    let period = device.parameters.period().unwrap_or(Period::DEFAULT);
    assert!(drift.is_possible(period), "{drift:?}");
    assert!(drift.base.abs() <= resync_steps(period) && drift.learned.abs() <= 4);
    let earlier = drift.provisional;
    assert!(earlier.is_none_or(|earlier| earlier.left <= PROVISIONAL));
    let left = match device.state {
        State::Pending(pending) => pending.left.saturating_sub(PENDING_LIFETIME),
        State::Retiring { left, .. } => left.saturating_sub(Policy::MAX_ROTATION_GRACE),
        _ => Duration::ZERO,
    };
    assert!(left.is_zero(), "{:?}", device.state);
}

/// Each one has another id and cookie, and trust rests on an active device.
fn check_browsers(account: &Account) {
    let list = &account.browsers.list;
    assert!(list.len() <= MAX_BROWSERS);
    for (at, browser) in list.iter().enumerate() {
        assert!(browser.id.get() < account.browsers.next && browser.failures <= 10);
        let mut others = list[..at].iter();
        assert!(others.all(|other| other.id != browser.id && other.hash != browser.hash));
        if let Some(trust) = browser.trust {
            assert!(
                account.stands(browser.device),
                "trust that rests on nothing"
            );
            assert!(trust.lasts <= Policy::MAX_TRUST);
        }
    }
}

fn check_throttle(throttle: &Throttle, policy: &Policy) {
    let most = u32::from(policy.max_failures());
    assert!(throttle.failures <= most, "over the cap");
    assert!(throttle.wait <= policy.max_wait() && throttle.pressure.left <= PRESSURE.full());
}
