//! How far a verifier looks: steps around the present one, counters ahead.

use super::range::OutOfRange;

/// Says which steps around the present one a verifier accepts (RFC 6238 section 5.2).
///
/// Past steps allow for the time that a code takes to reach the verifier. Past and future steps
/// allow for clocks that differ. Each step is another code that a guess can hit, and lets a code
/// live longer.
///
/// ```
/// use secondfactor::codes::Window;
/// assert_eq!(Window::DEFAULT, Window::new(1, 1)?);
/// assert!(Window::new(11, 0).is_err());
/// # Ok::<(), secondfactor::codes::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    past: u8,
    future: u8,
}

impl Window {
    /// Only the present step is accepted.
    pub const EXACT: Self = Self { past: 0, future: 0 };
    /// One step each way is accepted (RFC 6238 section 5.2 recommends at most one for the delay).
    pub const DEFAULT: Self = Self { past: 1, future: 1 };
    /// One step back is accepted, for the delay, and none forward.
    #[cfg(feature = "mfa")]
    pub(crate) const PAST: Self = Self { past: 1, future: 0 };
    /// A window has at most 10 steps each way.
    pub const MAX_STEPS: u8 = 10;

    /// Makes a window of `past` steps before the present one and `future` steps after it.
    ///
    /// # Errors
    /// [`OutOfRange`] if there are more than [`MAX_STEPS`](Self::MAX_STEPS) either way.
    pub const fn new(past: u8, future: u8) -> Result<Self, OutOfRange> {
        if past > Self::MAX_STEPS || future > Self::MAX_STEPS {
            return Err(OutOfRange::new(
                "window in steps each way",
                0,
                Self::MAX_STEPS as u64,
            ));
        }
        Ok(Self { past, future })
    }

    /// Returns how many steps before the present one are accepted.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// Returns how many steps after the present one are accepted.
    #[must_use]
    pub const fn future(self) -> u8 {
        self.future
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Says how many counters beyond the expected one a verifier tries (RFC 4226 section 7.4, `s`).
///
/// Each one is another code that a guess can hit. Take as few as the owners of the tokens can live
/// with.
///
/// ```
/// use secondfactor::codes::LookAhead;
/// assert_eq!(LookAhead::new(3)?.get(), 3);
/// assert!(LookAhead::new(101).is_err());
/// # Ok::<(), secondfactor::codes::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LookAhead(u8);

impl LookAhead {
    /// Only the expected counter is tried.
    pub const NONE: Self = Self(0);
    /// Ten counters beyond the expected one are tried.
    pub const DEFAULT: Self = Self(10);
    /// A [`Policy`](crate::Policy) tries five counters, so that fewer guesses hit.
    #[cfg(feature = "mfa")]
    pub(crate) const POLICY: Self = Self(5);
    /// At most 100 counters are tried. That many are for a resynchronization with two codes in a
    /// row.
    pub const MAX: Self = Self(100);

    /// Makes a look-ahead of so many counters.
    ///
    /// # Errors
    /// [`OutOfRange`] if there are more than [`MAX`](Self::MAX).
    pub const fn new(counters: u8) -> Result<Self, OutOfRange> {
        if counters > Self::MAX.0 {
            return Err(OutOfRange::new(
                "look-ahead in counters",
                0,
                Self::MAX.0 as u64,
            ));
        }
        Ok(Self(counters))
    }

    /// Returns the number of counters.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for LookAhead {
    fn default() -> Self {
        Self::DEFAULT
    }
}
