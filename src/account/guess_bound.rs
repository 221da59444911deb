//! What the limits leave to a guesser.

/// Bounds the chance that a guesser succeeds with one device that shows six digits.
///
/// It is the number of guesses that are judged, times the number of codes that each may hit, over
/// 10^6. The guesser knows the password. [`with_cookies`](Self::with_cookies) is for one who has the
/// cookies of known browsers too, and [`for_devices`](Self::for_devices) for an account with several
/// devices.
///
/// With the default policy a guess hits one of the 3 steps of a TOTP device. In any 24 hours at
/// most 25 guesses are judged, 15 at once and 10 more as they drain. That is a chance of 7.5 in
/// 100,000. A changed password begins anew, so one that the guesser has learned too gives them as
/// much again. If the owner never logs in, 80 guesses are judged in all, a chance of 2.4 in 10,000. If
/// the owner logs in every day as a stranger and so resets the count, 3665 are judged in a year, a
/// chance of 1.1 %.
///
/// A cookie gives the guesser as much again per day, as known browsers are a side of their own. More
/// cookies do not: all known browsers share it.
///
/// ```
/// use secondfactor::Policy;
/// let bound = Policy::DEFAULT.guess_bound();
/// assert_eq!(bound.per_day(), 7.5e-5);
/// assert_eq!(bound.until_disabled(), 2.4e-4);
/// assert!(bound.per_year_beside_the_owner() < 0.011);
/// assert_eq!(bound.with_cookies(8).per_day(), bound.with_cookies(1).per_day());
/// assert_eq!(bound.with_cookies(8).until_disabled(), 3e-4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessBound {
    candidates: u64,
    /// So many in a row are judged on the side of strangers, on that of known browsers, and from one
    /// of these.
    in_a_row: [u64; 3],
    burst: u64,
    a_day: u64,
    cookies: u64,
    devices: u64,
}

impl GuessBound {
    /// A policy leaves a stranger at most one chance in a thousand for one device in a day, and
    /// anybody until codes are disabled.
    pub const MOST: f64 = 1e-3;
    /// There are so many codes with six digits.
    const CODES: u64 = 1_000_000;

    pub(super) const fn new(
        candidates: u64,
        in_a_row: [u64; 3],
        (burst, a_day): (u64, u64),
    ) -> Self {
        Self {
            candidates,
            in_a_row,
            burst,
            a_day,
            cookies: 0,
            devices: 1,
        }
    }

    /// Returns the bound of a guesser who also has the cookies of so many known browsers.
    #[must_use]
    pub const fn with_cookies(self, cookies: u8) -> Self {
        Self {
            cookies: cookies as u64,
            ..self
        }
    }

    /// Returns the bound for an account with so many devices whose codes are accepted.
    ///
    /// An account has up to [`Policy::max_devices`](crate::Policy::max_devices) active ones, and while
    /// secrets are rotated as many retiring ones.
    #[must_use]
    pub const fn for_devices(self, devices: u8) -> Self {
        Self {
            devices: devices as u64,
            ..self
        }
    }

    /// Returns the chance in any 24 hours.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        self.chance(self.guesses_in(1))
    }

    /// Returns the chance from the first guess until no more are judged, if the owner never logs in
    /// meanwhile.
    ///
    /// An owner who logs in from known browsers alone resets the count of these, and not that of
    /// strangers.
    #[must_use]
    pub fn until_disabled(&self) -> f64 {
        self.chance(self.guesses_in_a_row())
    }

    /// Returns the chance in a year in which the owner logs in so often that failures in a row
    /// never count, on each side that the guesser uses.
    #[must_use]
    pub fn per_year_beside_the_owner(&self) -> f64 {
        self.chance(self.guesses_in(365))
    }

    const fn guesses_in(&self, days: u64) -> u64 {
        let on_a_side = self.burst.saturating_add(days.saturating_mul(self.a_day));
        let [_, known, _] = self.in_a_row;
        if self.cookies > 0 && known > 0 {
            on_a_side.saturating_mul(2)
        } else {
            on_a_side
        }
    }

    const fn guesses_in_a_row(&self) -> u64 {
        let [strangers, known, from_one] = self.in_a_row;
        let by_cookies = self.cookies.saturating_mul(from_one);
        let known = if by_cookies < known {
            by_cookies
        } else {
            known
        };
        strangers.saturating_add(known)
    }

    #[allow(clippy::cast_precision_loss)] // small numbers
    fn chance(&self, guesses: u64) -> f64 {
        let hits = guesses.saturating_mul(self.candidates);
        hits.saturating_mul(self.devices) as f64 / Self::CODES as f64
    }

    /// Says whether a stranger has more than one chance in a thousand in a day, or anybody until none
    /// is judged.
    pub(super) const fn is_over(&self) -> bool {
        let most = Self::CODES / 1000;
        self.guesses_in(1).saturating_mul(self.candidates) > most
            || self
                .with_cookies(u8::MAX)
                .guesses_in_a_row()
                .saturating_mul(self.candidates)
                > most
    }
}
