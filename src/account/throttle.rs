//! How many wrong codes are judged, and when the next one is.

use super::denial::Denial;
use super::policy::{Drain, PRESSURE, Policy};
use crate::codes::UnixTime;

/// The budget of one kind of code: failures in a row, and a pressure that a success does not ease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttle {
    pub(super) failures: u32,
    pub(super) last_failure: Option<UnixTime>,
    pub(super) pressure: Bucket,
}

impl Throttle {
    pub(super) const NEW: Self = Self {
        failures: 0,
        last_failure: None,
        pressure: Bucket::EMPTY,
    };

    /// Whether a submission is judged now; if not, nothing is computed and nothing is written.
    ///
    /// A failure that lies far in the future was written by a clock that has been set back since. It can't hold its
    /// lock until then: one submission is judged, and its charge is dated anew.
    pub(super) fn check(&self, policy: &Policy, now: UnixTime) -> Result<(), Denial> {
        if self.is_disabled(policy) {
            return Err(Denial::Disabled);
        }
        let wait_ends = self
            .last_failure
            .filter(|last| *last <= now.saturating_add(policy.max_wait()))
            .map(|last| last.saturating_add(policy.wait_after(self.failures)));
        match wait_ends.max(self.pressure.opens_at(PRESSURE, now)) {
            Some(retry_at) if retry_at > now => Err(Denial::Throttled { retry_at }),
            _ => Ok(()),
        }
    }

    /// NIST SP 800-63B-4 section 3.2.2: at most 100 in a row, then disabled until it is bound anew.
    pub(super) fn is_disabled(&self, policy: &Policy) -> bool {
        self.failures >= u32::from(policy.max_failures())
    }

    pub(super) fn fail(&mut self, now: UnixTime) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(now);
        self.pressure.add(PRESSURE, now);
    }

    /// NIST SP 800-63B-4 section 3.2.2: success clears the failures in a row. The pressure stays.
    pub(super) const fn succeed(&mut self) {
        self.failures = 0;
        self.last_failure = None;
    }
}

/// A leaky bucket, as the time when it will be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(super) empty_at: UnixTime,
}

impl Bucket {
    pub(super) const EMPTY: Self = Self {
        empty_at: UnixTime::from_secs(0),
    };

    /// When it has room for one more. `None` if it says what no clock that ran on can have written.
    pub(super) fn opens_at(self, drain: Drain, now: UnixTime) -> Option<UnixTime> {
        let full = drain.interval.saturating_mul(drain.burst);
        let room = full.saturating_sub(drain.interval);
        // Servers' clocks differ a little: one interval is allowed for.
        let plausible = self.empty_at <= now.saturating_add(full).saturating_add(drain.interval);
        plausible.then(|| self.empty_at.saturating_sub(room))
    }

    pub(super) fn add(&mut self, drain: Drain, now: UnixTime) {
        let room = drain
            .interval
            .saturating_mul(drain.burst)
            .saturating_sub(drain.interval);
        self.empty_at = self
            .empty_at
            .clamp(now, now.saturating_add(room))
            .saturating_add(drain.interval);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use std::time::Duration;

    use super::*;

    const START: u64 = 1_700_000_000;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(START + seconds)
    }

    /// Guesses whenever it may, from second 0 on; `owner` says at which seconds the owner logs in.
    fn judged(policy: &Policy, seconds: u64, owner: impl Fn(u64) -> bool) -> Vec<u64> {
        let (mut throttle, mut judged) = (Throttle::NEW, Vec::new());
        for second in 0..seconds {
            while throttle.check(policy, at(second)).is_ok() {
                throttle.fail(at(second));
                judged.push(second);
            }
            if owner(second) && throttle.check(policy, at(second)) != Err(Denial::Disabled) {
                throttle.succeed();
            }
        }
        judged
    }

    #[test]
    fn five_are_free_then_the_waits_double() {
        let judged = judged(&Policy::DEFAULT, 2 * 3600, |_| false);
        assert_eq!(judged[..9], [0, 0, 0, 0, 0, 30, 90, 210, 450]);
    }

    /// The numbers that `GuessBound` computes with, by a guesser who misses no chance.
    #[test]
    fn a_greedy_guesser_stays_in_the_bound() {
        const DAY: u64 = 24 * 3600;
        for policy in [Policy::DEFAULT, Policy::ASVS, Policy::NIST, Policy::PCI] {
            // Ten years without the owner: 100 in all, and then none.
            let mut throttle = Throttle::NEW;
            let (mut count, mut now) = (0, at(0));
            while throttle.check(&policy, now) != Err(Denial::Disabled) {
                match throttle.check(&policy, now) {
                    Err(Denial::Throttled { retry_at }) => now = retry_at,
                    _ => {
                        throttle.fail(now);
                        count += 1;
                    }
                }
            }
            assert_eq!(count, 100);

            // A month with the owner's logins at the best moments: the pressure alone holds.
            let judged = judged(&policy, 30 * DAY, |_| true);
            assert!(judged.len() <= 15 + 30 * 10, "{}", judged.len());
            assert!(judged.len() > 30 * 10, "the simulation guesses");
            let most = judged.iter().map(|from| {
                judged
                    .iter()
                    .filter(|at| (*from..from + DAY).contains(at))
                    .count()
            });
            assert!(most.max() <= Some(25));
        }
    }

    #[test]
    fn a_clock_set_back_ends_a_lock_once() {
        let policy = Policy::DEFAULT;
        let mut throttle = Throttle::NEW;
        let year = Duration::from_secs(365 * 24 * 3600);
        while throttle.check(&policy, at(0).saturating_add(year)).is_ok() {
            throttle.fail(at(0).saturating_add(year));
        }
        assert_eq!(throttle.check(&policy, at(0)), Ok(()));
        throttle.fail(at(0));
        assert!(matches!(
            throttle.check(&policy, at(0)),
            Err(Denial::Throttled { .. })
        ));
    }

    #[test]
    fn any_time_is_judged() {
        let policy = Policy::DEFAULT;
        for seconds in [0, 1, START, u64::MAX - 1, u64::MAX] {
            let mut throttle = Throttle::NEW;
            for _ in 0..200 {
                throttle.fail(UnixTime::from_secs(seconds));
                for now in [0, seconds, u64::MAX] {
                    let _judged = throttle.check(&policy, UnixTime::from_secs(now));
                }
            }
            assert_eq!(
                throttle.check(&policy, UnixTime::from_secs(seconds)),
                Err(Denial::Disabled)
            );
        }
    }
}
