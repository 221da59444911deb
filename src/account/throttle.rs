//! Limits how many wrong codes are judged, and says when the next one is.

use std::time::Duration;

use super::denial::Denial;
use super::policy::{Drain, PRESSURE, Policy};
use crate::codes::UnixTime;

/// Says when the wrong codes of one kind wait, and when none is judged any longer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits<'p> {
    policy: &'p Policy,
    /// So many in a row close it, if anything does.
    cap: Option<u8>,
}

impl<'p> Limits<'p> {
    pub(super) fn strangers(policy: &'p Policy, known: &Throttle) -> Self {
        Self::beside(policy, policy.max_stranger_failures(), known)
    }

    pub(super) fn known_browsers(policy: &'p Policy, strangers: &Throttle) -> Self {
        Self::beside(policy, policy.max_known_failures(), strangers)
    }

    /// Each side has a share. Under a policy that was changed, the other side may have failed more often
    /// than its own share. Both together never fail more often in a row than the policy says.
    fn beside(policy: &'p Policy, share: u8, other: &Throttle) -> Self {
        let of_other = u8::try_from(other.failures).unwrap_or(u8::MAX);
        let left = policy.max_failures().saturating_sub(of_other);
        let cap = Some(share.min(left));
        Self { policy, cap }
    }

    pub(super) fn recovery_codes(policy: &'p Policy) -> Self {
        let closes = policy.profile().closes_recovery_codes();
        let cap = closes.then(|| policy.max_failures());
        Self { policy, cap }
    }
}

/// Holds the budget of one kind of code: failures in a row, and a pressure that a success does not
/// ease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttle {
    pub(super) failures: u32,
    /// So much is left of the wait after the last failure.
    pub(super) wait: Duration,
    pub(super) pressure: Bucket,
    /// Says whether `Disabled` was told. A policy with a smaller limit disables an account without a
    /// failure.
    pub(super) disabled_told: bool,
}

impl Throttle {
    pub(super) const NEW: Self = Self {
        failures: 0,
        wait: Duration::ZERO,
        pressure: Bucket::EMPTY,
        disabled_told: false,
    };

    /// Says whether a submission is judged now. If not, nothing is computed.
    pub(super) fn check(&self, limits: Limits<'_>, now: UnixTime) -> Result<(), Denial> {
        if self.is_disabled(limits) {
            return Err(Denial::Disabled);
        }
        let wait = self
            .wait
            .min(limits.policy.wait_after(self.failures))
            .max(self.pressure.wait(PRESSURE));
        if wait.is_zero() {
            Ok(())
        } else {
            Err(Denial::Throttled {
                retry_at: now.saturating_add(wait),
            })
        }
    }

    /// Says whether there were too many failures in a row. At most 100 are allowed until the account
    /// is bound to a new device (NIST SP 800-63B-4 section 3.2.2).
    pub(super) fn is_disabled(&self, limits: Limits<'_>) -> bool {
        limits
            .cap
            .is_some_and(|cap| self.failures >= u32::from(cap))
    }

    /// Charges a failure. Whoever charges the one that disables tells it.
    pub(super) fn fail(&mut self, limits: Limits<'_>) {
        self.failures = self.failures.saturating_add(1);
        self.wait = limits.policy.wait_after(self.failures);
        self.pressure.add(PRESSURE);
        self.disabled_told |= self.is_disabled(limits);
    }

    /// A policy with a smaller limit disables without a failure. Returns whether that is to be told
    /// now, which is so once.
    pub(super) fn must_tell_disabled(&mut self, limits: Limits<'_>) -> bool {
        self.is_disabled(limits) && !std::mem::replace(&mut self.disabled_told, true)
    }

    /// Clears the failures in a row after a success (NIST SP 800-63B-4 section 3.2.2). The pressure
    /// stays.
    pub(super) fn succeed(&mut self) {
        *self = Self {
            pressure: self.pressure,
            ..Self::NEW
        };
    }

    pub(super) fn pass(&mut self, elapsed: Duration) {
        self.wait = self.wait.saturating_sub(elapsed);
        self.pressure.pass(elapsed);
    }
}

/// Holds a leaky bucket, as the time until it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(super) left: Duration,
}

impl Bucket {
    pub(super) const EMPTY: Self = Self {
        left: Duration::ZERO,
    };

    /// Returns how long it takes until it has room for one more.
    pub(super) fn wait(self, drain: Drain) -> Duration {
        self.left.min(drain.full()).saturating_sub(drain.room())
    }

    /// Says whether it has room for one more now.
    pub(super) fn check(self, drain: Drain, now: UnixTime) -> Result<(), Denial> {
        let wait = self.wait(drain);
        if wait.is_zero() {
            Ok(())
        } else {
            Err(Denial::Throttled {
                retry_at: now.saturating_add(wait),
            })
        }
    }

    pub(super) fn add(&mut self, drain: Drain) {
        self.left = self.left.min(drain.room()).saturating_add(drain.interval);
    }

    pub(super) fn pass(&mut self, elapsed: Duration) {
        self.left = self.left.saturating_sub(elapsed);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(START + seconds)
    }

    /// Guesses whenever it may, from second 0 on; `owner` says at which seconds the owner logs in.
    fn judged(policy: &Policy, seconds: u64, owner: impl Fn(u64) -> bool) -> Vec<u64> {
        let (mut throttle, mut judged) = (Throttle::NEW, Vec::new());
        let limits = Limits::strangers(policy, &Throttle::NEW);
        for second in 0..seconds {
            while throttle.check(limits, at(second)).is_ok() {
                throttle.fail(limits);
                judged.push(second);
            }
            if owner(second) && throttle.check(limits, at(second)) != Err(Denial::Disabled) {
                throttle.succeed();
            }
            throttle.pass(Duration::from_secs(1));
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
            // Ten years without the owner: 100 in all, on one side or two, and then none.
            let strangers = until_closed(Limits::strangers(&policy, &Throttle::NEW));
            let known = until_closed(Limits::known_browsers(&policy, &Throttle::NEW));
            let sides = if policy == Policy::PCI {
                (100, 0)
            } else {
                (80, 20)
            };
            assert_eq!((strangers, known), sides);

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

    fn until_closed(limits: Limits<'_>) -> u32 {
        let (mut throttle, mut count) = (Throttle::NEW, 0);
        loop {
            match throttle.check(limits, at(0)) {
                Err(Denial::Throttled { retry_at }) => {
                    throttle.pass(retry_at.saturating_since(at(0)));
                }
                Err(_) => return count,
                Ok(()) => {
                    throttle.fail(limits);
                    count += 1;
                }
            }
        }
    }

    #[test]
    fn a_smaller_limit_shortens_a_wait_that_runs() {
        let mut throttle = Throttle::NEW;
        (0..12).for_each(|_| throttle.fail(Limits::strangers(&Policy::DEFAULT, &Throttle::NEW)));
        let short = Policy::builder()
            .waits(5, Duration::from_secs(1), Duration::from_secs(2))
            .build()
            .unwrap();
        assert_eq!(
            throttle.check(Limits::strangers(&short, &Throttle::NEW), at(0)),
            Err(Denial::Throttled { retry_at: at(2) })
        );
    }
}
