//! The storage contract: opaque bytes are loaded, and replaced by compare-and-swap.

use std::fmt;
use std::future::Future;

use super::report::Report;
use crate::account_id::AccountId;

/// Keeps records: one for each account, opaque bytes with a version.
///
/// An adapter never knows what a code is. Everything that must not be raced rests on these laws:
///
/// * S1: `swap` is linearizable for each account, on the primary server.
/// * S2: of any set of swaps with the same `expected`, exactly one commits.
/// * S3: [`Committed`] means that the bytes are as durable as configured.
/// * S4: [`Swap::Conflict`] means that nothing changed.
/// * S5: an error means that the outcome is unknown. The caller reloads and assumes nothing.
/// * S6: versions strictly increase and are never used again, not even after `remove`.
/// * S7: `load` sees every completed swap.
/// * S8: a swap commits on its own, outside the caller's transaction, so that a failed login can't
///   take a charge back.
///
/// No method has a default body, so a wrapper that forgets one does not compile.
pub trait Store: Send + Sync {
    /// Says what went wrong. It must not carry the record's bytes.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Loads the account's record with its version, or `None` if it has none.
    fn load(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<Stored>, Self::Error>> + Send;

    /// Replaces the record if its version is still `expected`. With `None`, inserts the record if
    /// there is none yet.
    fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;

    /// Checks the state and the settings of the database, at each start. A store that has nothing
    /// to check returns [`Report::default`].
    fn check(&self) -> impl Future<Output = Result<Report, Self::Error>> + Send;

    /// Removes the record if its version is still `expected`.
    fn remove(
        &self,
        account: &AccountId,
        expected: Version,
    ) -> impl Future<Output = Result<Swap, Self::Error>> + Send;
}

/// Lists its accounts, for a walk over all records, such as sealing them by a new key.
///
/// This is apart from [`Store`], because a login never lists.
pub trait ListAccounts: Store {
    /// Returns at most `limit` accounts after `after`, or from the beginning, in the order of their
    /// ids' bytes.
    ///
    /// Go on after the last account of a page. An empty page is the end. An account that was there
    /// all the time is listed exactly once. One that comes or goes meanwhile may be listed or not.
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

    async fn check(&self) -> Result<Report, S::Error> {
        (**self).check().await
    }

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

/// Holds a record as it was loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    version: Version,
    body: Vec<u8>,
}

impl Stored {
    /// Makes a loaded record from its version and its bytes.
    #[must_use]
    pub const fn new(version: Version, body: Vec<u8>) -> Self {
        Self { version, body }
    }

    /// Returns the version to expect in the next swap.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns the sealed bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Numbers the states of a record. It grows with every swap and never comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// Makes the version with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

#[cfg(any(
    feature = "postgres",
    feature = "sqlite",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
impl Version {
    /// Converts for databases whose integers are signed. Versions count writes, so they stay far
    /// below 2^63. A version from elsewhere matches no row.
    pub(super) fn signed(self) -> i64 {
        i64::try_from(self.0).unwrap_or(-1)
    }

    pub(super) const fn from_signed(number: i64) -> Self {
        Self(number.unsigned_abs())
    }
}

/// Says how a swap ended.
#[derive(Debug)]
#[must_use]
pub enum Swap {
    /// The swap won, and the new bytes are durable.
    Committed(Committed),
    /// The swap lost, as the version was another one. Nothing changed.
    Conflict,
}

impl Swap {
    /// Says how a store's statement ended that replaces the record of one account if its version is
    /// the expected one, and has changed so many rows. Any number but one is a conflict.
    ///
    /// Only the author of a store calls this, when `next` is durable: `&[]` after a remove. Called
    /// too early, it lets one code in twice.
    pub fn from_rows(next: &[u8], rows: u64) -> Self {
        if rows != 1 {
            return Self::Conflict;
        }
        Self::Committed(Committed {
            replaced: Replaced::Version,
            tag: tag(next),
        })
    }
}

/// Proves that a swap has won, so that [`Attempt::reveal`](crate::account::Attempt::reveal) may
/// give the verdict.
#[derive(Debug)]
#[must_use]
pub struct Committed {
    replaced: Replaced,
    tag: Option<Tag>,
}

/// What the winner was compared with.
#[derive(Debug, PartialEq)]
enum Replaced {
    /// The record's version, by a store.
    Version,
    /// The record's bytes, if there was one, by a transaction of the application's own.
    Bytes(Option<Tag>),
}

/// The end of a sealed record is its authentication tag, which is as unique as its nonce.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag([u8; 16]);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag(..)")
    }
}

impl Committed {
    /// Attests that a transaction of your own has replaced the bytes `loaded` by `next`, and is
    /// committed. It needs no [`Store`].
    ///
    /// Its statement must compare: `UPDATE .. SET second_factor = $next WHERE .. AND second_factor =
    /// $loaded`, or an `INSERT` if nothing was loaded. `rows` says how many rows that has changed.
    /// Without the comparison, or called before the commit, it lets one code in several times.
    ///
    /// Returns `None` unless it was exactly one row. Then another transaction was first: roll back,
    /// load again, and judge again. [`Attempt::reveal`](crate::account::Attempt::reveal) refuses the
    /// receipt if the account was opened from other bytes than `loaded`.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Keyring, Label, SealingKey};
    /// # use secondfactor::codes::{Totp, UnixTime};
    /// # use secondfactor::{account::Account, store::Committed};
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// # let (alice, now) = (AccountId::new("alice")?, UnixTime::from_secs(1_234_567_890));
    /// # let mut attempt = Account::new(alice.clone()).enroll(Label::new("phone")?, now)?;
    /// # let loaded = attempt.seal(&keyring)?;
    /// # let enrollment = attempt.reveal(Committed::attest(None, &loaded, 1).ok_or("")?)?;
    /// # let (device, code) = (enrollment.device(), Totp::new(enrollment.secret()).at(now)?);
    /// # let update = |_next: &[u8], _loaded: &[u8]| 1;
    /// # struct Transaction;
    /// # impl Transaction { fn commit(self) {} }
    /// # let transaction = Transaction;
    /// let mut attempt = Account::open(&alice, &loaded, &keyring)?.confirm(device, code, now)?;
    /// let next = attempt.seal(&keyring)?;
    /// let rows = update(&next, &loaded); // .. WHERE id = $1 AND second_factor = $loaded
    /// transaction.commit();
    ///
    /// let receipt = Committed::attest(Some(&loaded), &next, rows).ok_or("another one was first")?;
    /// let confirmed = attempt.reveal(receipt)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn attest(loaded: Option<&[u8]>, next: &[u8], rows: u64) -> Option<Self> {
        (rows == 1).then(|| Self {
            replaced: Replaced::Bytes(loaded.and_then(tag)),
            tag: tag(next),
        })
    }

    /// Says whether it is for the record that was sealed to replace the one that was loaded.
    pub(crate) fn is_for(&self, loaded: Option<Tag>, sealed: Option<Tag>) -> bool {
        let replaces =
            matches!(self.replaced, Replaced::Version) || self.replaced == Replaced::Bytes(loaded);
        replaces && self.tag.is_some() && self.tag == sealed
    }
}

/// Returns the tag of a sealed record.
pub(crate) fn tag(sealed: &[u8]) -> Option<Tag> {
    sealed.last_chunk().copied().map(Tag)
}
