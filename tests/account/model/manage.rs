//! What people and operators do with the devices that are there, and what a session is told of
//! them.

use std::rc::Rc;

use secondfactor::Label;
use secondfactor::account::DeviceId;

use super::device::{Device, State};
use super::faulty::Fault;
use super::naive::Said;
use super::world::{World, attempt, device_id, said};
use crate::support::operator;

impl World {
    /// What an operator does without a proof.
    pub(crate) fn operate(&mut self, who: usize) {
        match self.dice.below(6) {
            0 => self.unlock(who),
            1 => self.import(who),
            2 | 3 => self.temporary_code(who),
            _ => self.revoke_unproven(who),
        }
    }

    fn revoke_unproven(&mut self, who: usize) {
        let (now, fault, number) = (self.now(), self.fault(), self.any_device(who));
        let expected = self.asked(who, |naive| naive.revoke_unproven(number, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.danger_revoke_unproven(
            &self.people[who].id,
            &operator(),
            device_id(number),
        ));
        self.settle(who, ("danger revoke", turn), expected, answer);
    }

    pub(crate) fn unlock(&mut self, who: usize) {
        let (now, fault) = (self.now(), self.fault());
        let expected = self.asked(who, |naive| naive.unlock(now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.danger_unlock_unproven(&self.people[who].id, &operator()));
        self.settle(who, ("danger unlock", turn), expected, answer);
    }

    pub(crate) fn manage(&mut self, who: usize) {
        let is_suspended = |device: &&Device| matches!(device.state, State::Suspended);
        let suspended = (self.naive(who).devices.iter())
            .find(is_suspended)
            .map(|device| device.number);
        let suspended = suspended.filter(|_| self.dice.one_in(2));
        let number = suspended.unwrap_or_else(|| self.any_device(who));
        match self.dice.below(5) {
            _ if suspended.is_some() => self.resume(who, number),
            0 => self.rename(who, number),
            1 | 2 => self.suspend(who, number),
            3 => self.resume(who, number),
            _ => self.revoke(who, number),
        }
    }

    fn rename(&mut self, who: usize, number: u32) {
        let Some(proof) = self.proof(who) else { return };
        let label = self.dice.of(["phone", "tablet", "token", "watch", "ring"]);
        let (now, fault) = (self.now(), self.fault());
        let expected = self.asked(who, |naive| naive.rename(&proof, number, label, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let label = Label::new(label).unwrap();
        let answer = attempt(mfa.rename(&*proof, device_id(number), label));
        self.settle(who, ("rename", turn), expected, answer);
    }

    pub(crate) fn suspend(&mut self, who: usize, number: u32) {
        let Some(proof) = self.proof(who) else { return };
        let (now, fault) = (self.now(), self.fault());
        let expected = self.asked(who, |naive| naive.suspend(&proof, number, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.suspend(&*proof, device_id(number)));
        self.settle(who, ("suspend", turn), expected, answer);
    }

    fn resume(&mut self, who: usize, number: u32) {
        let Some(proof) = self.proof(who) else { return };
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| naive.resume(&proof, number, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.resume(&*proof, device_id(number)));
        self.settle(who, ("resume", turn), expected, answer);
    }

    pub(crate) fn revoke(&mut self, who: usize, number: u32) {
        let Some(proof) = self.proof(who) else { return };
        let (now, fault) = (self.now(), self.fault());
        let expected = self.asked(who, |naive| naive.revoke(&proof, number, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.revoke(&*proof, device_id(number)));
        self.settle(who, ("revoke", turn), expected, answer);
    }

    /// Some of the devices that are active, or any; sometimes twice, and sometimes none.
    pub(crate) fn keep_only(&mut self, who: usize) {
        let naive = self.naive(who);
        let active = naive.devices.iter().filter(|device| device.is_active());
        let active: Vec<u32> = active.map(|device| device.number).collect();
        let mut kept: Vec<u32> = (0..self.dice.of([0, 1, 1, 1, 2, 3]))
            .filter_map(|_| self.dice.pick(&active).copied())
            .collect();
        if self.dice.one_in(8) {
            kept.push(self.any_device(who));
        }
        for _ in 0..self.dice.of([1, 1, 2]) {
            self.keep_these(who, &kept);
        }
    }

    pub(crate) fn keep_these(&mut self, who: usize, kept: &[u32]) {
        let Some(proof) = self.proof(who) else { return };
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| naive.keep_only(&proof, kept, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let ids: Vec<DeviceId> = kept.iter().map(|number| device_id(*number)).collect();
        let answer = attempt(mfa.keep_only(&*proof, &ids));
        let kept = expected.1.as_ref().and_then(|next| next.kept);
        if let Some(renewed) = self.settle(who, ("keep only", turn), expected, answer) {
            let is_given = kept.is_some() || proof.is_redemption();
            assert_eq!(renewed.is_some(), is_given, "RENEWED: of what is kept");
            let Some(renewed) = renewed else { return };
            let old = (*proof).as_ref();
            assert_eq!(
                (renewed.at(), renewed.device(), renewed.kind()),
                (old.at(), old.device(), old.kind()),
                "RENEWED: another proof"
            );
            let naive = self.people[who].naive.as_ref().unwrap();
            let renewed = proof.renewed(renewed, naive);
            self.people[who].proofs.push(Rc::new(renewed));
        }
    }

    /// A session asks whether it may go on: nothing is written, whatever the clock shows.
    pub(crate) fn stands(&mut self, who: usize) {
        let Some(proof) = self.proof(who) else { return };
        let (now, person) = (self.now(), &self.people[who]);
        let naive = person.naive.as_ref().map(|naive| naive.seen_at(now));
        let changes = naive.as_ref().map_or(Said::NotEnrolled, |naive| {
            naive.refuses(&proof, now).unwrap_or(Said::Yes)
        });
        let expected = naive.map_or(Said::NotEnrolled, |naive| naive.session(&proof, now));
        let (turn, mfa) = self.turn(who, Fault::None, None);
        let answer = said(&attempt(mfa.stands(&*proof)).unwrap());
        self.note(format!(
            "{who} stands {turn:?}: {answer:?}; model: {expected:?}"
        ));
        self.count(("stands", answer));
        assert_eq!(answer, expected, "VERDICT: stands");
        let answer = said(&attempt(mfa.check_proof(&*proof)).unwrap());
        assert_eq!(answer, changes, "VERDICT: check proof");
        let commits = self.servers[turn.server].1.take_commits();
        assert_eq!(commits, 0, "WRITTEN: a question");
    }
}
