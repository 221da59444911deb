//! Beginning to enroll a device.

use subtle::{Choice, ConstantTimeEq};

use crate::account::attempt::Attempt;
use crate::account::device::enrollment::Enrollment;
use crate::account::device::entry::{Device, State};
use crate::account::device::id::DeviceId;
use crate::account::device::new_device::NewDevice;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::label::Label;
use crate::account::proof::Proof;
use crate::account::state::Account;
use crate::codes::{Counter, MovingFactor, Parameters, Secret, UnixTime, constant_time};

impl Account {
    /// Opts in: begins to enroll the first device, with a new secret unless it brings its own.
    ///
    /// What was not confirmed in its time makes room, and if the account is full, what has waited longest to be confirmed.
    ///
    /// # Errors
    /// [`Error::ProofRequired`] if a device counts already; [`Error::DuplicateSecret`], [`Error::TooManyDevices`],
    /// [`Error::Rng`].
    pub fn enroll(
        mut self,
        device: impl Into<NewDevice>,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.begin(now);
        if self.devices.iter().any(|device| !device.is_pending()) {
            return Err(Error::ProofRequired);
        }
        self.enroll_replacing(None, device.into(), now)
    }

    /// Begins to enroll one more device. Those that count stay as they are.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::LabelTaken`], [`Error::DuplicateSecret`],
    /// [`Error::TooManyDevices`], [`Error::Rng`].
    pub fn enroll_another(
        mut self,
        proof: impl AsRef<Proof>,
        device: impl Into<NewDevice>,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
        self.enroll_replacing(None, device.into(), now)
    }

    /// Begins to replace the secret of a device by a new one. The old one counts until the new one is confirmed, and for
    /// the policy's grace after that.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`] if it does not count, [`Error::TooManyDevices`],
    /// [`Error::Rng`].
    pub fn rotate(
        mut self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.begin_proven(proof.as_ref(), now)?;
        let old = self
            .device(id)
            .ok()
            .filter(|device| device.state == State::Active)
            .ok_or(Error::UnknownDevice)?;
        // A new secret begins a new count.
        let parameters = match old.parameters.moving_factor() {
            MovingFactor::Time(_) => old.parameters,
            MovingFactor::Counter(_) => Parameters::hotp(Counter::new(0))
                .with_algorithm(old.parameters.algorithm())
                .with_digits(old.parameters.digits()),
        };
        let new = NewDevice {
            label: old.label.clone(),
            parameters,
            secret: None,
        };
        self.enroll_replacing(Some(id), new, now)
    }

    fn enroll_replacing(
        mut self,
        old: Option<DeviceId>,
        mut new: NewDevice,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.refuse_taken(&new.label, old)?;
        let secret = match new.secret.take() {
            Some(secret) => self.refuse_known(secret)?,
            None => Secret::generate_for(new.parameters.algorithm())?,
        };
        self.make_room(old)?;
        let id = DeviceId::new(self.next_device);
        self.next_device = self
            .next_device
            .checked_add(1)
            .ok_or(Error::TooManyDevices)?;
        let device = Device::pending(id, new, secret, old, now);
        let enrollment = Enrollment::new(&device);
        self.devices.push(device);
        self.note(Event::EnrollmentBegun { device: id });
        Ok(Attempt::new(self, Ok(enrollment)))
    }

    /// Labels tell confirmed devices apart. Two that wait may share one: the same form, open twice.
    pub(super) fn refuse_taken(
        &self,
        label: &Label,
        except: Option<DeviceId>,
    ) -> Result<(), Error> {
        let mut others = self
            .devices
            .iter()
            .filter(|device| Some(device.id) != except);
        let taken = others.any(|device| device.is_kept() && device.label.looks_like(label));
        if taken {
            Err(Error::LabelTaken)
        } else {
            Ok(())
        }
    }

    /// RFC 6238 section 3, R5: each prover has a secret of its own.
    fn refuse_known(&self, secret: Secret) -> Result<Secret, Error> {
        let is = |device: &Device| device.secret.expose_bytes().ct_eq(secret.expose_bytes());
        let is_known = self
            .devices
            .iter()
            .fold(Choice::from(0), |any, device| any | is(device));
        if constant_time::verdict(is_known) {
            Err(Error::DuplicateSecret)
        } else {
            Ok(secret)
        }
    }

    /// A rotation's two devices count as one, or a full account could not rotate.
    fn make_room(&mut self, replaced: Option<DeviceId>) -> Result<(), Error> {
        let counts = |device: &&Device| {
            !matches!(
                device.state,
                State::Retiring { .. }
                    | State::Pending {
                        replaces: Some(_),
                        ..
                    }
            )
        };
        if replaced.is_some() {
            // The same form, open twice: the later one counts.
            self.devices
                .retain(|device| !matches!(device.state, State::Pending { replaces, .. } if replaces == replaced));
        } else if self.devices.iter().filter(counts).count()
            >= usize::from(self.policy.max_devices())
        {
            let waits =
                |device: &Device| matches!(device.state, State::Pending { replaces: None, .. });
            let waits_longest = self
                .devices
                .iter()
                .position(waits)
                .ok_or(Error::TooManyDevices)?;
            self.devices.remove(waits_longest);
        }
        Ok(())
    }
}
