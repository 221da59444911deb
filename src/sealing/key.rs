//! Sealing keys and their ids.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::codes::{RngError, SecretError, SecretText, decode_base32, fill_random};

/// Tells sealing keys apart, by 64 bits of a hash of the key and the keyring's context.
///
/// It is no secret. Every sealed record has it in clear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    pub(super) const LEN: usize = 8;
    pub(super) const NONE: Self = Self([0; Self::LEN]);

    pub(super) const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    /// Writes 16 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Holds a 256-bit key that seals records.
///
/// Keep it away from the database: in a file of its own, in the environment, or in a vault.
///
/// ```
/// use secondfactor::SealingKey;
///
/// let key = SealingKey::generate()?;
/// let text = key.expose_base32();
/// let again = SealingKey::from_base32(&text)?;
/// assert_eq!(format!("{again:?}"), "SealingKey(..)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SealingKey {
    bytes: Zeroizing<Vec<u8>>,
}

impl SealingKey {
    /// A key has 32 bytes.
    pub const LEN: usize = 32;

    /// Makes a new key from the operating system's random generator.
    ///
    /// # Errors
    /// [`RngError`] if the generator fails.
    pub fn generate() -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new(vec![0; Self::LEN]);
        fill_random(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// Makes the key with these bytes, which must be random.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.to_vec()),
        }
    }

    /// Reads a key from Base32 text, as [`expose_base32`](Self::expose_base32) writes it. Spaces
    /// and case don't matter.
    ///
    /// # Errors
    /// [`SealingKeyError`] if the text is not Base32, or the key does not have 32 bytes.
    pub fn from_base32(text: &str) -> Result<Self, SealingKeyError> {
        let bytes = decode_base32(text)?;
        if bytes.len() == Self::LEN {
            Ok(Self { bytes })
        } else {
            Err(SealingKeyError::Length)
        }
    }

    /// Makes a second copy of the key, which is wiped on its own.
    pub(super) fn duplicate(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
        }
    }

    /// Computes the id by a hash under a label of its own, so that the id says nothing about the
    /// key.
    pub(super) fn id(&self, context: &[u8]) -> KeyId {
        let mut key = hmac::digest::Key::<Hmac<Sha256>>::default();
        key.iter_mut()
            .zip(self.expose_bytes())
            .for_each(|(to, from)| *to = *from);
        let mut mac = Hmac::<Sha256>::new(&key);
        mac.update(b"secondfactor sealing key id");
        mac.update(context);
        let hash: [u8; 32] = mac.finalize().into_bytes().into();
        KeyId(hash.first_chunk().copied().unwrap_or_default())
    }

    pub(super) fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the key in Base32, as 52 symbols for a key file or a vault.
    #[must_use]
    pub fn expose_base32(&self) -> SecretText {
        SecretText::base32(&self.bytes)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

/// Says why a text is no [`SealingKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealingKeyError {
    /// The text is not Base32.
    #[error(transparent)]
    Text(#[from] SecretError),
    /// The key has fewer or more than 32 bytes.
    #[error("a sealing key has 32 bytes")]
    Length,
}
