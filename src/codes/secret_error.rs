//! Why bytes or a text are no secret.

/// Why bytes or a text are not a [`Secret`](super::Secret). Positions are byte offsets; the text itself is never part of the error.
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
