//! `otpauth://` key URIs: what an authenticator app scans (Key URI Format).

mod build;
mod error;
mod names;
mod parse;
pub(crate) mod percent;
mod repair;

pub use error::{UriError, UriPart};
pub(crate) use names::Names;
pub(crate) use repair::Leniency;
pub use repair::Repair;

use crate::{Algorithm, Counter, Digits, Hotp, Period, Secret, Totp};

/// A secret with all that an authenticator app must know about it, as a key URI.
///
/// Built by [`totp`](Self::totp) and [`hotp`](Self::hotp), shown by [`expose_uri`](Self::expose_uri), read by
/// [`parse`](Self::parse) and [`parse_lenient`](Self::parse_lenient). The URI holds the secret: there is no `Display`,
/// and `Debug` hides it.
///
/// ```
/// use secondfactor::{KeyUri, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let uri = KeyUri::totp(secret, "Example", "alice@example.com")?;
/// assert_eq!(
///     &*uri.expose_uri(),
///     "otpauth://totp/Example:alice%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
///      &issuer=Example&algorithm=SHA1&digits=6&period=30",
/// );
///
/// let read = KeyUri::parse(&uri.expose_uri())?;
/// assert_eq!(read.issuer(), Some("Example"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Properties
/// - **Canonical.** There is one URI for each value: both the label and the `issuer` parameter carry the issuer, every
///   parameter is written out, in one order. Names are percent-encoded byte by byte (RFC 3986 section 2.1), everything
///   but letters, digits and `-._~`, so no name can add a parameter.
/// - **Both ways.** `parse` gives back every value from its URI, but for the two that only `parse_lenient` makes or
///   takes: a secret under 128 bits, a name with a colon. `parse_lenient` gives back every value, and reports no more
///   than these. What either reads, built and read again, is the same URI.
/// - **Lenient takes all that strict takes**, reads the same from it, and reports nothing.
/// - **Never a guess.** A value that is not understood is an error, never the default. What is read as something else
///   than it says is in the list of repairs.
/// - **No leaks.** An error tells the kind and the byte, never the text.
/// - **Bounded.** A URI has at most 4 KiB; reading takes time and memory in proportion to it.
///
/// # What others make of the same URIs
/// From runs of pyotp 2.12.1 and otplib 13.5.0 (parse the URI, then compute a code); `tests/vectors` has the URIs, and
/// `.ci/peers` runs them again. "Repair": `parse` refuses it, `parse_lenient` takes it and says so.
///
#[doc = include_str!("key_uri/peers.md")]
#[derive(Debug)]
pub struct KeyUri {
    secret: Secret,
    names: Names,
    algorithm: Algorithm,
    digits: Digits,
    moving_factor: MovingFactor,
}

/// What changes from code to code (RFC 4226 section 5.1): the time, or a counter.
///
/// ```
/// use secondfactor::{KeyUri, MovingFactor, Period, Secret};
///
/// let secret = Secret::from_bytes(b"12345678901234567890")?;
/// let uri = KeyUri::totp(secret, "Example", "alice")?;
/// assert_eq!(uri.moving_factor(), MovingFactor::Time(Period::DEFAULT));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MovingFactor {
    /// TOTP: the number of periods since the Unix epoch.
    Time(Period),
    /// HOTP: a counter, and its next value.
    Counter(Counter),
}

impl KeyUri {
    /// The greatest length of the issuer and of the account name, in bytes: so the URI always fits a QR code.
    pub const MAX_NAME_LEN: usize = 128;
    /// The greatest length of a URI that is read, in bytes.
    pub const MAX_URI_LEN: usize = 4096;

    /// A TOTP key: SHA-1, six digits, 30 seconds. `issuer` says who gives it out, `account` whose it is.
    ///
    /// # Errors
    /// A name is empty, too long, has a blank at an end, a `:` (which separates the two), a control character, or one
    /// that changes the direction of text.
    pub fn totp(secret: Secret, issuer: &str, account: &str) -> Result<Self, UriError> {
        Self::new(secret, issuer, account, MovingFactor::Time(Period::DEFAULT))
    }

    /// A HOTP key whose next counter is `counter`: SHA-1, six digits.
    ///
    /// # Errors
    /// As for [`totp`](Self::totp).
    pub fn hotp(secret: Secret, counter: Counter, issuer: &str, account: &str) -> Result<Self, UriError> {
        Self::new(secret, issuer, account, MovingFactor::Counter(counter))
    }

    fn new(secret: Secret, issuer: &str, account: &str, moving_factor: MovingFactor) -> Result<Self, UriError> {
        let names = Names::new(issuer, account)?;
        Ok(Self::from_parts(secret, names, moving_factor))
    }

    pub(crate) fn from_parts(secret: Secret, names: Names, moving_factor: MovingFactor) -> Self {
        Self { secret, names, algorithm: Algorithm::default(), digits: Digits::default(), moving_factor }
    }

    /// With another hash. Many apps ignore it.
    #[must_use]
    pub const fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With another number of digits. Many apps ignore it.
    #[must_use]
    pub const fn with_digits(mut self, digits: Digits) -> Self {
        self.digits = digits;
        self
    }

    /// With another period, if it is a TOTP key. Many apps ignore it.
    #[must_use]
    pub const fn with_period(mut self, period: Period) -> Self {
        if let MovingFactor::Time(_) = self.moving_factor {
            self.moving_factor = MovingFactor::Time(period);
        }
        self
    }

    /// Who issues the key, if the URI that was read says so.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.names.issuer.as_deref()
    }

    /// Whose key it is, as the owner knows the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.names.account
    }

    /// The secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The hash.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The number of digits.
    #[must_use]
    pub const fn digits(&self) -> Digits {
        self.digits
    }

    /// Whether it is a TOTP key, with which period, or a HOTP key, with which counter.
    #[must_use]
    pub const fn moving_factor(&self) -> MovingFactor {
        self.moving_factor
    }

    /// The codes of a TOTP key; `None` if it is a HOTP key.
    ///
    /// ```
    /// use secondfactor::{KeyUri, UnixTime};
    ///
    /// let uri = KeyUri::parse("otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8")?;
    /// let totp = uri.to_totp().ok_or("a HOTP key")?;
    /// assert_eq!(totp.at(UnixTime::from_secs(59))?.to_string(), "94287082");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_totp(&self) -> Option<Totp<'_>> {
        let MovingFactor::Time(period) = self.moving_factor else { return None };
        let totp = Totp::new_for(&self.secret, self.algorithm);
        Some(totp.with_digits(self.digits).with_period(period))
    }

    /// The codes of a HOTP key, and its next counter; `None` if it is a TOTP key.
    ///
    /// ```
    /// use secondfactor::KeyUri;
    ///
    /// let uri = KeyUri::parse("otpauth://hotp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1")?;
    /// let (hotp, next) = uri.to_hotp().ok_or("a TOTP key")?;
    /// assert_eq!(hotp.at(next).to_string(), "287082");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_hotp(&self) -> Option<(Hotp<'_>, Counter)> {
        let MovingFactor::Counter(counter) = self.moving_factor else { return None };
        let hotp = Hotp::new_for(&self.secret, self.algorithm);
        Some((hotp.with_digits(self.digits), counter))
    }
}
