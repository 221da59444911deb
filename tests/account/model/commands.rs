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
        for _ in 0..6 {
            self.enroll(who);
            self.confirm(who);
            if self.naive(who).has_live(self.now()) {
                break;
            }
        }
        if self.dice.one_in(2) {
            self.recovery_codes(who);
        }
    }

    /// One random thing happens.
    pub(crate) fn step(&mut self) {
        let who = usize::from(self.dice.one_in(4));
        let naive = self.naive(who);
        if !naive.has_live(self.now()) && !self.dice.one_in(4) {
            return self.move_in(who);
        }
        if naive.is_disabled(self.limits) && self.dice.one_in(3) {
            return self.unlock(who);
        }
        match self.dice.below(100) {
            0..=13 => self.time_passes(),
            14..=34 => self.log_in(who),
            35..=38 => {
                let code = self.any_code(who);
                self.verify(who, code);
            }
            39..=42 => self.race(who),
            43..=46 => self.guess(who),
            47 => self.siege(who),
            48..=49 => self.ride_on_the_owner(who),
            50..=51 => self.enroll(who),
            52..=58 => self.confirm(who),
            59..=62 => self.confirm_pair(who),
            63..=68 => self.resync(who),
            69..=70 => self.operate(who),
            71..=75 => self.redeem(who),
            76 => self.reseal(who),
            77..=78 => self.token(who),
            79 if self.dice.one_in(3) => self.opt_out(who),
            79 => self.run_off(who),
            // What follows takes a proof: often a fresh one.
            with_proof => {
                if !self.dice.one_in(3) {
                    self.log_in(who);
                }
                match with_proof {
                    80..=84 => self.enroll_another(who),
                    85..=88 => self.rotate(who),
                    89..=95 => self.manage(who),
                    _ => self.recovery_codes(who),
                }
            }
        }
    }
}
