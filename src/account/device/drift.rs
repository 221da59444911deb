//! How far a device's clock is off, in steps (RFC 6238 section 6).

use crate::account::policy::{MAX_LEARNED_STEPS, PROVISIONAL, RESYNC_STEPS};
use crate::codes::UnixTime;

/// Where a device's clock stands beside the server's, in steps: positive if it is fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    /// What a resynchronization found.
    pub(crate) base: i16,
    /// What was learned since, one step at a time.
    pub(crate) learned: i8,
    /// Which way the last success was off centre: -1, 0 or 1.
    pub(crate) lean: i8,
    pub(crate) provisional: Option<Provisional>,
}

/// What comes back unless an ordinary success bears out the resynchronization in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Provisional {
    pub(crate) until: UnixTime,
    pub(crate) base: i16,
    pub(crate) learned: i8,
}

impl Drift {
    /// In steps, as it counts now.
    pub(crate) fn steps(&self, now: UnixTime) -> i64 {
        let settled = self.settled(now);
        i64::from(settled.base).saturating_add(i64::from(settled.learned))
    }

    /// Learns from an ordinary success, so many steps off the centre: after two in one direction, one step.
    /// Returns whether the drift has moved.
    pub(crate) fn learn(&mut self, off_centre: i64, now: UnixTime) -> bool {
        *self = Self {
            provisional: None,
            ..self.settled(now)
        };
        let direction = off_centre.signum();
        let again = direction != 0 && direction == i64::from(self.lean);
        let moved = match (again, direction) {
            (true, 1) => self.learned.saturating_add(1).min(MAX_LEARNED_STEPS),
            (true, _) => self.learned.saturating_sub(1).max(-MAX_LEARNED_STEPS),
            (false, _) => self.learned,
        };
        let has_moved = moved != self.learned;
        self.learned = moved;
        self.lean = match (again, direction) {
            (true, _) | (_, 0) => 0,
            (_, 1) => 1,
            _ => -1,
        };
        has_moved
    }

    /// Takes what a resynchronization found, for the time being.
    pub(crate) fn resync(&mut self, steps: i16, now: UnixTime) {
        let before = self.settled(now);
        let provisional = Provisional {
            until: now.saturating_add(PROVISIONAL),
            // One that was not borne out is not what comes back.
            base: before
                .provisional
                .map_or(before.base, |earlier| earlier.base),
            learned: before
                .provisional
                .map_or(before.learned, |earlier| earlier.learned),
        };
        let base = steps.clamp(-RESYNC_STEPS, RESYNC_STEPS);
        *self = Self {
            base,
            learned: 0,
            lean: 0,
            provisional: Some(provisional),
        };
    }

    /// Whether the values are ones that this module makes.
    pub(crate) fn is_possible(&self) -> bool {
        let possible = |base: i16, learned: i8| {
            (-RESYNC_STEPS..=RESYNC_STEPS).contains(&base)
                && (-MAX_LEARNED_STEPS..=MAX_LEARNED_STEPS).contains(&learned)
        };
        possible(self.base, self.learned)
            && (-1..=1).contains(&self.lean)
            && self
                .provisional
                .is_none_or(|earlier| possible(earlier.base, earlier.learned))
    }

    fn settled(&self, now: UnixTime) -> Self {
        match self.provisional {
            Some(Provisional {
                until,
                base,
                learned,
            }) if now > until => Self {
                base,
                learned,
                lean: 0,
                provisional: None,
            },
            _ => *self,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    #[test]
    fn two_successes_in_one_direction_move_it_by_one() {
        let mut drift = Drift::default();
        let moved = [1, 1, 1, 0, 1, -1, -1].map(|off| drift.learn(off, NOW));
        assert_eq!(moved, [false, true, false, false, false, false, true]);
        assert_eq!(drift.steps(NOW), 0);
    }

    #[test]
    fn it_stays_within_four_steps() {
        for (off, end) in [(1, 4), (-1, -4)] {
            let mut drift = Drift::default();
            (0..100).for_each(|_| assert!(drift.learn(off, NOW) || drift.is_possible()));
            assert_eq!(drift.steps(NOW), end);
        }
    }

    #[test]
    fn a_resync_is_reverted_unless_a_success_bears_it_out() {
        let later = NOW
            .saturating_add(PROVISIONAL)
            .saturating_add(Duration::from_secs(1));
        let mut drift = Drift::default();
        assert!(!drift.learn(1, NOW) && drift.learn(1, NOW));
        drift.resync(-77, NOW);
        assert_eq!((drift.steps(NOW), drift.steps(later)), (-77, 1));
        // A second one is provisional against the same past.
        drift.resync(50, NOW);
        assert_eq!((drift.steps(NOW), drift.steps(later)), (50, 1));
        drift.learn(0, NOW);
        assert_eq!((drift.steps(NOW), drift.steps(later)), (50, 50));
    }
}
