//! The reasons why a key URI can't be built or read.

use core::fmt;

use crate::codes::SecretError;

/// Names a part of a key URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriPart {
    /// It is the whole text.
    Uri,
    /// It is the path, which holds the account name, usually behind the issuer and a colon.
    Label,
    /// It says who issues the key.
    Issuer,
    /// It is the name of the account.
    Account,
    /// It is the `secret` parameter.
    Secret,
    /// It is the `algorithm` parameter, which names the hash.
    Algorithm,
    /// It is the `digits` parameter, which holds the number of digits.
    Digits,
    /// It is the `period` parameter, which holds the length of a time step.
    Period,
    /// It is the `counter` parameter, which holds the next counter.
    Counter,
    /// It is the `encoder` parameter, which some apps have for codes that are not decimal.
    Encoder,
    /// It is the `epoch` parameter, which some apps have for the beginning of step 0.
    Epoch,
    /// It is the `t0` parameter, which means the same as `epoch`.
    T0,
    /// It is the type of the key, `totp` or `hotp`.
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

/// Says why there is no such [`KeyUri`](crate::provisioning::KeyUri).
///
/// Positions are byte offsets, in the URI when one is read, in the name when one is built. The text
/// itself is never part of the error.
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
    /// A part has no text.
    #[error("the {part} is empty")]
    Empty {
        /// This is the part.
        part: UriPart,
    },
    /// A name has more than [`KeyUri::MAX_NAME_LEN`](crate::provisioning::KeyUri::MAX_NAME_LEN)
    /// bytes, or a URI more than [`KeyUri::MAX_URI_LEN`](crate::provisioning::KeyUri::MAX_URI_LEN).
    #[error("the {part} is too long")]
    TooLong {
        /// This is the part.
        part: UriPart,
    },
    /// A name has a colon, a control, direction or invisible character, or a blank at an end. In a
    /// URI it is anything that RFC 3986 wants percent-encoded.
    #[error("the {part} has a character it must not have, at byte {position}")]
    Character {
        /// This is the part.
        part: UriPart,
        /// It stands at this byte.
        position: usize,
    },
    /// The text does not begin with `otpauth://`.
    #[error("not an otpauth:// URI")]
    Scheme,
    /// The type is neither `totp` nor `hotp`, or there is a user or a port.
    #[error("the type is not totp or hotp, at byte {position}")]
    Type {
        /// The type stands at this byte.
        position: usize,
    },
    /// The path has more than one segment, or means "here" or "up" (`.` and `..`, RFC 3986 section
    /// 3.3).
    #[error("the label is not one path segment, at byte {position}")]
    Label {
        /// It is no longer one segment at this byte.
        position: usize,
    },
    /// A `%` has no two hexadecimal digits behind it.
    #[error("an incomplete percent-encoding at byte {position}")]
    Escape {
        /// The `%` stands at this byte.
        position: usize,
    },
    /// Percent-encoded bytes are no text.
    #[error("the {part} is not UTF-8, at byte {position}")]
    Utf8 {
        /// This is the part.
        part: UriPart,
        /// The first wrong byte stands here.
        position: usize,
    },
    /// There is a `#` and what follows it, which a key URI does not have.
    #[error("a fragment at byte {position}")]
    Fragment {
        /// The `#` stands at this byte.
        position: usize,
    },
    /// The label and the `issuer` parameter name different issuers.
    #[error("the label has another issuer than the parameter at byte {position}")]
    IssuerMismatch {
        /// The parameter's value stands at this byte.
        position: usize,
    },
    /// A part that must be there is missing.
    #[error("the {part} is missing")]
    Missing {
        /// This is the part.
        part: UriPart,
    },
    /// A parameter is given twice. Other programs may read the other one.
    #[error("the {part} is given twice: again at byte {position}")]
    Duplicate {
        /// This is the part.
        part: UriPart,
        /// The second one stands at this byte.
        position: usize,
    },
    /// A parameter's name has another case, or stands behind `amp;`. Other programs may ignore it
    /// or not.
    #[error("the name of the {part} is spelled in another way, at byte {position}")]
    Name {
        /// This is the part.
        part: UriPart,
        /// The name stands at this byte.
        position: usize,
    },
    /// A value is not understood, or is out of range.
    #[error("not a known {part} at byte {position}")]
    Value {
        /// This is the part.
        part: UriPart,
        /// The value stands at this byte.
        position: usize,
    },
    /// A parameter asks for other codes than those of RFC 4226 and RFC 6238 since the Unix epoch.
    #[error("the {part} at byte {position} asks for codes that are not supported")]
    Unsupported {
        /// This is the part.
        part: UriPart,
        /// The value stands at this byte.
        position: usize,
    },
    /// The secret is not Base32, too short, or too long. The source says which. Its positions count
    /// from the beginning of the URI too.
    #[error("the secret can't be used")]
    Secret(#[source] SecretError),
}

impl UriError {
    /// Returns the same error with a position that is counted from elsewhere.
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

/// Returns the same error with a position that is counted from elsewhere.
pub(super) fn map_secret_position(
    error: SecretError,
    map: impl FnOnce(usize) -> usize,
) -> SecretError {
    match error {
        SecretError::Character { position } => SecretError::Character {
            position: map(position),
        },
        SecretError::OtherDigits { position } => SecretError::OtherDigits {
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
