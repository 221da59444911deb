//! The shared secret: key bytes that don't leak by accident.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};

use base32::Alphabet::Rfc4648;
use rand::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::Algorithm;

/// The secret that a prover and a verifier share: 1 to 128 bytes, wiped from memory when dropped.
///
/// There is no `Clone`, no equality, no `Display` and no serialization, and `Debug` hides the bytes. What shows or
/// copies a secret says so by name: `expose_*` and [`duplicate`](Self::duplicate).
///
/// ```
/// use secondfactor::Secret;
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
    bytes: SecretBytes,
}

impl Secret {
    /// The least number of bytes: 128 bits (RFC 4226 section 4, R6).
    pub const MIN_LEN: usize = 16;
    /// The greatest number of bytes: one block of SHA-512.
    pub const MAX_LEN: usize = 128;

    /// A new secret for the default algorithm from the operating system's generator: 20 bytes.
    ///
    /// # Errors
    /// The generator failed. Nobody can be enrolled until it works again.
    #[cfg(feature = "std")]
    pub fn generate() -> Result<Self, crate::RngError> {
        Self::generate_for(Algorithm::default())
    }

    /// A new secret as long as the algorithm's output (RFC 6238 section 5.1): 20, 32 or 64 bytes.
    ///
    /// # Errors
    /// The generator failed.
    #[cfg(feature = "std")]
    pub fn generate_for(algorithm: Algorithm) -> Result<Self, crate::RngError> {
        let mut bytes = SecretBytes(alloc::vec![0; algorithm.key_len()]);
        crate::error::fill_random(&mut bytes)?;
        Ok(Self { bytes })
    }

    /// A new secret from your own cryptographic generator, where there is no operating system.
    pub fn generate_from<R: CryptoRng + ?Sized>(rng: &mut R, algorithm: Algorithm) -> Self {
        let mut bytes = SecretBytes(alloc::vec![0; algorithm.key_len()]);
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
        Self::from_secret_bytes(SecretBytes(bytes.to_vec()))
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
        Self { bytes: self.bytes.clone() }
    }

    fn from_secret_bytes(bytes: SecretBytes) -> Result<Self, SecretError> {
        match bytes.len() {
            0 => Err(SecretError::Empty),
            1..=Self::MAX_LEN => Ok(Self { bytes }),
            _ => Err(SecretError::TooLong),
        }
    }

    fn refuse_weak(self) -> Result<Self, SecretError> {
        if self.is_weak() { Err(SecretError::TooShort) } else { Ok(self) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Bytes that are wiped when dropped, all at once. `Zeroizing` wipes those of a vector one after the other: with eight
/// devices this took 3 % of a login.
#[derive(Clone)]
pub(crate) struct SecretBytes(Vec<u8>);

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Deref for SecretBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for SecretBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.clear();
        self.0.zeroize();
    }
}

/// Text that holds a secret, wiped when dropped: it reads as a `str`, and `Debug` hides it.
///
/// ```
/// use secondfactor::Secret;
/// let text = Secret::from_bytes(b"12345678901234567890")?.expose_base32();
/// assert_eq!(&*text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
/// assert_eq!(format!("{text:?}"), "SecretText(..)");
/// # Ok::<(), secondfactor::SecretError>(())
/// ```
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Ask for enough: a buffer that grows leaves a copy behind.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Zeroizing::new(String::with_capacity(capacity)))
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    #[cfg(feature = "qr")]
    pub(crate) fn push_fmt(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a `String` does not fail.
        let _ = fmt::Write::write_fmt(&mut *self.0, text);
    }

    pub(crate) fn base32(bytes: &[u8]) -> Self {
        let mut text = Self::with_capacity(bytes.len().div_ceil(5).saturating_mul(8));
        // Five bytes at a time: for these `base32` reserves enough, so no copy of a grown buffer stays behind.
        for chunk in bytes.chunks(5) {
            let mut five = Zeroizing::new([0; 5]);
            five.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            let symbols = Zeroizing::new(base32::encode(Rfc4648 { padding: false }, &*five));
            let used = chunk.len().saturating_mul(8).div_ceil(5);
            text.push_str(symbols.get(..used).unwrap_or_default());
        }
        text
    }
}

impl AsRef<str> for SecretText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Deref for SecretText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// The bytes of a Base32 text as [`Secret::from_base32`] describes it.
///
/// `base32` is no validator: it is given only what this has checked.
pub(crate) fn decode_base32(text: &str) -> Result<SecretBytes, SecretError> {
    let decode = |symbols| base32::decode(Rfc4648 { padding: false }, symbols).unwrap_or_default();
    // Text from a machine has nothing to repair; a copy of it would cost as much as decoding it.
    if text.len() <= MAX_SYMBOLS && text.bytes().fold(true, |all, byte| all & is_symbol(byte)) {
        check_end(text, text.len().saturating_sub(1))?;
        return Ok(SecretBytes(decode(text)));
    }
    Ok(SecretBytes(decode(&repair_base32(text)?)))
}

/// The symbols of the longest secret.
const MAX_SYMBOLS: usize = (Secret::MAX_LEN * 8).div_ceil(5);

/// The symbols of a text in upper case, without blanks, hyphens and padding.
fn repair_base32(text: &str) -> Result<Zeroizing<String>, SecretError> {
    let mut symbols = Zeroizing::new(String::with_capacity(text.len().min(MAX_SYMBOLS)));
    let (mut pads, mut first_pad, mut last_symbol) = (0_usize, 0, 0);
    for (position, byte) in text.bytes().enumerate() {
        match byte.to_ascii_uppercase() {
            b' ' | b'-' => {}
            b'=' => {
                first_pad = if pads == 0 { position } else { first_pad };
                pads = pads.saturating_add(1);
            }
            symbol if is_symbol(symbol) => {
                if pads > 0 {
                    return Err(SecretError::Padding { position: first_pad });
                }
                if symbols.len() == MAX_SYMBOLS {
                    return Err(SecretError::TooLong);
                }
                symbols.push(char::from(symbol));
                last_symbol = position;
            }
            _ => return Err(SecretError::Character { position }),
        }
    }
    check_end(&symbols, last_symbol)?;
    let missing = symbols.len().next_multiple_of(8).saturating_sub(symbols.len());
    if pads > 0 && pads != missing {
        return Err(SecretError::Padding { position: first_pad });
    }
    Ok(symbols)
}

/// RFC 4648 section 6: eight symbols are five bytes. Only some lengths of a last group end with a byte, and the bits
/// left over (section 3.5) must be zero.
fn check_end(symbols: &str, position: usize) -> Result<(), SecretError> {
    let left_over = match symbols.len() % 8 {
        0 => return Ok(()),
        2 => 0b11,
        4 => 0b1111,
        5 => 0b1,
        7 => 0b111,
        _ => return Err(SecretError::Length { position }),
    };
    match symbols.bytes().last() {
        Some(last) if symbol_value(last) & left_over != 0 => Err(SecretError::TrailingBits { position }),
        _ => Ok(()),
    }
}

const fn is_symbol(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'2'..=b'7')
}

const fn symbol_value(symbol: u8) -> u8 {
    symbol.wrapping_sub(if symbol.is_ascii_digit() { b'2' - 26 } else { b'A' })
}

/// Why bytes or a text are not a [`Secret`]. Positions are byte offsets; the text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No bytes at all: everybody knows the codes of the empty key.
    #[error("the secret is empty")]
    Empty,
    /// Under 128 bits (RFC 4226 section 4, R6).
    #[error("the secret has fewer than 128 bits")]
    TooShort,
    /// Over 128 bytes.
    #[error("the secret has more than 128 bytes")]
    TooLong,
    /// A character that Base32 does not have: `0`, `1`, `8`, `9`, punctuation, anything beyond ASCII.
    #[error("not a Base32 character at byte {position}")]
    Character {
        /// Where it stands.
        position: usize,
    },
    /// A number of symbols that no number of bytes gives: something is missing or too much.
    #[error("the Base32 text is too short or too long by a symbol, at byte {position}")]
    Length {
        /// Where the last symbol stands.
        position: usize,
    },
    /// Bits are set behind the last byte (RFC 4648 section 3.5): the last symbol is wrong, or something is missing.
    #[error("the last Base32 symbol has bits to spare, at byte {position}")]
    TrailingBits {
        /// Where the last symbol stands.
        position: usize,
    },
    /// A `=` before the end, or not as many as complete the last group of eight.
    #[error("wrong Base32 padding at byte {position}")]
    Padding {
        /// Where the first `=` stands.
        position: usize,
    },
}
