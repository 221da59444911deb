//! The shared secret: key bytes that don't leak by accident.

use alloc::vec::Vec;
use core::fmt;

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::base32::{MAX_LEN, decode_base32};
#[cfg(feature = "std")]
use super::random::{RngError, fill_random};
use super::secret_error::SecretError;
use super::secret_text::SecretText;

/// The secret that a prover and a verifier share: 1 to 128 bytes, wiped from memory when dropped.
///
/// There is no `Clone`, no equality, no `Display` and no serialization, and `Debug` hides the bytes. What shows or
/// copies a secret says so by name: `expose_*` and [`duplicate`](Self::duplicate).
///
/// ```
/// use secondfactor::codes::Secret;
///
/// let secret = Secret::generate()?;
/// assert_eq!(secret.expose_bytes().len(), 20);
/// assert_eq!(format!("{secret:?}"), "Secret(..)");
///
/// let typed = Secret::from_base32("gezd gnbv gy3t qojq gezd gnbv gy3t qojq")?;
/// assert_eq!(typed.expose_bytes(), b"12345678901234567890");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// The least number of bytes: 128 bits (RFC 4226 section 4, R6).
    pub const MIN_LEN: usize = 16;
    /// The greatest number of bytes: one block of SHA-512.
    pub const MAX_LEN: usize = MAX_LEN;

    /// A new secret for the default algorithm from the operating system's generator: 20 bytes.
    ///
    /// # Errors
    /// The generator failed. Nobody can be enrolled until it works again.
    #[cfg(feature = "std")]
    pub fn generate() -> Result<Self, RngError> {
        Self::generate_for(Algorithm::default())
    }

    /// A new secret as long as the algorithm's output (RFC 6238 section 5.1): 20, 32 or 64 bytes.
    ///
    /// # Errors
    /// The generator failed.
    #[cfg(feature = "std")]
    pub fn generate_for(algorithm: Algorithm) -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new(alloc::vec![0; algorithm.key_len()]);
        fill_random(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// A new secret from your own cryptographic generator, where there is no operating system.
    pub fn generate_from<R: CryptoRng + ?Sized>(rng: &mut R, algorithm: Algorithm) -> Self {
        let mut bytes = Zeroizing::new(alloc::vec![0; algorithm.key_len()]);
        rng.fill_bytes(&mut bytes);
        Self { bytes }
    }

    /// A secret of 16 to 128 bytes.
    ///
    /// # Errors
    /// Empty, under 128 bits, or too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        Self::from_weak_bytes(bytes)?.refuse_weak()
    }

    /// A secret from Base32 text (RFC 4648 section 6) as people paste it: in any case, with ASCII spaces and hyphens
    /// anywhere, with or without the `=` padding.
    ///
    /// # Errors
    /// Any other character, an impossible length, padding that does not fit, bits set behind the last byte; empty,
    /// under 128 bits, or too long.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        Self::from_weak_base32(text)?.refuse_weak()
    }

    /// The same as [`from_bytes`](Self::from_bytes), also under 128 bits: for existing secrets of services that gave
    /// out shorter ones. Never for new ones.
    ///
    /// # Errors
    /// Empty or too long.
    pub fn from_weak_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(SecretError::TooLong);
        }
        Self::from_secret_bytes(Zeroizing::new(bytes.to_vec()))
    }

    /// The same as [`from_base32`](Self::from_base32), also under 128 bits: for existing secrets of services that
    /// gave out shorter ones. Never for new ones.
    ///
    /// # Errors
    /// As there, but for a length under 128 bits.
    pub fn from_weak_base32(text: &str) -> Result<Self, SecretError> {
        Self::from_secret_bytes(decode_base32(text)?)
    }

    /// Whether it has fewer than 128 bits.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.bytes.len() < Self::MIN_LEN
    }

    /// The key bytes.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The secret in Base32, upper case, without padding: what people type into an app.
    #[must_use]
    pub fn expose_base32(&self) -> SecretText {
        SecretText::base32(&self.bytes)
    }

    /// A second copy of the secret, wiped on its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            bytes: self.bytes.clone(),
        }
    }

    fn from_secret_bytes(bytes: Zeroizing<Vec<u8>>) -> Result<Self, SecretError> {
        match bytes.len() {
            0 => Err(SecretError::Empty),
            1..=Self::MAX_LEN => Ok(Self { bytes }),
            _ => Err(SecretError::TooLong),
        }
    }

    fn refuse_weak(self) -> Result<Self, SecretError> {
        if self.is_weak() {
            Err(SecretError::TooShort)
        } else {
            Ok(self)
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
