//! The hash functions that RFC 6238 allows.

use core::fmt;

/// Names the hash function inside the HMAC (RFC 6238 section 1.2).
///
/// Take SHA-1 unless you know the authenticator: most apps ignore any other hash. SHA-1 is sound
/// inside HMAC.
///
/// ```
/// use secondfactor::codes::Algorithm;
/// assert_eq!(Algorithm::default(), Algorithm::Sha1);
/// assert_eq!(Algorithm::Sha256.key_len(), 32);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "UPPERCASE")
)]
#[non_exhaustive]
pub enum Algorithm {
    /// The codes use HMAC-SHA-1, which every authenticator app understands.
    #[default]
    Sha1,
    /// The codes use HMAC-SHA-256.
    Sha256,
    /// The codes use HMAC-SHA-512.
    Sha512,
}

impl Algorithm {
    /// Returns the length of a new secret in bytes, which is that of the hash's output (RFC 6238
    /// section 5.1).
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// Returns the name as key URIs spell it: `SHA1`, `SHA256` or `SHA512`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }
}

impl fmt::Display for Algorithm {
    /// Writes the [`name`](Self::name).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
