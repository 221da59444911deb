//! Recovery codes, keys, tokens, and the way out.

use std::rc::Rc;
use std::time::Duration;

use secondfactor::account::{ProofKind, RecoverySetId, Stale};
use secondfactor::{Error, RecoveryCode, RecoveryCodes};

use super::faulty::Fault;
use super::naive::{Identity, Said};
use super::pages::{Page, What};
use super::world::{World, attempt};
use crate::support::operator;

impl World {
    pub(crate) fn recovery_codes(&mut self, who: usize) {
        let Some(proof) = self.proof(who) else {
            return;
        };
        let (now, fault) = (self.now(), self.fault());
        let present = self.naive(who).recovery.map(|set| set.identity);
        // An earlier page may still say what was there then.
        let replaces = match self.dice.below(8) {
            0 => None,
            1 => self.dice.pick(&self.sets).map(|(identity, _)| *identity),
            _ => present,
        };
        let id = replaces.map(|identity| self.set_id(identity));
        let expected = self.asked(who, |naive| naive.issue(&proof, replaces, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.issue_recovery_codes(&*proof, id));
        let Some(codes) = self.settle(who, ("issue", turn), expected, answer) else {
            return;
        };
        assert_eq!(codes.count(), 10);
        let texts: Vec<String> = codes
            .iter()
            .map(|code| code.expose_text().to_string())
            .collect();
        let naive = self.people[who].naive.as_mut().unwrap();
        let slots = naive
            .recovery
            .iter_mut()
            .flat_map(|recovery| &mut recovery.left);
        slots
            .zip(&texts)
            .for_each(|(slot, text)| *slot = Some(text.clone()));
        texts
            .iter()
            .for_each(|text| self.leaks.hide_recovery_code(text));
        self.leaks.check_recent();
        self.people[who].recovery_codes.extend(texts);
    }

    pub(crate) fn redeem(&mut self, who: usize) {
        let owner = if self.dice.one_in(6) { 1 - who } else { who };
        let known = self.dice.pick(&self.people[owner].recovery_codes).cloned();
        let code: RecoveryCode = match known {
            Some(text) if !self.dice.one_in(4) => text.parse().unwrap(),
            _ => RecoveryCodes::generate()
                .unwrap()
                .into_iter()
                .next()
                .unwrap(),
        };
        let tries = if self.dice.one_in(6) { 9 } else { 1 };
        (0..tries).for_each(|_| self.redeem_this(who, &code));
    }

    fn set_id(&self, identity: Identity) -> RecoverySetId {
        let mut sets = self.sets.iter();
        sets.find(|(known, _)| *known == identity).unwrap().1
    }

    fn redeem_this(&mut self, who: usize, code: &RecoveryCode) {
        self.send(who, What::Recovery(code.expose_text().to_string()));
    }

    pub(super) fn redeem_from(&mut self, who: usize, code: &RecoveryCode, page: Option<Page>) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| naive.redeem(code, page, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.redeem(&id, Page::submission(page, code)));
        if let Some(recovered) = self.settle(who, ("redeem", turn), expected, answer) {
            let set = self.naive(who).recovery;
            let id = set.as_ref().map(|set| self.set_id(set.identity));
            assert_eq!(recovered.recovery_set(), id);
            assert_eq!(recovered.codes_left(), set.map_or(0, |set| set.left.len()));
            self.keep(who, "redeem again", recovered);
        }
    }

    /// By an operator, for somebody who has nothing else; and withdrawn.
    pub(crate) fn temporary_code(&mut self, who: usize) {
        let (now, fault) = (self.now(), self.fault());
        let id = self.people[who].id.clone();
        if self.dice.one_in(4) {
            let expected = self.asked(who, |naive| naive.withdraw_temporary(now));
            let (turn, mfa) = self.turn(who, fault, None);
            let answer = attempt(mfa.danger_withdraw_temporary_code_unproven(&id, &operator()));
            self.settle(who, ("withdraw temporary", turn), expected, answer);
            return;
        }
        let lifetime = self.dice.of([0, 1, 60, 600, 600, 3600, 86_400, 86_401]);
        let expected = self.asked(who, |naive| naive.issue_temporary(lifetime, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let lifetime = Duration::from_secs(lifetime);
        let bob = operator();
        let issue = mfa.danger_issue_temporary_code_unproven(&id, &bob, lifetime);
        let answer = attempt(issue);
        let Some(code) = self.settle(who, ("issue temporary", turn), expected, answer) else {
            return;
        };
        let text = code.expose_text().to_string();
        let naive = self.people[who].naive.as_mut().unwrap();
        naive.temporary.as_mut().unwrap().set.left = vec![Some(text.clone())];
        self.leaks.hide_recovery_code(&text);
        self.leaks.check_recent();
        self.people[who].recovery_codes.push(text);
        if self.dice.one_in(2) {
            self.redeem_this(who, &code);
        }
    }

    /// A code that is left, if there is one.
    fn redeem_a_good_one(&mut self, who: usize) {
        let mut naive = self.naive(who);
        let left = naive.sets().flat_map(|set| set.left.clone());
        let left: Vec<String> = left.flatten().collect();
        if let Some(text) = self.dice.pick(&left) {
            let code: RecoveryCode = text.parse().unwrap();
            self.redeem_this(who, &code);
        }
    }

    /// Somebody who has lost their device, or a thief with a code, takes what they can get.
    pub(crate) fn recover(&mut self, who: usize) {
        for _ in 0..self.dice.of([1, 1, 2, 11]) {
            self.redeem_a_good_one(who);
        }
        for _ in 0..=self.dice.below(3) {
            let number = self.any_device(who);
            match self.dice.below(8) {
                0 | 1 => self.enroll_another(who),
                2 => self.recovery_codes(who),
                3 => self.revoke(who, number),
                4 => self.suspend(who, number),
                5 => self.keep_only(who),
                6 => self.rotate(who),
                _ => self.confirm(who),
            }
        }
    }

    /// No device is left: by a recovery code, or by an operator who opts the account out.
    pub(crate) fn mend(&mut self, who: usize) {
        self.redeem_a_good_one(who);
        for _ in 0..3 {
            self.enroll_another(who);
            self.confirm(who);
            if self.naive(who).has_accepted() {
                return;
            }
        }
        self.opt_out_unproven(who);
    }

    pub(crate) fn reseal(&mut self, who: usize) {
        let Some(mut next) = self.people[who].naive.clone() else {
            return;
        };
        next.again = None;
        let (turn, mfa) = self.turn(who, Fault::None, None);
        let is_sealed_so = self.people[who].sealed_by == turn.server;
        let answer = attempt(mfa.reseal(&self.people[who].id));
        if is_sealed_so {
            assert!(matches!(answer, Some(Ok(()))));
            assert_eq!(
                self.servers[turn.server].1.take_commits(),
                0,
                "WRITTEN: nothing to reseal"
            );
        } else {
            self.settle(
                who,
                ("reseal", turn),
                (Said::Yes.into(), Some(next)),
                answer,
            );
        }
    }

    /// Each server has the keys of the store; a record of no account says so.
    pub(crate) fn check_keys(&mut self, who: usize) {
        let (_, mfa) = self.turn(who, Fault::None, None);
        let report = attempt(mfa.check()).unwrap().unwrap();
        assert_eq!(report.findings().len(), 0);
    }

    /// A proof goes through a cookie and keeps its kind. No other session or account opens it.
    pub(crate) fn token(&mut self, who: usize) {
        let (now, sessions) = (self.now(), [&b"one session"[..], b"another session"]);
        let Some(proof) = self.proof(who) else {
            return;
        };
        let id = self.people[who].id.clone();
        let [(one, _), (other, _)] = self.servers.clone();
        let token = one.seal_proof(&*proof, sessions[0]).unwrap();
        self.leaks.check_debug(&token, !self.has_long_times);
        let verified = other.open_verified(&id, sessions[0], &token, Duration::MAX);
        let opened = other.open_proof(&id, sessions[0], &token);
        if proof.at() > now.saturating_add(5) {
            assert!(matches!(verified, Err(Error::Stale(Stale::FromTheFuture))));
            assert!(matches!(opened, Err(Error::Stale(Stale::FromTheFuture))));
        } else {
            let (opened, kept) = (opened.unwrap(), (*proof).as_ref());
            assert_eq!(
                (opened.at(), opened.device(), opened.kind()),
                (kept.at(), kept.device(), kept.kind())
            );
            assert_eq!(
                verified.is_ok(),
                kept.kind() == ProofKind::Code,
                "TOKEN: another kind of proof passes for a code, or a code for none"
            );
            let opened = Rc::new(proof.opened(opened));
            self.people[who].proofs.push(opened);
        }
        for (who, session) in [(who, sessions[1]), (1 - who, sessions[0])] {
            let opened = other.open_proof(&self.people[who].id, session, &token);
            assert!(matches!(opened, Err(Error::Token)));
        }
    }

    pub(crate) fn opt_out(&mut self, who: usize) {
        if self.dice.one_in(3) {
            return self.opt_out_unproven(who);
        }
        let Some(proof) = self.proof(who) else { return };
        let (now, fault) = (self.now(), self.fault());
        let (verdict, next) = self.asked(who, |naive| {
            naive.judge_proven(&proof, now, |_| Said::Yes.into())
        });
        // A refusal is written if the clock went back.
        let next = next.filter(|_| verdict.said != Said::Yes);
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.opt_out(&*proof));
        self.settle(who, ("opt out", turn), (verdict, next), answer);
    }

    fn opt_out_unproven(&mut self, who: usize) {
        let (fault, id) = (self.fault(), self.people[who].id.clone());
        let (verdict, _) = self.asked(who, |_| Said::Yes.into());
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.danger_opt_out_unproven(&id, &operator()));
        self.settle(who, ("danger opt out", turn), (verdict, None), answer);
    }
}
