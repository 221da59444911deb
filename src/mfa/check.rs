//! What a server checks before it starts: its keys, and its store.

use super::judge::{Mfa, TRIES, store_error};
use crate::account::Error;
use crate::account_id::AccountId;
use crate::sealing::{KeyId, Purpose, SealError, key_id};
use crate::store::{ListAccounts, Report, Store, Stored, Swap};

/// So many accounts are listed at a time, until one is there.
const PAGE: usize = 16;

impl<S: ListAccounts> Mfa<S> {
    /// Checks at start that this server has the keys of its store, and returns what the store finds
    /// in its own settings.
    ///
    /// The first server puts one sealed record of no account into the store, if its keys fit the
    /// accounts that are there. A server whose keys do not open that record must not start, as it
    /// would seal records that the others can't open. Do not start either if a finding is
    /// [`Unsafe`](crate::store::Severity::Unsafe).
    ///
    /// ```
    /// # use secondfactor::store::{ListAccounts, Severity};
    /// # use secondfactor::Mfa;
    /// # async fn example<S: ListAccounts>(mfa: &Mfa<S>) -> Result<(), Box<dyn std::error::Error>> {
    /// let report = mfa.check().await?;
    /// for finding in report.findings() {
    ///     eprintln!("{finding}");
    /// }
    /// if report.worst() >= Some(Severity::Unsafe) {
    ///     return Err("the store is not fit for a login".into());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Seal`](Error::Seal) if the keyring lacks the key that sealed this store's records.
    pub async fn check(&self) -> Result<Report, Error> {
        self.check_keys().await?;
        self.store.check().await.map_err(store_error)
    }

    async fn check_keys(&self) -> Result<(), Error> {
        for _ in 0..TRIES {
            match self.beacon().await? {
                Some(stored) => {
                    self.keyring.open(Purpose::Beacon, stored.body())?;
                    return Ok(());
                }
                // Of several servers that start at once, one inserts. The others look again.
                None => {
                    self.check_an_account().await?;
                    if self.swap_beacon(None).await? {
                        return Ok(());
                    }
                }
            }
        }
        Err(Error::Contended)
    }

    /// Refuses the keys of another store where accounts are already, and the beacon is not. One of
    /// them is enough. Those that opt out before they are read give way to the next ones.
    async fn check_an_account(&self) -> Result<(), Error> {
        let mut after = None;
        for _ in 0..TRIES {
            let accounts = self.list(after.as_ref(), PAGE).await?;
            for account in &accounts {
                if let Some(stored) = self.load(account).await? {
                    return self.check_key(key_id(stored.body())?);
                }
            }
            match accounts.into_iter().last() {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
        Err(Error::Contended)
    }

    fn check_key(&self, id: KeyId) -> Result<(), Error> {
        if self.keyring.has(id) {
            Ok(())
        } else {
            Err(SealError::UnknownKey { id }.into())
        }
    }
}

impl<S: Store> Mfa<S> {
    /// Seals the beacon by the active key, so that a retired one can go.
    pub(super) async fn reseal_beacon(&self) -> Result<(), Error> {
        let Some(stored) = self.beacon().await? else {
            return Ok(());
        };
        if key_id(stored.body())? != self.keyring.active_id() {
            self.keyring.open(Purpose::Beacon, stored.body())?;
            // If another server was first, its walk did the same.
            self.swap_beacon(Some(&stored)).await?;
        }
        Ok(())
    }

    pub(super) async fn beacon(&self) -> Result<Option<Stored>, Error> {
        self.load(&AccountId::beacon()).await
    }

    async fn swap_beacon(&self, stored: Option<&Stored>) -> Result<bool, Error> {
        let sealed = self
            .keyring
            .seal(Purpose::Beacon, 0, |_| Ok::<(), Error>(()))?;
        let expected = stored.map(Stored::version);
        let swap = self
            .store
            .swap(&AccountId::beacon(), expected, &sealed)
            .await;
        Ok(matches!(swap.map_err(store_error)?, Swap::Committed(_)))
    }
}
