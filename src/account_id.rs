//! Which account.

use std::fmt;
use std::str::FromStr;

/// Which account: any non-empty text of up to 1024 bytes that never changes and is never given to another person, a
/// row id rather than a name. It is compared byte by byte.
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
    /// The greatest length in bytes.
    pub const MAX_LEN: usize = 1024;

    /// The account with this id.
    ///
    /// # Errors
    /// Empty, or too long.
    pub fn new(id: impl Into<String>) -> Result<Self, AccountIdError> {
        let id = id.into();
        match id.len() {
            0 => Err(AccountIdError::Empty),
            1..=Self::MAX_LEN => Ok(Self(id)),
            _ => Err(AccountIdError::TooLong),
        }
    }

    /// From a store's key.
    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
    pub(crate) fn from_key(key: Vec<u8>) -> Option<Self> {
        Self::new(String::from_utf8(key).ok()?).ok()
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

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

/// Why a text is not an [`AccountId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountIdError {
    /// No text.
    #[error("the account id is empty")]
    Empty,
    /// Over 1024 bytes.
    #[error("the account id has more than 1024 bytes")]
    TooLong,
}
