//! What is not as it should be on a server of PostgreSQL, or on the way to it.

use deadpool_postgres::Pool;
use deadpool_postgres::tokio_postgres::Row;

use super::connection::{batch, lend, query};
use super::error::PostgresError;
use crate::store::report::Finding;

pub(super) fn findings(row: &Row) -> Result<Vec<Finding>, PostgresError> {
    let is = |column| row.try_get::<_, bool>(column);
    let mut findings = Vec::new();
    if is("is_standby")? {
        findings.push(Finding::NotPrimary);
    } else if is("is_read_only")? {
        findings.push(Finding::ReadOnly);
    }
    if !is("has_schema")? {
        findings.push(Finding::NoSchema);
    }
    if is("is_unlogged")? {
        findings.push(Finding::Unlogged);
    }
    for setting in ["fsync", "full_page_writes"] {
        if !is(setting)? {
            findings.push(Finding::Setting {
                name: setting,
                value: "off".to_owned(),
            });
        }
    }
    let standbys: i64 = row.try_get("standbys")?;
    if standbys > 0 && !is("waits_for_standbys")? {
        findings.push(Finding::AsynchronousReplicas {
            count: standbys.unsigned_abs(),
        });
    }
    Ok(findings)
}

/// Says whether a prepared statement is gone in the next transaction.
///
/// Behind a pooler in transaction mode, each transaction may have another connection to the server.
/// A second transaction takes the one that has the statement.
pub(super) async fn loses_statements(pool: &Pool) -> Result<bool, PostgresError> {
    if pool.status().max_size < 2 {
        return Ok(false);
    }
    let probe = lend(pool, async |first| {
        query(first, PROBE, &[]).await?;
        let again = lend(pool, async |second| {
            batch(second, "BEGIN; SELECT 1").await?;
            let again = query(first, PROBE, &[]).await;
            second.batch_execute("ROLLBACK").await?;
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
