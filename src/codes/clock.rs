//! The clock, and two implementations: the system's, and one that a test moves.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::time::UnixTime;

/// Tells the present time. Use the server's own trusted clock, never a time from the request (OWASP
/// ASVS 6.5.8).
pub trait Clock: Send + Sync {
    /// Returns the time now.
    fn now(&self) -> UnixTime;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> UnixTime {
        (**self).now()
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> UnixTime {
        (**self).now()
    }
}

/// Reads the operating system's clock.
///
/// A system clock that is set before 1970 reads as 1970, as no authenticator shows a code for that
/// time.
///
/// ```
/// use secondfactor::codes::{Clock, SystemClock};
/// assert!(SystemClock.now().as_secs() > 1_700_000_000);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        UnixTime::from_secs(since_epoch.map_or(0, |elapsed| elapsed.as_secs()))
    }
}

/// Stands still until it is moved, for tests.
///
/// ```
/// use core::time::Duration;
/// use secondfactor::codes::{Clock, ManualClock, UnixTime};
///
/// let clock = ManualClock::new(UnixTime::from_secs(59));
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(clock.now(), UnixTime::from_secs(89));
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<UnixTime>);

impl ManualClock {
    /// Makes a clock that shows `now`.
    #[must_use]
    pub const fn new(now: UnixTime) -> Self {
        Self(Mutex::new(now))
    }

    /// Sets the clock forward or back.
    pub fn set(&self, now: UnixTime) {
        *self.lock() = now;
    }

    /// Moves the clock forward by the whole seconds of `duration`.
    pub fn advance(&self, duration: Duration) {
        let mut now = self.lock();
        *now = now.saturating_add(duration);
    }

    fn lock(&self) -> MutexGuard<'_, UnixTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        *self.lock()
    }
}
