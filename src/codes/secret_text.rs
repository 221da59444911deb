//! Text that holds a secret.

use alloc::string::String;
use core::fmt;
use core::ops::Deref;

use base32::Alphabet::Rfc4648;
use zeroize::Zeroizing;

/// Holds text with a secret in it, and wipes it when dropped. It reads as a `str`, and `Debug`
/// hides it.
///
/// ```
/// use secondfactor::codes::Secret;
/// let text = Secret::from_bytes(b"12345678901234567890")?.expose_base32();
/// assert_eq!(&*text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
/// assert_eq!(format!("{text:?}"), "SecretText(..)");
/// # Ok::<(), secondfactor::codes::SecretError>(())
/// ```
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Ask for enough room, as a buffer that grows leaves a copy behind.
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
        // For five bytes `base32` reserves enough room, so no copy of a grown buffer stays behind.
        for chunk in bytes.chunks(5) {
            let mut five = Zeroizing::new([0; 5]);
            five.iter_mut()
                .zip(chunk)
                .for_each(|(to, from)| *to = *from);
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
