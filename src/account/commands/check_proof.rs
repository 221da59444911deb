//! What a proof must be to change a second factor.

use crate::account::error::Error;
use crate::account::policy::{CLOCK_TOLERANCE, PROOF_LIFETIME};
use crate::account::proof::Proof;
use crate::account::stale::Stale;
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Checks whether the proof lets its bearer change this second factor now. Every command that changes it begins so.
    ///
    /// Call it yourself where you delete the record in a transaction of your own, to opt out.
    ///
    /// # Errors
    /// [`Error::ForeignProof`] for the proof of another account. [`Error::Stale`] if it is not fresh, or if the device or the
    /// recovery codes that it rests on were suspended, revoked or replaced since.
    pub fn check_proof(&self, proof: impl AsRef<Proof>, now: UnixTime) -> Result<(), Error> {
        let proof = proof.as_ref();
        if *proof.account() != self.id {
            return Err(Error::ForeignProof);
        }
        proof.require_within(PROOF_LIFETIME, now)?;
        let was_there = |since: UnixTime| since <= proof.at().saturating_add(CLOCK_TOLERANCE);
        let stands = match proof.device() {
            Some(id) => self
                .device(id)
                .is_ok_and(|device| device.is_accepted(now) && was_there(device.created)),
            None => self
                .recovery
                .as_ref()
                .is_some_and(|recovery| was_there(recovery.issued)),
        };
        if stands {
            Ok(())
        } else {
            Err(Stale::Ended.into())
        }
    }

    /// First step of a command that changes the second factor.
    pub(super) fn begin_proven(&mut self, proof: &Proof, now: UnixTime) -> Result<(), Error> {
        self.check_proof(proof, now)?;
        self.begin(now);
        Ok(())
    }
}
