//! What is not as it should be on the way to a server of PostgreSQL.

use deadpool_postgres::Pool;

use super::connection::{Connection, batch, lend, query};
use super::error::PostgresError;
use super::last_user::LastUser;

/// Says whether a prepared statement is gone in the next transaction.
///
/// Behind a pooler in transaction mode, each transaction may have another connection to the server.
/// A second transaction takes the one that has the statement.
pub(super) async fn loses_statements(
    pool: &Pool,
    last_user: &LastUser,
) -> Result<bool, PostgresError> {
    if pool.status().max_size < 2 {
        return Ok(false);
    }
    let probe = lend(pool, last_user, async |first: Connection<'_>| {
        query(first, PROBE, &[]).await?;
        let again = lend(pool, last_user, async |second: Connection<'_>| {
            batch(second, "BEGIN; SELECT 1").await?;
            let again = query(first, PROBE, &[]).await;
            second.client.batch_execute("ROLLBACK").await?;
            again
        });
        again.await
    });
    match probe.await {
        Err(error) if error.is_lost_statement() => Ok(true),
        probe => probe.map(|_| false),
    }
}

const PROBE: &str = "SELECT 'secondfactor'";
