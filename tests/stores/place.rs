//! Where the tests keep records: a SQLite file, or a server that the environment names. Other processes get a place as
//! one line of text, and open it too.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secondfactor::store::drivers::deadpool_postgres::{Manager, Pool, tokio_postgres::NoTls};
use secondfactor::store::drivers::redis::{Client, aio::MultiplexedConnection};
use secondfactor::store::{
    AnyStore, PostgresStore, RedisStore, SqliteStore, SqlxMySqlStore, SqlxPostgresStore,
    SqlxSqliteStore,
};

use crate::sqlx_pools;
use crate::support::run;

/// No test but those of the limit itself depends on how fast the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Sqlite { path: String },
    Postgres { config: String },
    Redis { url: String, namespace: String },
    SqlxSqlite { path: String },
    SqlxPostgres { config: String },
    SqlxMariaDb { url: String },
}

impl Place {
    pub(crate) fn sqlite(path: &Path) -> Self {
        Self::Sqlite {
            path: path.to_str().unwrap().to_owned(),
        }
    }

    /// A schema of its own on the server that the environment names.
    pub(crate) fn postgres() -> Self {
        Self::postgres_at(&named_by("SECONDFACTOR_TEST_POSTGRES"))
    }

    pub(crate) fn postgres_at(config: &str) -> Self {
        let schema = unique("test");
        let own = format!("{config} options='-c search_path={schema}'");
        run(async {
            let client = pool(config).get().await.unwrap();
            client
                .batch_execute(&format!("CREATE SCHEMA {schema}"))
                .await
                .unwrap();
            PostgresStore::new(pool(&own))
                .create_schema()
                .await
                .unwrap();
        });
        Self::Postgres { config: own }
    }

    /// Names of its own on the server that the environment names.
    pub(crate) fn redis() -> Self {
        Self::redis_at(&named_by("SECONDFACTOR_TEST_REDIS"))
    }

    pub(crate) fn redis_at(url: &str) -> Self {
        Self::Redis {
            url: url.to_owned(),
            namespace: unique("test"),
        }
    }

    /// A file of its own.
    pub(crate) fn sqlx_sqlite(path: &Path) -> Self {
        let path = path.to_str().unwrap().to_owned();
        let pool = sqlx_pools::sqlite(&path);
        run(SqlxSqliteStore::new(pool.clone()).create_schema()).unwrap();
        // Some settings of the file can be changed by its only connection alone.
        run(pool.close());
        Self::SqlxSqlite { path }
    }

    pub(crate) fn sqlx_postgres() -> Self {
        Self::postgres().on_sqlx()
    }

    /// A database of its own on the server that the environment names.
    pub(crate) fn sqlx_mariadb() -> Self {
        Self::sqlx_mariadb_at(&named_by("SECONDFACTOR_TEST_MARIADB"), "")
    }

    pub(crate) fn sqlx_mariadb_at(server: &str, options: &str) -> Self {
        let database = unique("test");
        let url = format!("{server}/{database}{options}");
        run(async {
            let server = sqlx_pools::mariadb(&format!("{server}{options}"));
            let create = format!("CREATE DATABASE {database}");
            sqlx_pools::batch(&server, create).await;
            let store = SqlxMySqlStore::new(sqlx_pools::mariadb(&url));
            store.create_schema().await.unwrap();
        });
        Self::SqlxMariaDb { url }
    }

    /// The same tables by way of `sqlx`.
    pub(crate) fn on_sqlx(self) -> Self {
        match self {
            Self::Postgres { config } => Self::SqlxPostgres { config },
            Self::Sqlite { path } => Self::SqlxSqlite { path },
            other => other,
        }
    }

    /// One more handle to it, as another server would have.
    pub(crate) fn open(&self) -> AnyStore {
        match self {
            Self::Sqlite { path } => {
                let store = SqliteStore::open(path).unwrap();
                AnyStore::new(store.with_time_limit(PATIENCE))
            }
            Self::Postgres { config } => {
                AnyStore::new(PostgresStore::new(pool(config)).with_time_limit(PATIENCE))
            }
            Self::Redis { .. } => AnyStore::new(self.open_redis().with_time_limit(PATIENCE)),
            Self::SqlxSqlite { path } => {
                let store = SqlxSqliteStore::new(sqlx_pools::sqlite(path));
                AnyStore::new(store.with_time_limit(PATIENCE))
            }
            Self::SqlxPostgres { config } => {
                let store = SqlxPostgresStore::new(sqlx_pools::postgres(config));
                AnyStore::new(store.with_time_limit(PATIENCE))
            }
            Self::SqlxMariaDb { url } => {
                let store = SqlxMySqlStore::new(sqlx_pools::mariadb(url));
                AnyStore::new(store.with_time_limit(PATIENCE))
            }
        }
    }

    pub(crate) fn open_redis(&self) -> RedisStore {
        match self {
            Self::Redis { url, namespace } => {
                RedisStore::new(Client::open(&**url).unwrap()).with_namespace(namespace)
            }
            _ => panic!("{self}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "sqlite|{path}"),
            Self::Postgres { config } => write!(f, "postgres|{config}"),
            Self::Redis { url, namespace } => write!(f, "redis|{url}|{namespace}"),
            Self::SqlxSqlite { path } => write!(f, "sqlx-sqlite|{path}"),
            Self::SqlxPostgres { config } => write!(f, "sqlx-postgres|{config}"),
            Self::SqlxMariaDb { url } => write!(f, "sqlx-mariadb|{url}"),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text
            .split('|')
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .as_slice()
        {
            [kind, path] if kind == "sqlite" => Ok(Self::Sqlite { path: path.clone() }),
            [kind, config] if kind == "postgres" => Ok(Self::Postgres {
                config: config.clone(),
            }),
            [kind, url, namespace] if kind == "redis" => Ok(Self::Redis {
                url: url.clone(),
                namespace: namespace.clone(),
            }),
            [kind, path] if kind == "sqlx-sqlite" => Ok(Self::SqlxSqlite { path: path.clone() }),
            [kind, config] if kind == "sqlx-postgres" => Ok(Self::SqlxPostgres {
                config: config.clone(),
            }),
            [kind, url] if kind == "sqlx-mariadb" => Ok(Self::SqlxMariaDb { url: url.clone() }),
            _ => Err(text.to_owned()),
        }
    }
}

pub(crate) fn pool(config: &str) -> Pool {
    Pool::builder(Manager::new(config.parse().unwrap(), NoTls))
        .max_size(4)
        .build()
        .unwrap()
}

/// A connection to a Redis for what no store does.
pub(crate) async fn connection(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

fn named_by(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} names no server: run it by scripts/services"))
}

fn unique(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let time = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    format!(
        "{prefix}_{}_{time}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}
