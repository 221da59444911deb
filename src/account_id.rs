//! The id of an account.

use std::fmt;
use std::str::FromStr;

/// Names an account by a text of 1 to 1024 bytes that never changes and is never given to another
/// owner.
///
/// Take a row id rather than a name. Ids are compared byte by byte.
///
/// ```
/// use secondfactor::AccountId;
/// let id = AccountId::new("user-4711")?;
/// assert_eq!(id.as_str(), "user-4711");
/// assert!(AccountId::new("").is_err());
/// # Ok::<(), secondfactor::account::AccountIdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

impl AccountId {
    /// An id has at most 1024 bytes.
    pub const MAX_LEN: usize = 1024;

    /// Makes the id from a text.
    ///
    /// # Errors
    /// [`AccountIdError`] if the text is empty, too long, or reserved.
    pub fn new(id: impl Into<String>) -> Result<Self, AccountIdError> {
        let id = id.into();
        if id == BEACON {
            return Err(AccountIdError::Reserved);
        }
        match id.len() {
            0 => Err(AccountIdError::Empty),
            1..=Self::MAX_LEN => Ok(Self(id)),
            _ => Err(AccountIdError::TooLong),
        }
    }

    /// Reads an id from a store's key, for a [store](crate::store::ListAccounts) that lists its
    /// accounts.
    ///
    /// It also takes the id of the record by which [`Mfa::check`](crate::Mfa::check) knows its
    /// keys. No account has that id.
    ///
    /// # Errors
    /// As for [`new`](Self::new), and [`AccountIdError::Utf8`] if the key is no text.
    pub fn from_stored(key: impl Into<Vec<u8>>) -> Result<Self, AccountIdError> {
        let text = String::from_utf8(key.into()).map_err(|_| AccountIdError::Utf8)?;
        if text == BEACON {
            Ok(Self(text))
        } else {
            Self::new(text)
        }
    }

    /// Returns the id of the beacon: see [`Mfa::check`](crate::Mfa::check).
    pub(crate) fn beacon() -> Self {
        Self(BEACON.to_owned())
    }

    pub(crate) fn is_beacon(&self) -> bool {
        self.0 == BEACON
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// No account has this id.
const BEACON: &str = "\0secondfactor beacon";

impl FromStr for AccountId {
    type Err = AccountIdError;

    fn from_str(text: &str) -> Result<Self, AccountIdError> {
        Self::new(text)
    }
}

impl AsRef<str> for AccountId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says why a text is no [`AccountId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountIdError {
    /// The text is empty.
    #[error("the account id is empty")]
    Empty,
    /// The text has more than 1024 bytes.
    #[error("the account id has more than 1024 bytes")]
    TooLong,
    /// The id is reserved for the library's own record.
    #[error("the account id is reserved")]
    Reserved,
    /// The key of a store is not UTF-8.
    #[error("the account id is not UTF-8")]
    Utf8,
}
