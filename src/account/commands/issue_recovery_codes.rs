//! Issuing recovery codes.

use crate::account::attempt::Attempt;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::{Proof, ProofKind};
use crate::account::recovery::codes::RecoveryCodes;
use crate::account::recovery::set::RecoverySet;
use crate::account::state::Account;
use crate::codes::UnixTime;

impl Account {
    /// Issues ten recovery codes; earlier ones are void from then on.
    ///
    /// # Errors
    /// [`Error::ForeignProof`], [`Error::Stale`], [`Error::Rng`]; [`Error::NotEnrolled`] without an active device.
    pub fn issue_recovery_codes(
        mut self,
        proof: impl AsRef<Proof>,
        now: UnixTime,
    ) -> Result<Attempt<RecoveryCodes>, Error> {
        let proof = proof.as_ref();
        self.begin_proven(proof, now)?;
        self.require_enrolled(now)?;
        let fresh = RecoveryCodes::generate()?;
        // Whoever has redeemed a code mends their second factor in several steps, and this is one of them.
        let issued = if proof.kind() == ProofKind::RecoveryCode {
            proof.at()
        } else {
            now
        };
        self.recovery = Some(RecoverySet::new(&fresh, &self.id, issued));
        self.note(Event::RecoveryCodesIssued {
            count: fresh.count(),
        });
        Ok(Attempt::new(self, Ok(fresh)))
    }
}
