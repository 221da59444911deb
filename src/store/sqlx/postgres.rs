//! Records in PostgreSQL, on a pool of `sqlx`.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Postgres, Row as _};

use super::adapter::{Texts, adapter, key, stored, text};
use super::error::SqlxError;
use super::taken::{Taken, end_transaction};
use crate::account_id::AccountId;
use crate::store::contract::{Committed, ListAccounts, Store, Stored, Swap, Version};
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
/// The new version is above the old one whatever the sequence says, as logical replication does not
/// carry sequences over.
const UPDATE: &str = "UPDATE {p}_record
    SET version = greatest(version + 1, nextval('{p}_version')), body = $1
    WHERE account = $2 AND version = $3";
const INSERT: &str = "INSERT INTO {p}_record (account, version, body)
    VALUES ($1, nextval('{p}_version'), $2) ON CONFLICT (account) DO NOTHING";
/// The sequence never goes back, so there is no floor to raise.
const RAISE_FLOOR: &str = "";
const REMOVE: &str = "DELETE FROM {p}_record WHERE account = $1 AND version = $2";
const CHECK: &str = "SELECT
    to_regclass('{p}_record') IS NOT NULL AND to_regclass('{p}_version') IS NOT NULL AS has_schema,
    pg_is_in_recovery() AS is_standby,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

adapter! {
    /// Keeps records in PostgreSQL, on your application's pool of `sqlx`, for any number of servers.
    /// Feature `sqlx-postgres`.
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
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

async fn findings(
    connection: &mut PgConnection,
    texts: &Texts,
) -> Result<Vec<Finding>, sqlx::Error> {
    let row: PgRow = sqlx::query(texts.check.clone())
        .fetch_one(connection)
        .await?;
    let mut findings = Vec::new();
    if row.try_get("is_standby")? {
        findings.push(Finding::NotPrimary);
    }
    if !row.try_get::<bool, _>("has_schema")? {
        findings.push(Finding::NoSchema);
    }
    for setting in ["fsync", "full_page_writes"] {
        if !row.try_get::<bool, _>(setting)? {
            findings.push(Finding::Setting {
                name: setting,
                value: "off".to_owned(),
            });
        }
    }
    let synchronous_commit: String = row.try_get("synchronous_commit")?;
    let waits: bool = row.try_get("waits_for_standbys")?;
    let standbys: i64 = row.try_get("standbys")?;
    if standbys > 0 && (!waits || matches!(&*synchronous_commit, "local" | "off")) {
        findings.push(Finding::AsynchronousReplicas {
            count: standbys.unsigned_abs(),
        });
    }
    if synchronous_commit == "off" {
        findings.push(Finding::Setting {
            name: "synchronous_commit",
            value: synchronous_commit,
        });
    }
    Ok(findings)
}
