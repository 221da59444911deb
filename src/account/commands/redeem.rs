//! Redeeming a recovery code.

use crate::account::answer::{Answer, SubmissionHash};
use crate::account::attempt::Attempt;
use crate::account::credential::Credential;
use crate::account::denial::Denial;
use crate::account::error::Error;
use crate::account::event::Event;
use crate::account::judge::Refusal;
use crate::account::proof::{Proof, ProofKind};
use crate::account::proved::Recovered;
use crate::account::recovery::code::RecoveryCode;
use crate::account::recovery::set::RecoverySet;
use crate::account::recovery::temporary::Temporary;
use crate::account::state::Account;
use crate::account::submission::{Command, Submission};
use crate::account::throttle::Limits;
use crate::codes::UnixTime;

impl Account {
    /// Redeems a recovery code, which is used up as soon as its answer is known, or a temporary one.
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
            let is_temporary = account.is_for_the_temporary(code, hash.as_ref());
            let answer =
                (account.addressed(is_temporary)).and_then(|set| set.answer_to(hash.as_ref()));
            if answer.is_none() {
                account.set_with_codes(is_temporary)?;
            }
            account.check_recovery_throttle(is_temporary, now)?;
            if let Some(answer) = answer {
                let proof = account.answer_again(ProofKind::RecoveryCode, None, answer);
                return Ok(account.recovered(proof));
            }
            let policy = account.policy;
            let limits = Limits::recovery_codes(&policy);
            let set = account.set_with_codes(is_temporary)?;
            if set.take(code) {
                set.throttle.succeed();
                set.answer = Answer::new(hash, credential, now);
                let ended = set.remember(credential);
                account.note_redeemed(is_temporary);
                // Whoever redeems has lost a device, or has stolen a code.
                account.browsers.end_trust(|_| true);
                account.note_voided(0, ended);
                let proof = account.proof(ProofKind::RecoveryCode, credential, None, now);
                return Ok(account.recovered(proof));
            }
            set.throttle.fail(limits);
            let failures = set.throttle.failures;
            let next = set.throttle.check(limits, now);
            account.note(Event::RecoveryMismatch { failures });
            if next == Err(Denial::Disabled) {
                account.note(Event::RecoveryDisabled);
            }
            Err(Refusal::Charged(Denial::of_wrong_code(next)))
        })
    }

    fn note_redeemed(&mut self, is_temporary: bool) {
        if is_temporary {
            self.temporary.iter_mut().for_each(Temporary::redeemed);
            self.note(Event::TemporaryCodeRedeemed);
        } else {
            let codes_left = self.recovery_codes_left();
            self.note(Event::Recovered { codes_left });
        }
    }

    fn recovered(&self, proof: Proof) -> Recovered {
        Recovered::new(proof, self.recovery_set_id(), self.recovery_codes_left())
    }

    fn recovery_codes_left(&self) -> usize {
        (self.recovery.as_ref()).map_or(0, |recovery| recovery.codes.len())
    }

    /// A code says itself that it is temporary. Where there is none, or no longer, it is a wrong recovery code.
    fn is_for_the_temporary(&self, code: &RecoveryCode, hash: Option<&SubmissionHash>) -> bool {
        let is_there = self.temporary.as_ref().is_some_and(|temporary| {
            !temporary.set.codes.is_empty() || temporary.set.answer_to(hash).is_some()
        });
        is_there && code.is_temporary()
    }

    const fn addressed(&self, is_temporary: bool) -> Option<&RecoverySet> {
        match &self.temporary {
            Some(temporary) if is_temporary => Some(&temporary.set),
            _ => self.recovery.as_ref(),
        }
    }

    fn addressed_mut(&mut self, is_temporary: bool) -> Result<&mut RecoverySet, Error> {
        match &mut self.temporary {
            Some(temporary) if is_temporary => Ok(&mut temporary.set),
            _ => self.recovery.as_mut().ok_or(Error::NoRecoveryCodes),
        }
    }

    fn set_with_codes(&mut self, is_temporary: bool) -> Result<&mut RecoverySet, Error> {
        match self.addressed_mut(is_temporary)? {
            set if set.codes.is_empty() => Err(Error::NoRecoveryCodes),
            set => Ok(set),
        }
    }

    /// A policy with a smaller limit disables without a failure. That is told once.
    fn check_recovery_throttle(
        &mut self,
        is_temporary: bool,
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let policy = self.policy;
        let limits = Limits::recovery_codes(&policy);
        let throttle = &mut self.addressed_mut(is_temporary)?.throttle;
        if throttle.must_tell_disabled(limits) {
            self.note(Event::RecoveryDisabled);
            return Err(Refusal::Charged(Denial::Disabled));
        }
        Ok(throttle.check(limits, now)?)
    }

    /// Codes and redemptions that end before their time are told, if there are any.
    pub(super) fn note_voided(&mut self, codes: usize, redemptions: usize) {
        if codes > 0 || redemptions > 0 {
            self.note(Event::RecoveryCodesVoided { codes, redemptions });
        }
    }
}
