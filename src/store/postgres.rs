//! Records in PostgreSQL.

mod check;
mod connection;
mod error;
mod last_user;
mod sql;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

// Why this driver: `sqlx` brings a pool of its own and twice the crates for the same statements,
// and `bb8-postgres` prepares each statement again.
use deadpool_postgres::Pool;
use deadpool_postgres::tokio_postgres::{Row, types::ToSql};

use super::contract::{ListAccounts, Store, Stored, Swap, Version};
use super::limit::{self, within};
use super::postgresql::{SCHEMA, findings};
use super::report::{Finding, Report};
use super::table_names::TableNames;
use crate::account_id::AccountId;
use connection::{Connection, batch, lend, query};
use error::Cause;
use last_user::LastUser;
use sql::Sql;

pub use error::PostgresError;

/// Keeps records in PostgreSQL, for any number of servers. Feature `postgres`.
///
/// It uses the pool that your application has: `deadpool-postgres`, which keeps prepared
/// statements, over `tokio-postgres`. Each call takes a connection for one statement, which commits
/// by itself. If your application left a transaction open on that connection, the call rolls it
/// back first, so a login that is rolled back can't take a charge back. That costs the server a
/// little, so connections that the store alone uses are spared it. A write commits with
/// `synchronous_commit` at `on` at least, whatever the connection was set to.
///
/// The pool must lead to the **primary**, because a standby answers from the past. This is how to
/// survive a server that hangs and one that fails over:
///
/// ```no_run
/// use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
/// use secondfactor::store::{PostgresStore, Store as _};
/// use secondfactor::{Keyring, Mfa, SealingKey};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// // The name leads to the primary, also after a failover.
/// let config = "host=db.example user=app dbname=app target_session_attrs=read-write \
///     connect_timeout=2 tcp_user_timeout=5 options='-c statement_timeout=5s'";
/// let pool = Pool::builder(Manager::new(config.parse()?, NoTls)).max_size(16).build()?;
/// let store = PostgresStore::new(pool); // a call has 5 seconds, unless you set another limit
/// store.create_schema().await?; // or run `PostgresStore::schema` in your migrations
/// for finding in store.check().await?.findings() {
///     eprintln!("{finding}");
/// }
/// let mfa = Mfa::new(store, Keyring::new(SealingKey::generate()?));
/// # Ok(())
/// # }
/// ```
///
/// Calls of your own on this pool need a limit of their own. When one misses it, take its
/// connection out of the pool by `Object::take`, because it is still in the middle of that call.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    last_user: Arc<LastUser>,
    limit: Duration,
    sql: Arc<Sql>,
}

impl PostgresStore {
    /// Makes a store on this pool. It connects at the first call.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self {
            pool,
            last_user: Arc::default(),
            limit: limit::DEFAULT,
            sql: Arc::new(Sql::new(&TableNames::default())),
        }
    }

    /// Sets how long a call may take, the wait for a connection included. It is 5 seconds by
    /// default.
    ///
    /// A call that takes longer is an error with [`TimeLimit`](super::TimeLimit) among its sources.
    /// Its connection is closed, and so is every connection that nobody has used since the call
    /// began.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the names of the table and of the sequence.
    ///
    /// Without a schema, they are looked for in the connection's `search_path`. Name a schema if
    /// your application changes the `search_path` of connections of this pool.
    #[must_use]
    pub fn with_names(mut self, names: TableNames) -> Self {
        self.sql = Arc::new(Sql::new(&names));
        self
    }

    /// Returns the SQL that creates the table and the sequence, for applications that run
    /// migrations of their own. It may be repeated.
    ///
    /// A schema that the names have must be there. The application's role needs `USAGE` on it,
    /// `SELECT`, `INSERT`, `UPDATE` and `DELETE` on the table, and `USAGE` on the sequence.
    ///
    /// ```
    /// use secondfactor::store::{PostgresStore, TableNames};
    ///
    /// let sql = PostgresStore::schema(&TableNames::new("login.mfa")?);
    /// assert!(sql.contains("CREATE TABLE IF NOT EXISTS login.mfa_record ("));
    /// # Ok::<(), secondfactor::store::TableNameError>(())
    /// ```
    #[must_use]
    pub fn schema(names: &TableNames) -> String {
        names.fill(SCHEMA)
    }

    /// Creates what [`schema`](Self::schema) names, if it is missing.
    ///
    /// # Errors
    /// [`PostgresError`] if there is no connection, or no right to create it.
    pub async fn create_schema(&self) -> Result<(), PostgresError> {
        let create = async |connection: Connection<'_>| batch(connection, &self.sql.create).await;
        self.bounded(lend(&self.pool, &self.last_user, create))
            .await
    }

    async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, PostgresError> {
        let call = async |connection: Connection<'_>| query(connection, sql, parameters).await;
        self.bounded(lend(&self.pool, &self.last_user, call)).await
    }

    /// Waits for the call, but no longer than the limit.
    ///
    /// When the server hangs, its other connections would cost a limit each. Those that somebody
    /// has used since are spared, because a server that is only slow would have to open all of them
    /// again.
    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, PostgresError>>,
    ) -> Result<T, PostgresError> {
        let start = Instant::now();
        let answer = within(self.limit, call).await;
        if answer.as_ref().is_err_and(PostgresError::is_of_the_server) {
            let _closed = self
                .pool
                .retain(|_, metrics| metrics.last_used() < start.elapsed());
        }
        answer
    }

    /// Writes one record, in a transaction of its own.
    async fn write(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
        body: &[u8],
    ) -> Result<Swap, PostgresError> {
        match self.query(statement, parameters).await {
            Ok(rows) => Ok(Swap::from_rows(body, rows.len() as u64)),
            Err(error) if error.is_lost_to_another() => Ok(Swap::Conflict),
            Err(error) => Err(error),
        }
    }
}

impl Store for PostgresStore {
    type Error = PostgresError;

    async fn check(&self) -> Result<Report, PostgresError> {
        let rows = self.query(&self.sql.check, &[]).await?;
        let mut found = Vec::new();
        for row in &rows {
            let is = |column| row.try_get::<_, bool>(column);
            found.extend(findings(is, row.try_get("standbys")?)?);
        }
        match self
            .bounded(check::loses_statements(&self.pool, &self.last_user))
            .await
        {
            Ok(true) => found.push(Finding::LosesStatements),
            Err(error) if !error.is_time_limit() => return Err(error),
            _ => {} // a pooler may have one connection only, or none to spare now
        }
        Ok(Report::new(found))
    }

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, PostgresError> {
        let rows = self.query(&self.sql.load, &[&key(account)]).await?;
        let stored = |row: &Row| {
            let version = Version::from_signed(row.try_get(0)?);
            Ok(Stored::new(version, row.try_get(1)?))
        };
        rows.first().map(stored).transpose()
    }

    async fn swap(
        &self,
        account: &AccountId,
        expected: Option<Version>,
        next: &[u8],
    ) -> Result<Swap, PostgresError> {
        let account = key(account);
        match expected {
            Some(expected) => {
                self.write(
                    &self.sql.update,
                    &[&next, &account, &expected.signed()],
                    next,
                )
                .await
            }
            None => self.write(&self.sql.insert, &[&account, &next], next).await,
        }
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, PostgresError> {
        self.write(&self.sql.remove, &[&key(account), &expected.signed()], &[])
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
        let rows = self.query(&self.sql.list, &[&after, &limit]).await?;
        let account = |key: Vec<u8>| {
            AccountId::from_stored(key).map_err(|_| PostgresError(Cause::ForeignKey))
        };
        rows.iter().map(|row| account(row.try_get(0)?)).collect()
    }
}

fn key(account: &AccountId) -> &[u8] {
    account.as_str().as_bytes()
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}
