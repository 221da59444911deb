//! Records in MySQL and MariaDB, on a pool of `sqlx`.

use sqlx::mysql::{MySqlConnection, MySqlDatabaseError, MySqlRow};
use sqlx::{Connection as _, MySql, Row as _, SqlStr};

use super::adapter::{Texts, adapter, key, stored, text};
use super::error::SqlxError;
use super::taken::{Taken, close_idle};
use crate::account_id::AccountId;
use crate::store::contract::{ListAccounts, Store, Stored, Swap, Version};
use crate::store::limit::{self, within};
use crate::store::report::{Finding, Report};
use crate::store::table_names::TableNames;

/// Account ids are bytes, because text compares by collation. Only the row format `DYNAMIC` has keys
/// as long as the longest id. The floor is the highest version that was ever removed. A new record
/// starts above it, so that no version comes back.
const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS {p}_record (
    account VARBINARY(1024) NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    body MEDIUMBLOB NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
CREATE TABLE IF NOT EXISTS {p}_floor (
    id TINYINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
) ENGINE = InnoDB;
INSERT INTO {p}_floor (id, version) VALUES (1, 0) ON DUPLICATE KEY UPDATE id = id;
";
const CREATE: &str = "{SCHEMA}";
const LOAD: &str = "SELECT version, body FROM {p}_record WHERE account = ?";
const LIST: &str = "SELECT account FROM {p}_record WHERE account > ? ORDER BY account LIMIT ?";
const UPDATE: &str = "UPDATE {p}_record SET version = version + 1, body = ?
    WHERE account = ? AND version = ?";
/// The lock keeps the floor that was read until the record is written, whatever the isolation level.
const INSERT: &str = "INSERT INTO {p}_record (account, version, body)
    SELECT ?, version + 1, ? FROM {p}_floor WHERE id = 1 LOCK IN SHARE MODE";
const RAISE_FLOOR: &str = "UPDATE {p}_floor SET version = greatest(version, ?) WHERE id = 1";
const REMOVE: &str = "DELETE FROM {p}_record WHERE account = ? AND version = ?";
const CHECK: &str = "SELECT
    CAST(@@global.read_only AS CHAR) AS read_only,
    CAST(@@global.innodb_flush_log_at_trx_commit AS CHAR) AS innodb_flush_log_at_trx_commit,
    CAST(@@global.innodb_doublewrite AS CHAR) AS innodb_doublewrite,
    CAST(@@global.log_bin AS CHAR) AS log_bin,
    CAST(@@global.sync_binlog AS CHAR) AS sync_binlog,
    CAST(@@session.sql_mode AS CHAR) AS sql_mode,
    (SELECT count(*) FROM information_schema.tables
        WHERE table_schema = coalesce(nullif('{schema}', ''), database())
        AND table_name IN ('{prefix}_record', '{prefix}_floor')) AS tables,
    (SELECT CAST(max(engine) AS CHAR) FROM information_schema.tables
        WHERE table_schema = coalesce(nullif('{schema}', ''), database())
        AND table_name IN ('{prefix}_record', '{prefix}_floor') AND engine <> 'InnoDB') AS engine";

/// A `MEDIUMBLOB` holds so many bytes.
const MAX_BODY: usize = (1 << 24) - 1;

adapter! {
    /// Keeps records in MySQL or MariaDB, on your application's pool of `sqlx`, for any number of
    /// servers. Feature `sqlx-mysql`.
    ///
    /// Each call takes a connection, and commits by itself. What the last user left open on it is
    /// rolled back first, so a login of yours that is rolled back can't take a charge back. A
    /// connection with `autocommit=0` is closed after the call, so leave autocommit on in this pool.
    ///
    /// The pool must lead to the **primary**, because a replica answers from the past: refuse one in
    /// `after_connect`. Leave `test_before_acquire` on, as it finds connections that are gone. A
    /// call that hangs ends with its [limit](Self::with_time_limit). Its connection is closed then,
    /// and so are those that are idle.
    ///
    /// ```no_run
    /// use secondfactor::store::drivers::sqlx::{self, mysql::MySqlPoolOptions};
    /// use secondfactor::store::{SqlxMySqlStore, Store as _};
    /// use secondfactor::{Keyring, Mfa, SealingKey};
    /// use std::time::Duration;
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = MySqlPoolOptions::new()
    ///     .max_connections(16)
    ///     .acquire_timeout(Duration::from_secs(3)) // below the limit of a call
    ///     .after_connect(|connection, _| {
    ///         Box::pin(async move {
    ///             let is_replica = sqlx::query_scalar("SELECT @@global.read_only");
    ///             match is_replica.fetch_one(connection).await? {
    ///                 true => Err(sqlx::Error::Configuration("this is a replica".into())),
    ///                 false => Ok(()),
    ///             }
    ///         })
    ///     })
    ///     .connect_lazy("mysql://app@db.example.com/app")?;
    /// let store = SqlxMySqlStore::new(pool);
    /// store.create_schema().await?; // or run `SqlxMySqlStore::schema(..)` in your migrations
    /// for finding in store.check().await?.findings() {
    ///     eprintln!("{finding}");
    /// }
    /// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
    /// # Ok(())
    /// # }
    /// ```
    SqlxMySqlStore, MySql
}

/// Ends a transaction that the connection's last user left open, and has each statement commit by
/// itself. To set that alone would commit what was left open. A connection that had it otherwise is
/// not for its users any longer.
async fn prepare(taken: &mut Taken<MySql>) -> Result<(), sqlx::Error> {
    const PREPARE: SqlStr =
        SqlStr::from_static("ROLLBACK; SELECT @@autocommit; SET autocommit = 1");
    let prepared = sqlx::raw_sql(PREPARE).fetch_all(taken.get()?).await?;
    let modes: Result<Vec<bool>, _> = prepared.iter().map(|row| row.try_get(0)).collect();
    if modes? != [true] {
        taken.close_at_end();
    }
    Ok(())
}

/// Without a strict `sql_mode`, MySQL cuts what does not fit, with a warning only. An account id
/// always fits.
const fn fits(body: &[u8]) -> Result<(), SqlxError> {
    if body.len() > MAX_BODY {
        return Err(SqlxError::TOO_LARGE);
    }
    Ok(())
}

/// The floor comes first, so that a new record waits until the old one is gone.
async fn remove(
    connection: &mut MySqlConnection,
    texts: &Texts,
    key: &[u8],
    expected: i64,
) -> Result<u64, sqlx::Error> {
    const BEGIN: SqlStr = SqlStr::from_static("START TRANSACTION");
    let mut transaction = connection.begin_with(BEGIN).await?;
    let raise = sqlx::query(texts.raise_floor.clone()).bind(expected);
    raise.execute(&mut *transaction).await?;
    let remove = sqlx::query(texts.remove.clone()).bind(key).bind(expected);
    let removed = remove.execute(&mut *transaction).await?.rows_affected();
    if removed == 1 {
        transaction.commit().await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(removed)
}

/// Says whether the transaction was rolled back for another one: the account had a record (1062), a
/// deadlock (1213), or a row that had changed (1020).
fn lost_to_another(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1020 | 1062 | 1213))
}

/// Says whether the server takes no writes, as it is no primary any longer.
fn is_demoted(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1290 | 1836))
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

async fn findings(
    connection: &mut MySqlConnection,
    texts: &Texts,
) -> Result<Vec<Finding>, sqlx::Error> {
    let row: MySqlRow = sqlx::query(texts.check.clone())
        .fetch_one(connection)
        .await?;
    let value = |name: &str| row.try_get::<String, _>(name);
    let mut findings = Vec::new();
    if !matches!(&*value("read_only")?, "0" | "OFF") {
        findings.push(Finding::NotPrimary);
    }
    if row.try_get::<i64, _>("tables")? != 2 {
        findings.push(Finding::NoSchema);
    }
    if let Some(engine) = row.try_get::<Option<String>, _>("engine")? {
        findings.push(Finding::Unfit {
            name: "engine",
            value: engine,
            needed: "InnoDB",
        });
    }
    let sql_mode = value("sql_mode")?;
    if !sql_mode.contains("STRICT_ALL_TABLES") && !sql_mode.contains("STRICT_TRANS_TABLES") {
        findings.push(Finding::Unfit {
            name: "sql_mode",
            value: sql_mode,
            needed: "STRICT_TRANS_TABLES in it",
        });
    }
    let has_binlog = matches!(&*value("log_bin")?, "1" | "ON");
    for (name, matters, good) in [
        ("innodb_flush_log_at_trx_commit", true, &["1", "3"][..]),
        (
            "innodb_doublewrite",
            true,
            &["1", "ON", "DETECT_AND_RECOVER"],
        ),
        ("sync_binlog", has_binlog, &["1"]),
    ] {
        let value = value(name)?;
        if matters && !good.contains(&&*value) {
            findings.push(Finding::Setting { name, value });
        }
    }
    Ok(findings)
}
