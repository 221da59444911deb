//! From one sealing key to the next: a walk over a whole store, in batches.

use std::collections::BTreeMap;

use super::judge::{Absent, Mfa, store_error};
use crate::account::Error;
use crate::account_id::AccountId;
use crate::sealing::{KeyId, key_id};
use crate::store::{ListAccounts, Store};

impl<S: Store> Mfa<S> {
    /// Seals an account's record by the active key. If it is already, nothing is written.
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled), and those of the environment and the operator.
    pub async fn reseal(&self, account: &AccountId) -> Result<(), Error> {
        let stored = self
            .store
            .load(account)
            .await
            .map_err(store_error)?
            .ok_or(Error::NotEnrolled)?;
        if key_id(stored.body())? == self.keyring.active_id() {
            return Ok(());
        }
        let keyring = &self.keyring;
        self.judge(account, Absent::IsNotEnrolled, |account, _| {
            Ok(account.reseal(keyring))
        })
        .await
    }
}

impl<S: ListAccounts> Mfa<S> {
    /// Seals the records of up to `limit` accounts after `after` by the active key, and says where to go on. When it comes
    /// to its end without failures, and no server still has another active key, the retired keys can go.
    ///
    /// One record that can't be resealed does not stop the walk: it is among the failures.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, store::ListAccounts};
    /// # async fn example<S: ListAccounts>(mfa: &Mfa<S>) -> Result<(), Error> {
    /// let mut after = None;
    /// loop {
    ///     let batch = mfa.reseal_batch(after.as_ref(), 1000).await?;
    ///     println!("{} resealed, {} failed", batch.resealed(), batch.failures().len());
    ///     match batch.into_next() {
    ///         Some(last) => after = Some(last), // to be kept, if the walk must survive a restart
    ///         None => break,
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The store can't list its accounts.
    pub async fn reseal_batch(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Batch, Error> {
        let mut accounts = self.list(after, limit).await?;
        let (mut resealed, mut failures) = (0_usize, Vec::new());
        for account in &accounts {
            match self.reseal(account).await {
                Ok(()) => resealed = resealed.saturating_add(1),
                // Opted out since it was listed.
                Err(Error::NotEnrolled) => {}
                Err(error) => failures.push((account.clone(), error)),
            }
        }
        Ok(Batch {
            resealed,
            failures,
            next: accounts.pop(),
        })
    }

    /// Counts which keys sealed the records of up to `limit` accounts after `after`, without opening them, and says where to
    /// go on. A key that no record names any more can be destroyed.
    ///
    /// # Errors
    /// The store failed.
    pub async fn key_usage(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<KeyUsage, Error> {
        let mut accounts = self.list(after, limit).await?;
        let (mut records, mut unreadable) = (BTreeMap::<KeyId, u64>::new(), Vec::new());
        for account in &accounts {
            let Some(stored) = self.store.load(account).await.map_err(store_error)? else {
                continue;
            };
            match key_id(stored.body()) {
                Ok(id) => {
                    let count = records.entry(id).or_default();
                    *count = count.saturating_add(1);
                }
                Err(_) => unreadable.push(account.clone()),
            }
        }
        Ok(KeyUsage {
            records,
            unreadable,
            next: accounts.pop(),
        })
    }

    /// An empty page alone is the end: a store may give fewer than it is asked for. To ask for none would end at once.
    async fn list(&self, after: Option<&AccountId>, limit: usize) -> Result<Vec<AccountId>, Error> {
        self.store
            .list_accounts(after, limit.max(1))
            .await
            .map_err(store_error)
    }
}

/// What a batch of a resealing walk has done.
#[derive(Debug)]
pub struct Batch {
    resealed: usize,
    failures: Vec<(AccountId, Error)>,
    next: Option<AccountId>,
}

impl Batch {
    /// How many records are sealed by the active key now, those included that were already.
    #[must_use]
    pub const fn resealed(&self) -> usize {
        self.resealed
    }

    /// Which records are not, and why.
    #[must_use]
    pub fn failures(&self) -> &[(AccountId, Error)] {
        &self.failures
    }

    /// The account to go on after; `None` at the end.
    #[must_use]
    pub fn into_next(self) -> Option<AccountId> {
        self.next
    }
}

/// Which keys are in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    records: BTreeMap<KeyId, u64>,
    unreadable: Vec<AccountId>,
    next: Option<AccountId>,
}

impl KeyUsage {
    /// How many records each key has sealed, in this batch.
    #[must_use]
    pub const fn records(&self) -> &BTreeMap<KeyId, u64> {
        &self.records
    }

    /// Accounts whose record is no sealed record.
    #[must_use]
    pub fn unreadable(&self) -> &[AccountId] {
        &self.unreadable
    }

    /// The account to go on after; `None` at the end.
    #[must_use]
    pub fn into_next(self) -> Option<AccountId> {
        self.next
    }
}
