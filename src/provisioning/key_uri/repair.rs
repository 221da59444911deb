//! What lenient reading repairs, and how it is noted.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::{UriError, UriPart};

/// Says what in a URI is not as it should be, and as what it was read.
///
/// ```
/// use secondfactor::provisioning::KeyUri;
///
/// let text = "otpauth://totp/Example:alice?SECRET=GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ";
/// let (_, repairs) = KeyUri::parse_lenient(text)?;
/// let told: Vec<_> = repairs.iter().map(ToString::to_string).collect();
/// assert_eq!(
///     told,
///     [
///         "characters taken that should be percent-encoded",
///         "the name of the secret read in lower case",
///         "blanks or hyphens in the secret dropped",
///     ],
/// );
/// # Ok::<(), secondfactor::provisioning::UriError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// Blanks, line ends or invisible characters around the URI were dropped, such as the mark at the
    /// beginning of a file.
    OuterBlanks,
    /// The scheme `apple-otpauth:` was read as `otpauth:`.
    AppleScheme,
    /// A `&amp;` was read as `&`.
    EscapedAmpersand,
    /// The name of a parameter was read in lower case.
    ParameterCase {
        /// This is the parameter.
        part: UriPart,
    },
    /// A parameter, an issuer or an account name without a value was read as absent.
    Empty {
        /// This is the part.
        part: UriPart,
    },
    /// Characters that RFC 3986 wants percent-encoded were taken as they are, such as spaces and
    /// letters beyond ASCII.
    RawCharacter,
    /// A `/` in the label was taken as a part of the name.
    LabelSlash,
    /// Blanks around a name were dropped.
    NameBlanks {
        /// This is the name.
        part: UriPart,
    },
    /// A name has a colon, which the format reserves for the separator. The colon was kept.
    Colon {
        /// This is the name.
        part: UriPart,
    },
    /// The label names another issuer than the parameter. The parameter's issuer was taken.
    IssuerMismatch {
        /// The label names this issuer.
        label: String,
    },
    /// A `+` in the issuer was read as a blank, as the label has a blank there.
    PlusForBlank,
    /// This service may show other codes. Steam shows five letters and digits, and some apps write
    /// its keys as if they were usual ones.
    OtherCodes,
    /// Blanks, hyphens or invisible characters in the secret were dropped, and the `+` that a form
    /// makes of a blank.
    SecretSeparators,
    /// Bits behind the secret's last byte were dropped (RFC 4648 section 3.5). Services that draw
    /// random letters give such secrets out.
    SpareBits,
    /// The secret has fewer than 128 bits (RFC 4226 section 4, R6). The secret was kept.
    WeakSecret,
    /// The algorithm is spelled in another way, such as `SHA-256`, `HmacSHA256` or
    /// `Algorithm.sha256`, and was understood.
    AlgorithmSpelling,
    /// A HOTP key without a counter was read as one that was not used yet: its next counter is 0.
    MissingCounter,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OuterBlanks => f.write_str("blanks around the URI dropped"),
            Self::PlusForBlank => f.write_str("a plus in the issuer read as a blank"),
            Self::OtherCodes => f.write_str("the service may show other codes than these"),
            Self::SpareBits => f.write_str("bits behind the end of the secret dropped"),
            Self::AppleScheme => f.write_str("apple-otpauth read as otpauth"),
            Self::EscapedAmpersand => f.write_str("&amp; read as &"),
            Self::ParameterCase { part } => write!(f, "the name of the {part} read in lower case"),
            Self::Empty { part } => write!(f, "an empty {part} read as absent"),
            Self::RawCharacter => f.write_str("characters taken that should be percent-encoded"),
            Self::LabelSlash => f.write_str("a slash in the label taken as a part of the name"),
            Self::NameBlanks { part } => write!(f, "blanks around the {part} dropped"),
            Self::Colon { part } => write!(f, "a colon kept in the {part}"),
            Self::IssuerMismatch { .. } => {
                f.write_str("the label names another issuer, the parameter's was taken")
            }
            Self::SecretSeparators => f.write_str("blanks or hyphens in the secret dropped"),
            Self::WeakSecret => f.write_str("the secret has fewer than 128 bits"),
            Self::AlgorithmSpelling => f.write_str("another spelling of the algorithm understood"),
            Self::MissingCounter => f.write_str("no counter, 0 taken"),
        }
    }
}

/// Says what happens at a fault: strict reading refuses it, lenient reading notes it and goes on.
/// There is one reader for both, so nothing is repaired without a note, and lenient takes all that
/// strict takes.
pub(crate) enum Leniency {
    Strict,
    Lenient(Vec<Repair>),
}

impl Leniency {
    pub(crate) fn repair(&mut self, repair: Repair, error: UriError) -> Result<(), UriError> {
        match self {
            Self::Strict => Err(error),
            Self::Lenient(_) => {
                self.note(repair);
                Ok(())
            }
        }
    }

    /// Notes what strict reading takes too, and says nothing about.
    pub(crate) fn note(&mut self, repair: Repair) {
        if let Self::Lenient(repairs) = self {
            if !repairs.contains(&repair) {
                repairs.push(repair);
            }
        }
    }

    pub(crate) fn into_repairs(self) -> Vec<Repair> {
        match self {
            Self::Strict => Vec::new(),
            Self::Lenient(repairs) => repairs,
        }
    }
}
