//! Pools of `sqlx` for the tests, each as an application would have it.

use std::time::Duration;

use secondfactor::store::drivers::sqlx::mysql::{MySqlConnectOptions, MySqlPool};
use secondfactor::store::drivers::sqlx::pool::PoolOptions;
use secondfactor::store::drivers::sqlx::postgres::{PgConnectOptions, PgPool};
use secondfactor::store::drivers::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous,
};
use secondfactor::store::drivers::sqlx::{self, Database, Executor};

use crate::support::RUNTIME;

fn options<DB: Database>() -> PoolOptions<DB> {
    // A server that is not there is asked again for so long.
    let patience = Duration::from_secs(5);
    PoolOptions::new()
        .max_connections(4)
        .acquire_timeout(patience)
}

pub(crate) fn sqlite(path: &str) -> SqlitePool {
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10));
    let _runtime = RUNTIME.enter();
    options().connect_lazy_with(connect)
}

/// From the words that the other driver of PostgreSQL reads.
pub(crate) fn postgres(config: &str) -> PgPool {
    let _runtime = RUNTIME.enter();
    options().connect_lazy_with(postgres_options(config))
}

pub(crate) fn postgres_options(config: &str) -> PgConnectOptions {
    let (words, settings) = config.split_once(" options='").unwrap_or((config, ""));
    let connect =
        words.split(' ').fold(
            PgConnectOptions::new_without_pgpass(),
            |connect, word| match word.split_once('=').unwrap() {
                ("host", host) => connect.host(host),
                ("port", port) => connect.port(port.parse().unwrap()),
                ("user", user) => connect.username(user),
                ("dbname", name) => connect.database(name),
                _ => panic!("{word}"),
            },
        );
    let settings = settings.trim_end_matches('\'').split("-c ");
    connect.options(settings.filter_map(|setting| setting.trim().split_once('=')))
}

pub(crate) fn mariadb(url: &str) -> MySqlPool {
    let connect: MySqlConnectOptions = url.parse().unwrap();
    let _runtime = RUNTIME.enter();
    options().connect_lazy_with(connect)
}

/// The same with one connection, so that a call gets the one that the test had.
pub(crate) fn single<DB: Database>(pool: &sqlx::Pool<DB>) -> sqlx::Pool<DB> {
    let connect = (*pool.connect_options()).clone();
    let _runtime = RUNTIME.enter();
    options().max_connections(1).connect_lazy_with(connect)
}

/// Statements without parameters, on one connection.
pub(crate) async fn batch<DB: Database>(pool: &sqlx::Pool<DB>, statements: impl Into<String>)
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    let mut connection = pool.acquire().await.unwrap();
    let statements = sqlx::AssertSqlSafe(statements.into());
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
}
