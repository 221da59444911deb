//! Recovery codes, keys, tokens, and the way out.

use std::rc::Rc;

use secondfactor::{Error, RecoveryCode, RecoveryCodes};

use super::faulty::Fault;
use super::naive::Said;
use super::world::{Proven, World, attempt};

impl World {
    pub(crate) fn recovery_codes(&mut self, who: usize) {
        let Some((proof, is_fresh)) = self.proof(who) else {
            return;
        };
        let (now, fault) = (self.now(), self.fault());
        let issued = if proof.by().is_none() {
            proof.at()
        } else {
            now
        };
        let expected = self.proven(who, is_fresh, |naive| naive.issue(issued, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.issue_recovery_codes(&*proof));
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
        for _ in 0..tries {
            let (now, fault, seen) = (self.now(), self.fault(), self.status(who));
            let mut next = self.people[who].naive.clone();
            let expected = match (&mut next, &seen) {
                (Some(next), Some(seen)) => next.redeem(&code, now, seen),
                _ => Said::NotEnrolled,
            };
            let (turn, mfa) = self.turn(who, fault, None);
            let id = self.people[who].id.clone();
            let answer = attempt(mfa.redeem(&id, &code));
            let recovered = self.settle(who, ("redeem", turn), (expected, next), answer);
            self.people[who]
                .proofs
                .extend(recovered.map(Proven::Recovered).map(Rc::new));
        }
    }

    pub(crate) fn reseal(&mut self, who: usize) {
        let Some(next) = self.people[who].naive.clone() else {
            return;
        };
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
            self.settle(who, ("reseal", turn), (Said::Yes, Some(next)), answer);
        }
    }

    /// A success goes through a cookie; no other session or account opens it.
    pub(crate) fn token(&mut self, who: usize) {
        let (now, sessions) = (self.now(), [&b"one session"[..], b"another session"]);
        let Some(proof) = self.people[who].proofs.last().cloned() else {
            return;
        };
        let Proven::Verified(verified) = &*proof else {
            return;
        };
        let [(one, _), (other, _)] = self.servers.clone();
        let token = one.seal_proof(verified, sessions[0]).unwrap();
        self.leaks.check_debug(&token, !self.is_orderly);
        let opened = other.open_verified(
            &self.people[who].id,
            sessions[0],
            &token,
            std::time::Duration::MAX,
        );
        if verified.at().as_secs() > now.saturating_add(5) {
            assert!(matches!(opened, Err(Error::Stale(_))));
        } else {
            let opened = opened.unwrap();
            assert_eq!(
                (opened.at(), opened.device()),
                (verified.at(), verified.device())
            );
            self.people[who]
                .proofs
                .push(Rc::new(Proven::Verified(opened)));
        }
        let strangers = [(who, sessions[1]), (1 - who, sessions[0])];
        for (who, session) in strangers {
            assert!(matches!(
                other.open_verified(
                    &self.people[who].id,
                    session,
                    &token,
                    std::time::Duration::MAX
                ),
                Err(Error::Token)
            ));
        }
    }

    pub(crate) fn opt_out(&mut self, who: usize) {
        let (fault, id) = (self.fault(), self.people[who].id.clone());
        let is_enrolled = self.people[who].naive.is_some();
        if self.dice.one_in(3) {
            let expected = if is_enrolled {
                Said::Yes
            } else {
                Said::NotEnrolled
            };
            let (turn, mfa) = self.turn(who, fault, None);
            let answer = attempt(mfa.danger_opt_out_unproven(&id));
            self.settle(who, ("danger opt out", turn), (expected, None), answer);
        } else if let Some((proof, is_fresh)) = self.proof(who) {
            let (expected, _) = self.proven(who, is_fresh, |_| Said::Yes);
            let (turn, mfa) = self.turn(who, fault, None);
            let answer = attempt(mfa.opt_out(&*proof));
            self.settle(who, ("opt out", turn), (expected, None), answer);
        }
    }
}
