//! Records in PostgreSQL.

use std::fmt;

// Why this driver: `sqlx` brings a pool of its own and twice the crates for the same statements,
// and `bb8-postgres` prepares each statement again.
use deadpool_postgres::tokio_postgres::{self, Row, error::SqlState, types::ToSql};
use deadpool_postgres::{Client, Pool, PoolError};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::report::{Finding, Report};
use crate::account_id::AccountId;

/// Account ids are bytes, because PostgreSQL's text can't hold NUL and compares by collation. Every
/// write takes its version from one sequence, which never goes back, so that no version returns
/// after a remove. The free space in each page lets an update stay in its page, without a new index
/// entry.
const SCHEMA: &str = "\
CREATE SEQUENCE IF NOT EXISTS secondfactor_version;
CREATE TABLE IF NOT EXISTS secondfactor_record (
    account bytea NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 70);
";

/// Two servers that start at once would both find no table, and one of them would fail.
const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock(hashtext('secondfactor'));";

const LOAD: &str = "SELECT version, body FROM secondfactor_record WHERE account = $1";
/// The new version is above the old one whatever the sequence says, as logical replication does not
/// carry sequences over.
const UPDATE: &str = "UPDATE secondfactor_record
    SET version = greatest(version + 1, nextval('secondfactor_version')), body = $3
    WHERE account = $1 AND version = $2";
const INSERT: &str = "INSERT INTO secondfactor_record (account, version, body)
    VALUES ($1, nextval('secondfactor_version'), $2) ON CONFLICT (account) DO NOTHING";
const REMOVE: &str = "DELETE FROM secondfactor_record WHERE account = $1 AND version = $2";
const LIST: &str =
    "SELECT account FROM secondfactor_record WHERE account > $1 ORDER BY account LIMIT $2";
const CHECK: &str = "SELECT
    to_regclass('secondfactor_record') IS NOT NULL AND to_regclass('secondfactor_version') IS NOT NULL AS has_schema,
    pg_is_in_recovery() AS is_standby,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

/// Keeps records in PostgreSQL, for any number of servers. Feature `postgres`.
///
/// It uses the pool that your application has: `deadpool-postgres`, which keeps prepared
/// statements, over `tokio-postgres`. Each call takes a connection for one statement, which commits
/// by itself. The connection never has a transaction of yours, so a login that is rolled back can't
/// take a charge back.
///
/// The pool must lead to the **primary**, by a name that follows a failover or by
/// `target_session_attrs=read-write`, because a standby answers from the past. Give the connections
/// a `statement_timeout` and the pool a wait timeout, or a server that hangs keeps the login
/// waiting. If a timeout passes, that is an error, and nobody is let in.
///
/// ```no_run
/// use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
/// use secondfactor::store::{PostgresStore, Store as _};
/// use secondfactor::{Keyring, Mfa, SealingKey};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let config = "host=/run/postgresql user=app dbname=app target_session_attrs=read-write \
///     options='-c statement_timeout=5s'";
/// let pool = Pool::builder(Manager::new(config.parse()?, NoTls)).max_size(16).build()?;
/// let store = PostgresStore::new(pool);
/// store.create_schema().await?; // or run `PostgresStore::SCHEMA` in your migrations
/// for finding in store.check().await?.findings() {
///     eprintln!("{finding}");
/// }
/// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
}

impl PostgresStore {
    /// Creates the table and the sequence, for applications that run migrations of their own.
    ///
    /// They are created in the first schema of the connection's `search_path`. The application's
    /// role needs `SELECT`, `INSERT`, `UPDATE` and `DELETE` on the table and `USAGE` on the
    /// sequence.
    pub const SCHEMA: &str = SCHEMA;

    /// Makes a store on this pool. It connects at the first call.
    #[must_use]
    pub const fn new(pool: Pool) -> Self {
        Self { pool }
    }

    /// Creates what [`SCHEMA`](Self::SCHEMA) names, if it is missing.
    ///
    /// # Errors
    /// [`PostgresError`] if there is no connection, or no right to create it.
    pub async fn create_schema(&self) -> Result<(), PostgresError> {
        Ok(self
            .client()
            .await?
            .batch_execute(&format!("{LOCK_SCHEMA}\n{SCHEMA}"))
            .await?)
    }

    async fn client(&self) -> Result<Client, PostgresError> {
        Ok(self.pool.get().await?)
    }

    /// Writes one record, in a transaction of its own.
    async fn write(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        body: &[u8],
    ) -> Result<Swap, PostgresError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(statement).await?;
        match client.execute(&statement, parameters).await {
            Ok(rows) => Ok(Swap::from_rows(body, rows)),
            Err(error) if lost_to_another(&error) => Ok(Swap::Conflict),
            Err(error) => Err(error.into()),
        }
    }
}

/// Says whether the transaction was rolled back for another one, by a serialization failure or a
/// deadlock.
fn lost_to_another(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED))
    )
}

impl Store for PostgresStore {
    type Error = PostgresError;

    async fn check(&self) -> Result<Report, PostgresError> {
        let client = self.client().await?;
        let row = client.query_one(CHECK, &[]).await?;
        Ok(Report::new(findings(&row)?))
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, PostgresError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(LOAD).await?;
        let row = client.query_opt(&statement, &[&key(account)]).await?;
        row.map(|row| {
            Ok(Stored::new(
                Version::from_signed(row.try_get(0)?),
                row.try_get(1)?,
            ))
        })
        .transpose()
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, PostgresError> {
        match expected {
            Some(expected) => {
                self.write(UPDATE, &[&key(account), &expected.signed(), &next], next)
                    .await
            }
            None => self.write(INSERT, &[&key(account), &next], next).await,
        }
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, PostgresError> {
        self.write(REMOVE, &[&key(account), &expected.signed()], &[])
            .await
    }
}

impl ListAccounts for PostgresStore {
    async fn list_accounts(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, PostgresError> {
        let after = after.map_or(&[][..], key); // no id is empty, so all come after the empty one
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let client = self.client().await?;
        let statement = client.prepare_cached(LIST).await?;
        let rows = client.query(&statement, &[&after, &limit]).await?;
        let account = |key: Vec<u8>| {
            AccountId::from_stored(key).map_err(|_| PostgresError(Cause::ForeignKey))
        };
        rows.iter().map(|row| account(row.try_get(0)?)).collect()
    }
}

fn key(account: &AccountId) -> &[u8] {
    account.as_str().as_bytes()
}

fn findings(row: &Row) -> Result<Vec<Finding>, PostgresError> {
    let mut findings = Vec::new();
    if row.try_get("is_standby")? {
        findings.push(Finding::NotPrimary);
    }
    if !row.try_get::<_, bool>("has_schema")? {
        findings.push(Finding::NoSchema);
    }
    for setting in ["fsync", "full_page_writes"] {
        if !row.try_get::<_, bool>(setting)? {
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

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}

/// Says that PostgreSQL refused or failed, or that there is no connection. What was being written
/// may be written or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PostgresError(#[from] Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("PostgreSQL failed")]
    Driver(#[source] tokio_postgres::Error),
    #[error("no connection to PostgreSQL")]
    Pool(#[source] PoolError),
    #[error("a key in PostgreSQL is no account id")]
    ForeignKey,
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(Cause::Driver(error))
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> Self {
        Self(Cause::Pool(error))
    }
}
