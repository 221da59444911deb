//! The moving factor of HOTP.

use core::fmt;

/// Counts the codes of a HOTP token. It is the moving factor of HOTP and has 8 bytes (RFC 4226
/// section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(u64);

impl Counter {
    /// Makes the counter with this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the counter's value.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the counter after this one, or `None` after the last of 2^64.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        match self.0.checked_add(1) {
            Some(value) => Some(Self(value)),
            None => None,
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
