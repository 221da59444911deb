//! A secret with its names and parameters.

use super::error::UriError;
use super::names::{MAX_NAME_LEN, Names};
use crate::codes::{Counter, Hotp, Parameters, Secret, Totp};

/// Holds a secret with all that an authenticator app must know about it, as a key URI.
///
/// [`totp`](Self::totp) and [`new`](Self::new) make it, [`parse`](Self::parse) and
/// [`parse_lenient`](Self::parse_lenient) read it, and [`expose_uri`](Self::expose_uri) shows it.
/// The URI holds the secret, so there is no `Display`, and `Debug` hides it.
///
/// ```
/// use secondfactor::codes::Secret;
/// use secondfactor::provisioning::KeyUri;
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
/// - **Canonical.** There is one URI for each value. The label and the `issuer` parameter both
///   carry the issuer. Every parameter is written out, in one order. In names everything but
///   letters, digits and `-._~` is percent-encoded byte by byte (RFC 3986 section 2.1), so no name
///   can add a parameter.
/// - **Both ways.** `parse` gives back every value from its URI, except for those that only
///   `parse_lenient` takes: a secret under 128 bits, and a name with a colon or none. `parse_lenient`
///   gives back every value, and reports only these. A URI that either of them has read, built and
///   read again, is the same URI.
/// - **Lenient takes all that strict takes.** It reads the same from it, and reports nothing but
///   [`OtherCodes`](super::Repair::OtherCodes).
/// - **Never a guess.** A value that is not understood is an error, never the default. If something
///   was read in another way than it is written, the list of repairs says so.
/// - **No leaks.** An error names the kind of fault and the byte, never the text.
/// - **Bounded.** A URI has at most 4 KiB. Reading takes time and memory in proportion to it.
///
/// # What others make of the same URIs
/// The table comes from runs of pyotp 2.12.1 and otplib 13.5.0, which parse the URI and compute a
/// code. `tests/vectors` has the URIs, and `scripts/interop` runs them again. "Repair" means that
/// `parse` refuses the URI, and `parse_lenient` takes it and says so.
///
#[doc = include_str!("peers.md")]
#[derive(Debug)]
pub struct KeyUri {
    secret: Secret,
    names: Names,
    parameters: Parameters,
}

impl KeyUri {
    /// The issuer and the account name have at most 254 bytes each, as many as the longest e-mail
    /// address. So the URI always fits a QR code.
    pub const MAX_NAME_LEN: usize = MAX_NAME_LEN;
    /// A URI that is read has at most 4096 bytes.
    pub const MAX_URI_LEN: usize = 4096;

    /// Makes the URI of a key with the default [`Parameters`].
    ///
    /// `issuer` says who gives out the key, and `account` whose key it is.
    ///
    /// # Errors
    /// [`UriError`] if a name is empty, has more than [`MAX_NAME_LEN`](Self::MAX_NAME_LEN) bytes, has
    /// a blank at an end, or has a `:` (which separates the two), a control character, or one that is
    /// invisible or changes the direction of text.
    pub fn totp(secret: Secret, issuer: &str, account: &str) -> Result<Self, UriError> {
        Self::new(secret, Parameters::DEFAULT, issuer, account)
    }

    /// Makes the URI of a key with these parameters. Many apps ignore all but the default ones.
    ///
    /// # Errors
    /// As for [`totp`](Self::totp).
    pub fn new(
        secret: Secret,
        parameters: Parameters,
        issuer: &str,
        account: &str,
    ) -> Result<Self, UriError> {
        Ok(Self::from_parts(
            secret,
            Names::new(issuer, account)?,
            parameters,
        ))
    }

    /// Makes the URI of a key whatever the names are. What no name can hold is left out of it.
    #[cfg(feature = "mfa")]
    pub(crate) fn fitted(
        secret: Secret,
        parameters: Parameters,
        issuer: &str,
        account: &str,
    ) -> Self {
        Self::from_parts(secret, Names::fitted(issuer, account), parameters)
    }

    pub(crate) const fn from_parts(secret: Secret, names: Names, parameters: Parameters) -> Self {
        Self {
            secret,
            names,
            parameters,
        }
    }

    /// Returns who issues the key, if the URI says so.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.names.issuer.as_deref()
    }

    /// Returns the name by which the owner knows the account. It is empty if lenient reading found
    /// none beside the issuer.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.names.account
    }

    /// Returns the secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the algorithm, the digits, and the period or counter.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// Sets up the codes of a TOTP key. Returns `None` for a HOTP key.
    ///
    /// ```
    /// use secondfactor::codes::UnixTime;
    /// use secondfactor::provisioning::KeyUri;
    ///
    /// let uri = KeyUri::parse("otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8")?;
    /// let totp = uri.to_totp().ok_or("a HOTP key")?;
    /// assert_eq!(totp.at(UnixTime::from_secs(59))?.to_string(), "94287082");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_totp(&self) -> Option<Totp> {
        Totp::from_parameters(&self.secret, self.parameters).ok()
    }

    /// Sets up the codes of a HOTP key and returns its next counter too. Returns `None` for a TOTP
    /// key.
    ///
    /// ```
    /// use secondfactor::provisioning::KeyUri;
    ///
    /// let uri = KeyUri::parse("otpauth://hotp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=1")?;
    /// let (hotp, next) = uri.to_hotp().ok_or("a TOTP key")?;
    /// assert_eq!(hotp.at(next).to_string(), "287082");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_hotp(&self) -> Option<(Hotp, Counter)> {
        Hotp::from_parameters(&self.secret, self.parameters).ok()
    }
}
