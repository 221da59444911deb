//! Learns how far a device's clock is off, in steps (RFC 6238 section 6).

use std::time::Duration;

use crate::account::policy::{MAX_LEARNED_STEPS, PROVISIONAL, resync_steps};
use crate::codes::{Period, Window};

/// Says where a device's clock stands beside the server's, in steps. They are positive if it is
/// fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    /// A resynchronization found so many.
    pub(crate) base: i16,
    /// So many were learned since, one at a time.
    pub(crate) learned: i8,
    /// The last success was off centre this way: -1, 0 or 1.
    pub(crate) lean: i8,
    pub(crate) provisional: Option<Provisional>,
}

/// Holds what comes back unless a login confirms the resynchronization in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Provisional {
    pub(crate) left: Duration,
    pub(crate) base: i16,
    pub(crate) learned: i8,
}

impl Drift {
    /// Takes what the vendor of a token says, within the reach of a resynchronization.
    pub(crate) fn from_steps(base: i16) -> Self {
        Self {
            base,
            ..Self::default()
        }
    }

    /// Returns the offset of the window's centre. What was learned never takes the present step out
    /// of the window. Otherwise codes that were relayed late would walk it away from the owner.
    pub(crate) fn steps(&self, window: Window) -> i64 {
        i64::from(self.base).saturating_add(i64::from(self.within(window, self.learned)))
    }

    /// Limits what was learned, by itself and together with the base, so that the present step stays
    /// in the window. A base that has it outside already was shown by two codes in a row.
    ///
    /// A window that is open on one side only teaches nothing. It would follow whoever types late,
    /// and could not come back.
    fn within(&self, window: Window, learned: i8) -> i8 {
        if window.past() == 0 || window.future() == 0 {
            return 0;
        }
        let most = i16::from(MAX_LEARNED_STEPS);
        let (slowest, fastest) = (
            i16::from(window.future()).saturating_neg(),
            i16::from(window.past()),
        );
        let base = if (slowest..=fastest).contains(&self.base) {
            self.base
        } else {
            0
        };
        let least = slowest
            .max(slowest.saturating_sub(base))
            .max(most.saturating_neg());
        let most = fastest.min(fastest.saturating_sub(base)).min(most);
        i8::try_from(i16::from(learned).clamp(least, most)).unwrap_or(0)
    }

    /// Learns from an ordinary success, so many steps off the centre. After two in one direction it
    /// moves by one step. Returns whether it has moved.
    pub(crate) fn learn(&mut self, off_centre: i64, window: Window) -> bool {
        self.provisional = None;
        let before = self.within(window, self.learned);
        let direction = off_centre.signum();
        let again = direction != 0 && direction == i64::from(self.lean);
        self.learned = match (again, direction) {
            (true, 1) => self.within(window, before.saturating_add(1)),
            (true, _) => self.within(window, before.saturating_sub(1)),
            (false, _) => before,
        };
        self.lean = match (again, direction) {
            (true, _) | (_, 0) => 0,
            (_, 1) => 1,
            _ => -1,
        };
        self.learned != before
    }

    /// Takes what a resynchronization found, until a login confirms it or its time runs out.
    pub(crate) fn resync(&mut self, steps: i16) {
        let provisional = Provisional {
            left: PROVISIONAL,
            // One that was not confirmed is not what comes back.
            base: self.provisional.map_or(self.base, |earlier| earlier.base),
            learned: self
                .provisional
                .map_or(self.learned, |earlier| earlier.learned),
        };
        *self = Self {
            base: steps,
            learned: 0,
            lean: 0,
            provisional: Some(provisional),
        };
    }

    /// Lets time pass. A resynchronization that no login confirmed is taken back.
    pub(crate) fn pass(&mut self, elapsed: Duration) {
        let Some(earlier) = &mut self.provisional else {
            return;
        };
        match earlier.left.checked_sub(elapsed) {
            Some(left) => earlier.left = left,
            None => {
                *self = Self {
                    base: earlier.base,
                    learned: earlier.learned,
                    ..Self::default()
                }
            }
        }
    }

    /// Says whether the values are ones that this module makes.
    pub(crate) fn is_possible(&self, period: Period) -> bool {
        let reach = resync_steps(period);
        let possible = |base: i16, learned: i8| {
            (reach.saturating_neg()..=reach).contains(&base)
                && (-MAX_LEARNED_STEPS..=MAX_LEARNED_STEPS).contains(&learned)
        };
        possible(self.base, self.learned)
            && (-1..=1).contains(&self.lean)
            && self
                .provisional
                .is_none_or(|earlier| possible(earlier.base, earlier.learned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window::DEFAULT;

    #[test]
    fn two_successes_in_one_direction_move_it_by_one() {
        let mut drift = Drift::default();
        let moved = [1, 1, 1, 0, 1, -1, -1].map(|off| drift.learn(off, WINDOW));
        assert_eq!(moved, [false, true, false, false, false, false, true]);
        assert_eq!(drift.steps(WINDOW), 0);
        // The second success of two is not the first of the next two.
        let mut drift = Drift::default();
        let wide = Window::new(4, 4).unwrap();
        let moved = [1, 1, 1, 1, 0, -1].map(|off| drift.learn(off, wide));
        assert_eq!(moved, [false, true, false, true, false, false]);
    }

    #[test]
    fn the_present_step_stays_in_the_window() {
        for (past, future) in [(1, 1), (10, 10), (3, 2), (0, 0)] {
            let window = Window::new(past, future).unwrap();
            for off in [1, -1] {
                let mut drift = Drift::default();
                (0..100).for_each(|_| {
                    drift.learn(off, window);
                    assert!(drift.is_possible(Period::DEFAULT));
                });
                let steps = drift.steps(window);
                assert!(
                    (-i64::from(future)..=i64::from(past)).contains(&steps),
                    "{steps}"
                );
                assert_eq!(
                    steps.unsigned_abs(),
                    u64::from(if off > 0 { past } else { future }).min(4)
                );
            }
        }
    }

    #[test]
    fn a_resync_is_taken_back_unless_a_login_confirms_it() {
        let day = PROVISIONAL.saturating_add(Duration::from_secs(1));
        let after = |mut drift: Drift, time| {
            drift.pass(time);
            drift.steps(WINDOW)
        };
        let mut drift = Drift::default();
        assert!(!drift.learn(1, WINDOW) && drift.learn(1, WINDOW));
        drift.resync(-77);
        assert_eq!(
            (
                drift.steps(WINDOW),
                after(drift, PROVISIONAL),
                after(drift, day)
            ),
            (-77, -77, 1)
        );
        // A second one is provisional against the same past.
        drift.resync(50);
        assert_eq!((drift.steps(WINDOW), after(drift, day)), (50, 1));
        drift.learn(0, WINDOW);
        assert_eq!((drift.steps(WINDOW), after(drift, day)), (50, 50));
    }
}
