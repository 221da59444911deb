//! The reasons why a PSKC file can't be read at all.

/// Says why a PSKC file can't be read at all. What is wrong with one key is its
/// [`TokenError`](crate::provisioning::TokenError).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PskcError {
    /// The file has more than [`MAX_FILE_LEN`](crate::provisioning::Token::MAX_FILE_LEN) bytes, or
    /// more elements, attributes or namespaces than any file of tokens.
    #[error("the file is too large")]
    TooLarge,
    /// The file is not in UTF-8. Convert it first.
    #[error("the file is not in UTF-8")]
    Encoding,
    /// The file has a document type declaration, which can pose as other text.
    #[error("the file has a document type declaration")]
    Doctype,
    /// The file is no well-formed XML.
    #[error("the file is not well-formed XML")]
    Xml,
    /// The file is XML of another kind, or of a draft of the format, or has no key.
    #[error("not a PSKC file of RFC 6030")]
    NotPskc,
    /// The file has a version other than 1.
    #[error("an unknown version of PSKC")]
    Version,
}
