//! Records in a SQLite file.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, TransactionBehavior, params};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::report::{Finding, Report};
use crate::account_id::AccountId;

/// A call waits so long for another process to finish its write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

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
    /// A load need not wait for another login's write to reach the disk, as readers are free in WAL
    /// mode.
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

impl SqliteStore {
    /// Opens the file, or creates it, and adds the tables if they are missing. It blocks shortly.
    ///
    /// # Errors
    /// [`SqliteError`] if the file can't be opened, is no database, or can't be set to WAL mode.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SqliteError> {
        let path = path.as_ref();
        let writer = connect(path)?;
        writer
            .execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT;"))
            .map_err(Cause::Driver)?;
        let reader = connect(path)?;
        Ok(Self {
            reader: Arc::new(Mutex::new(reader)),
            writer: Arc::new(Mutex::new(writer)),
        })
    }
}

fn connect(path: &Path) -> Result<Connection, Cause> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    if journal_in_wal(&connection)? != "wal" {
        return Err(Cause::NoWal);
    }
    connection.pragma_update(None, "synchronous", SYNCHRONOUS_FULL)?;
    Ok(connection)
}

/// Sets WAL mode, and returns the mode that the file has then.
///
/// If several processes open a new file at once, SQLite turns all but one away without waiting, so
/// that they don't wait for each other.
fn journal_in_wal(connection: &Connection) -> rusqlite::Result<String> {
    let start = Instant::now();
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && start.elapsed() < BUSY_TIMEOUT =>
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

/// Runs a call on a thread that may block.
async fn with<T: Send + 'static>(
    connection: &Arc<Mutex<Connection>>,
    call: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, SqliteError> {
    let connection = Arc::clone(connection);
    let result = blocking::unblock(move || {
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        call(&mut connection)
    });
    Ok(result.await.map_err(Cause::Driver)?)
}

impl Store for SqliteStore {
    type Error = SqliteError;

    async fn check(&self) -> Result<Report, SqliteError> {
        let findings = with(&self.writer, |connection| {
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
        with(&self.reader, move |connection| {
            connection
                .prepare_cached("SELECT version, body FROM secondfactor_record WHERE account = ?1")?
                .query_row([account], |row| {
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
        let changed = with(&self.writer, move |connection| match expected {
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
        let removed = with(&self.writer, move |connection| {
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
        let keys = with(&self.reader, move |connection| {
            connection
                .prepare_cached("SELECT account FROM secondfactor_record WHERE account > ?1 ORDER BY account LIMIT ?2")?
                .query_map(params![after, limit], |row| row.get::<_, Vec<u8>>(0))?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .await?;
        let account = |key| AccountId::from_stored(key).map_err(|_| SqliteError(Cause::ForeignKey));
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

/// Says that SQLite refused or failed. What was being written may be written or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SqliteError(#[from] Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("SQLite failed")]
    Driver(#[from] rusqlite::Error),
    #[error("the SQLite file can't be set to WAL mode")]
    NoWal,
    #[error("a key in the SQLite file is no account id")]
    ForeignKey,
}
