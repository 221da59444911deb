//! Beginning to enroll a device, or to rotate one.

use std::time::Duration;

use subtle::Choice;

use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::device::enrollment::Enrollment;
use crate::account::device::entry::{Device, Pending, Replaced};
use crate::account::device::id::DeviceId;
use crate::account::device::new_device::NewDevice;
use crate::account::device::session::PendingDevice;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::label::Label;
use crate::account::policy::Policy;
use crate::account::proof::{Proof, ProofKind};
use crate::account::state::Account;
use crate::account::voucher::Voucher;
use crate::codes::{Algorithm, Counter, Secret, UnixTime, constant_time};

impl Account {
    /// Opts in: begins to enroll the first device, with a new secret unless it brings its own.
    ///
    /// It works only where no device was ever confirmed. If the account is full, the device that
    /// has been pending longest makes room.
    ///
    /// # Errors
    /// * [`Error::ProofRequired`] if a device was ever confirmed.
    /// * [`Error::DuplicateSecret`] if another device has its secret.
    /// * [`Error::TooManyDevices`] if no number is left for a device.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn enroll(
        self,
        device: impl Into<NewDevice>,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        self.judge(now, |account| {
            if account.was_confirmed {
                return Err(Error::ProofRequired.into());
            }
            account.enroll_replacing(None, None, device.into(), now)
        })
    }

    /// Begins to enroll one more device. The other devices stay as they are.
    ///
    /// The new device ends if what the proof rests on ends before it is confirmed.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::LabelTaken`] if another device has its label, and [`Error::DuplicateSecret`] if
    ///   another one has its secret.
    /// * [`Error::TooManyDevices`] if the account is full.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn enroll_another(
        self,
        proof: impl AsRef<Proof>,
        device: impl Into<NewDevice>,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            account.enroll_replacing(Some(proof), None, device.into(), now)
        })
    }

    /// Begins to replace the secret of a device by a new one.
    ///
    /// The old one is accepted until the new one is confirmed, and for `grace` after that. Within
    /// the grace it logs in, but proves nothing for changes. Take [`Duration::ZERO`] if the secret
    /// leaked.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownDevice`] if it is not active.
    /// * [`Error::GraceTooLong`] if the grace is longer than [`Policy::MAX_ROTATION_GRACE`].
    /// * [`Error::TooManyDevices`] if no number is left for a device.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn rotate(
        self,
        proof: impl AsRef<Proof>,
        device: impl Into<PendingDevice>,
        grace: Duration,
        now: UnixTime,
    ) -> Result<Attempt<Enrollment>, Error> {
        let (proof, device) = (proof.as_ref(), device.into());
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            if grace > Policy::MAX_ROTATION_GRACE {
                return Err(Error::GraceTooLong.into());
            }
            let old = account.device(device.id)?;
            if !old.is_active() {
                return Err(Error::UnknownDevice.into());
            }
            let replaced = Replaced {
                device: old.id,
                credential: old.credential,
                grace,
            };
            let new = NewDevice {
                label: old.label.clone(),
                // A new secret begins a new count.
                parameters: old.parameters.counting_from(Counter::new(0)),
                secret: None,
                session: device.session,
                drift: 0,
                serial: None,
            };
            account.enroll_replacing(Some(proof), Some(replaced), new, now)
        })
    }

    fn enroll_replacing(
        &mut self,
        proof: Option<&Proof>,
        replaces: Option<Replaced>,
        mut new: NewDevice,
        now: UnixTime,
    ) -> Result<Enrollment, Refusal> {
        let old = replaces.map(|replaced| replaced.device);
        self.refuse_taken(&new.label, old)?;
        let secret = match new.secret.take() {
            Some(secret) => self.refuse_known(secret, new.parameters.algorithm())?,
            None => Secret::generate_for(new.parameters.algorithm()).map_err(Error::from)?,
        };
        let credential = Credential::generate().map_err(Error::from)?;
        let makes_room = self.makes_room(old)?;
        let id = self.next_id()?;

        self.end_devices(|device| makes_room.contains(&device.id));
        let pending = Pending {
            rebinds: self.must_rebind(proof),
            ..Pending::new(proof.map(Proof::credential), replaces, new.session)
        };
        let vouched_by = Voucher::from_proof(proof, now);
        let device = Device::pending(id, credential, new, secret, pending, vouched_by);
        let enrollment = Enrollment::new(&device);
        self.devices.push(device);
        self.note(Event::EnrollmentBegun { device: id });
        Ok(enrollment)
    }

    /// Says whether the account is disabled, so that the new device is to be its only one. An owner who
    /// logs in from a known browser, although strangers are shut out, keeps the other devices.
    fn must_rebind(&self, proof: Option<&Proof>) -> bool {
        let is_redemption = proof.is_some_and(|proof| proof.kind() == ProofKind::RecoveryCode);
        self.is_closed_to_strangers() && (is_redemption || !self.has_working_browser())
    }

    pub(super) fn next_id(&mut self) -> Result<DeviceId, Error> {
        let id = DeviceId::new(self.next_device);
        self.next_device = self
            .next_device
            .checked_add(1)
            .ok_or(Error::TooManyDevices)?;
        Ok(id)
    }

    /// Labels tell confirmed devices apart. Two pending ones may share a label, as the same form
    /// may be open twice.
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
    pub(super) fn refuse_known(
        &self,
        secret: Secret,
        algorithm: Algorithm,
    ) -> Result<Secret, Error> {
        if self.has_secret(&secret, algorithm, |_| true) {
            Err(Error::DuplicateSecret)
        } else {
            Ok(secret)
        }
    }

    /// Two texts that are one key for HMAC are one secret, by the hash of either device.
    pub(super) fn has_secret(
        &self,
        secret: &Secret,
        algorithm: Algorithm,
        of: impl Fn(&Device) -> bool,
    ) -> bool {
        let is = |device: &Device| {
            let is_same = |algorithm| device.secret.is_same_key(secret, algorithm);
            is_same(algorithm) | is_same(device.parameters.algorithm())
        };
        let devices = self.devices.iter().filter(|device| of(device));
        let is_known = devices.fold(Choice::from(0), |any, device| any | is(device));
        constant_time::verdict(is_known)
    }

    /// Returns the devices that end to make room for a pending one. A rotation's two devices count
    /// as one, or a full account could not rotate.
    fn makes_room(&self, replaced: Option<DeviceId>) -> Result<Vec<DeviceId>, Error> {
        if replaced.is_some() {
            // The same form was open twice, and the later one stays.
            let earlier = self
                .devices
                .iter()
                .filter(|device| device.replaces() == replaced);
            return Ok(earlier.map(|device| device.id).collect());
        }
        let counted = |device: &&Device| {
            device.is_kept() || (device.is_pending() && device.replaces().is_none())
        };
        if self.devices.iter().filter(counted).count() < usize::from(self.policy.max_devices()) {
            return Ok(Vec::new());
        }
        let mut waiting = self
            .devices
            .iter()
            .filter(|device| device.is_pending() && counted(device));
        Ok(vec![waiting.next().ok_or(Error::TooManyDevices)?.id])
    }
}
