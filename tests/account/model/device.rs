//! A device as the model has it.

use std::rc::Rc;

use secondfactor::Code;
use secondfactor::account::VouchedBy;
use secondfactor::codes::{Algorithm, Counter, Digits, Hotp, Parameters, Period, Secret};

use super::naive::{Answered, Identity, Limits, Lived};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moves {
    Time { period: u64 },
    Counter,
}

#[derive(Clone, Debug)]
pub(crate) enum State {
    Pending(Pending),
    Active,
    Suspended,
    /// What took its place is of this identity.
    Retiring {
        until: Lived,
        successor: Identity,
    },
}

/// What it waits with, and what it rests on.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) begun: Lived,
    pub(crate) wrong_confirmations: usize,
    pub(crate) rests_on: Option<Identity>,
    pub(crate) replaces: Option<Replaced>,
    pub(crate) session: Option<&'static str>,
    /// Whether the account was disabled then.
    pub(crate) rebinds: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Replaced {
    pub(crate) number: u32,
    pub(crate) identity: Identity,
    pub(crate) grace: u64,
}

/// How far a clock is off: where a resynchronization found it, and which way each success since was
/// off centre, -1, 0 or 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offset {
    found: i64,
    pub(crate) leans: Vec<i64>,
}

impl Offset {
    /// Two in a row to one side move it by a step, and never so far that the present step leaves
    /// the window, by what was found too.
    pub(crate) fn steps(&self, limits: Limits) -> i64 {
        if limits.past == 0 || limits.future == 0 {
            return self.found;
        }
        let window = -(limits.future as i64)..=limits.past as i64;
        let found = if window.contains(&self.found) {
            self.found
        } else {
            0
        };
        let slowest = (-4).max(window.start() - found.min(0));
        let fastest = 4.min(window.end() - found.max(0));
        let (mut learned, mut once) = (0_i64, 0);
        for lean in &self.leans {
            if *lean != 0 && *lean == once {
                learned = (learned + lean).clamp(slowest, fastest);
                once = 0;
            } else {
                once = *lean;
            }
        }
        self.found + learned
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) number: u32,
    pub(crate) identity: Identity,
    pub(crate) label: String,
    /// Nobody's, if the answer that showed it was lost.
    pub(crate) secret: Option<Rc<Secret>>,
    pub(crate) moves: Moves,
    pub(crate) algorithm: Algorithm,
    pub(crate) digits: Digits,
    pub(crate) created: u64,
    pub(crate) vouched_by: VouchedBy,
    pub(crate) state: State,
    /// Steps and counters that were accepted, and what was burned before the first.
    pub(crate) burned: Vec<u64>,
    /// Steps and counters whose replay the owner was told of.
    pub(crate) told_replays: Vec<u64>,
    pub(crate) last_used: Option<u64>,
    pub(crate) offset: Offset,
    /// When the last resynchronization was that no success has confirmed, and what the offset comes
    /// back to.
    pub(crate) before_resync: Option<(Lived, Offset)>,
    pub(crate) answered: Option<Answered>,
}

impl Device {
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.state, State::Active)
    }

    /// Whether its codes let in.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self.state, State::Active | State::Retiring { .. })
    }

    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.state, State::Active | State::Suspended)
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending(_))
    }

    pub(crate) fn is_begun_in(&self, session: Option<&str>) -> bool {
        matches!(&self.state, State::Pending(pending) if pending.session == session)
    }

    /// The device in whose place it waits to be.
    pub(crate) fn replaces(&self) -> Option<u32> {
        match &self.state {
            State::Pending(pending) => pending.replaces.as_ref().map(|old| old.number),
            _ => None,
        }
    }

    /// Ten minutes and five tries to be confirmed; a grace to retire.
    pub(crate) fn has_run_out(&self, lived: Lived) -> bool {
        match &self.state {
            State::Pending(pending) => {
                lived - pending.begun > 600 || pending.wrong_confirmations >= 5
            }
            State::Retiring { until, .. } => lived >= *until,
            _ => false,
        }
    }

    pub(crate) fn has(&self, secret: &Secret) -> bool {
        let own = self.secret.as_ref();
        own.is_some_and(|own| own.expose_bytes() == secret.expose_bytes())
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

    fn shows(&self, code: Code, moving: u64) -> bool {
        self.code(moving) == Some(code)
    }

    pub(crate) fn highest_burned(&self) -> Option<u64> {
        self.burned.iter().max().copied()
    }

    pub(crate) fn is_unused(&self, moving: u64) -> bool {
        self.burned.iter().all(|burned| *burned < moving)
    }

    pub(crate) fn centre(&self, limits: Limits, now: u64) -> u64 {
        match self.moves {
            Moves::Time { period } => {
                (now / period).saturating_add_signed(self.offset.steps(limits))
            }
            Moves::Counter => self.next_counter(),
        }
    }

    /// The steps up to where its clock stands are never accepted.
    pub(crate) fn burn_shown(&mut self, limits: Limits, now: u64) {
        let centre = self.centre(limits, now);
        if self.moves != Moves::Counter && self.is_unused(centre) {
            self.burned.push(centre);
        }
    }

    pub(crate) fn next_counter(&self) -> u64 {
        self.highest_burned()
            .map_or(0, |burned| burned.saturating_add(1))
    }

    /// The steps or counters in the window that have this code, used or not.
    pub(crate) fn matches(&self, code: Code, limits: Limits, now: u64) -> Vec<u64> {
        let centre = self.centre(limits, now);
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
    pub(crate) fn distance(&self, moving: u64, limits: Limits, now: u64) -> u64 {
        let apart = moving.abs_diff(self.centre(limits, now));
        match self.moves {
            Moves::Time { period } => apart * period,
            Moves::Counter => apart,
        }
    }

    /// Where two codes in a row end, both unused: an hour and two steps each way, or a hundred
    /// presses.
    fn pair_matches(&self, codes: [Code; 2], now: u64) -> Option<u64> {
        if self.highest_burned() == Some(u64::MAX) {
            return None;
        }
        let next = self.next_counter();
        let (first, last) = match self.moves {
            Moves::Time { period } => {
                let (present, reach) = (now / period, 3600 / period + 2);
                let first = present.saturating_sub(reach + 1).max(next);
                (first, present.saturating_add(reach))
            }
            Moves::Counter => (next, next.saturating_add(101)),
        };
        // The last of all has no second.
        (first.checked_add(1)?..=last)
            .rfind(|second| self.shows(codes[1], *second) && self.shows(codes[0], *second - 1))
    }

    /// Takes two codes in a row as where it stands. Returns whether they are.
    pub(crate) fn resync(&mut self, codes: [Code; 2], now: u64, lived: Lived) -> bool {
        let Some(second) = self.pair_matches(codes, now) else {
            return false;
        };
        self.burned.extend([second - 1, second]);
        if let Moves::Time { period } = self.moves {
            let found = Offset {
                found: second as i64 - (now / period) as i64,
                leans: Vec::new(),
            };
            let mut before = std::mem::replace(&mut self.offset, found);
            // One success to a side is forgotten.
            before.leans.push(0);
            let before = self
                .before_resync
                .take()
                .map_or(before, |(_, before)| before);
            self.before_resync = Some((lived, before));
        }
        true
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
