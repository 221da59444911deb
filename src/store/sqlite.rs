//! Records in a SQLite file.

mod error;
mod files;
mod turns;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::limit;
use super::report::{Finding, Report};
use crate::account_id::AccountId;
use error::Fault;
use files::Files;
use turns::{Patience, Turns};

pub use error::SqliteError;

/// For `PRAGMA synchronous`, 2 means FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// Account ids are kept as bytes, so that no collation can take one for another.
/// `secondfactor_floor` holds the highest version that was ever removed. A new record starts above
/// it, so that no version comes back.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS secondfactor_record (
    account BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secondfactor_floor (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO secondfactor_floor (id, version) VALUES (1, 0);
";

/// Keeps records in a SQLite file, for any number of threads and processes of one machine.
///
/// The file may be your application's own. The store adds two tables, `secondfactor_record` and
/// `secondfactor_floor`. It writes in WAL mode with `synchronous=FULL`, so a committed swap
/// survives a power failure. SQLite's calls block, so they run on a small pool of threads, never on
/// your runtime's. The file must not be on a network file system, where locks are not reliable.
///
/// If the file is replaced or deleted while it is open, or the `-wal` or `-shm` beside it, each
/// call is an error until the program is started again. On Windows nobody can do that to a file
/// that is open.
///
/// ```
/// use secondfactor::{Keyring, Mfa, SealingKey, store::SqliteStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("accounts.db");
/// let store = SqliteStore::open(path)?;
/// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore {
    path: Arc<Path>,
    limit: Duration,
    on_this_thread: bool,
    files: Arc<Files>,
    /// A load need not wait for another login's write to reach the disk, as readers are free in WAL
    /// mode.
    reader: Arc<Turns>,
    writer: Arc<Turns>,
}

impl SqliteStore {
    /// Opens the file, or creates it, and adds the tables if they are missing. It blocks shortly.
    ///
    /// # Errors
    /// [`SqliteError`] if the file can't be opened, is no database, can't be set to WAL mode, or
    /// stays locked for 5 seconds. `:memory:` and URIs name no file, so they are errors too.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let path: Arc<Path> = path.as_ref().into();
        let caller = Arc::new(());
        let patience = Patience::of(&caller, limit::DEFAULT);
        Self::open_within(&patience, &path).map_err(|fault| SqliteError { path, fault })
    }

    fn open_within(patience: &Patience, path: &Arc<Path>) -> Result<Self, Fault> {
        let mut writer = connect(patience, path)?;
        patience.until_free(|| {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(SCHEMA)?;
            transaction.commit()
        })?;
        let reader = connect(patience, path)?;
        Ok(Self {
            path: Arc::clone(path),
            limit: limit::DEFAULT,
            on_this_thread: false,
            files: Arc::new(Files::beside(path)?),
            reader: Arc::new(Turns::new(reader)),
            writer: Arc::new(Turns::new(writer)),
        })
    }

    /// Sets how long a call may wait for other callers and for other processes. It is 5 seconds by
    /// default.
    ///
    /// A call that is not free to begin until then is an error with
    /// [`TimeLimit`](super::TimeLimit) among its sources, and nothing was written. The limit does
    /// not end a call that waits for the disk.
    #[must_use]
    pub const fn with_time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs each call on the thread that awaits it, for [`blocking::Mfa`](crate::mfa::blocking::Mfa)
    /// in a process that forks.
    ///
    /// A child has none of its parent's threads, so a call in it could wait for one forever. Under an
    /// async runtime this would block the runtime.
    ///
    /// ```
    /// use secondfactor::{Keyring, Mfa, SealingKey, mfa::blocking, store::SqliteStore};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("accounts.db");
    /// # let keyring = Keyring::new(SealingKey::generate()?);
    /// let store = SqliteStore::open(path)?.on_this_thread(); // opened after the fork, as SQLite wants
    /// let mfa = blocking::Mfa::new(Mfa::new(store, keyring));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn on_this_thread(mut self) -> Self {
        self.on_this_thread = true;
        self
    }

    async fn read<T: Send + 'static>(
        &self,
        call: impl Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqliteError> {
        self.call(&self.reader, call).await
    }

    async fn write<T: Send + 'static>(
        &self,
        call: impl Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqliteError> {
        self.call(&self.writer, call).await
    }

    /// Runs a call on a thread of the pool, unless told otherwise. If it is dropped before it has
    /// begun, it does not begin.
    async fn call<T: Send + 'static>(
        &self,
        turns: &Arc<Turns>,
        call: impl Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, SqliteError> {
        let caller = Arc::new(());
        let patience = Patience::of(&caller, self.limit);
        let (turns, files) = (Arc::clone(turns), Arc::clone(&self.files));
        let call = move || {
            let may_begin = || files.are_in_place().then_some(()).ok_or(Fault::Replaced);
            turns.call(&patience, may_begin, call)
        };
        let result = if self.on_this_thread {
            call()
        } else {
            blocking::unblock(call).await
        };
        drop(caller);
        result.map_err(|fault| self.error(fault))
    }

    fn error(&self, fault: Fault) -> SqliteError {
        let path = Arc::clone(&self.path);
        SqliteError { path, fault }
    }
}

fn connect(patience: &Patience, path: &Path) -> Result<Connection, Fault> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::ZERO)?;
    // If several processes open a new file at once, SQLite turns all but one away without waiting.
    let mode: String = patience
        .until_free(|| connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)))?;
    if mode != "wal" {
        return Err(Fault::NoWal);
    }
    connection.pragma_update(None, "synchronous", SYNCHRONOUS_FULL)?;
    Ok(connection)
}

impl Store for SqliteStore {
    type Error = SqliteError;

    async fn check(&self) -> Result<Report, SqliteError> {
        let findings = self.write(|connection| {
            let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
            let level: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
            let mut findings = Vec::new();
            if mode != "wal" {
                findings.push(Finding::Setting {
                    name: "journal_mode",
                    value: mode,
                });
            }
            if level < SYNCHRONOUS_FULL {
                findings.push(Finding::Setting {
                    name: "synchronous",
                    value: level.to_string(),
                });
            }
            Ok(findings)
        });
        Ok(Report::new(findings.await?))
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, SqliteError> {
        let account = key(account);
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT version, body FROM secondfactor_record WHERE account = ?1")?
                .query_row([&account], |row| {
                    Ok(Stored::new(Version::from_signed(row.get(0)?), row.get(1)?))
                })
                .optional()
        })
        .await
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, SqliteError> {
        let (account, body) = (key(account), next.to_vec());
        let changed = self
            .write(move |connection| match expected {
                // One statement is one transaction: it takes the write lock before it reads, so it
                // never sees a version that another process is about to change (SQLITE_BUSY_SNAPSHOT).
                Some(expected) => connection
                    .prepare_cached(
                        "UPDATE secondfactor_record SET version = version + 1, body = ?3
                         WHERE account = ?1 AND version = ?2",
                    )?
                    .execute(params![account, expected.signed(), body]),
                None => connection
                    .prepare_cached(
                        "INSERT INTO secondfactor_record (account, version, body)
                         SELECT ?1, version + 1, ?2 FROM secondfactor_floor WHERE true
                         ON CONFLICT (account) DO NOTHING",
                    )?
                    .execute(params![account, body]),
            })
            .await?;
        Ok(Swap::from_rows(next, changed as u64))
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, SqliteError> {
        let account = key(account);
        let removed = self
            .write(move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let removed = transaction.execute(
                    "DELETE FROM secondfactor_record WHERE account = ?1 AND version = ?2",
                    params![account, expected.signed()],
                )?;
                if removed == 1 {
                    transaction.execute(
                        "UPDATE secondfactor_floor SET version = max(version, ?1)",
                        [expected.signed()],
                    )?;
                }
                transaction.commit()?;
                Ok(removed)
            })
            .await?;
        Ok(Swap::from_rows(&[], removed as u64))
    }
}

impl ListAccounts for SqliteStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, SqliteError> {
        let after = after.map_or_else(Vec::new, key); // no id is empty, so all come after the empty one
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let keys = self.read(move |connection| {
            connection
                .prepare_cached("SELECT account FROM secondfactor_record WHERE account > ?1 ORDER BY account LIMIT ?2")?
                .query_map(params![after, limit], |row| row.get::<_, Vec<u8>>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .await?;
        let account = |key| AccountId::from_stored(key).map_err(|_| self.error(Fault::ForeignKey));
        keys.into_iter().map(account).collect()
    }
}

fn key(account: &AccountId) -> Vec<u8> {
    account.as_str().as_bytes().to_vec()
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore(..)")
    }
}
