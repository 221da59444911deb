//! Redeeming a recovery code.

use crate::account::answer::{Answer, SubmissionHash};
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::denial::Denial;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::proof::{Proof, ProofKind, Recovered};
use crate::account::recovery::code::RecoveryCode;
use crate::account::recovery::set::RecoverySet;
use crate::account::recovery::set_id::RecoverySetId;
use crate::account::state::Account;
use crate::account::submission::{Command, Submission};
use crate::account::throttle::Limits;
use crate::codes::UnixTime;

impl Account {
    /// Redeems a recovery code, which is used up as soon as its answer is known.
    ///
    /// At most ten redemptions are remembered. An eleventh one ends the oldest. A submission with a
    /// form gets the same answer again for a minute, as long as its redemption is remembered: see
    /// [`Submission::with_form`].
    ///
    /// # Errors
    /// * [`Error::NoRecoveryCodes`] if none is left.
    /// * [`Error::Denied`] at once, without a change, when throttled or disabled.
    /// * [`Error::Rng`] if there are no random bytes.
    pub fn redeem<'c>(
        self,
        submission: impl Into<Submission<&'c RecoveryCode>>,
        now: UnixTime,
    ) -> Result<Attempt<Recovered>, Error> {
        let submission = submission.into();
        let (code, hash) = (submission.code, submission.hash(Command::Redeem));
        self.judge(now, |account| {
            let credential = Credential::generate().map_err(Error::from)?;
            let answer = account.answered_redemption(hash.as_ref());
            if answer.is_none() {
                account.recovery_set()?;
            }
            account.check_recovery_throttle(now)?;
            if let Some(answer) = answer {
                let proof = account.answer_again(ProofKind::RecoveryCode, None, answer);
                return account.recovered(proof);
            }
            let policy = account.policy;
            let limits = Limits::recovery_codes(&policy);
            let recovery = account.recovery_set()?;
            if recovery.take(code) {
                recovery.throttle.succeed();
                recovery.answer = Answer::new(hash, credential, now);
                let ended = recovery.remember(credential);
                let codes_left = recovery.codes.len();
                account.note(Event::Recovered { codes_left });
                // Whoever redeems has lost a device, or has stolen a code.
                account.browsers.end_trust(|_| true);
                account.note_voided(0, ended);
                let proof = account.proof(ProofKind::RecoveryCode, credential, None, now);
                return account.recovered(proof);
            }
            recovery.throttle.fail(limits);
            let failures = recovery.throttle.failures;
            let next = recovery.throttle.check(limits, now);
            account.note(Event::RecoveryMismatch { failures });
            if next == Err(Denial::Disabled) {
                account.note(Event::RecoveryDisabled);
            }
            Err(Refusal::Charged(Denial::of_wrong_code(next)))
        })
    }

    fn recovered(&self, proof: Proof) -> Result<Recovered, Refusal> {
        let recovery = self.recovery.as_ref().ok_or(Error::NoRecoveryCodes)?;
        let set = RecoverySetId::new(recovery.credential);
        Ok(Recovered::new(proof, set, recovery.codes.len()))
    }

    /// The code of an earlier redemption is gone from the set, but its answer is remembered.
    fn answered_redemption(&self, hash: Option<&SubmissionHash>) -> Option<Answer> {
        self.recovery.as_ref()?.answer_to(hash)
    }

    /// Codes and redemptions that end before their time are told, if there are any.
    pub(super) fn note_voided(&mut self, codes: usize, redemptions: usize) {
        if codes > 0 || redemptions > 0 {
            self.note(Event::RecoveryCodesVoided { codes, redemptions });
        }
    }

    fn recovery_set(&mut self) -> Result<&mut RecoverySet, Error> {
        let set = self
            .recovery
            .as_mut()
            .filter(|recovery| !recovery.codes.is_empty());
        set.ok_or(Error::NoRecoveryCodes)
    }

    /// A policy with a smaller limit disables without a failure. That is told once.
    fn check_recovery_throttle(&mut self, now: UnixTime) -> Result<(), Refusal> {
        let policy = self.policy;
        let limits = Limits::recovery_codes(&policy);
        let recovery = self.recovery.as_mut().ok_or(Error::NoRecoveryCodes)?;
        let throttle = &mut recovery.throttle;
        if throttle.must_tell_disabled(limits) {
            self.note(Event::RecoveryDisabled);
            return Err(Refusal::Charged(Denial::Disabled));
        }
        Ok(throttle.check(limits, now)?)
    }
}
