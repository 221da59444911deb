//! What the limits leave to a guesser.

/// Bounds the chance that a guesser succeeds with one device that shows six digits.
///
/// It is the number of guesses that are judged, times the number of codes that each may hit, over
/// 10^6. An account with n devices offers n times as much.
///
/// With the default policy a guess hits one of the 3 steps of a TOTP device. In any 24 hours at
/// most 25 guesses are judged, 15 at once and 10 more as they drain. That is a chance of 7.5 in
/// 100,000. If the owner never logs in, 100 guesses are judged in all, a chance of 3 in 10,000. If
/// the owner logs in every day and so resets the count, 3665 are judged in a year, a chance of 1.1
/// %.
///
/// ```
/// use secondfactor::Policy;
/// let bound = Policy::DEFAULT.guess_bound();
/// assert_eq!(bound.per_day(), 7.5e-5);
/// assert_eq!(bound.until_disabled(), 3e-4);
/// assert!(bound.per_year_beside_the_owner() < 0.011);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessBound {
    candidates: u64,
    until_disabled: u64,
    burst: u64,
    a_day: u64,
}

impl GuessBound {
    /// A policy leaves a guesser at most one chance in a thousand for one device, in a day and until
    /// codes are disabled.
    pub const MOST: f64 = 1e-3;
    /// There are so many codes with six digits.
    const CODES: u64 = 1_000_000;

    pub(super) const fn new(candidates: u64, until_disabled: u64, burst: u64, a_day: u64) -> Self {
        Self {
            candidates,
            until_disabled,
            burst,
            a_day,
        }
    }

    /// Returns the chance in any 24 hours.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        self.chance(self.guesses_in(1))
    }

    /// Returns the chance from the first guess until no more are judged, if the owner never logs in
    /// meanwhile.
    #[must_use]
    pub fn until_disabled(&self) -> f64 {
        self.chance(self.until_disabled)
    }

    /// Returns the chance in a year in which the owner logs in so often that failures in a row
    /// never count.
    #[must_use]
    pub fn per_year_beside_the_owner(&self) -> f64 {
        self.chance(self.guesses_in(365))
    }

    const fn guesses_in(&self, days: u64) -> u64 {
        self.burst.saturating_add(days.saturating_mul(self.a_day))
    }

    #[allow(clippy::cast_precision_loss)] // small numbers
    fn chance(&self, guesses: u64) -> f64 {
        guesses.saturating_mul(self.candidates) as f64 / Self::CODES as f64
    }

    pub(super) const fn is_over(&self) -> bool {
        let most = Self::CODES / 1000;
        self.guesses_in(1).saturating_mul(self.candidates) > most
            || self.until_disabled.saturating_mul(self.candidates) > most
    }
}
