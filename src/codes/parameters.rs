//! What an authenticator must know beside the secret.

use core::fmt;

use super::algorithm::Algorithm;
use super::counter::Counter;
use super::digits::Digits;
use super::time::Period;

/// Says how an authenticator makes codes from its secret: by which algorithm, with how many digits,
/// from time or a counter.
///
/// Every authenticator app understands [`DEFAULT`](Self::DEFAULT). Take anything else only for
/// hardware tokens, and for apps that you have tried. Most apps ignore other parameters silently
/// and show wrong codes.
///
/// ```
/// use secondfactor::codes::{Algorithm, Counter, Digits, Parameters, Period};
///
/// let app = Parameters::DEFAULT;
/// let strong = Parameters::totp(Period::from_secs(60)?).with_algorithm(Algorithm::Sha256).with_digits(Digits::Eight);
/// let token = Parameters::hotp(Counter::new(0));
/// assert_eq!((app.period(), token.period()), (Some(Period::DEFAULT), None));
/// # Ok::<(), secondfactor::codes::OutOfRange>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Parameters {
    algorithm: Algorithm,
    digits: Digits,
    moving_factor: MovingFactor,
}

impl Parameters {
    /// The defaults are TOTP, SHA-1, six digits and 30 seconds.
    pub const DEFAULT: Self = Self::totp(Period::DEFAULT);

    /// Makes the parameters of TOTP (RFC 6238): SHA-1, six digits, and this period.
    #[must_use]
    pub const fn totp(period: Period) -> Self {
        Self {
            algorithm: Algorithm::Sha1,
            digits: Digits::Six,
            moving_factor: MovingFactor::Time(period),
        }
    }

    /// Makes the parameters of HOTP (RFC 4226): SHA-1, six digits, and this next counter.
    #[must_use]
    pub const fn hotp(next: Counter) -> Self {
        Self {
            algorithm: Algorithm::Sha1,
            digits: Digits::Six,
            moving_factor: MovingFactor::Counter(next),
        }
    }

    /// Replaces the next counter of HOTP. TOTP has none.
    #[cfg(feature = "mfa")]
    pub(crate) const fn counting_from(mut self, next: Counter) -> Self {
        if let MovingFactor::Counter(_) = self.moving_factor {
            self.moving_factor = MovingFactor::Counter(next);
        }
        self
    }

    /// Replaces the algorithm.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Replaces the number of digits.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// Returns the hash function inside the HMAC.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns how many digits a code has.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Returns what changes from code to code.
    #[must_use]
    pub const fn moving_factor(&self) -> MovingFactor {
        self.moving_factor
    }

    /// Returns the length of a time step, or `None` for HOTP.
    #[must_use]
    pub const fn period(&self) -> Option<Period> {
        match self.moving_factor {
            MovingFactor::Time(period) => Some(period),
            MovingFactor::Counter(_) => None,
        }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Says what changes from code to code (RFC 4226 section 5.1): the time, or a counter.
///
/// ```
/// use secondfactor::codes::{MovingFactor, Parameters, Period};
/// assert_eq!(Parameters::DEFAULT.moving_factor(), MovingFactor::Time(Period::DEFAULT));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum MovingFactor {
    /// TOTP counts periods since the Unix epoch.
    Time(Period),
    /// HOTP counts codes. This is the counter of the next one.
    Counter(Counter),
}

impl fmt::Display for MovingFactor {
    /// Writes `TOTP` or `HOTP`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time(_) => "TOTP",
            Self::Counter(_) => "HOTP",
        })
    }
}

/// Says that the parameters are those of HOTP where TOTP is asked for, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these parameters are of the other kind: TOTP counts time, HOTP counts codes")]
pub struct WrongMovingFactor(());

impl WrongMovingFactor {
    pub(super) const fn new() -> Self {
        Self(())
    }
}
