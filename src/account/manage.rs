//! What owners and operators do with devices that are confirmed.

use super::device::State;
use super::{Account, Attempt, DeviceId, Label, Proof};
use crate::event::Event;
use crate::{Error, UnixTime};

impl Account {
    /// Gives a device another label.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`], [`Error::LabelTaken`].
    pub fn rename(
        mut self,
        proof: &dyn Proof,
        id: DeviceId,
        label: Label,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof, now)?;
        self.refuse_taken(&label, Some(id))?;
        self.device_mut(id)?.label = label;
        self.note(Event::Renamed { device: id });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Suspends a device: it does not count until it is resumed (NIST SP 800-63B-4 section 4.3). What
    /// waits to be confirmed ends: whoever had the device may have begun it.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`] if it does not count, [`Error::LastDevice`].
    pub fn suspend(mut self, proof: &dyn Proof, id: DeviceId, now: UnixTime) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof, now)?;
        self.refuse_last(id, now)?;
        self.change_state(id, State::Active, State::Suspended)?;
        self.end_enrollments();
        self.note(Event::Suspended { device: id });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Resumes a suspended device, by proof of another factor.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`] if it is not suspended.
    pub fn resume(mut self, proof: &dyn Proof, id: DeviceId, now: UnixTime) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof, now)?;
        self.change_state(id, State::Suspended, State::Active)?;
        self.note(Event::Resumed { device: id });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Revokes a device: its secret is gone. What waits to be confirmed ends: whoever had the device may have begun it.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`]; [`Error::LastDevice`]: to go without a second
    /// factor, opt out.
    pub fn revoke(mut self, proof: &dyn Proof, id: DeviceId, now: UnixTime) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof, now)?;
        let label = self.remove_device(id, now)?;
        self.note(Event::Revoked { device: id, label });
        Ok(Attempt::new(self, Ok(())))
    }

    /// The same for an operator, without proof of a second factor: only after the owner's identity was proved anew.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`], [`Error::LastDevice`].
    pub fn danger_revoke_unproven(mut self, id: DeviceId, now: UnixTime) -> Result<Attempt<()>, Error> {
        self.begin(now);
        let label = self.remove_device(id, now)?;
        self.note(Event::RevokedUnproven { device: id, label });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Sets the failures in a row back for an operator: only after the owner's identity was proved anew. The pressure of
    /// the last days stays.
    pub fn danger_unlock_unproven(mut self, now: UnixTime) -> Attempt<()> {
        self.begin(now);
        self.throttle.succeed();
        self.note(Event::UnlockedUnproven);
        Attempt::new(self, Ok(()))
    }

    /// Whether the proof lets its bearer change this second factor now: what every such command asks for. Ask yourself where
    /// you delete the record in a transaction of your own, to opt out.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`].
    pub fn check_proof(&self, proof: &dyn Proof, now: UnixTime) -> Result<(), Error> {
        super::proof::check(proof, self, now)
    }

    fn remove_device(&mut self, id: DeviceId, now: UnixTime) -> Result<Label, Error> {
        self.refuse_last(id, now)?;
        let label = self.device(id)?.label.clone();
        self.devices.retain(|device| device.id != id);
        self.end_enrollments();
        Ok(label)
    }

    /// Whoever had the device may have begun what waits to be confirmed, and would keep what is taken from them.
    fn end_enrollments(&mut self) {
        self.devices.retain(|device| !device.is_pending());
    }

    fn change_state(&mut self, id: DeviceId, from: State, to: State) -> Result<(), Error> {
        let device = self.device_mut(id)?;
        if device.state != from {
            return Err(Error::UnknownDevice);
        }
        device.state = to;
        Ok(())
    }

    /// Whether no other device would let the owner in; one that is about to retire is none.
    fn refuse_last(&self, id: DeviceId, now: UnixTime) -> Result<(), Error> {
        let is_live = self.device(id)?.is_live(now);
        let mut others = self.devices.iter().filter(|device| device.id != id);
        if is_live && !others.any(|device| device.state == State::Active) { Err(Error::LastDevice) } else { Ok(()) }
    }
}
