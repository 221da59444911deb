//! The reasons why bytes or a text are no secret.

/// Says why bytes or a text are no [`Secret`](super::Secret).
///
/// Positions are byte offsets. The text itself is never part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// There are no bytes. Everybody knows the codes of the empty key.
    #[error("the secret is empty")]
    Empty,
    /// There are fewer than 128 bits (RFC 4226 section 4, R6).
    #[error("the secret has fewer than 128 bits")]
    TooShort,
    /// There are more than 128 bytes.
    #[error("the secret has more than 128 bytes")]
    TooLong,
    /// Base32 does not have this character, such as `0`, `1`, `8`, `9`, punctuation, or a letter of
    /// another script.
    #[error("not a Base32 character at byte {position}")]
    Character {
        /// It stands at this byte.
        position: usize,
    },
    /// The text has a digit of a script that is not read here.
    #[error("digits of another script at byte {position}: type the digits 2 to 7")]
    OtherDigits {
        /// It stands at this byte.
        position: usize,
    },
    /// No number of bytes gives so many symbols, so something is missing or too much.
    #[error("the Base32 text is too short or too long by a symbol, at byte {position}")]
    Length {
        /// The last symbol stands at this byte.
        position: usize,
    },
    /// Bits are set behind the last byte (RFC 4648 section 3.5), so the last symbol is wrong or
    /// something is missing.
    #[error("the last Base32 symbol has bits to spare, at byte {position}")]
    TrailingBits {
        /// The last symbol stands at this byte.
        position: usize,
    },
    /// A `=` stands before the end, or there are not as many as complete the last group of eight.
    #[error("wrong Base32 padding at byte {position}")]
    Padding {
        /// The first `=` stands at this byte.
        position: usize,
    },
}
