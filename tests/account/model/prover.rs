//! Devices in people's hands, and the policies that servers may have.

use std::rc::Rc;
use std::time::Duration;

use secondfactor::codes::{Algorithm, Counter, Digits, LookAhead, Secret, Window};
use secondfactor::{Code, Policy};

use super::device::{Moves, hotp};
use super::dice::Dice;
use super::naive::{DAY, Limits};

/// An authenticator: it may be fast or slow, ignore what it was told, or be pressed for nothing.
#[derive(Clone, Debug)]
pub(crate) struct Prover {
    pub(crate) number: u32,
    pub(crate) secret: Rc<Secret>,
    pub(crate) moves: Moves,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    /// In seconds; positive if its clock is fast.
    pub(crate) skew: i64,
    /// The next one.
    pub(crate) counter: u64,
}

impl Prover {
    /// What it shows now, or what it will show or has shown so many steps from now; a token shows
    /// its next code.
    pub(crate) fn show(&mut self, now: u64, steps: i64) -> Code {
        match self.moves {
            Moves::Time { period } => self
                .code((now.saturating_add_signed(self.skew) / period).saturating_add_signed(steps)),
            // What it has shown last.
            Moves::Counter if steps < 0 => self.code(self.counter.saturating_sub(1)),
            Moves::Counter => {
                let shown = self.code(self.counter);
                self.counter = self.counter.saturating_add(1);
                shown
            }
        }
    }

    fn code(&self, moving: u64) -> Code {
        hotp(&self.secret, self.algorithm, self.digits).at(Counter::new(moving))
    }

    pub(crate) fn ignore_settings(&mut self) {
        self.algorithm = Algorithm::Sha1;
        self.digits = Digits::Six;
        if let Moves::Time { .. } = self.moves {
            self.moves = Moves::Time { period: 30 };
        }
    }
}

const DEFAULT: Limits = Limits {
    past: 1,
    future: 1,
    look_ahead: 5,
    max_devices: 8,
    free_tries: 5,
    first_wait: 30,
    max_wait: 3600,
    max_failures: 100,
    highest_cap: 80,
    max_trust: 0,
    has_one_side: false,
    closes_recovery_codes: false,
};
const NIST: Limits = Limits {
    closes_recovery_codes: true,
    ..DEFAULT
};
const ASVS: Limits = Limits {
    past: 0,
    future: 0,
    ..DEFAULT
};
const PCI: Limits = Limits {
    future: 0,
    free_tries: 10,
    first_wait: 30 * 60,
    max_wait: 30 * 60,
    has_one_side: true,
    ..DEFAULT
};
const WIDE: Limits = Limits {
    past: 2,
    future: 3,
    look_ahead: 9,
    max_failures: 6,
    ..DEFAULT
};

/// One of the profiles, or the default with another limit; each also as the numbers that it should
/// be.
pub(crate) fn policy(dice: &mut Dice) -> (Policy, Limits) {
    let (policy, limits) = match dice.below(7) {
        0 => (Policy::ASVS.to_builder(), ASVS),
        1 => (Policy::PCI.to_builder(), PCI),
        2 => {
            let window = Window::new(2, 3).unwrap();
            let policy = Policy::builder()
                .max_failures(6)
                .window(window)
                .look_ahead(LookAhead::new(9).unwrap());
            (policy, WIDE)
        }
        3 => (Policy::NIST.to_builder(), NIST),
        _ => {
            let max_trust = dice.of([0, DAY, 30 * DAY]);
            let policy = Policy::builder().trust(Duration::from_secs(max_trust));
            let limits = Limits {
                max_trust,
                ..DEFAULT
            };
            (policy, limits)
        }
    };
    let max_devices = dice.of([2, 3, 8]);
    let max_failures = dice.of([limits.max_failures as u8, 8]);
    let policy = policy.max_devices(max_devices).max_failures(max_failures);
    (
        policy.build().unwrap(),
        Limits {
            max_devices: max_devices.into(),
            max_failures: max_failures.into(),
            highest_cap: max_failures.into(),
            ..limits
        },
    )
}

/// Smaller limits than these, or the same.
pub(crate) fn tighter(dice: &mut Dice, policy: Policy, limits: Limits) -> (Policy, Limits) {
    let max_failures = dice.of([3, 4, 6]).min(policy.max_failures());
    let max_devices = dice.of([1, 2, 3, 8]).min(policy.max_devices());
    let max_trust = dice.of([0, DAY, 30 * DAY]).min(limits.max_trust);
    let policy = policy.to_builder().trust(Duration::from_secs(max_trust));
    let policy = policy.max_devices(max_devices).max_failures(max_failures);
    (
        policy.build().unwrap(),
        Limits {
            max_devices: max_devices.into(),
            max_failures: max_failures.into(),
            max_trust,
            ..limits
        },
    )
}
