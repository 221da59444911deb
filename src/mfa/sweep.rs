//! Walks over a whole store in batches, from one sealing key to the next.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _};

use super::judge::{Mfa, TRIES, store_error};
use crate::account::Error;
use crate::account_id::AccountId;
use crate::sealing::{KeyId, key_id};
use crate::store::{ListAccounts, Store};

impl<S: Store> Mfa<S> {
    /// Seals an account's record by the active key. If it is sealed by that key already, nothing is
    /// written.
    ///
    /// What the record says stays as it is, whatever the clock shows.
    ///
    /// ```
    /// # use secondfactor::{AccountId, Mfa, store::Store};
    /// # async fn example<S: Store>(mfa: &Mfa<S>, alice: &AccountId) -> Result<(), Box<dyn std::error::Error>> {
    /// mfa.reseal(alice).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotEnrolled`](Error::NotEnrolled) if the account has no record.
    pub async fn reseal(&self, account: &AccountId) -> Result<(), Error> {
        for _ in 0..TRIES {
            let stored = self.load(account).await?.ok_or(Error::NotEnrolled)?;
            // A record that the active key sealed is opened too, so that a walk finds every record
            // that does not open.
            let opened = self.open(account, stored.body())?;
            if key_id(stored.body())? == self.keyring.active_id() {
                return Ok(());
            }
            let resealed = opened.reseal(&self.keyring);
            let (now, expected) = (self.clock.now(), Some(stored.version()));
            if let Some(()) = self.commit(account, now, expected, resealed).await? {
                return Ok(());
            }
        }
        Err(Error::Contended)
    }
}

impl<S: ListAccounts> Mfa<S> {
    /// Seals the records of up to `limit` accounts after `after` by the active key, and says where
    /// to go on.
    ///
    /// When the walk comes to its end without failures, and no server still has another active key,
    /// the retired keys can go. One record that can't be resealed does not stop the walk. It is
    /// among the failures.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa};
    /// # use secondfactor::store::ListAccounts;
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
    /// [`Store`](Error::Store) if the store can't list its accounts.
    pub async fn reseal_batch(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Batch, Error> {
        if after.is_none() {
            self.reseal_beacon().await?;
        }
        let mut accounts = self.list(after, limit).await?;
        let walked = accounts.iter().filter(|account| !account.is_beacon());
        let results = self.several(walked.clone().map(|account| self.reseal(account)));
        let (mut resealed, mut failures) = (0_usize, Vec::new());
        for (account, result) in walked.zip(results.await) {
            match result {
                Ok(()) => resealed = resealed.saturating_add(1),
                // The account opted out since it was listed.
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

    /// Counts the records that each key has sealed, of up to `limit` accounts after `after`, and
    /// says where to go on.
    ///
    /// A key that no record of the whole walk names can be destroyed. Records that do not open are
    /// listed with their errors.
    ///
    /// ```
    /// # use secondfactor::{Error, Mfa, store::ListAccounts};
    /// # async fn example<S: ListAccounts>(mfa: &Mfa<S>) -> Result<(), Error> {
    /// let usage = mfa.key_usage(None, 1000).await?;
    /// for (key, records) in usage.records() {
    ///     println!("{key}: {records}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Store`](Error::Store) if the store fails.
    pub async fn key_usage(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<KeyUsage, Error> {
        let mut accounts = self.list(after, limit).await?;
        let (mut records, mut unreadable) = (BTreeMap::<KeyId, u64>::new(), Vec::new());
        let mut count = |id| {
            let count = records.entry(id).or_default();
            *count = count.saturating_add(1);
        };
        if after.is_none() {
            let beacon = self.beacon().await?;
            beacon
                .and_then(|stored| key_id(stored.body()).ok())
                .into_iter()
                .for_each(&mut count);
        }
        let walked = accounts.iter().filter(|account| !account.is_beacon());
        let results = self.several(walked.clone().map(|account| self.key_of(account)));
        for (account, result) in walked.zip(results.await) {
            match result {
                Ok(id) => id.into_iter().for_each(&mut count),
                Err(error @ Error::Store(_)) => return Err(error),
                Err(error) => unreadable.push((account.clone(), error)),
            }
        }
        Ok(KeyUsage {
            records,
            unreadable,
            next: accounts.pop(),
        })
    }

    /// Returns the key that sealed the account's record, or `None` if it has none any longer.
    async fn key_of(&self, account: &AccountId) -> Result<Option<KeyId>, Error> {
        let Some(stored) = self.load(account).await? else {
            return Ok(None);
        };
        self.open(account, stored.body())?;
        Ok(Some(key_id(stored.body())?))
    }

    /// Waits for a call of each account, several at once, and returns the results in their order.
    async fn several<T>(&self, calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
        // A list of them, as a stream that makes them is not `Send`.
        let calls: Vec<_> = calls.collect();
        stream::iter(calls)
            .buffered(self.accounts_at_once)
            .collect()
            .await
    }

    /// Only an empty page is the end, as a store may return fewer accounts than it is asked for. To
    /// ask for none would end the walk at once.
    pub(super) async fn list(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Error> {
        self.store
            .list_accounts(after, limit.max(1))
            .await
            .map_err(store_error)
    }
}

/// Reports what a batch of a resealing walk has done.
#[derive(Debug)]
pub struct Batch {
    resealed: usize,
    failures: Vec<(AccountId, Error)>,
    next: Option<AccountId>,
}

impl Batch {
    /// Returns how many records are sealed by the active key now, also those that were before.
    #[must_use]
    pub const fn resealed(&self) -> usize {
        self.resealed
    }

    /// Returns the accounts whose records are not, and why.
    #[must_use]
    pub fn failures(&self) -> &[(AccountId, Error)] {
        &self.failures
    }

    /// Returns the account to go on after, or `None` at the end.
    #[must_use]
    pub fn into_next(self) -> Option<AccountId> {
        self.next
    }
}

/// Reports which keys are in use.
#[derive(Debug)]
pub struct KeyUsage {
    records: BTreeMap<KeyId, u64>,
    unreadable: Vec<(AccountId, Error)>,
    next: Option<AccountId>,
}

impl KeyUsage {
    /// Returns how many records of this batch each key has sealed.
    #[must_use]
    pub const fn records(&self) -> &BTreeMap<KeyId, u64> {
        &self.records
    }

    /// Returns the accounts whose records do not open, and why.
    #[must_use]
    pub fn unreadable(&self) -> &[(AccountId, Error)] {
        &self.unreadable
    }

    /// Returns the account to go on after, or `None` at the end.
    #[must_use]
    pub fn into_next(self) -> Option<AccountId> {
        self.next
    }
}
