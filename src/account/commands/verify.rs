//! The judgement of a code at a login.

use crate::account::attempt::Attempt;
use crate::account::denial::Denial;
use crate::account::device::entry::Device;
use crate::account::device::id::DeviceId;
use crate::account::device::searching::Match;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::Verified;
use crate::account::state::Account;
use crate::codes::{Code, UnixTime};

impl Account {
    /// Judges a code against every device that counts: one submission, one charge.
    ///
    /// If devices share the code, the one whose step is nearest the present is credited; of the steps of a device, the last.
    /// All of them are burned.
    ///
    /// # Errors
    /// [`Error::NotEnrolled`] without a device that counts. [`Error::Denied`] at once, without a change, for a replay and
    /// when throttled or disabled; then the code was not even looked at.
    pub fn verify(mut self, code: Code, now: UnixTime) -> Result<Attempt<Verified>, Error> {
        self.begin(now);
        self.require_enrolled(now)?;
        self.throttle.check(&self.policy, now)?;

        let policy = self.policy;
        let accepted = self
            .devices
            .iter_mut()
            .filter(|device| device.is_accepted(now));
        let matches: Vec<(&mut Device, Match)> = accepted
            .filter_map(|device| {
                device
                    .matching(code, &policy, now)
                    .map(|found| (device, found))
            })
            .collect();
        let was_used = !matches.is_empty();

        let mut credited: Option<(DeviceId, Match)> = None;
        for (device, found) in matches
            .into_iter()
            .filter(|(device, found)| device.is_unused(*found))
        {
            device.burn(found);
            if credited.is_none_or(|(_, nearest)| found.distance < nearest.distance) {
                credited = Some((device.id, found));
            }
        }
        let verdict = match credited {
            Some((device, found)) => Ok(self.accept(device, found, now)?),
            None if was_used => return Err(Denial::Replayed.into()),
            None => Err(self.refuse(code, now)),
        };
        Ok(Attempt::new(self, verdict))
    }

    /// NIST SP 800-63B-4 section 3.2.2: success clears the failures of the authenticator used; here they are counted for
    /// all devices of the account together, as a wrong code belongs to none.
    fn accept(&mut self, id: DeviceId, found: Match, now: UnixTime) -> Result<Verified, Error> {
        let failures_before = self.throttle.failures;
        let after_lock =
            failures_before > 0 && failures_before >= u32::from(self.policy.free_tries());
        self.throttle.succeed();
        let policy = self.policy;
        let moved = self.device_mut(id)?.credit(found, &policy, now);
        self.note(Event::Verified {
            device: id,
            failures_before,
            after_lock,
        });
        if let Some(steps) = moved {
            self.note(Event::DriftMoved { device: id, steps });
        }
        Ok(Verified::new(self.id.clone(), id, now))
    }

    fn refuse(&mut self, code: Code, now: UnixTime) -> Denial {
        self.throttle.fail(now);
        let failures = self.throttle.failures;
        self.note(Event::Mismatch { failures });
        match self.throttle.check(&self.policy, now) {
            Err(Denial::Throttled { retry_at }) => self.note(Event::Locked {
                failures,
                until: retry_at,
            }),
            Err(_) => self.note(Event::Disabled),
            Ok(()) => {}
        }
        // Every device is looked through, so that the answer's time tells nothing of a suspicion.
        let suspected: Vec<(DeviceId, i64)> =
            (self.devices.iter().filter(|device| device.is_accepted(now)))
                .filter_map(|device| device.drift_of(code, now).map(|steps| (device.id, steps)))
                .collect();
        suspected
            .into_iter()
            .for_each(|(device, steps)| self.note(Event::DriftSuspected { device, steps }));
        Denial::Mismatch
    }
}
