//! How far a verifier looks: steps around the present, counters ahead.

use super::range::OutOfRange;

/// Which steps around the present a verifier accepts (RFC 6238 section 5.2).
///
/// The past covers the way from the prover's screen to the verifier, both cover clocks that differ. Each step is
/// another code that a guess can hit, and prolongs a code's life.
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
    /// Only the step of the present.
    pub const EXACT: Self = Self { past: 0, future: 0 };
    /// One step each way (RFC 6238 section 5.2 recommends at most one for the delay).
    pub const DEFAULT: Self = Self { past: 1, future: 1 };
    /// One step back, for the delay, none forward.
    #[cfg(feature = "mfa")]
    pub(crate) const PAST: Self = Self { past: 1, future: 0 };
    /// The most steps each way.
    pub const MAX_STEPS: u8 = 10;

    /// A window of `past` and `future` steps beside the present one.
    ///
    /// # Errors
    /// More than [`MAX_STEPS`](Self::MAX_STEPS) either way.
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

    /// How many steps before the present one are accepted.
    #[must_use]
    pub const fn past(self) -> u8 {
        self.past
    }

    /// How many steps after the present one are accepted.
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

/// How many counters beyond the expected one a verifier tries (RFC 4226 section 7.4, `s`).
///
/// Each one is another code that a guess can hit: as few as the tokens' owners allow.
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
    /// Only the expected counter.
    pub const NONE: Self = Self(0);
    /// Ten counters.
    pub const DEFAULT: Self = Self(10);
    /// Five counters: what [`Policy`](crate::Policy) takes, which allows fewer guesses.
    #[cfg(feature = "mfa")]
    pub(crate) const POLICY: Self = Self(5);
    /// The most: 100 counters, for a resynchronization with two codes in a row.
    pub const MAX: Self = Self(100);

    /// A look-ahead of `counters`.
    ///
    /// # Errors
    /// More than [`MAX`](Self::MAX).
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

    /// The number of counters.
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
