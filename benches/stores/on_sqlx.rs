//! The stores on `sqlx`, each beside its bare driver on the same pool.

use std::sync::Arc;

use secondfactor::AccountId;
use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::store::drivers::sqlx::mysql::{MySql, MySqlPoolOptions};
use secondfactor::store::drivers::sqlx::postgres::{PgConnectOptions, PgPoolOptions, Postgres};
use secondfactor::store::drivers::sqlx::sqlite::{
    Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use secondfactor::store::drivers::sqlx::{self, AssertSqlSafe};
use secondfactor::store::{SqlxMySqlStore, SqlxPostgresStore, SqlxSqliteStore};

use crate::bare::Bare;
use crate::{POOL, Table, fill};

/// The bare driver of one database.
struct Driver<DB: sqlx::Database>(sqlx::Pool<DB>);

macro_rules! bare {
    ($database:ty, $select:literal, $update:literal) => {
        impl Bare for Driver<$database> {
            async fn login(&self, id: &str, work: &mut (impl FnMut() + Send)) {
                let select = sqlx::query_as($select).bind(id.as_bytes());
                let (version, body): (i64, Vec<u8>) = select.fetch_one(&self.0).await.unwrap();
                work();
                let update = sqlx::query($update)
                    .bind(body)
                    .bind(id.as_bytes())
                    .bind(version);
                assert_eq!(update.execute(&self.0).await.unwrap().rows_affected(), 1);
            }
        }
    };
}

bare!(
    Postgres,
    "SELECT version, body FROM secondfactor_record WHERE account = $1",
    "UPDATE secondfactor_record SET version = version + 1, body = $1 WHERE account = $2 AND version = $3"
);
bare!(
    MySql,
    "SELECT version, body FROM secondfactor_record WHERE account = ?",
    "UPDATE secondfactor_record SET version = version + 1, body = ? WHERE account = ? AND version = ?"
);
bare!(
    Sqlite,
    "SELECT version, body FROM secondfactor_record WHERE account = ?1",
    "UPDATE secondfactor_record SET version = version + 1, body = ?1 WHERE account = ?2 AND version = ?3"
);

pub(crate) fn sqlite(table: &mut Table, sizes: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let connect = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(std::time::Duration::from_secs(10));
    let options = SqlitePoolOptions::new().max_connections(4);
    let pool = table
        .runtime
        .block_on(options.connect_with(connect))
        .unwrap();
    let store = Arc::new(SqlxSqliteStore::new(pool.clone()));
    table.runtime.block_on(store.create_schema()).unwrap();
    let floor = Arc::new(Driver(pool));
    let mut filled = 0;
    for size in sizes {
        fill::sqlite(&path, table.records.range(filled..*size));
        filled = *size;
        table.rows("sqlx sqlite", *size, &store, Some(&floor));
    }
}

pub(crate) fn postgres(table: &mut Table, sizes: &[usize], config: &str) {
    let schema = format!("bench_sqlx_{}", std::process::id());
    let own = format!("{config} options='-c search_path={schema}'");
    let filler = Pool::builder(Manager::new(own.parse().unwrap(), NoTls))
        .build()
        .unwrap();
    let options = PgPoolOptions::new().max_connections(POOL as u32);
    let connect = connect_options(config).options([("search_path", &schema)]);
    let pool = table
        .runtime
        .block_on(options.connect_with(connect))
        .unwrap();
    let run = async |sql: String| {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        sql.execute(&pool).await.unwrap();
    };
    let create = format!("CREATE SCHEMA {schema}");
    table.runtime.block_on(run(create));
    let store = Arc::new(SqlxPostgresStore::new(pool.clone()));
    table.runtime.block_on(store.create_schema()).unwrap();
    let floor = Arc::new(Driver(pool.clone()));
    let mut filled = 0;
    for size in sizes {
        let records = table.records.range(filled..*size);
        table.runtime.block_on(fill::postgres(&filler, records));
        filled = *size;
        table.rows("sqlx postgres", *size, &store, Some(&floor));
    }
    let drop = format!("DROP SCHEMA {schema} CASCADE");
    table.runtime.block_on(run(drop));
}

/// From the words that the other driver of PostgreSQL reads.
fn connect_options(config: &str) -> PgConnectOptions {
    let words = config.split(' ').map(|word| word.split_once('=').unwrap());
    words.fold(
        PgConnectOptions::new_without_pgpass(),
        |connect, word| match word {
            ("host", host) => connect.host(host),
            ("port", port) => connect.port(port.parse().unwrap()),
            ("user", user) => connect.username(user),
            ("dbname", name) => connect.database(name),
            (other, _) => unreachable!("{other}"),
        },
    )
}

pub(crate) fn mariadb(table: &mut Table, sizes: &[usize], server: &str) {
    let database = format!("bench_{}", std::process::id());
    let connect = |url: String| {
        let options = MySqlPoolOptions::new().max_connections(POOL as u32);
        table
            .runtime
            .block_on(async { options.connect(&url).await.unwrap() })
    };
    let admin = connect(server.to_owned());
    let run = async |sql: String| {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        sql.execute(&admin).await.unwrap();
    };
    table
        .runtime
        .block_on(run(format!("CREATE DATABASE {database}")));
    let pool = connect(format!("{server}/{database}"));
    let store = Arc::new(SqlxMySqlStore::new(pool.clone()));
    table.runtime.block_on(store.create_schema()).unwrap();
    let floor = Arc::new(Driver(pool.clone()));
    let mut filled = 0;
    for size in sizes {
        let records = table.records.range(filled..*size);
        table.runtime.block_on(fill_mariadb(&pool, records));
        filled = *size;
        table.rows("sqlx mariadb", *size, &store, Some(&floor));
    }
    table
        .runtime
        .block_on(run(format!("DROP DATABASE {database}")));
}

async fn fill_mariadb(pool: &sqlx::MySqlPool, records: Vec<(&AccountId, &[u8])>) {
    let insert = "INSERT INTO secondfactor_record (account, version, body) VALUES (?, 1, ?)";
    let mut transaction = pool.begin().await.unwrap();
    for (account, body) in records {
        let insert = sqlx::query(insert)
            .bind(account.as_str().as_bytes())
            .bind(body);
        insert.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
}
