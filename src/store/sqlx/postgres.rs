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
use crate::store::postgresql::{self, CHECK, CREATE, INSERT, LIST, LOAD, REMOVE, SCHEMA, UPDATE};
use crate::store::report::{Finding, Report};
use crate::store::table_names::TableNames;

/// The sequence never goes back, so there is no floor to raise.
const RAISE_FLOOR: &str = "";

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
    postgresql::findings(|column| row.try_get(column), row.try_get("standbys")?)
}
