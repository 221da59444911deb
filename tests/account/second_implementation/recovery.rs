//! Recovery codes, and the temporary code of an operator.

use secondfactor::account::RecoverySetId;

use super::account::{Account, Answer, Form, Judged, No, Proof, Set, no};
use super::limits::{DAY, MINUTE};
use super::login::Done;

const REDEMPTIONS: usize = 10;

/// A recovery code as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct SentRecovery {
    pub(crate) code: String,
    pub(crate) is_temporary: bool,
    pub(crate) form: Option<Form>,
}

impl Account {
    pub(crate) fn issue(
        &mut self,
        proof: &Proof,
        replaces: Option<RecoverySetId>,
        drawn: Option<(RecoverySetId, Vec<String>)>,
    ) -> Judged<Done> {
        self.check(proof)?;
        if self.recovery.as_ref().and_then(|set| set.id) != replaces {
            return no("RecoveryCodesReplaced");
        }
        let own = |set: &Set| set.redemptions.contains(&proof.credential);
        let mut redemptions = Vec::new();
        if let Some(set) = self.recovery.take() {
            if set
                .redemptions
                .iter()
                .any(|credential| *credential != proof.credential)
            {
                self.tell("recovery_codes_voided");
            }
            if own(&set) {
                redemptions.push(proof.credential);
            }
        }
        if let Some((_, set)) = self.temporary.take() {
            if own(&set) {
                redemptions.push(proof.credential);
            }
            self.tell("temporary_code_ended");
        }
        let Some((id, unused)) = drawn else {
            return Ok(Done::default());
        };
        self.recovery = Some(Set {
            id: Some(id),
            vouched: Some(self.vouched_by(proof)),
            unused,
            redemptions,
            ..Set::default()
        });
        self.tell("recovery_codes_issued");
        Ok(Done::default())
    }

    pub(crate) fn redeem(&mut self, sent: &SentRecovery) -> Judged<Done> {
        let is_answer =
            |answer: &Answer| Some(answer.form) == sent.form && answer.code == sent.code;
        let temporary = sent.is_temporary
            && self.temporary.as_ref().is_some_and(|(_, set)| {
                !set.unused.is_empty() || set.answer.as_ref().is_some_and(is_answer)
            });
        let Some(mut set) = (match temporary {
            true => self.temporary.as_ref().map(|(_, set)| set.clone()),
            false => self.recovery.clone(),
        }) else {
            return no("NoRecoveryCodes");
        };
        let closed = self.limits.recovery > 0 && set.throttle.failures >= self.limits.recovery;
        if closed {
            return Err(No::Told("Denied(Disabled)".into(), "refused_disabled"));
        }
        self.check_wait(set.throttle.ready_in())?;
        if let Some(answer) = set.answer.clone().filter(|answer| {
            Some(answer.form) == sent.form
                && answer.code == sent.code
                && set.redemptions.contains(&answer.credential)
        }) {
            self.tell("answered_again");
            return Ok(self.recovered(answer.credential, answer.at));
        }
        if set.unused.is_empty() {
            return no("NoRecoveryCodes");
        }
        let verdict = match set.unused.iter().position(|code| *code == sent.code) {
            Some(place) => {
                set.unused.remove(place);
                Ok(self.take_redemption(&mut set, sent, temporary))
            }
            None => Err(self.wrong_recovery_code(&mut set)),
        };
        if temporary {
            let left = self.temporary.take().map_or(0, |(left, _)| left);
            let stands = if verdict.is_ok() { 15 * MINUTE } else { 0 };
            self.temporary = Some((left.max(stands), set));
        } else {
            self.recovery = Some(set);
        }
        Ok(self.recovered(verdict?, self.now))
    }

    fn take_redemption(&mut self, set: &mut Set, sent: &SentRecovery, temporary: bool) -> u64 {
        let credential = self.credential();
        set.redemptions.push(credential);
        if set.redemptions.len() > REDEMPTIONS {
            set.redemptions.remove(0);
            self.tell("recovery_codes_voided");
        }
        set.throttle.forgive();
        set.answer = sent.form.map(|form| Answer {
            left: MINUTE,
            at: self.now,
            credential,
            command: "redeem",
            form,
            code: sent.code.clone(),
            cookie: None,
            browser: None,
        });
        for browser in &mut self.browsers {
            browser.trust = None;
        }
        self.tell(if temporary {
            "temporary_code_redeemed"
        } else {
            "recovered"
        });
        credential
    }

    fn wrong_recovery_code(&mut self, set: &mut Set) -> No {
        set.throttle.charge(&self.limits);
        self.tell("recovery_mismatch");
        if self.limits.recovery > 0 && set.throttle.failures >= self.limits.recovery {
            self.tell("recovery_disabled");
            return No::Charged("Denied(Disabled)".into());
        }
        match set.throttle.ready_in() {
            0 => No::Charged("Denied(Mismatch)".into()),
            ready_in => No::Charged(format!("locked until {}", self.now + ready_in)),
        }
    }

    fn recovered(&self, credential: u64, at: u64) -> Done {
        let set = self.recovery.as_ref();
        let left = set.map_or(0, |set| set.unused.len());
        let id = set.and_then(|set| set.id);
        Done {
            text: format!("recovered at {at}, {left} left of {id:?}"),
            proof: Some(Proof {
                account: self.id.clone(),
                credential,
                epoch: self.epoch,
                device: None,
                at,
                browser: None,
            }),
        }
    }

    pub(crate) fn issue_temporary(&mut self, lifetime: u64, drawn: Option<String>) -> Judged<Done> {
        if !self.was_confirmed {
            return no("NotEnrolled");
        }
        if lifetime == 0 || lifetime > DAY {
            return no("TemporaryLifetime");
        }
        if self.temporary.take().is_some() {
            self.tell("temporary_code_ended");
        }
        let set = Set {
            unused: drawn.into_iter().collect(),
            ..Set::default()
        };
        self.temporary = Some((lifetime, set));
        self.tell("temporary_code_issued");
        Ok(Done::default())
    }

    pub(crate) fn withdraw_temporary(&mut self) -> Judged<Done> {
        if self.temporary.take().is_none() {
            return no("NoTemporaryCode");
        }
        self.tell("temporary_code_withdrawn");
        Ok(Done::default())
    }
}
