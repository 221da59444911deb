//! Codes that are submitted at logins: by owners, guessers, and two at once.

use std::sync::{Arc, Mutex};

use secondfactor::account::Lock;
use secondfactor::{Code, Error, Verified};

use super::browsers::Seat;
use super::device::{Device, Moves};
use super::faulty::{Fault, Meanwhile, run_or_die};
use super::naive::{DAY, Naive};
use super::pages::{Page, What};
use super::prover::Prover;
use super::world::{Person, Turn, World, attempt, device_id};
use crate::support::{NOW, run};

impl World {
    pub(crate) fn fault(&mut self) -> Fault {
        match self.dice.below(40) {
            _ if self.is_calm => Fault::None,
            0 => Fault::LoadFails,
            1 => Fault::FailsBeforeWrite,
            2 => Fault::FailsAfterWrite,
            3 => Fault::DiesBeforeWrite,
            4 => Fault::DiesAfterWrite,
            5 => Fault::Loses(1 + self.dice.below(8) as u32),
            _ => Fault::None,
        }
    }

    pub(crate) fn time_passes(&mut self) {
        let now = self.now();
        let time = match self.dice.below(20) {
            0..=7 => now.saturating_add(self.dice.below(60)),
            8..=10 => now.saturating_add(30),
            11 => now.saturating_add(self.dice.below(3600)),
            12 => now.saturating_add(self.dice.below(DAY)),
            13 => now.saturating_add(self.dice.below(9 * DAY)),
            14 => {
                now.saturating_add(
                    self.dice
                        .of([120, 300, 301, 600, 601, 900, 901, DAY, DAY + 1]),
                )
            }
            // Servers' clocks that differ a little, or one that goes back.
            15 => now.saturating_sub(1 + self.dice.below(8)),
            16 => {
                let back = self.dice.of([60, 400, 3600, 5 * 3600, DAY, 9 * DAY]);
                now.saturating_sub(self.dice.below(back))
            }
            // The clock is right again.
            17 => self.right_time,
            18 => self.right_time.saturating_add(self.dice.below(120)),
            _ if self.dice.one_in(12) => self.dice.of([
                0,
                1,
                29,
                30,
                NOW.as_secs(),
                1 << 31,
                1 << 32,
                i64::MAX as u64,
                1 << 63,
                u64::MAX - 31,
                u64::MAX,
            ]),
            _ => now,
        };
        self.set_clock(time);
    }

    pub(crate) fn any_code(&mut self, who: usize) -> Code {
        let everyone: Vec<(usize, usize)> = self.every_prover();
        if self.dice.one_in(2) || everyone.is_empty() {
            return self.random_code();
        }
        let (owner, at) = if self.dice.one_in(2) {
            *self.dice.pick(&everyone).unwrap()
        } else {
            let own: Vec<_> = everyone
                .iter()
                .filter(|(owner, _)| *owner == who)
                .copied()
                .collect();
            *self.dice.pick(&own).or(everyone.first()).unwrap()
        };
        let steps = self.dice.of([0, 0, -1, 1, -2, 2, -3, 3, -60, 100]);
        self.shown(owner, at, steps)
    }

    fn every_prover(&self) -> Vec<(usize, usize)> {
        let each = |(owner, person): (usize, &Person)| {
            (0..person.provers.len()).map(move |at| (owner, at))
        };
        self.people.iter().enumerate().flat_map(each).collect()
    }

    pub(crate) fn random_code(&mut self) -> Code {
        let digits = self.dice.of([6, 6, 6, 7, 8]);
        let value = self.dice.below(10_u64.pow(digits));
        format!("{value:0width$}", width = digits as usize)
            .parse()
            .unwrap()
    }

    pub(crate) fn shown(&mut self, owner: usize, at: usize, steps: i64) -> Code {
        let now = self.now();
        let code = self.people[owner].provers[at].show(now, steps);
        self.leaks.hide_code(&code.to_string());
        code
    }

    /// The code that a device of the account shows now, or nearly now: mostly one that counts.
    pub(crate) fn code_of_own_device(&mut self, who: usize) -> Option<Code> {
        let naive = self.naive(who).seen_at(self.now());
        let provers = &self.people[who].provers;
        let lets_in = |prover: &Prover| naive.find(prover.number).is_some_and(Device::is_accepted);
        let own: Vec<usize> = (0..provers.len())
            .filter(|at| lets_in(&provers[*at]))
            .collect();
        let at = *self.dice.pick(&own)?;
        // A token is pressed for nothing now and then.
        if self.dice.one_in(5) {
            let extra = self.dice.of([1, 2, 6, 20]);
            let counter = &mut self.people[who].provers[at].counter;
            *counter = counter.saturating_add(extra);
        }
        let steps = self.dice.of([0, 0, 0, 0, -1, 1]);
        Some(self.shown(who, at, steps))
    }

    pub(crate) fn log_in(&mut self, who: usize) {
        if self.dice.one_in(2) {
            self.wait(30);
        }
        if let Some(code) = self.code_of_own_device(who) {
            self.verify(who, code);
        }
    }

    pub(crate) fn verify(&mut self, who: usize, code: Code) {
        self.send(who, What::Login(code));
    }

    pub(super) fn verify_from(&mut self, who: usize, code: Code, page: Option<Page>, seat: &Seat) {
        let fault = self.fault();
        let (turn, mfa) = self.turn(who, fault, None);
        let id = self.people[who].id.clone();
        let submission = seat.with(Page::submission(page, code));
        let answer = attempt(mfa.verify(&id, submission));
        self.settle_verify(who, turn, (code, page, seat), answer);
    }

    fn settle_verify(
        &mut self,
        who: usize,
        turn: Turn,
        (code, page, seat): (Code, Option<Page>, &Seat),
        answer: Option<Result<Verified, Error>>,
    ) {
        let (now, limits) = (self.now(), self.limits);
        let expected = self.asked(who, |naive| naive.verify(code, (page, seat), limits, now));
        let again = expected.1.as_ref().and_then(|next| next.again.as_ref());
        if let (Some(Ok(verified)), None) = (&answer, again) {
            self.check_verified(&self.naive(who).seen_at(now), verified, (code, seat));
        }
        let credited = expected.1.as_ref().and_then(|next| next.credited);
        if let Some(mut verified) = self.settle(who, ("verify", turn), expected, answer) {
            self.keep_cookie(who, verified.take_browser_cookie());
            assert_eq!(
                Some(verified.device()),
                credited.map(device_id),
                "CREDIT: another device shows the nearer code"
            );
            assert_eq!(verified.account(), &self.people[who].id);
            // Two that race are settled one after the other.
            if self.meanwhile.is_none() && turn.fault == Fault::None {
                self.may_trust(who, &verified);
            }
            self.keep(who, "verify again", verified);
        }
    }

    /// Whether this success may be at all, before the model is asked.
    fn check_verified(&self, before: &Naive, verified: &Verified, (code, seat): (Code, &Seat)) {
        let (now, limits) = (self.now(), self.limits);
        let device = before
            .devices
            .iter()
            .find(|device| device_id(device.number) == verified.device());
        let device = device.expect("STRANGER: a device that is not there has let somebody in");
        assert!(
            device.is_accepted(),
            "DEAD: a device that does not count has let somebody in: {:?}",
            device.state
        );
        assert!(
            !before.is_disabled(limits) || before.clone().side(seat, limits).1,
            "ABSORBED: a disabled account has let somebody in"
        );
        let matches = device.matches(code, limits, now);
        let Some(last) = matches.last() else {
            panic!("WRONG: a code that the device does not show has let somebody in")
        };
        let secret = device
            .secret
            .as_ref()
            .map(|secret| secret.expose_bytes().to_vec())
            .unwrap_or_default();
        assert!(
            !self.accepted.contains(&(secret, *last)),
            "TWICE: one step of one secret was accepted twice"
        );
        assert!(
            device.is_unused(*last),
            "WATERMARK: a step not above the highest accepted one"
        );
    }

    /// Two servers judge the same code, or two codes, at once: one swap of them wins.
    pub(crate) fn race(&mut self, who: usize) {
        let Some(code) = self.code_of_own_device(who) else {
            return;
        };
        let rival_code = if self.dice.one_in(2) {
            code
        } else {
            self.random_code()
        };
        let page = self.page();
        let rival_page = self.dice.of([page, None]);
        let (seat, rival_seat) = (self.seat(who), self.seat(who));
        let id = self.people[who].id.clone();
        let slot = Arc::new(Mutex::new(None));
        let (mut turn, _) = self.turn(who, Fault::None, None);
        let (rival_mfa, rival_faulty) = self.servers[1 - turn.server].clone();
        rival_faulty.arm(Fault::None, None);
        rival_faulty.take_commits();
        let rival_turn = Turn {
            server: 1 - turn.server,
            ..turn
        };
        let (result, observer, account) =
            (Arc::clone(&slot), Arc::clone(&self.observer), id.clone());
        let rival_submission = rival_seat.with(Page::submission(rival_page, rival_code));
        let meanwhile: Meanwhile = Box::new(move || {
            let answer = run_or_die(rival_mfa.verify(&account, rival_submission.clone()));
            *result.lock().unwrap() = Some((answer, run(observer.status(&account)).ok()));
        });
        let (mfa, faulty) = self.servers[turn.server].clone();
        faulty.arm(Fault::None, Some(meanwhile));
        let answer = attempt(mfa.verify(&id, seat.with(Page::submission(page, code))));
        self.note("a race:");
        let rival = slot.lock().unwrap().take();
        let Some((rival_answer, seen_after)) = rival else {
            return self.settle_verify(who, turn, (code, page, &seat), answer);
        };
        // The rival was first, so it's settled first; the status meanwhile is the one that it left.
        self.meanwhile = Some(seen_after);
        let rival = (rival_code, rival_page, &rival_seat);
        self.settle_verify(who, rival_turn, rival, rival_answer);
        self.meanwhile = None;
        turn.fault = Fault::Loses(1);
        self.settle_verify(who, turn, (code, page, &seat), answer);
    }

    pub(crate) fn guess(&mut self, who: usize) {
        for _ in 0..=self.dice.below(7) {
            let code = self.random_code();
            self.verify(who, code);
        }
    }

    /// A clock that runs off: its owner always logs in by the code at one edge of what is expected.
    pub(crate) fn run_off(&mut self, who: usize) {
        let direction = self.dice.of([-1, 1]);
        for _ in 0..24 {
            self.wait(240);
            let (now, limits) = (self.now(), self.limits);
            let naive = self.naive(who).seen_at(now);
            let is_clock =
                |device: &&Device| device.is_accepted() && device.moves != Moves::Counter;
            let Some(device) = naive.devices.iter().find(is_clock) else {
                return;
            };
            let edge = device.centre(limits, now).saturating_add_signed(direction);
            let Some(code) = device.code(edge) else {
                return;
            };
            self.verify(who, code);
        }
    }

    /// A guesser who waits out every lock.
    pub(crate) fn siege(&mut self, who: usize) {
        let guesses = if self.dice.one_in(12) { 101 } else { 9 };
        for _ in 0..guesses {
            let lock = self.status(who).map(|status| status.lock());
            if let Some(Lock::Until(until)) = lock {
                self.set_clock(until.as_secs());
            }
            let code = self.random_code();
            self.verify(who, code);
        }
    }

    /// A guesser who leaves the last free try to the owner.
    pub(crate) fn ride_on_the_owner(&mut self, who: usize) {
        for _ in 0..5 {
            for _ in 0..4 {
                let code = self.random_code();
                self.verify(who, code);
            }
            self.wait(30);
            let Some(code) = self.code_of_own_device(who) else {
                return;
            };
            self.verify(who, code);
        }
    }
}
