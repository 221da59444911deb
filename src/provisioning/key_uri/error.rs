//! Why a key URI could not be built or read.

use core::fmt;

use crate::codes::SecretError;

/// A part of a key URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriPart {
    /// The whole text.
    Uri,
    /// The path: the account name, usually behind the issuer and a colon.
    Label,
    /// Who issues the key.
    Issuer,
    /// The name of the account.
    Account,
    /// The `secret` parameter.
    Secret,
    /// The hash: the `algorithm` parameter.
    Algorithm,
    /// The number of digits: the `digits` parameter.
    Digits,
    /// The length of a time step: the `period` parameter.
    Period,
    /// The next counter: the `counter` parameter.
    Counter,
    /// The `encoder` parameter, which some apps have for codes that are not decimal.
    Encoder,
    /// The `epoch` parameter, which some apps have for the beginning of step 0.
    Epoch,
    /// The `t0` parameter, which means the same.
    T0,
    /// The type of the key: `totp` or `hotp`.
    Type,
}

impl fmt::Display for UriPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uri => "URI",
            Self::Label => "label",
            Self::Issuer => "issuer",
            Self::Account => "account name",
            Self::Secret => "secret",
            Self::Algorithm => "algorithm",
            Self::Digits => "number of digits",
            Self::Period => "period",
            Self::Counter => "counter",
            Self::Encoder => "encoder",
            Self::Epoch => "epoch",
            Self::T0 => "t0",
            Self::Type => "type",
        })
    }
}

/// Why there is no such [`KeyUri`](crate::provisioning::KeyUri).
///
/// Positions are byte offsets: in the URI when one is read, in the name when one is built. The text itself is never part
/// of the error.
///
/// ```
/// use secondfactor::provisioning::{KeyUri, UriError, UriPart};
///
/// let uri = "otpauth://totp/Example:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=10";
/// let error = KeyUri::parse(uri).unwrap_err();
/// assert_eq!(error, UriError::Value { part: UriPart::Digits, position: 76 });
/// assert_eq!(error.to_string(), "not a known number of digits at byte 76");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// No text.
    #[error("the {part} is empty")]
    Empty {
        /// Which part.
        part: UriPart,
    },
    /// A name over [`KeyUri::MAX_NAME_LEN`](crate::provisioning::KeyUri::MAX_NAME_LEN) bytes, or a URI over
    /// [`KeyUri::MAX_URI_LEN`](crate::provisioning::KeyUri::MAX_URI_LEN).
    #[error("the {part} is too long")]
    TooLong {
        /// Which part.
        part: UriPart,
    },
    /// In a name: a colon, a control or direction character, or a blank at an end. In a URI: anything that RFC 3986
    /// wants percent-encoded.
    #[error("the {part} has a character it must not have, at byte {position}")]
    Character {
        /// Which part.
        part: UriPart,
        /// Where it stands.
        position: usize,
    },
    /// It does not begin with `otpauth://`.
    #[error("not an otpauth:// URI")]
    Scheme,
    /// Neither `totp` nor `hotp`, or there is a user or a port.
    #[error("the type is not totp or hotp, at byte {position}")]
    Type {
        /// Where the type stands.
        position: usize,
    },
    /// The path has more than one segment, or means "here" or "up" (`.` and `..`, RFC 3986 section 3.3).
    #[error("the label is not one path segment, at byte {position}")]
    Label {
        /// Where it ends to be one.
        position: usize,
    },
    /// A `%` without two hexadecimal digits behind it.
    #[error("an incomplete percent-encoding at byte {position}")]
    Escape {
        /// Where the `%` stands.
        position: usize,
    },
    /// Percent-encoded bytes that are no text.
    #[error("the {part} is not UTF-8, at byte {position}")]
    Utf8 {
        /// Which part.
        part: UriPart,
        /// Where the first wrong byte stands.
        position: usize,
    },
    /// A `#` and what follows it, which a key URI does not have.
    #[error("a fragment at byte {position}")]
    Fragment {
        /// Where the `#` stands.
        position: usize,
    },
    /// The label and the `issuer` parameter name different issuers.
    #[error("the label has another issuer than the parameter at byte {position}")]
    IssuerMismatch {
        /// Where the parameter's value stands.
        position: usize,
    },
    /// It must be there.
    #[error("the {part} is missing")]
    Missing {
        /// Which part.
        part: UriPart,
    },
    /// A parameter is given twice: others may read the other one.
    #[error("the {part} is given twice: again at byte {position}")]
    Duplicate {
        /// Which part.
        part: UriPart,
        /// Where the second one stands.
        position: usize,
    },
    /// A parameter's name in another case, or behind `amp;`: others may take no notice of it, or may.
    #[error("the name of the {part} is spelled in another way, at byte {position}")]
    Name {
        /// Which part.
        part: UriPart,
        /// Where the name stands.
        position: usize,
    },
    /// A value that is not understood, or is out of range.
    #[error("not a known {part} at byte {position}")]
    Value {
        /// Which part.
        part: UriPart,
        /// Where the value stands.
        position: usize,
    },
    /// A parameter that asks for other codes than those of RFC 4226 and RFC 6238 since the Unix epoch.
    #[error("the {part} at byte {position} asks for codes that are not supported")]
    Unsupported {
        /// Which part.
        part: UriPart,
        /// Where the value stands.
        position: usize,
    },
    /// The secret is not Base32, too short, or too long. The source says which; positions in it count from the beginning
    /// of the URI too.
    #[error("the secret can't be used")]
    Secret(#[source] SecretError),
}

impl UriError {
    /// The same error, its position counted from elsewhere.
    pub(super) fn map_position(self, map: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Self::Character { part, position } => Self::Character {
                part,
                position: map(position),
            },
            other => other,
        }
    }
}

/// The same error, its position counted from elsewhere.
pub(super) fn map_secret_position(
    error: SecretError,
    map: impl FnOnce(usize) -> usize,
) -> SecretError {
    match error {
        SecretError::Character { position } => SecretError::Character {
            position: map(position),
        },
        SecretError::Length { position } => SecretError::Length {
            position: map(position),
        },
        SecretError::TrailingBits { position } => SecretError::TrailingBits {
            position: map(position),
        },
        SecretError::Padding { position } => SecretError::Padding {
            position: map(position),
        },
        SecretError::Empty | SecretError::TooShort | SecretError::TooLong => error,
    }
}
