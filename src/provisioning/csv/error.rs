//! The reasons why a table can't be read at all.

/// Says why a table of tokens can't be read at all. What is wrong with one line is its
/// [`TokenError`](crate::provisioning::TokenError).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file has more than [`MAX_FILE_LEN`](crate::provisioning::Token::MAX_FILE_LEN) bytes, or
    /// more rows than such a file has of tokens.
    #[error("the file is too large")]
    TooLarge,
    /// The file is not in UTF-8. Convert it first.
    #[error("the file is not in UTF-8")]
    Encoding,
    /// The header names two columns that mean the same, or none with serial numbers.
    #[error("the header has no column for serial numbers, or two columns that mean the same")]
    Header,
}
