//! What owners do with devices that are confirmed.

use crate::account::attempt::Attempt;
use crate::account::device::entry::State;
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::label::Label;
use crate::account::proof::Proof;
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Gives a device another label.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`], [`Error::LabelTaken`].
    pub fn rename(
        mut self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        label: Label,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
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
    pub fn suspend(
        mut self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
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
    pub fn resume(
        mut self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
        self.change_state(id, State::Suspended, State::Active)?;
        self.note(Event::Resumed { device: id });
        Ok(Attempt::new(self, Ok(())))
    }

    /// Revokes a device: its secret is gone. What waits to be confirmed ends: whoever had the device may have begun it.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`]; [`Error::LastDevice`]: to go without a second
    /// factor, opt out.
    pub fn revoke(
        mut self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
        let label = self.remove_device(id, now)?;
        self.note(Event::Revoked { device: id, label });
        Ok(Attempt::new(self, Ok(())))
    }

    pub(super) fn remove_device(&mut self, id: DeviceId, now: UnixTime) -> Result<Label, Error> {
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
        let is_live = self.device(id)?.is_accepted(now);
        let mut others = self.devices.iter().filter(|device| device.id != id);
        if is_live && !others.any(|device| device.state == State::Active) {
            Err(Error::LastDevice)
        } else {
            Ok(())
        }
    }
}
