//! Records in PostgreSQL, on a pool of `sqlx`.

use std::borrow::Cow;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Postgres, Row as _};

use super::adapter::{Texts, adapter, key, stored, text};
use super::error::SqlxError;
use super::taken::{Taken, close_idle, end_transaction};
use crate::account_id::AccountId;
use crate::store::contract::{ListAccounts, Store, Stored, Swap, Version};
use crate::store::limit::{self, within};
use crate::store::report::{Finding, Report};
use crate::store::table_names::TableNames;

/// The tables of `PostgresStore`, so that an application can go from one to the other.
const SCHEMA: &str = "\
CREATE SEQUENCE IF NOT EXISTS {p}_version;
CREATE TABLE IF NOT EXISTS {p}_record (
    account bytea NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 70);
";
/// Two servers that start at once would both find no table, and one of them would fail. Sent as
/// one request, it is one transaction.
const CREATE: &str = "SELECT pg_advisory_xact_lock(hashtext('secondfactor'));\n{SCHEMA}";
const LOAD: &str = "SELECT version, body FROM {p}_record WHERE account = $1";
const LIST: &str = "SELECT account FROM {p}_record WHERE account > $1 ORDER BY account LIMIT $2";
/// A write is as durable as the server can make it, whatever the last user of the connection has
/// set. It lasts for this transaction, and lowers nothing.
macro_rules! durably {
    () => {
        "CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN true
        ELSE set_config('synchronous_commit', 'on', true) = 'on' END"
    };
}

/// The new version is above the old one whatever the sequence says, as logical replication does not
/// carry sequences over.
const UPDATE: &str = concat!(
    "UPDATE {p}_record
    SET version = greatest(version + 1, nextval('{p}_version')), body = $1
    WHERE account = $2 AND version = $3 AND ",
    durably!()
);
const INSERT: &str = concat!(
    "INSERT INTO {p}_record (account, version, body)
    SELECT $1::bytea, nextval('{p}_version'), $2::bytea WHERE ",
    durably!(),
    " ON CONFLICT (account) DO NOTHING"
);
/// The sequence never goes back, so there is no floor to raise.
const RAISE_FLOOR: &str = "";
const REMOVE: &str = concat!(
    "DELETE FROM {p}_record WHERE account = $1 AND version = $2 AND ",
    durably!()
);
const CHECK: &str = "SELECT
    to_regclass('{p}_record') IS NOT NULL AND to_regclass('{p}_version') IS NOT NULL AS has_schema,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relpersistence <> 'p'
        AND oid IN (to_regclass('{p}_record'), to_regclass('{p}_version'))) AS is_unlogged,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

adapter! {
    /// Keeps records in PostgreSQL, on your application's pool of `sqlx`, for any number of servers.
    /// Feature `sqlx-postgres`.
    ///
    /// Each call takes a connection for one statement, which commits by itself. What the last user
    /// left open on it is rolled back first, so a login of yours that is rolled back can't take a
    /// charge back. A write is durable whatever `synchronous_commit` that user has set. The tables
    /// are those of `PostgresStore`.
    ///
    /// The pool must lead to the **primary**, because a standby answers from the past: refuse one in
    /// `after_connect`. Leave `test_before_acquire` on, as it finds connections that are gone. A
    /// call that hangs ends with its [limit](Self::with_time_limit). Its connection is closed then,
    /// and so are those that are idle.
    ///
    /// ```no_run
    /// use secondfactor::store::drivers::sqlx::{self, postgres::PgPoolOptions};
    /// use secondfactor::store::{SqlxPostgresStore, Store as _};
    /// use secondfactor::{Keyring, Mfa, SealingKey};
    /// use std::time::Duration;
    ///
    /// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = PgPoolOptions::new()
    ///     .max_connections(16)
    ///     .acquire_timeout(Duration::from_secs(3)) // below the limit of a call
    ///     .after_connect(|connection, _| {
    ///         Box::pin(async move {
    ///             let is_standby = sqlx::query_scalar("SELECT pg_is_in_recovery()");
    ///             match is_standby.fetch_one(connection).await? {
    ///                 true => Err(sqlx::Error::Configuration("this is a standby".into())),
    ///                 false => Ok(()),
    ///             }
    ///         })
    ///     })
    ///     .connect_lazy("postgres://app@db.example.com/app")?;
    /// let store = SqlxPostgresStore::new(pool);
    /// store.create_schema().await?; // or run `SqlxPostgresStore::schema(..)` in your migrations
    /// for finding in store.check().await?.findings() {
    ///     eprintln!("{finding}");
    /// }
    /// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
    /// # Ok(())
    /// # }
    /// ```
    SqlxPostgresStore, Postgres
}

async fn prepare(taken: &mut Taken<Postgres>) -> Result<(), sqlx::Error> {
    end_transaction::<Postgres>(taken.get()?).await
}

/// PostgreSQL refuses what does not fit.
#[expect(clippy::unnecessary_wraps, reason = "as the other stores have it")]
const fn fits(_body: &[u8]) -> Result<(), SqlxError> {
    Ok(())
}

async fn remove(
    connection: &mut PgConnection,
    texts: &Texts,
    key: &[u8],
    expected: i64,
) -> Result<u64, sqlx::Error> {
    let remove = sqlx::query(texts.remove.clone()).bind(key).bind(expected);
    Ok(remove.execute(connection).await?.rows_affected())
}

/// Says whether the transaction was rolled back for another one, by a serialization failure or a
/// deadlock.
fn lost_to_another(error: &sqlx::Error) -> bool {
    matches!(code(error).as_deref(), Some("40001" | "40P01"))
}

/// Says whether the server takes no writes, as it is no primary any longer.
fn is_demoted(error: &sqlx::Error) -> bool {
    code(error).as_deref() == Some("25006")
}

fn code(error: &sqlx::Error) -> Option<Cow<'_, str>> {
    error.as_database_error().and_then(|error| error.code())
}

async fn findings(
    connection: &mut PgConnection,
    texts: &Texts,
) -> Result<Vec<Finding>, sqlx::Error> {
    let row: PgRow = sqlx::query(texts.check.clone())
        .fetch_one(connection)
        .await?;
    let is = |column: &str| row.try_get::<bool, _>(column);
    let mut findings = Vec::new();
    for (is_so, finding) in [
        (is("is_standby")?, Finding::NotPrimary),
        (is("is_read_only")? && !is("is_standby")?, Finding::ReadOnly),
        (!is("has_schema")?, Finding::NoSchema),
        (is("is_unlogged")?, Finding::Unlogged),
    ] {
        findings.extend(is_so.then_some(finding));
    }
    for name in ["fsync", "full_page_writes"] {
        if !is(name)? {
            let value = "off".to_owned();
            findings.push(Finding::Setting { name, value });
        }
    }
    let standbys: i64 = row.try_get("standbys")?;
    if standbys > 0 && !is("waits_for_standbys")? {
        findings.push(Finding::AsynchronousReplicas {
            count: standbys.unsigned_abs(),
        });
    }
    Ok(findings)
}
