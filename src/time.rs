//! Time as an argument: Unix seconds, steps, and the clock behind a seam.

use core::fmt;
use core::num::NonZero;
use core::time::Duration;

use crate::OutOfRange;

/// Seconds since 1970-01-01 00:00:00 UTC (RFC 6238 section 4.2: wider than 32 bits).
///
/// ```
/// use secondfactor::UnixTime;
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
    /// use secondfactor::UnixTime;
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
/// use secondfactor::Period;
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
            Some(period) if secs >= Self::MIN.as_secs() && secs <= Self::MAX.as_secs() => Ok(Self(period)),
            _ => Err(OutOfRange::new("period in seconds", Self::MIN.as_secs() as u64, Self::MAX.as_secs() as u64)),
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

/// Where the present comes from: the server's own trusted clock, never the request (OWASP ASVS 6.5.8).
#[cfg(feature = "std")]
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> UnixTime;
}

#[cfg(feature = "std")]
impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> UnixTime {
        (**self).now()
    }
}

#[cfg(feature = "std")]
impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> UnixTime {
        (**self).now()
    }
}

/// The operating system's clock.
///
/// A system clock set before 1970 reads as 1970: no authenticator shows a code for that time.
///
/// ```
/// use secondfactor::{Clock, SystemClock};
/// assert!(SystemClock.now().as_secs() > 1_700_000_000);
/// ```
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "std")]
impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        UnixTime(since_epoch.map_or(0, |elapsed| elapsed.as_secs()))
    }
}

/// A clock for tests: it stands still until it is moved.
///
/// ```
/// use core::time::Duration;
/// use secondfactor::{Clock, ManualClock, UnixTime};
///
/// let clock = ManualClock::new(UnixTime::from_secs(59));
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(clock.now(), UnixTime::from_secs(89));
/// ```
#[cfg(feature = "std")]
#[derive(Debug)]
pub struct ManualClock(std::sync::Mutex<UnixTime>);

#[cfg(feature = "std")]
impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub const fn new(now: UnixTime) -> Self {
        Self(std::sync::Mutex::new(now))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: UnixTime) {
        *self.lock() = now;
    }

    /// Moves the clock forward by whole seconds.
    pub fn advance(&self, duration: Duration) {
        let mut now = self.lock();
        *now = now.saturating_add(duration);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, UnixTime> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(feature = "std")]
impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        *self.lock()
    }
}
