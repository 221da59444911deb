//! The shared secret, and what keeps it from leaking by accident.

use alloc::vec::Vec;
use core::fmt;

use rand::CryptoRng;
#[cfg(feature = "mfa")]
use subtle::Choice;
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::base32::{MAX_LEN, decode_base32, decode_with_spare_bits};
#[cfg(feature = "mfa")]
use super::mac::is_same_key;
#[cfg(feature = "std")]
use super::random::{RngError, fill_random};
use super::secret_error::SecretError;
use super::secret_text::SecretText;

/// Holds the secret that a prover and a verifier share: 1 to 128 bytes, wiped from memory when
/// dropped.
///
/// It has no `Clone`, no equality, no `Display` and no serialization, and `Debug` hides the bytes.
/// Whatever shows or copies a secret says so by its name: `expose_*` and
/// [`duplicate`](Self::duplicate).
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
    /// A secret has at least 16 bytes, which are 128 bits (RFC 4226 section 4, R6).
    pub const MIN_LEN: usize = 16;
    /// A secret has at most 128 bytes, one block of SHA-512.
    pub const MAX_LEN: usize = MAX_LEN;

    /// Makes a new secret of 20 bytes for the default algorithm, from the operating system's random
    /// generator.
    ///
    /// # Errors
    /// [`RngError`] if the generator fails. Nobody can be enrolled until it works again.
    #[cfg(feature = "std")]
    pub fn generate() -> Result<Self, RngError> {
        Self::generate_for(Algorithm::default())
    }

    /// Makes a new secret as long as the algorithm's output: 20, 32 or 64 bytes (RFC 6238 section
    /// 5.1).
    ///
    /// # Errors
    /// [`RngError`] if the generator fails.
    #[cfg(feature = "std")]
    pub fn generate_for(algorithm: Algorithm) -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new(alloc::vec![0; algorithm.key_len()]);
        fill_random(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// Makes a new secret from your own cryptographic generator, where there is no operating
    /// system.
    pub fn generate_from<R: CryptoRng + ?Sized>(rng: &mut R, algorithm: Algorithm) -> Self {
        let mut bytes = Zeroizing::new(alloc::vec![0; algorithm.key_len()]);
        rng.fill_bytes(&mut bytes);
        Self { bytes }
    }

    /// Makes a secret of 16 to 128 bytes.
    ///
    /// # Errors
    /// [`SecretError`] if it is empty, has fewer than 128 bits, or is too long.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        Self::from_weak_bytes(bytes)?.refuse_weak()
    }

    /// Reads a secret from Base32 text as people paste it (RFC 4648 section 6).
    ///
    /// Upper and lower case mean the same, and so do full-width forms. Blanks, line ends, invisible
    /// characters and dashes may stand anywhere, and a full stop at the end. The `=` padding may be
    /// absent.
    ///
    /// # Errors
    /// * [`SecretError`] if the text has any other character, an impossible length, padding that
    ///   does not fit, or bits behind the last byte.
    /// * [`SecretError`] if the secret is empty, has fewer than 128 bits, or is too long.
    pub fn from_base32(text: &str) -> Result<Self, SecretError> {
        Self::from_weak_base32(text)?.refuse_weak()
    }

    /// Makes a secret as [`from_bytes`](Self::from_bytes) does, and accepts one under 128 bits too.
    ///
    /// This is for secrets that a service gave out already. Never use it for new ones.
    ///
    /// # Errors
    /// [`SecretError`] if it is empty or too long.
    pub fn from_weak_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(SecretError::TooLong);
        }
        Self::from_secret_bytes(Zeroizing::new(bytes.to_vec()))
    }

    /// Reads a secret as [`from_base32`](Self::from_base32) does, and accepts one under 128 bits
    /// too.
    ///
    /// This is for secrets that a service gave out already. Never use it for new ones.
    ///
    /// # Errors
    /// As for [`from_base32`](Self::from_base32), except for a length under 128 bits.
    pub fn from_weak_base32(text: &str) -> Result<Self, SecretError> {
        Self::from_secret_bytes(decode_base32(text)?)
    }

    /// Reads a secret as [`from_weak_base32`](Self::from_weak_base32) does, and drops bits behind
    /// the last byte. Returns where the symbol stands that has them, if they are set.
    pub(crate) fn from_base32_with_spare_bits(
        text: &str,
    ) -> Result<(Self, Option<usize>), SecretError> {
        let (bytes, spare) = decode_with_spare_bits(text)?;
        Ok((Self::from_secret_bytes(bytes)?, spare))
    }

    /// Returns whether it has fewer than 128 bits.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.bytes.len() < Self::MIN_LEN
    }

    /// Returns the key bytes.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the secret in Base32, which people type into an app. It is in upper case and has no
    /// padding.
    #[must_use]
    pub fn expose_base32(&self) -> SecretText {
        SecretText::base32(&self.bytes)
    }

    /// Makes a second copy of the secret, which is wiped on its own.
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

    /// Says whether HMAC takes both for one key, so that their codes are the same.
    #[cfg(feature = "mfa")]
    pub(crate) fn is_same_key(&self, other: &Self, algorithm: Algorithm) -> Choice {
        is_same_key(algorithm, self.expose_bytes(), other.expose_bytes())
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
