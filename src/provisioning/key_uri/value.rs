//! A key with its names and parameters.

use super::error::UriError;
use super::names::{MAX_NAME_LEN, Names};
use crate::codes::{Counter, Hotp, Parameters, Secret, Totp};

/// A secret with all that an authenticator app must know about it, as a key URI.
///
/// Built by [`totp`](Self::totp) and [`new`](Self::new), shown by [`expose_uri`](Self::expose_uri), read by
/// [`parse`](Self::parse) and [`parse_lenient`](Self::parse_lenient). The URI holds the secret: there is no `Display`,
/// and `Debug` hides it.
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
/// `scripts/interop` runs them again. "Repair": `parse` refuses it, `parse_lenient` takes it and says so.
///
#[doc = include_str!("peers.md")]
#[derive(Debug)]
pub struct KeyUri {
    secret: Secret,
    names: Names,
    parameters: Parameters,
}

impl KeyUri {
    /// The greatest length of the issuer and of the account name, in bytes: so the URI always fits a QR code.
    pub const MAX_NAME_LEN: usize = MAX_NAME_LEN;
    /// The greatest length of a URI that is read, in bytes.
    pub const MAX_URI_LEN: usize = 4096;

    /// Makes the URI of a key with the default [`Parameters`]. `issuer` says who gives it out, `account` whose it is.
    ///
    /// # Errors
    /// A name is empty, too long, has a blank at an end, a `:` (which separates the two), a control character, or one
    /// that changes the direction of text.
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

    pub(crate) const fn from_parts(secret: Secret, names: Names, parameters: Parameters) -> Self {
        Self {
            secret,
            names,
            parameters,
        }
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

    /// Returns the algorithm, the digits, and the period or counter.
    #[must_use]
    pub const fn parameters(&self) -> Parameters {
        self.parameters
    }

    /// The codes of a TOTP key; `None` if it is a HOTP key.
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

    /// The codes of a HOTP key, and its next counter; `None` if it is a TOTP key.
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
