//! What a proof must be, to change a second factor.

use crate::account::attempt::Attempt;
use crate::account::error::Error;
use crate::account::proof::{Proof, ProofKind};
use crate::account::stale::Stale;
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Checks whether the proof lets its bearer change this second factor now. Every command that
    /// changes it begins with this.
    ///
    /// Call it yourself where you delete the record in a transaction of your own, to opt out. Unlike
    /// the commands it writes nothing, not even that the clock went back.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] if the proof is of another account.
    /// * [`Error::Stale`] if it is not fresh, or if it no longer stands: its device is no longer
    ///   active, its redemption ended with its set, or the clock went back since.
    pub fn check_proof(&self, proof: impl AsRef<Proof>, now: UnixTime) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.check_owner(proof)?;
        self.refuse_moving()?;
        proof.require_within(proof.lifetime(), now)?;
        if self.stands_after(proof.credential(), self.clock.elapsed(now))
            && self.is_of_this_epoch(proof, now)
        {
            Ok(())
        } else {
            Err(Stale::Ended.into())
        }
    }

    /// Refuses a proof where nothing else is to be judged. The record changes only if the clock went
    /// back.
    pub(crate) fn refuse_proof(self, stale: Stale, now: UnixTime) -> Result<Attempt<()>, Error> {
        self.judge(now, |_| Err(Error::from(stale).into()))
    }

    /// Checks whether a session that the proof began may go on.
    ///
    /// It may as long as its device's codes are accepted, or its redemption is remembered. How long
    /// ago the proof was made does not matter here. It writes nothing, not even that the clock went
    /// back.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] if the proof is of another account.
    /// * [`Error::Stale`] if what it rests on has ended.
    pub fn check_session(&self, proof: impl AsRef<Proof>, now: UnixTime) -> Result<(), Error> {
        let proof = proof.as_ref();
        self.check_owner(proof)?;
        self.refuse_moving()?;
        proof.require_within(std::time::Duration::MAX, now)?;
        let elapsed = self.clock.elapsed(now);
        let goes_on = self.stands_after(proof.credential(), elapsed)
            || (self.devices_after(elapsed).iter())
                .any(|device| device.is_accepted() && device.credential == proof.credential());
        if goes_on && self.is_of_this_epoch(proof, now) {
            Ok(())
        } else {
            Err(Stale::Ended.into())
        }
    }

    /// Demands the proof of a device, to resume a device. Whoever redeemed a recovery code may not
    /// be the owner of both.
    pub(super) fn require_device(proof: &Proof) -> Result<(), Error> {
        match proof.kind() {
            ProofKind::Code | ProofKind::Confirmation => Ok(()),
            ProofKind::RecoveryCode => Err(Error::DeviceRequired),
        }
    }

    fn check_owner(&self, proof: &Proof) -> Result<(), Error> {
        if *proof.account() == self.id {
            Ok(())
        } else {
            Err(Error::ForeignProof)
        }
    }

    /// A clock that goes back now begins another epoch, whether it is written or not.
    fn is_of_this_epoch(&self, proof: &Proof, now: UnixTime) -> bool {
        let mut clock = self.clock;
        clock.advance(now);
        proof.epoch() == clock.epoch
    }
}
