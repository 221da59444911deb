//! What owners and operators do with what is enrolled.

use super::judge::{Absent, Mfa, TRIES, store_error};
use crate::account::{Account, DeviceId, Error, Event, Label, Proof};
use crate::account_id::AccountId;
use crate::codes::UnixTime;
use crate::store::{Store, Swap};

impl<S: Store> Mfa<S> {
    /// Gives a device another label.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`UnknownDevice`](Error::UnknownDevice), [`LabelTaken`](Error::LabelTaken), and those of
    /// the environment and the operator.
    pub async fn rename(
        &self,
        proof: impl AsRef<Proof>,
        device: DeviceId,
        label: Label,
    ) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| {
            account.rename(proof, device, label.clone(), now)
        })
        .await
    }

    /// Suspends a device that is out of its owner's hands: it does not count until it is resumed. What waits to be confirmed
    /// ends: whoever had the device may have begun it.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`UnknownDevice`](Error::UnknownDevice), [`LastDevice`](Error::LastDevice), and those of
    /// the environment and the operator.
    pub async fn suspend(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.suspend(proof, device, now))
            .await
    }

    /// Resumes a suspended device.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`UnknownDevice`](Error::UnknownDevice), and those of the environment and the operator.
    pub async fn resume(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.resume(proof, device, now))
            .await
    }

    /// Revokes a device for good: its secret is gone. What waits to be confirmed ends: whoever had the device may have begun
    /// it.
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), [`UnknownDevice`](Error::UnknownDevice), [`LastDevice`](Error::LastDevice), and those of
    /// the environment and the operator.
    pub async fn revoke(&self, proof: impl AsRef<Proof>, device: DeviceId) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.judge_proven(proof, |account, now| account.revoke(proof, device, now))
            .await
    }

    /// Opts out: the account's record is removed, with all devices and recovery codes. Clear your own note that this
    /// account has opted in, or its next login ends in [`NotEnrolled`](Error::NotEnrolled).
    ///
    /// # Errors
    /// [`Stale`](Error::Stale), and those of the environment and the operator.
    pub async fn opt_out(&self, proof: impl AsRef<Proof>) -> Result<(), Error> {
        let proof = proof.as_ref();
        let id = proof.account();
        self.remove(id, &Event::OptedOut, |stored, now| {
            self.open(id, stored)?.check_proof(proof, now)
        })
        .await
    }

    /// Revokes a device for an operator, without proof of a second factor: only after the owner's identity was proved
    /// anew, as strictly as when they enrolled (NIST SP 800-63B-4 section 4.2.2.2, OWASP ASVS 6.4.3). The owner is told.
    ///
    /// # Errors
    /// [`UnknownDevice`](Error::UnknownDevice), [`LastDevice`](Error::LastDevice), and those of the environment and the
    /// operator.
    pub async fn danger_revoke_unproven(
        &self,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<(), Error> {
        let command = |account: Account, now| account.danger_revoke_unproven(device, now);
        self.judge(account, Absent::IsNotEnrolled, command).await
    }

    /// Sets the failures in a row back for an operator: only after the owner's identity was proved anew. The pressure of the
    /// last days stays: after many wrong codes their next one may still have to wait, as the status says.
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled), and those of the environment and the operator.
    pub async fn danger_unlock_unproven(&self, account: &AccountId) -> Result<(), Error> {
        self.judge(account, Absent::IsNotEnrolled, |account, now| {
            Ok(account.danger_unlock_unproven(now))
        })
        .await
    }

    /// Removes an account's record for an operator: only after the owner's identity was proved anew, or to forget the
    /// account as a whole. A record that does not open is removed too.
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled), and those of the environment.
    pub async fn danger_opt_out_unproven(&self, account: &AccountId) -> Result<(), Error> {
        self.remove(account, &Event::OptedOutUnproven, |_, _| Ok(()))
            .await
    }

    /// Removes the record as it was when `allow` saw it.
    async fn remove(
        &self,
        id: &AccountId,
        event: &Event,
        allow: impl Fn(&[u8], UnixTime) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let stored = self
                .store
                .load(id)
                .await
                .map_err(store_error)?
                .ok_or(Error::NotEnrolled)?;
            let now = self.clock.now();
            allow(stored.body(), now)?;
            match self
                .store
                .remove(id, stored.version())
                .await
                .map_err(store_error)?
            {
                Swap::Committed(_) => {
                    self.tell(id, now, event);
                    return Ok(());
                }
                Swap::Conflict => {}
            }
        }
        Err(Error::Contended)
    }
}
