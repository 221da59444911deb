//! A device as the model has it.

use std::rc::Rc;

use secondfactor::Code;
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret};

use super::naive::{DAY, Limits};

const WEEK: u64 = 7 * DAY;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    Time { period: u64 },
    Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Pending { replaces: Option<u32> },
    Active,
    Suspended,
    Retiring { until: u64 },
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) number: u32,
    pub(crate) label: String,
    /// Nobody's, if the answer that showed it was lost.
    pub(crate) secret: Option<Rc<Secret>>,
    pub(crate) moves: Moves,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    pub(crate) created: u64,
    pub(crate) state: State,
    pub(crate) wrong_confirmations: Vec<u64>,
    /// Steps and counters that were accepted, and the counters before the first.
    pub(crate) burned: Vec<u64>,
    /// Which way each success was off centre, -1, 0 or 1.
    pub(crate) leans: Vec<i64>,
    /// The drift that the last success or the last resynchronization left.
    pub(crate) settled: i64,
    /// When resynchronizations succeeded, and the drift they found.
    pub(crate) resyncs: Vec<(u64, i64)>,
    /// What a drift comes back to that no success bears out.
    pub(crate) before_resync: Option<i64>,
}

impl Device {
    pub(crate) fn is_live(&self, now: u64) -> bool {
        match self.state {
            State::Active => true,
            State::Retiring { until } => now < until && until - now <= WEEK + 5,
            _ => false,
        }
    }

    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.state, State::Active | State::Suspended)
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    pub(crate) fn has_expired(&self, now: u64) -> bool {
        self.is_pending()
            && (self.wrong_confirmations.len() >= 5
                || now.saturating_add(5) < self.created
                || now.saturating_sub(self.created) > 600)
    }

    pub(crate) fn code(&self, moving: u64) -> Option<Code> {
        let hotp = hotp(self.secret.as_ref()?, self.algorithm, self.digits);
        Some(hotp.at(Counter::new(moving)))
    }

    /// As the status shows them: of a counter, the next one.
    pub(crate) fn parameters(&self) -> Parameters {
        let parameters = match self.moves {
            Moves::Time { period } => Parameters::totp(Period::from_secs(period as u16).unwrap()),
            Moves::Counter => Parameters::hotp(Counter::new(self.next_counter())),
        };
        parameters
            .with_algorithm(self.algorithm)
            .with_digits(self.digits)
    }

    pub(crate) fn shows(&self, code: Code, moving: u64) -> bool {
        self.code(moving) == Some(code)
    }

    pub(crate) fn highest_burned(&self) -> Option<u64> {
        self.burned.iter().max().copied()
    }

    pub(crate) fn is_unused(&self, moving: u64) -> bool {
        self.burned.iter().all(|burned| *burned < moving)
    }

    /// A resynchronization holds for a day, if no success bears it out.
    pub(crate) fn drift(&self, now: u64) -> i64 {
        match (self.before_resync, self.resyncs.last()) {
            (Some(before), Some((at, _))) if now > at.saturating_add(DAY) => before,
            _ => self.settled,
        }
    }

    pub(crate) fn centre(&self, now: u64) -> u64 {
        match self.moves {
            Moves::Time { period } => (now / period).saturating_add_signed(self.drift(now)),
            Moves::Counter => self.next_counter(),
        }
    }

    fn next_counter(&self) -> u64 {
        self.highest_burned()
            .map_or(0, |burned| burned.saturating_add(1))
    }

    /// The steps or counters in the window that have this code, used or not.
    pub(crate) fn matches(&self, code: Code, limits: Limits, now: u64) -> Vec<u64> {
        let centre = self.centre(now);
        let (first, last) = match self.moves {
            Moves::Time { .. } => (
                centre.saturating_sub(limits.past),
                centre.saturating_add(limits.future),
            ),
            Moves::Counter => (
                self.highest_burned().unwrap_or(0),
                centre.saturating_add(limits.look_ahead),
            ),
        };
        (first..=last)
            .filter(|moving| self.shows(code, *moving))
            .collect()
    }

    /// How far from what is expected a step is, in seconds, as periods differ.
    pub(crate) fn distance(&self, moving: u64, now: u64) -> u64 {
        let apart = moving.abs_diff(self.centre(now));
        match self.moves {
            Moves::Time { period } => apart * period,
            Moves::Counter => apart,
        }
    }

    /// Where two codes in a row end, both unused and in the reach of a resynchronization.
    pub(crate) fn pair_matches(&self, codes: [Code; 2], now: u64) -> Option<u64> {
        if self.highest_burned() == Some(u64::MAX) {
            return None;
        }
        let (first, last) = match self.moves {
            Moves::Time { period } => (
                (now / period).saturating_sub(121).max(self.next_counter()),
                (now / period).saturating_add(120),
            ),
            Moves::Counter => (self.next_counter(), self.next_counter().saturating_add(100)),
        };
        // The last of all has no second.
        (first.checked_add(1)?..=last)
            .rfind(|second| self.shows(codes[1], *second) && self.shows(codes[0], *second - 1))
    }

    pub(crate) fn resync(&mut self, second: u64, now: u64) {
        self.burned.extend([second - 1, second]);
        if let Moves::Time { period } = self.moves {
            let steps = second as i64 - (now / period) as i64;
            self.before_resync = self.before_resync.or(Some(self.settled));
            self.settled = steps;
            self.resyncs.push((now, steps));
        }
    }
}

/// Codes of the time are those of a counter of steps.
pub(super) fn hotp(secret: &Secret, algorithm: Algorithm, digits: Digits) -> Hotp {
    let parameters = Parameters::hotp(Counter::new(0))
        .with_algorithm(algorithm)
        .with_digits(digits);
    let (hotp, _) = Hotp::from_parameters(secret, parameters).unwrap();
    hotp
}
