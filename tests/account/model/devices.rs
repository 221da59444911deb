//! How people and operators bring devices: begin, confirm, rotate, import, resynchronize.

use std::rc::Rc;
use std::time::Duration;

use secondfactor::Code;
use secondfactor::account::PendingDevice;

use super::browsers::Seat;
use super::device::{Device, Moves, State};
use super::naive::{DAY, Form, Naive, Said};
use super::pages::{Page, What};
use super::proven::Proven;
use super::world::{World, attempt, device_id};
use crate::support::operator;

fn in_session(number: u32, session: Option<&str>) -> PendingDevice {
    match session {
        Some(session) => device_id(number).in_session(session.as_bytes()),
        None => device_id(number).into(),
    }
}

impl World {
    pub(crate) fn enroll(&mut self, who: usize) {
        let form = self.form();
        self.enroll_as(who, form);
    }

    pub(crate) fn enroll_as(&mut self, who: usize, form: Form) {
        // The same secret at another account would be the application's fault.
        if self.is_elsewhere(who, &form) {
            return;
        }
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let mut next = self.naive(who);
        let verdict = next.enroll(&form, limits, now);
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.enroll(&id, form.as_new()));
        let enrollment = self.settle(who, ("enroll", turn), (verdict, Some(next)), answer);
        self.hand_out(who, enrollment);
    }

    /// The last one, or any: it may be old, of another epoch, or of what has ended.
    pub(crate) fn proof(&mut self, who: usize) -> Option<Rc<Proven>> {
        let proofs = &self.people[who].proofs;
        let proof = if self.dice.one_in(4) {
            self.dice.pick(proofs)?
        } else {
            proofs.last()?
        };
        let (proof, now) = (Rc::clone(proof), self.now());
        let naive = self.people[who].naive.as_ref();
        if let Some(why) = naive.and_then(|naive| naive.seen_at(now).why_ended(&proof, now)) {
            self.count((why, Said::Ended));
        }
        Some(proof)
    }

    pub(crate) fn enroll_another(&mut self, who: usize) {
        let form = self.form();
        self.enroll_another_as(who, form);
    }

    pub(crate) fn enroll_another_as(&mut self, who: usize, form: Form) {
        let Some(proof) = self.proof(who).filter(|_| !self.is_elsewhere(who, &form)) else {
            return;
        };
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| {
            naive.enroll_another(&proof, &form, limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let answer = attempt(mfa.enroll_another(&*proof, form.as_new()));
        let enrollment = self.settle(who, ("enroll another", turn), expected, answer);
        self.hand_out(who, enrollment);
    }

    pub(crate) fn rotate(&mut self, who: usize) {
        let Some(proof) = self.proof(who) else {
            return;
        };
        let (number, session) = (self.any_device(who), self.session());
        let grace = self.dice.of([0, 0, 1, 120, 3 * DAY, 7 * DAY, 7 * DAY + 1]);
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let how = (number, session, grace);
        let expected = self.asked(who, |naive| naive.rotate(&proof, how, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let grace = Duration::from_secs(grace);
        let answer = attempt(mfa.rotate(&*proof, in_session(number, session), grace));
        let enrollment = self.settle(who, ("rotate", turn), expected, answer);
        self.hand_out(who, enrollment);
    }

    pub(crate) fn any_device(&mut self, who: usize) -> u32 {
        let naive = self.naive(who);
        if self.dice.one_in(12) {
            return self.dice.below(12) as u32;
        }
        self.dice
            .pick(&naive.devices)
            .map_or(1, |device| device.number)
    }

    /// A device that waits, or any; the session that began it, or another one; and where its owner
    /// has it.
    fn a_pending_device(&mut self, who: usize) -> (u32, Option<&'static str>, Option<usize>) {
        let naive = self.naive(who);
        let pending = naive.devices.iter().filter(|device| device.is_pending());
        let pending: Vec<u32> = pending.map(|device| device.number).collect();
        let pending = self.dice.pick(&pending).copied();
        let number = pending
            .filter(|_| !self.dice.one_in(8))
            .unwrap_or_else(|| self.any_device(who));
        let session = match naive.find(number).map(|device| &device.state) {
            Some(State::Pending(pending)) if self.is_calm || !self.dice.one_in(8) => {
                pending.session
            }
            _ => self.session(),
        };
        let is_begun_here = |device: &Device| device.is_begun_in(session);
        if naive
            .find(number)
            .is_some_and(|device| device.is_pending() && !is_begun_here(device))
        {
            self.count(("confirm in another session", Said::UnknownDevice));
        }
        // After an opt-out the numbers begin again.
        let provers = &self.people[who].provers;
        let prover = provers.iter().rposition(|prover| prover.number == number);
        (number, session, prover)
    }

    pub(crate) fn confirm(&mut self, who: usize) {
        let (number, session, prover) = self.a_pending_device(who);
        let code = match prover {
            Some(at) if self.is_calm => self.shown(who, at, 0),
            Some(at) if !self.dice.one_in(5) => {
                let steps = self.dice.of([0, 0, 0, -1, 1, 2]);
                self.shown(who, at, steps)
            }
            _ => self.any_code(who),
        };
        self.send(who, What::Confirmation(number, session, code));
    }

    pub(super) fn confirm_from(
        &mut self,
        who: usize,
        (number, session): (u32, Option<&'static str>),
        (code, page, seat): (Code, Option<Page>, &Seat),
    ) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| {
            naive.confirm((number, session), (code, page, seat), limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let submission = seat.with(Page::submission(page, code));
        let answer = attempt(mfa.confirm(&id, in_session(number, session), submission));
        if let Some(mut confirmed) = self.settle(who, ("confirm", turn), expected, answer) {
            self.keep_cookie(who, confirmed.take_browser_cookie());
            assert_eq!(confirmed.device(), device_id(number));
            self.keep(who, "confirm again", confirmed);
        }
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
        let (number, session, prover) = self.a_pending_device(who);
        // Until the tries are over, now and then.
        for _ in 0..if self.dice.one_in(8) { 6 } else { 0 } {
            let codes = [self.random_code(), self.random_code()];
            self.confirm_pair_by(who, (number, session), codes);
            if self.dice.one_in(20) {
                self.set_clock(self.now().saturating_sub(60));
            }
        }
        let codes = self.pair(who, prover);
        self.confirm_pair_by(who, (number, session), codes);
    }

    fn confirm_pair_by(
        &mut self,
        who: usize,
        (number, session): (u32, Option<&'static str>),
        codes: [Code; 2],
    ) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| {
            naive.confirm_pair((number, session), codes, limits, now)
        });
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.confirm_pair(&id, in_session(number, session), codes));
        if let Some(confirmed) = self.settle(who, ("confirm pair", turn), expected, answer) {
            self.keep(who, "confirm pair again", confirmed);
        }
    }

    pub(crate) fn resync(&mut self, who: usize) {
        let times = if self.dice.one_in(6) { 5 } else { 1 };
        (0..times).for_each(|_| self.resync_once(who));
    }

    fn resync_once(&mut self, who: usize) {
        let number = self.any_device(who);
        let provers = &self.people[who].provers;
        let prover = provers.iter().rposition(|prover| prover.number == number);
        if let Some(at) = prover.filter(|_| self.dice.one_in(4)) {
            let skews = [0, 90, -90, 300, -3000, 3000, 3600, -3600, 3670, 4000];
            let prover = &mut self.people[who].provers[at];
            prover.skew = self.dice.of(skews);
            let presses = self.dice.of([0, 0, 20, 99, 100, 101]);
            prover.counter = prover.counter.saturating_add(presses);
        }
        let codes = self.pair(who, prover);
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let expected = self.asked(who, |naive| naive.resync(number, codes, limits, now));
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let answer = attempt(mfa.resync(&id, device_id(number), codes));
        self.settle(who, ("resync", turn), expected, answer);
    }

    /// An operator brings devices of another system, or does so again.
    pub(crate) fn import(&mut self, who: usize) {
        let mut forms = Vec::new();
        let known = self.naive(who).devices;
        for _ in 0..self.dice.of([0, 1, 1, 1, 2, 3]) {
            let mut form = self.form();
            form.session = None;
            form.secret = match (self.dice.below(16), self.dice.pick(&known)) {
                (0, _) => None,
                (1..6, Some(device)) if device.secret.is_some() => device.secret.clone(),
                _ => Some(Rc::new(self.secret())),
            };
            forms.push(form);
        }
        if self.dice.one_in(6) {
            forms.extend(forms.first().cloned());
        }
        if forms.iter().any(|form| self.is_elsewhere(who, form)) {
            return;
        }
        for secret in forms.iter().filter_map(|form| form.secret.as_ref()) {
            self.leaks
                .hide_bytes(secret.expose_bytes(), &secret.expose_base32());
        }
        self.import_these(who, &forms);
    }

    fn import_these(&mut self, who: usize, forms: &[Form]) {
        let (now, limits, fault) = (self.now(), self.limits, self.fault());
        let mut next = self.naive(who);
        let verdict = next.import(forms, limits, now);
        let known: Vec<u32> = numbers(&self.naive(who));
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let devices = forms.iter().map(Form::as_new).collect();
        let answer = attempt(mfa.danger_import_unproven(&id, &operator(), devices, None));
        self.settle(who, ("danger import", turn), (verdict, Some(next)), answer);
        // Their owners have them, whatever the operator hears.
        for number in numbers(&self.naive(who)) {
            if !known.contains(&number) {
                self.give(who, number);
            }
        }
    }
}

fn numbers(naive: &Naive) -> Vec<u32> {
    let number = |device: &Device| device.number;
    naive.devices.iter().map(number).collect()
}
