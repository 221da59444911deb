//! What must hold between two commands: what an account shows is what the model has.

use secondfactor::Keyring;
use secondfactor::account::{DeviceState, DeviceStatus, RecoverySetId, VouchedBy, Voucher};
use secondfactor::codes::UnixTime;
use secondfactor::sealing::KeyId;

use super::browsers::check_browsers;
use super::device::{Device, State};
use super::naive::{Identity, Limits, Lived, Wrong};
use super::world::{World, device_id, key};

fn key_id(n: u8) -> KeyId {
    Keyring::new(key(n)).active_id()
}

fn seconds(left: Lived) -> u64 {
    left.try_into().unwrap()
}

impl World {
    /// What the account has is what the model has.
    pub(crate) fn check_status(&mut self, who: usize) {
        let (now, limits) = (self.now(), self.limits);
        let status = self.status(who);
        // It is long, and the search takes longer than all else.
        if self.dice.one_in(8) {
            self.leaks.check_debug(&status, !self.has_long_times);
        }
        let sealed_by = key_id(self.people[who].sealed_by as u8 + 1);
        let Some(naive) = &self.people[who].naive else {
            assert!(
                status.is_none(),
                "STATUS: there is an account that nobody enrolled, or that has opted out"
            );
            return;
        };
        let naive = naive.seen_at(now);
        let status = status.expect("STATUS: the account is gone");
        assert_eq!(status.sealed_by(), Some(sealed_by));
        assert_eq!(status.was_confirmed(), naive.was_confirmed);
        assert_eq!(status.has_accepted_device(), naive.has_accepted());

        let ids = status.devices().iter().map(DeviceStatus::id);
        let devices = naive.devices.iter().map(|device| device_id(device.number));
        assert!(ids.eq(devices), "STATUS: other devices");
        for (seen, device) in status.devices().iter().zip(&naive.devices) {
            check_device(seen, device, (limits, now, naive.lived));
        }

        check_browsers(status.browsers(), &naive, (limits, now));
        let at = (limits, now, naive.lived);
        let cap = Some(naive.cap_of_strangers(limits));
        check_lock("CODES", status.lock(), (&naive.wrong, cap), at);
        // Known browsers whose side is closed are strangers.
        let known = match naive.known.is_at_the_cap(Some(naive.cap_of_known(limits))) {
            true => (&naive.wrong, cap),
            false => (&naive.known, Some(naive.cap_of_known(limits))),
        };
        check_lock("KNOWN", status.known_browsers_lock(), known, at);
        let set = naive.recovery.as_ref().map(|set| set.identity);
        self.check_set(set, status.recovery_set());
        let wrong = Wrong::default();
        let recovery = naive.recovery.as_ref();
        assert_eq!(
            status.recovery_codes_left(),
            recovery.map_or(0, |recovery| recovery.left.len()),
            "STATUS: another number of recovery codes"
        );
        assert_eq!(
            status.recovery_codes_by().map(shown),
            naive.codes_by(),
            "STATUS: another one vouched for the recovery codes"
        );
        let unused = naive
            .temporary
            .as_ref()
            .filter(|one| !one.set.left.is_empty());
        let until = unused.map(|one| now.saturating_add(seconds(one.until - naive.lived)));
        let seen = status.temporary_code_until().map(UnixTime::as_secs);
        assert_eq!(seen, until, "STATUS: another temporary code");
        let wrong = recovery.map_or(&wrong, |recovery| &recovery.wrong);
        let recovery_lock = status.recovery_lock();
        check_lock(
            "RECOVERY",
            recovery_lock,
            (wrong, limits.max_recovery()),
            at,
        );
    }
}

impl World {
    /// Two sets never share an id, and one has one.
    fn check_set(&mut self, identity: Option<Identity>, seen: Option<RecoverySetId>) {
        let (Some(identity), Some(seen)) = (identity, seen) else {
            return assert!(
                identity.is_none() && seen.is_none(),
                "STATUS: a set of recovery codes too many or too few"
            );
        };
        let mut known = self
            .sets
            .iter()
            .filter(|(known, id)| *known == identity || *id == seen);
        match known.next() {
            Some(known) => assert_eq!(*known, (identity, seen), "STATUS: another set"),
            None => self.sets.push((identity, seen)),
        }
    }
}

/// Who vouched, and when.
pub(super) fn shown(voucher: Voucher) -> (VouchedBy, u64) {
    (voucher.by(), voucher.at().as_secs())
}

fn check_device(seen: &DeviceStatus, device: &Device, (limits, now, lived): (Limits, u64, Lived)) {
    let matches_state = match (&device.state, seen.state()) {
        (State::Pending(_), DeviceState::Pending { replaces, .. }) => {
            replaces == device.replaces().map(device_id)
        }
        (State::Active, DeviceState::Active) | (State::Suspended, DeviceState::Suspended) => true,
        (State::Retiring { until: end, .. }, DeviceState::Retiring { until, .. }) => {
            until == UnixTime::from_secs(now.saturating_add(seconds(end - lived)))
        }
        _ => false,
    };
    assert!(
        matches_state,
        "STATUS: {:?}, and not {:?} at {lived}",
        seen.state(),
        device.state
    );
    assert_eq!(
        (seen.parameters(), seen.created().as_secs()),
        (device.parameters(), device.created),
        "STATUS: other settings"
    );
    assert_eq!(
        shown(seen.vouched_by()),
        (device.vouched_by, device.created),
        "STATUS: another one vouched for it"
    );
    assert_eq!(seen.last_used().map(UnixTime::as_secs), device.last_used);
    assert_eq!(seen.label().as_str(), device.label);
    assert_eq!(
        seen.drift(),
        device.offset.steps(limits),
        "DRIFT: after {:?}",
        device.offset
    );
}

fn check_lock(
    of: &str,
    seen: secondfactor::account::Lock,
    (wrong, cap): (&Wrong, Option<usize>),
    (limits, now, lived): (Limits, u64, Lived),
) {
    let count = wrong.in_a_row.len();
    assert!(
        cap.is_none() || count <= limits.highest_cap,
        "CAP: {of}: {count} wrong codes in a row were judged"
    );
    assert_eq!(
        seen,
        wrong.wait(limits, cap, lived).as_lock(now),
        "LOCK: {of}: after {count} in a row"
    );
}
