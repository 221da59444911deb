//! The storage contract: load and compare-and-swap of opaque bytes.

use std::future::Future;

use crate::account_id::AccountId;

/// Where records are kept: one per account, opaque bytes with a version.
///
/// An adapter never knows what a code is. Everything that must not be raced rests on these laws:
///
/// * S1: `swap` is linearizable per account, on the primary.
/// * S2: of any set of swaps with the same `expected`, exactly one commits.
/// * S3: [`Committed`] means durable as configured.
/// * S4: [`Swap::Conflict`] means that nothing changed.
/// * S5: an error means *unknown*: the caller reloads and assumes nothing.
/// * S6: versions strictly increase and are never used again, also after `remove`.
/// * S7: `load` sees every completed swap.
/// * S8: a swap commits on its own, outside the caller's transaction, so that a failed login can't roll back a charge.
///
/// No method has a default body: a wrapper that forgets one does not compile.
pub trait Store: Send + Sync {
    /// What can go wrong. Must not carry the record's bytes.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The account's record with its version, or `None` if it has none.
    fn load(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Replaces the record if its version is still `expected`; `None`: if there is none.
    fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;

    /// Removes the record if its version is still `expected`.
    fn remove(
        &self,
        account: &AccountId,
        expected: Version,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

/// A store that can list its accounts: what a sweep over all records needs, such as re-sealing with a new key.
///
/// Beside [`Store`], since a login never lists.
pub trait ListAccounts: Store {
    /// The accounts after `after`, or from the beginning, in the order of their ids' bytes: at most `limit`.
    ///
    /// Go on after the last of a page; an empty page is the end. An account that was there all the time is listed
    /// exactly once; one that comes or goes meanwhile may be listed or not.
    fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<AccountId>, Self::Error>> + Send;
}

impl<S: ListAccounts> ListAccounts for std::sync::Arc<S> {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, S::Error> {
        (**self).list_accounts(after, limit).await
    }
}

impl<S: Store> Store for std::sync::Arc<S> {
    type Error = S::Error;

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, S::Error> {
        (**self).load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, S::Error> {
        (**self).swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, S::Error> {
        (**self).remove(account, expected).await
    }
}

/// A record as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    version: Version,
    body: Vec<u8>,
}

impl Stored {
    /// A record with its version, from a store.
    #[must_use]
    pub const fn new(version: Version, body: Vec<u8>) -> Self {
        Self { version, body }
    }

    /// The version to expect in the next swap.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The sealed bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// The version of a record: it grows with every swap and never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// The version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// For databases whose integers are signed. Versions count writes, so they stay far below 2^63; a foreign one matches
    /// no row.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(-1)
    }

    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) const fn from_signed(number: i64) -> Self {
        Self(number.unsigned_abs())
    }
}

/// How a swap ended.
#[derive(Debug)]
#[must_use]
pub enum Swap {
    /// It won: the new bytes are durable.
    Committed(Committed),
    /// It lost: the version was another one, and nothing changed.
    Conflict,
}

/// The receipt of a winning swap: [`Attempt::reveal`](crate::account::Attempt::reveal) asks for it.
#[derive(Debug)]
#[must_use]
pub struct Committed {
    tag: Option<Tag>,
}

/// The end of a sealed record: its authentication tag, as unique as its nonce.
pub(crate) type Tag = [u8; 16];

impl Committed {
    /// Attests that exactly these bytes were committed, by the store's own winning swap (or, in a transaction of your
    /// own, by your commit).
    ///
    /// Only the author of a store says this. Said too early, it lets one code in twice.
    pub fn attest(body: &[u8]) -> Self {
        Self {
            tag: body.last_chunk().copied(),
        }
    }

    pub(crate) fn is_for(&self, tag: Option<Tag>) -> bool {
        self.tag.is_some() && self.tag == tag
    }
}
