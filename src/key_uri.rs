//! `otpauth://` key URIs: what an authenticator app scans (Key URI Format).

use alloc::string::{String, ToString};
use core::fmt;

use crate::{Algorithm, Counter, Digits, Period, Secret, SecretText};

/// A secret with all that an authenticator app must know about it, as a key URI.
///
/// Names are percent-encoded byte by byte (RFC 3986 section 2.1), everything but letters, digits and `-._~`, so no name
/// can add a parameter. Both the label and the `issuer` parameter carry the issuer, and every parameter is written out.
///
/// The URI holds the secret: there is no `Display`, and `Debug` hides it.
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
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KeyUri {
    secret: Secret,
    issuer: String,
    account: String,
    algorithm: Algorithm,
    digits: Digits,
    moving: Moving,
}

#[derive(Clone, Copy, Debug)]
enum Moving {
    Totp(Period),
    Hotp(Counter),
}

impl KeyUri {
    /// The greatest length of the issuer and of the account name, in bytes: so the URI always fits a QR code.
    pub const MAX_NAME_LEN: usize = 128;

    /// A TOTP key: SHA-1, six digits, 30 seconds. `issuer` says who gives it out, `account` whose it is.
    ///
    /// # Errors
    /// A name is empty, too long, has a blank at an end, a `:` (which separates the two), a control character, or one
    /// that changes the direction of text.
    pub fn totp(secret: Secret, issuer: &str, account: &str) -> Result<Self, UriError> {
        Self::new(secret, issuer, account, Moving::Totp(Period::DEFAULT))
    }

    /// A HOTP key whose next counter is `counter`: SHA-1, six digits.
    ///
    /// # Errors
    /// As for [`totp`](Self::totp).
    pub fn hotp(secret: Secret, counter: Counter, issuer: &str, account: &str) -> Result<Self, UriError> {
        Self::new(secret, issuer, account, Moving::Hotp(counter))
    }

    fn new(secret: Secret, issuer: &str, account: &str, moving: Moving) -> Result<Self, UriError> {
        check_name(issuer, UriPart::Issuer)?;
        check_name(account, UriPart::Account)?;
        Ok(Self {
            secret,
            issuer: issuer.to_string(),
            account: account.to_string(),
            algorithm: Algorithm::default(),
            digits: Digits::default(),
            moving,
        })
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
        if let Moving::Totp(_) = self.moving {
            self.moving = Moving::Totp(period);
        }
        self
    }

    /// Who issues the key.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whose key it is, as the owner knows the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The secret.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// The URI, with the secret in it: for the owner's eyes.
    #[must_use]
    pub fn expose_uri(&self) -> SecretText {
        let (kind, (parameter, value)) = match self.moving {
            Moving::Totp(period) => ("totp", ("&period=", u64::from(period.as_secs()))),
            Moving::Hotp(counter) => ("hotp", ("&counter=", counter.get())),
        };
        let (issuer, account) = (percent_encode(&self.issuer), percent_encode(&self.account));
        let secret = self.secret.expose_base32();
        let (digits, value) = (self.digits.count().to_string(), value.to_string());
        let parts = [
            "otpauth://",
            kind,
            "/",
            &issuer,
            ":",
            &account,
            "?secret=",
            &secret,
            "&issuer=",
            &issuer,
            "&algorithm=",
            self.algorithm.name(),
            "&digits=",
            &digits,
            parameter,
            &value,
        ];
        // Its length is known first, so that no copy of a grown buffer stays behind.
        let mut uri = SecretText::with_capacity(parts.iter().map(|part| part.len()).sum());
        parts.iter().for_each(|part| uri.push_str(part));
        uri
    }
}

fn check_name(name: &str, part: UriPart) -> Result<(), UriError> {
    if name.is_empty() {
        return Err(UriError::Empty { part });
    }
    if name.len() > KeyUri::MAX_NAME_LEN {
        return Err(UriError::TooLong { part });
    }
    if let Some((position, _)) = name.char_indices().find(|(_, character)| is_forbidden(*character)) {
        return Err(UriError::Character { part, position });
    }
    if name.starts_with(char::is_whitespace) {
        return Err(UriError::Character { part, position: 0 });
    }
    match name.char_indices().last() {
        Some((position, last)) if last.is_whitespace() => Err(UriError::Character { part, position }),
        _ => Ok(()),
    }
}

/// Key URI Format: neither name may contain a colon. Control and direction characters would let a name pose as another.
const fn is_forbidden(character: char) -> bool {
    matches!(
        character,
        ':' | '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// RFC 3986 section 2.3: only unreserved characters stand for themselves.
fn percent_encode(name: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                encoded.extend(HEX.get(usize::from(nibble)).copied().map(char::from));
            }
        }
    }
    encoded
}

/// A part of a key URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriPart {
    /// Who issues the key.
    Issuer,
    /// The name of the account.
    Account,
}

impl fmt::Display for UriPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "issuer",
            Self::Account => "account name",
        })
    }
}

/// Why there is no such [`KeyUri`]. Positions are byte offsets in the part; the text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// No text.
    #[error("the {part} is empty")]
    Empty {
        /// Which part.
        part: UriPart,
    },
    /// Over [`KeyUri::MAX_NAME_LEN`] bytes.
    #[error("the {part} has more than 128 bytes")]
    TooLong {
        /// Which part.
        part: UriPart,
    },
    /// A colon, a control or direction character, or a blank at an end.
    #[error("the {part} has a character it must not have, at byte {position}")]
    Character {
        /// Which part.
        part: UriPart,
        /// Where it stands.
        position: usize,
    },
}
