//! Time as an argument: Unix seconds, steps, and the clock behind a seam.

use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use super::range::OutOfRange;

/// Seconds since 1970-01-01 00:00:00 UTC (RFC 6238 section 4.2: wider than 32 bits).
///
/// ```
/// use secondfactor::codes::UnixTime;
/// let now = UnixTime::from_secs(1_234_567_890);
/// assert_eq!(now.as_secs(), 1_234_567_890);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment `secs` seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after it.
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

    /// This time and `duration` (whole seconds) later, at most `u64::MAX` seconds.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// This time and `duration` (whole seconds) earlier, at least the epoch.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }
}

/// The number of a time step: what TOTP uses as the counter (RFC 6238 section 4.2, `T`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// The step with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The step's number.
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

/// The length of a time step in seconds (RFC 6238 section 5.2, `X`: 30 by default).
///
/// ```
/// use secondfactor::codes::Period;
/// assert_eq!(Period::default().as_secs(), 30);
/// assert!(Period::from_secs(0).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period(NonZero<u16>);

impl Period {
    /// The shortest period: 5 seconds.
    pub const MIN: Self = Self(NonZero::<u16>::MIN.saturating_add(4));
    /// 30 seconds (RFC 6238 section 5.2).
    pub const DEFAULT: Self = Self(NonZero::<u16>::MIN.saturating_add(29));
    /// The longest period: one hour.
    pub const MAX: Self = Self(NonZero::<u16>::MIN.saturating_add(3599));

    /// A period of `secs` seconds.
    ///
    /// # Errors
    /// Outside [`MIN`](Self::MIN)`..=`[`MAX`](Self::MAX).
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

    /// The period in seconds.
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
