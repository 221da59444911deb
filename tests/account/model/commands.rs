//! What people, attackers, operators, servers and clocks do, at random.

use std::sync::{Arc, Mutex};

use super::dice::Dice;
use super::world::World;

impl World {
    /// Most accounts begin with a device.
    pub(crate) fn begin(&mut self) {
        for who in 0..self.people.len() {
            match self.dice.below(12) {
                0 => self.move_in_with_twins(who),
                1 => {}
                2 => self.import(who),
                _ => self.move_in(who),
            }
        }
    }

    /// A sequence by a fuzzer's bytes, as long as they last.
    #[allow(dead_code)] // used by the fuzz target and the replay of its corpus
    pub(crate) fn play(bytes: &[u8], log: &Arc<Mutex<Vec<String>>>) {
        let mut world = Self::new(Dice::from_bytes(bytes), Arc::clone(log));
        world.begin();
        while !world.dice.is_used_up() {
            world.step();
        }
    }

    /// The first device: most accounts have one, and recovery codes.
    pub(crate) fn move_in(&mut self, who: usize) {
        self.is_calm = self.dice.one_in(2);
        for _ in 0..6 {
            self.enroll(who);
            self.confirm(who);
            if self.naive(who).has_accepted() {
                break;
            }
        }
        if self.dice.one_in(4) {
            self.enroll_another(who);
            self.confirm(who);
        }
        self.is_calm = false;
        if self.dice.one_in(2) {
            self.recovery_codes(who);
        }
    }

    /// One random thing happens, and what was sent may be sent again.
    pub(crate) fn step(&mut self) {
        let who = usize::from(self.dice.one_in(4));
        self.sent = None;
        self.step_by(who);
        if self.dice.one_in(3) {
            self.send_again(who);
        }
    }

    fn step_by(&mut self, who: usize) {
        let naive = self.naive(who).seen_at(self.now());
        if !naive.has_accepted() && !self.dice.one_in(4) {
            return if naive.was_confirmed {
                self.mend(who)
            } else {
                self.move_in(who)
            };
        }
        if naive.is_disabled(self.limits) && self.dice.one_in(3) {
            return self.unlock(who);
        }
        match self.dice.below(100) {
            0..=12 => self.time_passes(),
            13..=32 => self.log_in(who),
            33..=36 => {
                let code = self.any_code(who);
                self.verify(who, code);
            }
            37..=40 => self.race(who),
            41..=43 => self.guess(who),
            44 => self.siege(who),
            45 => self.ride_on_the_owner(who),
            46..=47 => self.enroll(who),
            48..=54 => self.confirm(who),
            55..=58 => self.confirm_pair(who),
            59..=63 => self.resync(who),
            64..=66 => self.operate(who),
            67..=69 => self.redeem(who),
            70..=72 => self.recover(who),
            73 if self.dice.one_in(4) => self.check_keys(who),
            73 => self.reseal(who),
            74 => self.token(who),
            75 => self.with_a_proof(who, Self::manage_browsers),
            76 if self.dice.one_in(2) => self.guess_from_a_browser(who),
            76 => (0..3).for_each(|_| self.recognize(who)),
            77 => (0..4).for_each(|_| self.stands(who)),
            78 if self.dice.one_in(3) => self.opt_out(who),
            78 => self.run_off(who),
            79 if self.dice.one_in(3) => self.tighten(),
            79 => self.rebind(who),
            80..=83 => self.with_a_proof(who, Self::enroll_another),
            84..=87 => self.with_a_proof(who, Self::rotate),
            88 => self.rotate_often(who),
            89..=94 => self.with_a_proof(who, Self::manage),
            95..=96 => self.with_a_proof(who, Self::keep_only),
            _ => self.with_a_proof(who, Self::recovery_codes),
        }
    }

    /// A rotation is confirmed when too many wrong codes have come meanwhile.
    fn rebind(&mut self, who: usize) {
        self.with_a_proof(who, Self::rotate);
        self.guess(who);
        self.tighten();
        self.confirm(who);
        // Only what is begun now binds the account again.
        self.rotate(who);
        self.confirm(who);
    }

    /// More devices retire than there may be.
    fn rotate_often(&mut self, who: usize) {
        self.log_in(who);
        for _ in 0..4 {
            self.rotate(who);
            self.is_calm = true;
            self.confirm(who);
            self.is_calm = false;
        }
    }

    /// Often by a fresh one. What it began is often confirmed.
    fn with_a_proof(&mut self, who: usize, command: impl FnOnce(&mut Self, usize)) {
        if !self.dice.one_in(3) {
            self.log_in(who);
        }
        command(self, who);
        if self.dice.one_in(3) {
            self.confirm(who);
        }
    }
}
