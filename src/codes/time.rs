//! Times, time steps and their length.

use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use super::range::OutOfRange;

/// Counts the seconds since 1970-01-01 00:00:00 UTC. They have more than 32 bits (RFC 6238 section
/// 4.2).
///
/// ```
/// use secondfactor::codes::UnixTime;
/// let now = UnixTime::from_secs(1_234_567_890);
/// assert_eq!(now.as_secs(), 1_234_567_890);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// Makes the time `secs` seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Returns the seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// Returns how long after `earlier` this is, or zero if it is not after it.
    ///
    /// ```
    /// use core::time::Duration;
    /// use secondfactor::codes::UnixTime;
    /// let (noon, later) = (UnixTime::from_secs(100), UnixTime::from_secs(130));
    /// assert_eq!(later.saturating_since(noon), Duration::from_secs(30));
    /// assert_eq!(noon.saturating_since(later), Duration::ZERO);
    /// ```
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// Returns the time `duration` later, in whole seconds, at most `u64::MAX`.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// Returns the time `duration` earlier, in whole seconds, at least the epoch.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }
}

/// Counts time steps. TOTP uses this number as the counter (RFC 6238 section 4.2, `T`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// Makes the step with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the step's number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Holds the length of a time step in whole seconds: 30 by default (RFC 6238 section 5.2, `X`).
///
/// ```
/// use secondfactor::codes::Period;
/// assert_eq!(Period::default().as_secs(), 30);
/// assert!(Period::from_secs(0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period(NonZero<u16>);

impl Period {
    /// The shortest period has 5 seconds.
    pub const MIN: Self = Self(NonZero::<u16>::MIN.saturating_add(4));
    /// The default period has 30 seconds (RFC 6238 section 5.2).
    pub const DEFAULT: Self = Self(NonZero::<u16>::MIN.saturating_add(29));
    /// The longest period is one hour.
    pub const MAX: Self = Self(NonZero::<u16>::MIN.saturating_add(3599));

    /// Makes a period of `secs` seconds.
    ///
    /// # Errors
    /// [`OutOfRange`] if it is outside [`MIN`](Self::MIN)`..=`[`MAX`](Self::MAX).
    pub const fn from_secs(secs: u16) -> Result<Self, OutOfRange> {
        match NonZero::new(secs) {
            Some(period) if secs >= Self::MIN.as_secs() && secs <= Self::MAX.as_secs() => {
                Ok(Self(period))
            }
            _ => Err(OutOfRange::new(
                "period in seconds",
                Self::MIN.as_secs() as u64,
                Self::MAX.as_secs() as u64,
            )),
        }
    }

    /// Returns the period in seconds.
    #[must_use]
    pub const fn as_secs(self) -> u16 {
        self.0.get()
    }

    pub(crate) const fn non_zero(self) -> NonZero<u16> {
        self.0
    }
}

impl Default for Period {
    fn default() -> Self {
        Self::DEFAULT
    }
}
