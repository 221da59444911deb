//! A store of your own, on anything that has a transaction: here on redb, an embedded database in pure Rust.
//!
//! ```sh
//! cargo run --example own_store --features conformance
//! ```
//!
//! It writes the store, and lets the conformance suite judge it. A store needs no more than this: load the bytes with
//! their version, and replace them if the version is still the one that was loaded, as one step that is durable when it
//! says so.
#![allow(clippy::print_stdout)] // a program prints

use std::error::Error as StdError;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use secondfactor::AccountId;
use secondfactor::store::{
    ListAccounts, Report, Store, Stored, Swap, ThisThread, Version, conformance,
};

/// Bytes as keys, so that no collation takes one account for another.
const RECORDS: TableDefinition<&[u8], (u64, &[u8])> = TableDefinition::new("secondfactor_record");
/// The last version given to any record: a record made after a remove gets a new one.
const LAST_VERSION: TableDefinition<(), u64> = TableDefinition::new("secondfactor_version");

fn main() -> Result<(), Box<dyn StdError>> {
    let folder = tempfile::tempdir()?;
    let store = RedbStore::open(&folder.path().join("records.redb"))?;
    conformance::check(|| store.clone(), &ThisThread)?;
    conformance::check_accounts(|| store.clone(), &ThisThread)?;
    println!("The store keeps its laws.");
    Ok(())
}

#[derive(Clone)]
struct RedbStore {
    database: Arc<Database>,
}

/// The driver's errors, in one box each: they carry no bytes of a record.
#[derive(Debug, thiserror::Error)]
#[error("redb failed")]
struct RedbError(#[source] redb::Error);

impl<E: Into<redb::Error>> From<E> for RedbError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl RedbStore {
    fn open(path: &Path) -> Result<Self, RedbError> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        transaction.open_table(RECORDS)?;
        transaction.open_table(LAST_VERSION)?;
        transaction.commit()?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// Calls on a thread that may block: redb waits for the disk, and an async runtime's threads must not.
    async fn with<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Database) -> Result<T, RedbError> + Send + 'static,
    ) -> Result<T, RedbError> {
        let database = Arc::clone(&self.database);
        blocking::unblock(move || call(&database)).await
    }

    /// One transaction: redb lets one at a time write, and `commit` returns when the disk has it.
    async fn write(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: Option<Vec<u8>>,
    ) -> Result<bool, RedbError> {
        let key = key(account);
        self.with(move |database| {
            let transaction = database.begin_write()?;
            let mut records = transaction.open_table(RECORDS)?;
            let found = records.get(&*key)?.map(|record| record.value().0);
            if found != expected.map(Version::get) {
                return Ok(false); // and the transaction is dropped
            }
            match next {
                None => drop(records.remove(&*key)?),
                Some(body) => {
                    let mut last = transaction.open_table(LAST_VERSION)?;
                    let version = last
                        .get(())?
                        .map_or(0, |version| version.value())
                        .saturating_add(1);
                    last.insert((), version)?;
                    records.insert(&*key, (version, &*body))?;
                }
            }
            drop(records);
            transaction.commit()?;
            Ok(true)
        })
        .await
    }
}

impl Store for RedbStore {
    type Error = RedbError;

    /// It has no settings that an operator could get wrong.
    async fn check(&self) -> Result<Report, RedbError> {
        Ok(Report::default())
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, RedbError> {
        let key = key(account);
        self.with(move |database| {
            // It must outlive what is read in it: else redb may reuse the page meanwhile.
            let transaction = database.begin_read()?;
            let records = transaction.open_table(RECORDS)?;
            Ok(records.get(&*key)?.map(|record| {
                let (version, body) = record.value();
                Stored::new(Version::new(version), body.to_vec())
            }))
        })
        .await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, RedbError> {
        let won = self.write(account, expected, Some(next.to_vec())).await?;
        // Only now: the receipt says that these bytes are durable.
        Ok(Swap::from_rows(next, won.into()))
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, RedbError> {
        let won = self.write(account, Some(expected), None).await?;
        Ok(Swap::from_rows(&[], won.into()))
    }
}

impl ListAccounts for RedbStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, RedbError> {
        let after = after.map_or_else(Vec::new, key);
        self.with(move |database| {
            let transaction = database.begin_read()?;
            let records = transaction.open_table(RECORDS)?;
            let from = records.range(&*after..)?;
            let listed =
                from.filter(|record| !record.as_ref().is_ok_and(|(key, _)| key.value() == after));
            listed
                .take(limit)
                .map(|record| account(record?.0.value()))
                .collect()
        })
        .await
    }
}

fn key(account: &AccountId) -> Vec<u8> {
    account.as_str().as_bytes().to_vec()
}

fn account(key: &[u8]) -> Result<AccountId, RedbError> {
    // Not `AccountId::new`: the record by which `Mfa::check` knows its keys is no account's.
    let id = AccountId::from_stored(key);
    Ok(id.map_err(|_| redb::Error::Corrupted("a key is no account id".to_owned()))?)
}

#[test]
fn it_keeps_the_laws() {
    main().unwrap();
}
