//! A store that is chosen when the program starts.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::report::Report;
use crate::account_id::AccountId;

/// Holds any store, for a program that learns only when it starts where its accounts are.
///
/// ```
/// use secondfactor::store::{AnyStore, MemoryStore};
///
/// fn open(address: &str) -> Result<AnyStore, Box<dyn std::error::Error>> {
///     match address {
///         "memory" => Ok(AnyStore::new(MemoryStore::new())),
///         // .. `AnyStore::new(PostgresStore::connect(..)?)` ..
///         _ => Err("no such store".into()),
///     }
/// }
/// # open("memory").unwrap();
/// ```
pub struct AnyStore(Box<dyn Boxed>);

impl AnyStore {
    /// Puts a store in a box.
    #[must_use]
    pub fn new(store: impl ListAccounts + 'static) -> Self {
        Self(Box::new(store))
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyStore(..)")
    }
}

/// Carries the error of the store in the box.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct AnyStoreError(Box<dyn Error + Send + Sync>);

impl Store for AnyStore {
    type Error = AnyStoreError;

    async fn check(&self) -> Result<Report, AnyStoreError> {
        self.0.check().await
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyStoreError> {
        self.0.load(account).await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, AnyStoreError> {
        self.0.swap(account, expected, next).await
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyStoreError> {
        self.0.remove(account, expected).await
    }
}

impl ListAccounts for AnyStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, AnyStoreError> {
        self.0.list_accounts(after, limit).await
    }
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, AnyStoreError>> + Send + 'a>>;

/// The contract in a form that a pointer can hold.
trait Boxed: Send + Sync {
    fn check(&self) -> Pending<'_, Report>;
    fn load<'a>(&'a self, account: &'a AccountId) -> Pending<'a, Option<Stored>>;
    fn swap<'a>(
        &'a self,
        account: &'a AccountId,
        expected: Option<Version>,
        next: &'a [u8],
    ) -> Pending<'a, Swap>;
    fn remove<'a>(&'a self, account: &'a AccountId, expected: Version) -> Pending<'a, Swap>;
    fn list_accounts<'a>(
        &'a self,
        after: Option<&'a AccountId>,
        limit: usize,
    ) -> Pending<'a, Vec<AccountId>>;
}

impl<S: ListAccounts> Boxed for S {
    fn check(&self) -> Pending<'_, Report> {
        pending(Store::check(self))
    }

    fn load<'a>(&'a self, account: &'a AccountId) -> Pending<'a, Option<Stored>> {
        pending(Store::load(self, account))
    }

    fn swap<'a>(
        &'a self,
        account: &'a AccountId,
        expected: Option<Version>,
        next: &'a [u8],
    ) -> Pending<'a, Swap> {
        pending(Store::swap(self, account, expected, next))
    }

    fn remove<'a>(&'a self, account: &'a AccountId, expected: Version) -> Pending<'a, Swap> {
        pending(Store::remove(self, account, expected))
    }

    fn list_accounts<'a>(
        &'a self,
        after: Option<&'a AccountId>,
        limit: usize,
    ) -> Pending<'a, Vec<AccountId>> {
        pending(ListAccounts::list_accounts(self, after, limit))
    }
}

fn pending<'a, T, E: Error + Send + Sync + 'static>(
    answer: impl Future<Output = Result<T, E>> + Send + 'a,
) -> Pending<'a, T> {
    Box::pin(async move { answer.await.map_err(|error| AnyStoreError(Box::new(error))) })
}
