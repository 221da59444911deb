//! Issuing recovery codes.

use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::proof::{Proof, ProofKind};
use crate::account::recovery::codes::RecoveryCodes;
use crate::account::recovery::set::RecoverySet;
use crate::account::recovery::set_id::RecoverySetId;
use crate::account::state::Account;
use crate::account::voucher::Voucher;
use crate::codes::UnixTime;

impl Account {
    /// Issues ten recovery codes in the place of the set that the caller names, or of none. Earlier
    /// ones are void from then on, and what was redeemed of them proves nothing.
    ///
    /// A temporary code ends. Only the redemption that issues them belongs to the new set, as its owner mends the second
    /// factor in several steps.
    ///
    /// # Errors
    /// * [`Error::ForeignProof`] or [`Error::Stale`] as for [`check_proof`](Self::check_proof).
    /// * [`Error::RecoveryCodesReplaced`] if `replaces` is not the present set.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn issue_recovery_codes(
        self,
        proof: impl AsRef<Proof>,
        replaces: Option<RecoverySetId>,
        now: UnixTime,
    ) -> Result<Attempt<RecoveryCodes>, Error> {
        let proof = proof.as_ref();
        self.judge(now, |account| {
            account.check_proof(proof, now)?;
            if account.recovery_set_id() != replaces {
                return Err(Error::RecoveryCodesReplaced.into());
            }
            let fresh = RecoveryCodes::generate().map_err(Error::from)?;
            let credential = Credential::generate().map_err(Error::from)?;
            let vouched_by = Voucher::from_proof(Some(proof), now);
            let mut set = RecoverySet::new(&fresh, credential, vouched_by);
            if proof.kind() == ProofKind::RecoveryCode {
                set.remember(proof.credential());
            }
            let before = account.recovery.replace(set);
            account.note(Event::RecoveryCodesIssued {
                count: fresh.count(),
            });
            let ended = before.map_or(0, |before| {
                let own = |redemption: &&Credential| **redemption != proof.credential();
                before.redemptions.iter().filter(own).count()
            });
            account.note_voided(0, ended);
            account.end_temporary(None);
            Ok(fresh)
        })
    }
}
