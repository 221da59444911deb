//! The library's store, chosen at the start.

use secondfactor::{
    AccountId, PostgresError, PostgresStore, RedisError, RedisStore, SqliteError, SqliteStore, Store, Stored, Swap,
    Version,
};

/// One of the three. A program that knows its store when it is built needs none of this.
#[derive(Debug)]
pub(crate) enum AnyStore {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    Redis(RedisStore),
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum AnyError {
    Sqlite(#[from] SqliteError),
    Postgres(#[from] PostgresError),
    Redis(#[from] RedisError),
}

impl Store for AnyStore {
    type Error = AnyError;

    async fn load(&self, account: &AccountId) -> Result<Option<Stored>, AnyError> {
        Ok(match self {
            Self::Sqlite(store) => store.load(account).await?,
            Self::Postgres(store) => store.load(account).await?,
            Self::Redis(store) => store.load(account).await?,
        })
    }

    async fn swap(&self, account: &AccountId, expected: Option<Version>, next: &[u8]) -> Result<Swap, AnyError> {
        Ok(match self {
            Self::Sqlite(store) => store.swap(account, expected, next).await?,
            Self::Postgres(store) => store.swap(account, expected, next).await?,
            Self::Redis(store) => store.swap(account, expected, next).await?,
        })
    }

    async fn remove(&self, account: &AccountId, expected: Version) -> Result<Swap, AnyError> {
        Ok(match self {
            Self::Sqlite(store) => store.remove(account, expected).await?,
            Self::Postgres(store) => store.remove(account, expected).await?,
            Self::Redis(store) => store.remove(account, expected).await?,
        })
    }
}
