//! What people and operators do with devices.

use std::rc::Rc;

use secondfactor::{Code, Label, NewDevice};

use super::device::{Moves, State};
use super::naive::{DAY, Form, Naive, Said, leaks_until};
use super::world::{Proven, World, attempt, device_id, said};

impl World {
    pub(crate) fn enroll(&mut self, who: usize) {
        let (new, form) = self.form();
        self.enroll_as(who, new, form);
    }

    pub(crate) fn enroll_as(&mut self, who: usize, new: NewDevice, form: Form) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let mut next = self.naive(who);
        // The same secret at another account would be the application's fault.
        let expected = next.enroll(&form, limits, now);
        if self.is_elsewhere(who, &form) {
            return;
        }
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.enroll(&id, new));
        let enrollment = self.settle(who, ("enroll", turn), (expected, Some(next)), answer);
        self.hand_out(who, enrollment);
    }

    pub(crate) fn proof(&mut self, who: usize) -> Option<(Rc<Proven>, bool)> {
        let now = self.now();
        let proofs = &self.people[who].proofs;
        // The last one, or any.
        let proof = if self.dice.one_in(4) {
            self.dice.pick(proofs)?
        } else {
            proofs.last()?
        };
        let is_fresh = proof.at() <= now.saturating_add(5) && now.saturating_sub(proof.at()) <= 300;
        let naive = self.people[who].naive.as_ref();
        let counts = naive.is_none_or(|naive| match proof.by() {
            Some(by) => naive.still_counts(by, proof.at(), now),
            None => naive
                .recovery
                .as_ref()
                .is_some_and(|recovery| recovery.issued <= proof.at().saturating_add(5)),
        });
        Some((Rc::clone(proof), is_fresh && counts))
    }

    /// What the model says of a command that takes a proof.
    pub(crate) fn proven(
        &self,
        who: usize,
        is_fresh: bool,
        command: impl FnOnce(&mut Naive) -> Said,
    ) -> (Said, Option<Naive>) {
        let Some(mut next) = self.people[who].naive.clone() else {
            return (Said::NotEnrolled, None);
        };
        let said = if is_fresh {
            command(&mut next)
        } else {
            Said::Stale
        };
        (said, Some(next))
    }

    pub(crate) fn enroll_another(&mut self, who: usize) {
        let (new, form) = self.form();
        self.enroll_another_as(who, new, form);
    }

    pub(crate) fn enroll_another_as(&mut self, who: usize, new: NewDevice, form: Form) {
        let Some((proof, is_fresh)) = self.proof(who) else {
            return;
        };
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        if self.is_elsewhere(who, &form) {
            return;
        }
        let expected = self.proven(who, is_fresh, |naive| {
            naive.enroll_another(&form, limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.enroll_another(&*proof, new));
        let enrollment = self.settle(who, ("enroll another", turn), expected, answer);
        self.hand_out(who, enrollment);
    }

    pub(crate) fn rotate(&mut self, who: usize) {
        let Some((proof, is_fresh)) = self.proof(who) else {
            return;
        };
        let (now, limits, fault, number) =
            (self.now(), self.limits, self.fault(), self.any_device(who));
        let expected = self.proven(who, is_fresh, |naive| naive.rotate(number, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.rotate(&*proof, device_id(number)));
        let enrollment = self.settle(who, ("rotate", turn), expected, answer);
        self.hand_out(who, enrollment);
    }

    fn any_device(&mut self, who: usize) -> u32 {
        let naive = self.naive(who);
        if self.dice.one_in(12) {
            return self.dice.below(12) as u32;
        }
        self.dice
            .pick(&naive.devices)
            .map_or(1, |device| device.number)
    }

    /// A device that waits, or any, and where its owner has it.
    fn a_pending_device(&mut self, who: usize) -> (u32, Option<usize>) {
        let naive = self.naive(who);
        let pending: Vec<u32> = naive
            .devices
            .iter()
            .filter(|one| one.is_pending())
            .map(|one| one.number)
            .collect();
        let pending = self.dice.pick(&pending).copied();
        let number = pending
            .filter(|_| !self.dice.one_in(8))
            .unwrap_or_else(|| self.any_device(who));
        // After an opt-out the numbers begin anew.
        (
            number,
            self.people[who]
                .provers
                .iter()
                .rposition(|prover| prover.number == number),
        )
    }

    pub(crate) fn confirm(&mut self, who: usize) {
        let (number, prover) = self.a_pending_device(who);
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let code = match prover {
            Some(at) if self.is_calm || !self.dice.one_in(5) => {
                let steps = if self.is_calm {
                    0
                } else {
                    self.dice.of([0, 0, 0, -1, 1, 2])
                };
                self.shown(who, at, steps)
            }
            _ => self.any_code(who),
        };
        let mut next = self.people[who].naive.clone();
        let expected = next.as_mut().map_or(Said::NotEnrolled, |next| {
            next.confirm(number, code, limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.confirm(&id, device_id(number), code));
        let confirmed = self.settle(who, ("confirm", turn), (expected, next), answer);
        self.people[who]
            .proofs
            .extend(confirmed.map(Proven::Confirmed).map(Rc::new));
    }

    fn pair(&mut self, who: usize, prover: Option<usize>) -> [Code; 2] {
        let Some(at) = prover.filter(|_| !self.dice.one_in(8)) else {
            return [self.any_code(who), self.any_code(who)];
        };
        let (first, second) = self.dice.of([
            (-1, 0),
            (-1, 0),
            (0, 1),
            (-1, 0),
            (0, 0),
            (1, 0),
            (-2, 0),
            (-9, -8),
        ]);
        // Whatever a token is asked for, it shows its next two.
        let is_token = self.people[who].provers[at].moves == Moves::Counter;
        let (first, second) = if is_token {
            (first.max(0), second.max(0))
        } else {
            (first, second)
        };
        [self.shown(who, at, first), self.shown(who, at, second)]
    }

    pub(crate) fn confirm_pair(&mut self, who: usize) {
        let (number, prover) = self.a_pending_device(who);
        // Until the tries are over, now and then.
        for _ in 0..if self.dice.one_in(8) { 6 } else { 0 } {
            let codes = [self.random_code(), self.random_code()];
            self.confirm_pair_by(who, number, codes);
        }
        let codes = self.pair(who, prover);
        self.confirm_pair_by(who, number, codes);
    }

    fn confirm_pair_by(&mut self, who: usize, number: u32, codes: [Code; 2]) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let mut next = self.people[who].naive.clone();
        let expected = next.as_mut().map_or(Said::NotEnrolled, |next| {
            next.confirm_pair(number, codes, limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.confirm_pair(&id, device_id(number), codes));
        let confirmed = self.settle(who, ("confirm pair", turn), (expected, next), answer);
        self.people[who]
            .proofs
            .extend(confirmed.map(Proven::Confirmed).map(Rc::new));
    }

    pub(crate) fn resync(&mut self, who: usize) {
        let times = if self.dice.one_in(6) { 5 } else { 1 };
        (0..times).for_each(|_| self.resync_once(who));
    }

    fn resync_once(&mut self, who: usize) {
        let number = self.any_device(who);
        let prover = self.people[who]
            .provers
            .iter()
            .rposition(|prover| prover.number == number);
        if let Some(at) = prover.filter(|_| self.dice.one_in(4)) {
            self.people[who].provers[at].skew = self.dice.of([0, 90, -90, 300, -3000, 3000, 4000]);
        }
        let codes = self.pair(who, prover);
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.resync(&id, device_id(number), codes));
        // The status does not say whether one is judged; when the clock has gone back, the answer does.
        let is_throttled = matches!(answer.as_ref().map(said), Some(Said::Throttled));
        let mut next = self.people[who].naive.clone();
        let is_full = if self.is_orderly {
            leaks_until(&self.naive(who).resyncs, 3, DAY / 3) > now
        } else {
            is_throttled
        };
        let expected = next.as_mut().map_or(Said::NotEnrolled, |next| {
            next.resync(number, codes, limits, now, is_full)
        });
        self.settle(who, ("resync", turn), (expected, next), answer);
    }

    /// What an operator does without a proof.
    pub(crate) fn operate(&mut self, who: usize) {
        if self.dice.one_in(2) {
            return self.unlock(who);
        }
        let (now, fault, number) = (self.now(), self.fault(), self.any_device(who));
        let mut next = self.people[who].naive.clone();
        let expected = next
            .as_mut()
            .map_or(Said::NotEnrolled, |next| next.revoke(number, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.danger_revoke_unproven(&self.people[who].id, device_id(number)));
        self.settle(who, ("danger revoke", turn), (expected, next), answer);
    }

    pub(crate) fn unlock(&mut self, who: usize) {
        let (now, fault) = (self.now(), self.fault());
        let mut next = self.people[who].naive.clone();
        let expected = next
            .as_mut()
            .map_or(Said::NotEnrolled, |next| next.unlock(now));
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.danger_unlock_unproven(&self.people[who].id));
        self.settle(who, ("danger unlock", turn), (expected, next), answer);
    }

    pub(crate) fn manage(&mut self, who: usize) {
        let Some((proof, is_fresh)) = self.proof(who) else {
            return;
        };
        let naive = self.naive(who);
        let suspended = naive
            .devices
            .iter()
            .find(|device| device.state == State::Suspended);
        let suspended = suspended
            .filter(|_| self.dice.one_in(2))
            .map(|device| device.number);
        let (now, fault) = (self.now(), self.fault());
        let number = suspended.unwrap_or_else(|| self.any_device(who));
        let device = device_id(number);
        let label = self.dice.of(["phone", "tablet", "token", "watch", "ring"]);
        let command = if suspended.is_some() {
            3
        } else {
            self.dice.below(5)
        };
        let expected = self.proven(who, is_fresh, |naive| match command {
            0 => naive.rename(number, label, now),
            1 | 2 => naive.suspend(number, now),
            3 => naive.resume(number, now),
            _ => naive.revoke(number, now),
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let (name, answer) = match command {
            0 => {
                let label = Label::new(label).unwrap();
                ("rename", attempt(mfa.rename(&*proof, device, label)))
            }
            1 | 2 => ("suspend", attempt(mfa.suspend(&*proof, device))),
            3 => ("resume", attempt(mfa.resume(&*proof, device))),
            _ => ("revoke", attempt(mfa.revoke(&*proof, device))),
        };
        self.settle(who, (name, turn), expected, answer);
    }
}
