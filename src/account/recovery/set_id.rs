//! The id of a set of recovery codes.

use std::fmt;
use std::str::FromStr;

use crate::account::credential::Credential;
use crate::account::form_id::{IdError, from_hexadecimal};

/// Names a set of recovery codes, which new ones replace.
///
/// It is no secret. [`Status::recovery_set`](crate::Status::recovery_set) and
/// [`Recovered::recovery_set`](crate::Recovered::recovery_set) return it. `Display` and [`FromStr`]
/// take it through a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecoverySetId(u64);

impl RecoverySetId {
    pub(crate) const fn new(set: Credential) -> Self {
        Self(u64::from_be_bytes(*set.as_bytes()))
    }
}

/// Writes 16 hexadecimal digits.
impl fmt::Display for RecoverySetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for RecoverySetId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        from_hexadecimal(text).map(|bytes| Self(u64::from_be_bytes(bytes)))
    }
}
