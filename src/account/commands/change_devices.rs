//! What owners do with devices that are confirmed.

use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::device::drift::Drift;
use crate::account::device::entry::{Device, State};
use crate::account::device::id::DeviceId;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::label::Label;
use crate::account::proof::{Proof, ProofKind};
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Gives a device another label, and a rotation of it that is under way with the same label too.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownDevice`] if there is no such device.
    /// * [`Error::LabelTaken`] if another device has the label.
    pub fn rename(
        self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        label: Label,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            let renamed = account.device(id)?;
            let before = renamed.label.clone();
            // A rotation may have the label of the device whose place it takes.
            account.refuse_taken(&label, renamed.replaces().or(Some(id)))?;
            let is_it = |device: &&mut Device| {
                device.id == id || (device.replaces() == Some(id) && device.label == before)
            };
            for device in account.devices.iter_mut().filter(is_it) {
                device.label = label.clone();
                account.events.push(Event::Renamed {
                    device: device.id,
                    before: before.clone(),
                    label: label.clone(),
                });
            }
            Ok(())
        })
    }

    /// Suspends a device. Its codes are refused until it is resumed (NIST SP 800-63B-4 section
    /// 4.3).
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownDevice`] if it is not active.
    /// * [`Error::LastDevice`] if no other device is active, unless the proof is a redeemed
    ///   recovery code.
    pub fn suspend(
        self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            account.refuse_last(proof, id)?;
            account.require_state(id, State::Active)?;
            account.device_mut(id)?.state = State::Suspended;
            let codes_by = account.recovery_codes_by();
            account.note(Event::Suspended {
                device: id,
                codes_by,
            });
            Ok(())
        })
    }

    /// Resumes a suspended device, by the proof of another device. Its earlier proofs stay void, and
    /// what it has shown up to now is burned, as others may have seen it.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::DeviceRequired`] if the proof is a redeemed recovery code.
    /// * [`Error::UnknownDevice`] if it is not suspended.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn resume(
        self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            Self::require_device(proof)?;
            account.require_state(id, State::Suspended)?;
            let credential = Credential::generate().map_err(Error::from)?;
            let window = account.policy.window();
            let device = account.device_mut(id)?;
            (device.state, device.credential) = (State::Active, credential);
            device.burn_shown(window, now);
            account.note(Event::Resumed { device: id });
            Ok(())
        })
    }

    /// Revokes a device for good, such as an old phone. Its secret is gone.
    ///
    /// If somebody else may have used the account, take [`keep_only`](Self::keep_only). To go
    /// without a second factor, opt out.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownDevice`] if there is no such device.
    /// * [`Error::LastDevice`] if it is the last active device, unless the proof is a redeemed
    ///   recovery code.
    pub fn revoke(
        self,
        proof: impl AsRef<Proof>,
        id: DeviceId,
        now: UnixTime,
    ) -> Result<Attempt<()>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            account.refuse_last(proof, id)?;
            account.end_devices(|device| device.id == id);
            Ok(())
        })
    }

    /// Keeps these devices, which are in the owner's hands, and ends everything else.
    ///
    /// Other devices end, pending and retiring ones too. The recovery codes end, and so do redeemed
    /// ones, except the proof's own. Every known browser is forgotten. The kept devices get new credentials, so no earlier proof of
    /// them stands, not even this one. So nothing that a thief added has to be found. Issue new
    /// recovery codes then, by the proof that is returned.
    ///
    /// What the kept devices have shown up to now is burned, as a thief may have seen it. What was
    /// learned or found of their clocks is dropped, as a thief may have said it, except of the
    /// device that gave the proof. One whose clock is off by more than the window is resynchronized
    /// again. Unused codes of a counter stay good: rotate a token that others have held.
    ///
    /// The returned proof takes the place of this one, and is as old. It is `None` if the device that
    /// gave this one was not kept. If the answer got lost, repeating it by the earlier proof of a
    /// device is [`Stale::Ended`](crate::account::Stale::Ended): the owner logs in again.
    /// Repeating it by a later proof, or by a redeemed recovery code, leaves what is there.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::UnknownDevice`] if one of them is not active.
    /// * [`Error::LastDevice`] if the list is empty, unless the proof is a redeemed recovery code.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn keep_only(
        self,
        proof: impl AsRef<Proof>,
        devices: &[DeviceId],
        now: UnixTime,
    ) -> Result<Attempt<Option<Proof>>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            if devices.is_empty() && proof.kind() != ProofKind::RecoveryCode {
                return Err(Error::LastDevice.into());
            }
            devices
                .iter()
                .try_for_each(|id| account.require_state(*id, State::Active))?;
            // One may be named twice.
            let credentials: Vec<Credential> = (devices.iter())
                .map(|_| Credential::generate())
                .collect::<Result<_, _>>()
                .map_err(Error::from)?;
            account.end_devices(|device| !devices.contains(&device.id));
            account.void_recovery_codes(proof);
            account.forget_browsers_if(|_| true);
            account.end_temporary(Some(proof.credential()));
            let renewed = account.renew(credentials, proof, now);
            account.note(Event::KeptOnly {
                devices: account.devices.len(),
            });
            Ok(renewed)
        })
    }

    /// Gives every device a new credential, and leaves nothing of its clock that another one may have
    /// said. Returns the proof by the credential that its device has then.
    ///
    /// A redemption keeps its own: there is one proof of it, and an owner without a device and codes
    /// has nothing else to repeat a lost call with.
    fn renew(&mut self, fresh: Vec<Credential>, proof: &Proof, now: UnixTime) -> Option<Proof> {
        let window = self.policy.window();
        let mut renewed = None;
        for (device, credential) in self.devices.iter_mut().zip(fresh) {
            let before = std::mem::replace(&mut device.credential, credential);
            if before == proof.credential() {
                renewed = Some(credential);
            } else {
                device.drift = Drift::default();
            }
            device.burn_shown(window, now);
        }
        match proof.kind() {
            ProofKind::Code | ProofKind::Confirmation => renewed,
            ProofKind::RecoveryCode => Some(proof.credential()),
        }
        .map(|credential| proof.renewed(credential))
    }

    fn void_recovery_codes(&mut self, proof: &Proof) {
        let Some(recovery) = &mut self.recovery else {
            return;
        };
        let codes = std::mem::take(&mut recovery.codes).len();
        let before = recovery.redemptions.len();
        recovery
            .redemptions
            .retain(|redemption| *redemption == proof.credential());
        let redemptions = before.saturating_sub(recovery.redemptions.len());
        self.note_voided(codes, redemptions);
    }

    fn require_state(&self, id: DeviceId, state: State) -> Result<(), Error> {
        if self.device(id)?.state == state {
            Ok(())
        } else {
            Err(Error::UnknownDevice)
        }
    }

    /// Refuses to take the last active device. A retiring one does not count as another. An owner
    /// who redeemed a recovery code may do it, as the last device may be in a thief's hands.
    fn refuse_last(&self, proof: &Proof, id: DeviceId) -> Result<(), Error> {
        let is_accepted = self.device(id)?.is_accepted();
        let mut others = self.devices.iter().filter(|device| device.id != id);
        let is_last = is_accepted && !others.any(Device::is_active);
        if is_last && proof.kind() != ProofKind::RecoveryCode {
            Err(Error::LastDevice)
        } else {
            Ok(())
        }
    }
}
