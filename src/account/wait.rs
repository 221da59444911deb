//! How long a claimant waits, in words.

use std::fmt;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Says how long a claimant waits, as people say it: "5 minutes". It is rounded up, so that nobody comes too early.
///
/// For another language take [`count`](Self::count) and [`unit`](Self::unit).
///
/// ```
/// use std::time::Duration;
/// use secondfactor::account::{TimeUnit, Wait};
///
/// let wait = Wait::from(Duration::from_secs(290));
/// assert_eq!((wait.count(), wait.unit()), (5, TimeUnit::Minute));
/// assert_eq!(wait.to_string(), "5 minutes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    count: u64,
    unit: TimeUnit,
}

/// Names the unit of a [`Wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Up to 90 seconds are said in seconds.
    Second,
    /// Up to 90 minutes are said in minutes.
    Minute,
    /// Up to 36 hours are said in hours.
    Hour,
    /// More is said in days.
    Day,
}

impl Wait {
    /// Returns how many units there are.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// Returns the unit.
    #[must_use]
    pub const fn unit(self) -> TimeUnit {
        self.unit
    }
}

impl TimeUnit {
    /// Returns a stable name for translations, in lower case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl From<Duration> for Wait {
    fn from(duration: Duration) -> Self {
        let more = u64::from(duration.subsec_nanos() > 0);
        let seconds = duration.as_secs().saturating_add(more);
        let (unit, size) = match seconds {
            0..=90 => (TimeUnit::Second, 1),
            91..=5400 => (TimeUnit::Minute, MINUTE),
            5401..=129_600 => (TimeUnit::Hour, HOUR),
            _ => (TimeUnit::Day, DAY),
        };
        Self {
            count: seconds.div_ceil(size),
            unit,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(f, "{} {}{plural}", self.count, self.unit.code())
    }
}
