//! Keeps the records: the storage contract, adapters for databases, and the contract as a test
//! suite.

mod any;
mod block_on;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod limit;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlx-postgres"))]
mod postgresql;
#[cfg(feature = "redis")]
mod redis;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
mod sqlx;
#[cfg(any(
    feature = "postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
mod table_names;

pub use any::{AnyStore, AnyStoreError};
pub use block_on::{BlockOn, ThisThread};
pub use contract::{Committed, ListAccounts, Store, Stored, Swap, Version};
pub(crate) use contract::{Tag, tag};
pub use limit::TimeLimit;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresError, PostgresStore};
#[cfg(feature = "redis")]
pub use redis::{RedisError, RedisStore};
pub use report::{Finding, Report, Severity};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteError, SqliteStore};
#[cfg(any(
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub use sqlx::SqlxError;
#[cfg(feature = "sqlx-mysql")]
pub use sqlx::SqlxMySqlStore;
#[cfg(feature = "sqlx-postgres")]
pub use sqlx::SqlxPostgresStore;
#[cfg(feature = "sqlx-sqlite")]
pub use sqlx::SqlxSqliteStore;
#[cfg(any(
    feature = "postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub use table_names::{TableNameError, TableNames};

/// Exports the database drivers of the adapters, in the versions that fit.
pub mod drivers {
    #[cfg(feature = "postgres")]
    pub use deadpool_postgres;
    #[cfg(feature = "redis")]
    pub use redis;
    #[cfg(any(
        feature = "sqlx-mysql",
        feature = "sqlx-postgres",
        feature = "sqlx-sqlite"
    ))]
    pub use sqlx;
}
