//! The pool for the library's store and the site's own tables, set up as the library's manual says.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use secondfactor::store::drivers::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use secondfactor::store::drivers::sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use secondfactor::store::drivers::sqlx::{self, PgPool, SqlitePool};
use secondfactor::store::{AnyStore, Report, Severity, SqlxPostgresStore, SqlxSqliteStore};

use super::Database;
use crate::config::StoreAddress;
use crate::{Outcome, chain, files};

/// For a connection, or SQLite's lock: below the limit of a call.
const WAIT: Duration = Duration::from_secs(3);

/// Opens both halves on one address: the library's store, and the site's database.
pub(crate) async fn open(address: &StoreAddress) -> Outcome<(AnyStore, Database)> {
    match address {
        StoreAddress::Sqlite(path) => {
            // So that no name is special to SQLite, as `:memory:` is.
            let path = std::path::absolute(path)?;
            let opened = open_sqlite(&path).await;
            let name = format!("the database {}", path.display());
            opened.map_err(|error| format!("{name} can't be used: {}", chain(&*error)).into())
        }
        StoreAddress::Postgres(address) => {
            let options = postgres_options(address)?;
            let name = format!("PostgreSQL at {}", server(&options));
            let opened = open_postgres(options).await;
            opened.map_err(|error| format!("{name} can't be used: {}", chain(&*error)).into())
        }
    }
}

async fn open_sqlite(path: &Path) -> Outcome<(AnyStore, Database)> {
    files::make_private(path)?;
    let pool = sqlite(path).await?;
    let store = SqlxSqliteStore::new(pool.clone());
    store.create_schema().await?;
    let database = Database::Sqlite(pool);
    database.create_schema().await?;
    Ok((AnyStore::new(store), database))
}

async fn open_postgres(options: PgConnectOptions) -> Outcome<(AnyStore, Database)> {
    let pool = postgres(options);
    let store = SqlxPostgresStore::new(pool.clone());
    store.create_schema().await?;
    let database = Database::Postgres(pool);
    database.create_schema().await?;
    Ok((AnyStore::new(store), database))
}

pub(super) async fn sqlite(path: &Path) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(WAIT);
    let pool = SqlitePoolOptions::new().acquire_timeout(WAIT);
    pool.connect_with(options).await
}

/// Without TLS, for a database beside this server: over a network, give `sqlx` one of its features `tls-..`.
pub(super) fn postgres(options: PgConnectOptions) -> PgPool {
    let pool = PgPoolOptions::new()
        .max_connections(16)
        .acquire_timeout(WAIT);
    let pool = pool.after_connect(|connection, _| {
        Box::pin(async move {
            let is_standby = sqlx::query_scalar("SELECT pg_is_in_recovery()");
            match is_standby.fetch_one(connection).await? {
                true => Err(sqlx::Error::Configuration("this is a standby".into())),
                false => Ok(()),
            }
        })
    });
    pool.connect_lazy_with(options)
}

/// The address may have options of its own.
pub(super) fn postgres_options(address: &str) -> Outcome<PgConnectOptions> {
    // The error of a bad address could quote it, and with it the password.
    let options: PgConnectOptions = address
        .parse()
        .map_err(|_| "the address of PostgreSQL can't be read")?;
    if !is_this_machine(&options) {
        tracing::warn!(
            "sessions and password hashes cross the network to the database in the clear: use a tunnel"
        );
    }
    Ok(match options.get_options() {
        Some(_) => options,
        None => options.options([("statement_timeout", "5s")]),
    })
}

/// A name in the address may lead anywhere, but this one.
pub(super) fn is_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    let address = host.parse().map(|address: IpAddr| address.to_canonical());
    options.get_socket().is_some()
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
}

/// Without the user and the password.
fn server(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

/// Logs what the library's store finds in its server's state and settings, the worst first; with what is unsafe there is no
/// start.
pub(crate) fn heed(report: &Report) -> Outcome {
    refuse_unsafe(report)?;
    for finding in report.findings() {
        tracing::warn!("{finding}");
    }
    Ok(())
}

pub(crate) fn refuse_unsafe(report: &Report) -> Outcome {
    let mut findings = report.findings().iter();
    match findings.find(|finding| finding.severity() >= Severity::Unsafe) {
        Some(finding) => Err(format!("the store is not fit for a login: {finding}").into()),
        None => Ok(()),
    }
}
