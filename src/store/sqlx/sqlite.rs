//! Records in SQLite, on a pool of `sqlx`.

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _, SqlStr, Sqlite};

use super::adapter::{Texts, adapter, key, stored, text};
use super::error::SqlxError;
use super::taken::{Taken, close_idle, end_transaction};
use crate::account_id::AccountId;
use crate::store::contract::{ListAccounts, Store, Stored, Swap, Version};
use crate::store::limit::{self, within};
use crate::store::report::{Finding, Report};
use crate::store::table_names::TableNames;

/// The tables of `SqliteStore`, so that an application can go from one to the other.
const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS {p}_record (
    account BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS {p}_floor (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO {p}_floor (id, version) VALUES (1, 0);
";
const CREATE: &str = "BEGIN IMMEDIATE;\n{SCHEMA}COMMIT;";
const LOAD: &str = "SELECT version, body FROM {p}_record WHERE account = ?1";
const LIST: &str = "SELECT account FROM {p}_record WHERE account > ?1 ORDER BY account LIMIT ?2";
/// One statement is one transaction: it takes the write lock before it reads, so it never sees a
/// version that another process is about to change (`SQLITE_BUSY_SNAPSHOT`).
const UPDATE: &str = "UPDATE {p}_record SET version = version + 1, body = ?1
    WHERE account = ?2 AND version = ?3";
const INSERT: &str = "INSERT INTO {p}_record (account, version, body)
    SELECT ?1, version + 1, ?2 FROM {p}_floor WHERE true ON CONFLICT (account) DO NOTHING";
const RAISE_FLOOR: &str = "UPDATE {p}_floor SET version = max(version, ?1)";
const REMOVE: &str = "DELETE FROM {p}_record WHERE account = ?1 AND version = ?2";
const CHECK: &str = "SELECT
    (SELECT count(*) FROM pragma_table_list
        WHERE name IN ('{prefix}_record', '{prefix}_floor') AND '{schema}' IN ('', schema)) = 2 AS has_schema,
    (SELECT journal_mode FROM pragma_journal_mode) AS journal_mode,
    (SELECT synchronous FROM pragma_synchronous) AS synchronous,
    (SELECT timeout FROM pragma_busy_timeout) AS busy_timeout";

/// For `PRAGMA synchronous`, 2 means FULL.
const SYNCHRONOUS_FULL: i64 = 2;

adapter! {
    /// Keeps records in a SQLite file, on your application's pool of `sqlx`, for any number of
    /// threads and processes of one machine. Feature `sqlx-sqlite`.
    ///
    /// Each call takes a connection, and commits by itself. What the last user left open on it is
    /// rolled back first, so a login of yours that is rolled back can't take a charge back. The
    /// tables are those of `SqliteStore`.
    ///
    /// The connections are yours, so their settings are too. The store needs those below, and
    /// [`check`](Store::check) reads them back. The file must not be on a network file system, where
    /// locks are not reliable.
    ///
    /// ```
    /// use secondfactor::store::drivers::sqlx::sqlite::{
    ///     SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    /// };
    /// use secondfactor::store::{SqlxSqliteStore, Store as _};
    /// use secondfactor::{Keyring, Mfa, SealingKey};
    /// use std::time::Duration;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("application.db");
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let connect = SqliteConnectOptions::new()
    ///     .filename(path)
    ///     .create_if_missing(true)
    ///     .journal_mode(SqliteJournalMode::Wal)
    ///     .synchronous(SqliteSynchronous::Full) // a commit survives a power failure
    ///     .busy_timeout(Duration::from_secs(3)); // below the limit of a call
    /// let pool = SqlitePoolOptions::new().connect_with(connect).await?;
    /// let store = SqlxSqliteStore::new(pool);
    /// store.create_schema().await?; // or run `SqlxSqliteStore::schema(..)` in your migrations
    /// assert_eq!(store.check().await?.findings(), []);
    /// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    SqlxSqliteStore, Sqlite
}

async fn prepare(taken: &mut Taken<Sqlite>) -> Result<(), sqlx::Error> {
    end_transaction::<Sqlite>(taken.get()?).await
}

/// SQLite refuses what does not fit.
#[expect(clippy::unnecessary_wraps, reason = "as the other stores have it")]
const fn fits(_body: &[u8]) -> Result<(), SqlxError> {
    Ok(())
}

async fn remove(
    connection: &mut SqliteConnection,
    texts: &Texts,
    key: &[u8],
    expected: i64,
) -> Result<u64, sqlx::Error> {
    const BEGIN: SqlStr = SqlStr::from_static("BEGIN IMMEDIATE");
    let mut transaction = connection.begin_with(BEGIN).await?;
    let remove = sqlx::query(texts.remove.clone()).bind(key).bind(expected);
    let removed = remove.execute(&mut *transaction).await?.rows_affected();
    if removed == 1 {
        let raise = sqlx::query(texts.raise_floor.clone()).bind(expected);
        raise.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

/// SQLite has one writer: nothing is rolled back for another one.
const fn lost_to_another(_error: &sqlx::Error) -> bool {
    false
}

/// A file has no primary.
const fn is_demoted(_error: &sqlx::Error) -> bool {
    false
}

async fn findings(
    connection: &mut SqliteConnection,
    texts: &Texts,
) -> Result<Vec<Finding>, sqlx::Error> {
    let row: SqliteRow = sqlx::query(texts.check.clone())
        .fetch_one(connection)
        .await?;
    let mut findings = Vec::new();
    if !row.try_get::<bool, _>("has_schema")? {
        findings.push(Finding::NoSchema);
    }
    let journal_mode: String = row.try_get("journal_mode")?;
    if journal_mode != "wal" {
        findings.push(Finding::Setting {
            name: "journal_mode",
            value: journal_mode,
        });
    }
    let synchronous: i64 = row.try_get("synchronous")?;
    if synchronous < SYNCHRONOUS_FULL {
        findings.push(Finding::Setting {
            name: "synchronous",
            value: synchronous.to_string(),
        });
    }
    if row.try_get::<i64, _>("busy_timeout")? == 0 {
        findings.push(Finding::Unfit {
            name: "busy_timeout",
            value: "0".to_owned(),
            needed: "some seconds",
        });
    }
    Ok(findings)
}
