//! A connection that is taken from the pool for one call.

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Database, Pool};
#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-sqlite"))]
use sqlx::{Executor, SqlStr};

/// Holds a connection until it is given back. Dropped before that, since the call failed, missed its
/// limit or was dropped itself, the connection is closed: nobody knows what it is in the middle of.
pub(super) struct Taken<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Taken<DB> {
    /// Waits for a connection. One on which `sqlx` counts a transaction that nobody has a handle of
    /// any longer is closed, as the count can't be set back.
    pub(super) async fn from(pool: &Pool<DB>) -> Result<Self, sqlx::Error> {
        loop {
            let taken = Self(Some(pool.acquire().await?));
            if taken.0.as_ref().is_some_and(|it| !it.is_in_transaction()) {
                return Ok(taken);
            }
        }
    }

    pub(super) fn get(&mut self) -> Result<&mut DB::Connection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Has the connection closed even if the call succeeds.
    #[cfg(feature = "sqlx-mysql")]
    pub(super) fn close_at_end(&mut self) {
        if let Some(connection) = &mut self.0 {
            connection.close_on_drop();
        }
    }

    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<DB: Database> Drop for Taken<DB> {
    fn drop(&mut self) {
        // A `PoolConnection` that is dropped goes back to its pool, as soon as it answers.
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// Closes the connections that nobody uses now. When the server hangs, each of them would cost a
/// limit.
pub(super) fn close_idle<DB: Database>(pool: &Pool<DB>) {
    for idle in (0..pool.num_idle()).map_while(|_| pool.try_acquire()) {
        drop(idle.detach());
    }
}

/// Ends a transaction that the connection's last user left open, as a write inside of it would be
/// taken back with it.
///
/// A transaction is begun by a statement that begins none: so it fails, unless there is one. A plain
/// `ROLLBACK` would be a warning in the logs of PostgreSQL, at each call.
#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-sqlite"))]
pub(super) async fn end_transaction<DB: Database>(
    connection: &mut DB::Connection,
) -> Result<(), sqlx::Error>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    const NOTHING: SqlStr = SqlStr::from_static("SELECT 1");
    let is_open = match connection.begin_with(NOTHING).await {
        Ok(open) => return open.rollback().await,
        Err(error) => !matches!(error, sqlx::Error::BeginFailed),
    };
    if is_open {
        // In PostgreSQL, one that has failed obeys nothing else.
        connection.execute(SqlStr::from_static("ROLLBACK")).await?;
    }
    Ok(())
}
