//! Records in the database that an application has a pool of `sqlx` for.

mod adapter;
mod error;
#[cfg(feature = "sqlx-mysql")]
mod mysql;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlite;
mod taken;

pub use error::SqlxError;
#[cfg(feature = "sqlx-mysql")]
pub use mysql::SqlxMySqlStore;
#[cfg(feature = "sqlx-postgres")]
pub use postgres::SqlxPostgresStore;
#[cfg(feature = "sqlx-sqlite")]
pub use sqlite::SqlxSqliteStore;
