//! From a new secret to a device that counts.

use subtle::{Choice, ConstantTimeEq};

use super::device::{Device, State};
use super::new_device::NewDevice;
use super::{Account, Attempt, Confirmed, Denial, DeviceId, Enrollment, Label, Proof};
use crate::event::Event;
use crate::{Code, Counter, Error, Secret, UnixTime, declassify};

impl Account {
    /// Opts in: begins to enroll the first device, with a new secret unless it brings its own.
    ///
    /// What was not confirmed in its time makes room, and if the account is full, what has waited longest to be confirmed.
    ///
    /// # Errors
    /// [`Error::ProofRequired`] if a device counts already; [`Error::DuplicateSecret`], [`Error::TooManyDevices`],
    /// [`Error::Rng`].
    pub fn enroll(mut self, device: impl Into<NewDevice>, now: UnixTime) -> Result<Attempt<Enrollment>, Error> {
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
        proof: &dyn Proof,
        device: impl Into<NewDevice>,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.begin_proven(proof, now)?;
        self.enroll_replacing(None, device.into(), now)
    }

    /// Begins to replace the secret of a device by a new one. The old one counts until the new one is confirmed, and for
    /// the policy's grace after that.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`]; [`Error::UnknownDevice`] if it does not count, [`Error::TooManyDevices`],
    /// [`Error::Rng`].
    pub fn rotate(mut self, proof: &dyn Proof, id: DeviceId, now: UnixTime) -> Result<Attempt<Enrollment>, Error> {
        self.begin_proven(proof, now)?;
        let old = self.device(id).ok().filter(|device| device.state == State::Active).ok_or(Error::UnknownDevice)?;
        let new = NewDevice {
            label: old.label.clone(),
            moving: old.moving(),
            algorithm: old.algorithm,
            digits: old.digits,
            secret: None,
        };
        self.enroll_replacing(Some(id), new.with_counter(Counter::new(0)), now)
    }

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
    pub fn confirm(self, id: DeviceId, code: Code, now: UnixTime) -> Result<Attempt<Confirmed>, Error> {
        let policy = self.policy;
        self.confirm_by(id, now, |device| device.confirm(code, &policy, now))
    }

    /// The same by two codes in a row: also for a device whose clock is off, by up to 120 steps, or whose counter is ahead
    /// by up to 100. Such a clock is taken as it is for a day, unless an ordinary login bears it out.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm).
    pub fn confirm_pair(self, id: DeviceId, codes: [Code; 2], now: UnixTime) -> Result<Attempt<Confirmed>, Error> {
        self.confirm_by(id, now, |device| device.confirm_pair(codes, now))
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
            None => Secret::generate_for(new.algorithm)?,
        };
        self.make_room(old)?;
        let id = DeviceId::new(self.next_device);
        self.next_device = self.next_device.checked_add(1).ok_or(Error::TooManyDevices)?;
        let device = Device::pending(id, new, secret, old, now);
        let enrollment = Enrollment::of(&device);
        self.devices.push(device);
        self.note(Event::EnrollmentBegun { device: id });
        Ok(Attempt::new(self, Ok(enrollment)))
    }

    fn confirm_by(
        mut self,
        id: DeviceId,
        now: UnixTime,
        judge: impl FnOnce(&mut Device) -> Result<(), Denial>,
    ) -> Result<Attempt<Confirmed>, Error> {
        let pending = self.device(id).ok().filter(|device| device.is_pending()).ok_or(Error::UnknownDevice)?;
        if pending.has_expired(now) {
            return Err(Error::EnrollmentExpired);
        }
        let State::Pending { replaces, .. } = pending.state else { return Err(Error::UnknownDevice) };
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
                self.note(Event::ConfirmationFailed { device: id, diagnosis });
            }
        }
        let verdict = verdict.map(|()| Confirmed::new(self.id.clone(), id, now));
        Ok(Attempt::new(self, verdict))
    }

    /// The old device of a rotation ends now, or after the grace.
    fn retire(&mut self, old: Option<DeviceId>, new: DeviceId, now: UnixTime) {
        let ends = now.saturating_add(self.policy.rotation_grace());
        let Some(device) = old.and_then(|old| self.device_mut(old).ok()) else { return };
        if device.state == State::Active {
            device.state = State::Retiring { until: ends };
        }
        let old = device.id;
        self.devices.retain(|device| device.id != old || device.is_live(now));
        self.note(Event::Rotated { old, new, ends });
        self.limit_retiring();
    }

    /// As many as there may be devices: more would come only of rotating again and again within the grace, and each one is
    /// a secret more that a guess may hit. The one that was enrolled first goes first.
    fn limit_retiring(&mut self) {
        let is_retiring = |device: &Device| matches!(device.state, State::Retiring { .. });
        let count = self.devices.iter().filter(|device| is_retiring(device)).count();
        let mut too_many = count.saturating_sub(usize::from(self.policy.max_devices()));
        let events = &mut self.events;
        self.devices.retain(|device| {
            let goes = too_many > 0 && is_retiring(device);
            if goes {
                too_many = too_many.saturating_sub(1);
                events.push(Event::Retired { device: device.id, label: device.label.clone() });
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

    /// Labels tell confirmed devices apart. Two that wait may share one: the same form, open twice.
    pub(super) fn refuse_taken(&self, label: &Label, except: Option<DeviceId>) -> Result<(), Error> {
        let mut others = self.devices.iter().filter(|device| Some(device.id) != except);
        let taken = others.any(|device| device.is_kept() && device.label.looks_like(label));
        if taken { Err(Error::LabelTaken) } else { Ok(()) }
    }

    /// RFC 6238 section 3, R5: each prover has a secret of its own.
    fn refuse_known(&self, secret: Secret) -> Result<Secret, Error> {
        let is = |device: &Device| device.secret.expose_bytes().ct_eq(secret.expose_bytes());
        let is_known = self.devices.iter().fold(Choice::from(0), |any, device| any | is(device));
        if declassify::verdict(is_known) { Err(Error::DuplicateSecret) } else { Ok(secret) }
    }

    /// A rotation's two devices count as one, or a full account could not rotate.
    fn make_room(&mut self, replaced: Option<DeviceId>) -> Result<(), Error> {
        let counts = |device: &&Device| {
            !matches!(device.state, State::Retiring { .. } | State::Pending { replaces: Some(_), .. })
        };
        if replaced.is_some() {
            // The same form, open twice: the later one counts.
            self.devices
                .retain(|device| !matches!(device.state, State::Pending { replaces, .. } if replaces == replaced));
        } else if self.devices.iter().filter(counts).count() >= usize::from(self.policy.max_devices()) {
            let waits = |device: &Device| matches!(device.state, State::Pending { replaces: None, .. });
            let waits_longest = self.devices.iter().position(waits).ok_or(Error::TooManyDevices)?;
            self.devices.remove(waits_longest);
        }
        Ok(())
    }
}
