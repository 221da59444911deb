//! The reasons why a file's entry is no token that can be used.

use alloc::string::String;
use core::fmt;

use crate::codes::SecretError;

/// Says which entry of a vendor's file can't be used, and why. The other entries can.
///
/// No secret is part of the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number}: {reason}")]
pub struct TokenError {
    pub(crate) number: u64,
    pub(crate) serial: Option<String>,
    #[source]
    pub(crate) reason: TokenReason,
}

impl TokenError {
    /// A line says nothing of itself that may be shown.
    pub(crate) const fn of_line(number: u64, reason: TokenReason) -> Self {
        Self {
            number,
            serial: None,
            reason,
        }
    }

    /// Returns the number of the key in a PSKC file, or of the line in another file. Both are counted
    /// from 1.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Returns the serial number of a key in a PSKC file. A line's columns may be in another order than
    /// they seem, so there is none for a line: it could be the secret.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        self.serial.as_deref()
    }

    /// Returns the reason.
    #[must_use]
    pub const fn reason(&self) -> &TokenReason {
        &self.reason
    }
}

/// Says why an entry of a vendor's file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenReason {
    /// A part is missing that a token can't do without.
    #[error("the {part} is missing")]
    Missing {
        /// This part is missing.
        part: TokenPart,
    },
    /// A part is given twice, and either may be meant.
    #[error("the {part} is given twice")]
    Twice {
        /// This part is given twice.
        part: TokenPart,
    },
    /// A part can't be read, or is out of range.
    #[error("the {part} can't be read, or is out of range")]
    Value {
        /// This part can't be read.
        part: TokenPart,
    },
    /// The secret can't be used.
    #[error("the secret can't be used")]
    Secret(#[source] SecretError),
    /// The token needs something that there is not here, such as challenges (OCRA), a PIN that is
    /// part of the code, or another cipher.
    #[error("this {part} is not supported")]
    Unsupported {
        /// This part is not supported.
        part: TokenPart,
    },
    /// The key's policy forbids codes, or has a rule that can't be kept here. A key must not be used
    /// then (RFC 6030 section 5).
    #[error("the policy has a rule that can't be kept here: {rule}")]
    Policy {
        /// The rule has this name, cut to 64 characters.
        rule: String,
    },
    /// The value is encrypted with a key that was not given.
    #[error("the value is encrypted: give the key")]
    KeyNeeded,
    /// The value is encrypted with a password that was not given.
    #[error("the value is encrypted: give the password")]
    PasswordNeeded,
    /// The key or password is wrong, or the file was altered.
    #[error("the key or password is wrong, or the file was altered")]
    NotOpened,
    /// The value is encrypted without a MAC. Nothing shows that it was not altered.
    #[error("the value is encrypted without a MAC")]
    NoMac,
}

/// Names a part of what a vendor's file says about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenPart {
    /// The type: TOTP or HOTP.
    Kind,
    /// The secret.
    Secret,
    /// The hash function.
    Algorithm,
    /// The number of digits, or the form of a code.
    Digits,
    /// The period of TOTP.
    Period,
    /// The counter of HOTP.
    Counter,
    /// The time of TOTP.
    Time,
    /// The drift of the clock.
    Drift,
    /// The serial number.
    Serial,
    /// The manufacturer.
    Manufacturer,
    /// The model.
    Model,
    /// The owner.
    Owner,
    /// The first or last date of use.
    Date,
    /// The policy.
    Policy,
    /// What is around the parts: the data, the parameters, the device.
    Structure,
    /// The cipher.
    Encryption,
    /// The MAC.
    Mac,
    /// The derivation of the key from a password.
    Derivation,
    /// The number of columns.
    Columns,
}

impl fmt::Display for TokenPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kind => "type",
            Self::Secret => "secret",
            Self::Algorithm => "hash function",
            Self::Digits => "form of the codes",
            Self::Period => "period",
            Self::Counter => "counter",
            Self::Time => "time",
            Self::Drift => "drift of the clock",
            Self::Serial => "serial number",
            Self::Manufacturer => "manufacturer",
            Self::Model => "model",
            Self::Owner => "owner",
            Self::Date => "date",
            Self::Policy => "policy",
            Self::Structure => "structure",
            Self::Encryption => "encryption",
            Self::Mac => "MAC",
            Self::Derivation => "derivation of the key",
            Self::Columns => "number of columns",
        })
    }
}
