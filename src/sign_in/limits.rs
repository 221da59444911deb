//! How long a session may last.

use std::time::Duration;

use crate::account::Verified;

/// Limits how long a session may be idle, and last in all.
///
/// ```
/// use std::time::Duration;
/// use secondfactor::sign_in::SessionLimits;
/// assert_eq!(SessionLimits::PCI.idle(), Duration::from_secs(15 * 60));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    idle: Duration,
    total: Duration,
}

impl SessionLimits {
    /// Allows an hour without a request, and 24 hours in all (NIST SP 800-63B-4 section 2.2.3, AAL2).
    pub const AAL2: Self = Self::new(Verified::SESSION_IDLE, Verified::SESSION);

    /// Allows 15 minutes without a request (PCI DSS 4.0.1, 8.2.8), and 24 hours in all.
    pub const PCI: Self = Self::new(Duration::from_secs(15 * 60), Verified::SESSION);

    pub(super) const NONE: Self = Self::new(Duration::MAX, Duration::MAX);

    /// Allows so long without a request, and so long in all.
    #[must_use]
    pub const fn new(idle: Duration, total: Duration) -> Self {
        Self { idle, total }
    }

    /// Returns how long a session may be without a request.
    #[must_use]
    pub const fn idle(self) -> Duration {
        self.idle
    }

    /// Returns how long a session may last in all.
    #[must_use]
    pub const fn total(self) -> Duration {
        self.total
    }
}
