//! Records in memory.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::report::Report;
use crate::account_id::AccountId;

/// Keeps records in memory, for tests and trials. A restart loses them all, so it is not for a
/// login.
///
/// ```
/// use secondfactor::{Keyring, Mfa, SealingKey, store::MemoryStore};
///
/// let mfa = Mfa::new(MemoryStore::new(), Keyring::new(SealingKey::generate()?));
/// # Ok::<(), secondfactor::codes::RngError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    records: Mutex<Records>,
}

#[derive(Debug, Default)]
struct Records {
    by_account: HashMap<AccountId, Stored>,
    /// Only `ListAccounts` needs this. A login should not pay for the order.
    in_order: BTreeSet<AccountId>,
    last_version: u64,
}

impl MemoryStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    type Error = Infallible;

    async fn check(&self) -> Result<Report, Infallible> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, Infallible> {
        Ok(self.lock().by_account.get(account).cloned())
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, Infallible> {
        let Records {
            by_account,
            in_order,
            last_version,
        } = &mut *self.lock();
        let found = by_account.get_mut(account);
        if found.as_ref().map(|stored| stored.version()) != expected {
            return Ok(Swap::Conflict);
        }
        *last_version = last_version.saturating_add(1);
        let stored = Stored::new(Version::new(*last_version), next.to_vec());
        match found {
            Some(record) => *record = stored,
            None => {
                in_order.insert(account.clone());
                by_account.insert(account.clone(), stored);
            }
        }
        Ok(Swap::from_rows(next, 1))
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, Infallible> {
        let mut records = self.lock();
        if records.by_account.get(account).map(Stored::version) != Some(expected) {
            return Ok(Swap::Conflict);
        }
        records.by_account.remove(account);
        records.in_order.remove(account);
        Ok(Swap::from_rows(&[], 1))
    }
}

impl ListAccounts for MemoryStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, Infallible> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let records = self.lock();
        Ok(records
            .in_order
            .range((start, Bound::Unbounded))
            .take(limit)
            .cloned()
            .collect())
    }
}
