//! Confirming a device by a code that it shows.

use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::device::entry::{Device, State};
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::Confirmed;
use crate::account::state::Account;
use crate::codes::{Code, UnixTime};

impl Account {
    /// Confirms a pending device by a code it shows. The code's step is burned. This is no login.
    ///
    /// The first one ends all others that wait, as they were begun without a proof.
    ///
    /// If the account is disabled, the device confirmed now is the only one left (NIST SP 800-63B-4 section 3.2.2: bound
    /// anew).
    ///
    /// # Errors
    /// [`Error::UnknownDevice`] if no device of this id is pending, [`Error::EnrollmentExpired`], and
    /// [`Error::LabelTaken`] if one of the same label was confirmed meanwhile.
    pub fn confirm(
        self,
        id: DeviceId,
        code: Code,
        now: UnixTime,
    ) -> Result<Attempt<Confirmed>, Error> {
        let policy = self.policy;
        self.confirm_by(id, now, |device| device.confirm(code, &policy, now))
    }

    /// The same by two codes in a row: also for a device whose clock is off, by up to 120 steps, or whose counter is ahead
    /// by up to 100. Such a clock is taken as it is for a day, unless an ordinary login bears it out.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub fn confirm_pair(
        self,
        id: DeviceId,
        codes: [Code; 2],
        now: UnixTime,
    ) -> Result<Attempt<Confirmed>, Error> {
        self.confirm_by(id, now, |device| device.confirm_pair(codes, now))
    }

    fn confirm_by(
        mut self,
        id: DeviceId,
        now: UnixTime,
        judge: impl FnOnce(&mut Device) -> Result<(), Denial>,
    ) -> Result<Attempt<Confirmed>, Error> {
        let pending = self
            .device(id)
            .ok()
            .filter(|device| device.is_pending())
            .ok_or(Error::UnknownDevice)?;
        if pending.has_expired(now) {
            return Err(Error::EnrollmentExpired);
        }
        let State::Pending { replaces, .. } = pending.state else {
            return Err(Error::UnknownDevice);
        };
        self.refuse_taken(&pending.label, replaces)?;

        self.begin(now);
        let opts_in = self.devices.iter().all(Device::is_pending);
        let verdict = judge(self.device_mut(id)?);
        match verdict {
            Ok(()) => {
                // The others were begun without a proof: by whoever knows the password, or by the same form, open twice.
                self.devices.retain(|device| !opts_in || device.id == id);
                self.note(Event::DeviceConfirmed { device: id });
                self.retire(replaces, id, now);
                self.rebind(id);
            }
            Err(denial) => {
                let diagnosis = match denial {
                    Denial::Unconfirmed(diagnosis) => Some(diagnosis),
                    _ => None,
                };
                self.note(Event::ConfirmationFailed {
                    device: id,
                    diagnosis,
                });
            }
        }
        let verdict = verdict.map(|()| Confirmed::new(self.id.clone(), id, now));
        Ok(Attempt::new(self, verdict))
    }

    /// The old device of a rotation ends now, or after the grace.
    fn retire(&mut self, old: Option<DeviceId>, new: DeviceId, now: UnixTime) {
        let ends = now.saturating_add(self.policy.rotation_grace());
        let Some(device) = old.and_then(|old| self.device_mut(old).ok()) else {
            return;
        };
        if device.state == State::Active {
            device.state = State::Retiring { until: ends };
        }
        let old = device.id;
        self.devices
            .retain(|device| device.id != old || device.is_accepted(now));
        self.note(Event::Rotated { old, new, ends });
        self.limit_retiring();
    }

    /// As many as there may be devices: more would come only of rotating again and again within the grace, and each one is
    /// a secret more that a guess may hit. The one that was enrolled first goes first.
    fn limit_retiring(&mut self) {
        let is_retiring = |device: &Device| matches!(device.state, State::Retiring { .. });
        let count = self
            .devices
            .iter()
            .filter(|device| is_retiring(device))
            .count();
        let mut too_many = count.saturating_sub(usize::from(self.policy.max_devices()));
        let events = &mut self.events;
        self.devices.retain(|device| {
            let goes = too_many > 0 && is_retiring(device);
            if goes {
                too_many = too_many.saturating_sub(1);
                events.push(Event::Retired {
                    device: device.id,
                    label: device.label.clone(),
                });
            }
            !goes
        });
    }

    /// A disabled account is bound to the new device alone.
    fn rebind(&mut self, new: DeviceId) {
        if self.throttle.is_disabled(&self.policy) {
            self.devices.retain(|device| device.id == new);
            self.throttle.succeed();
            self.note(Event::Rebound { device: new });
        }
    }
}
