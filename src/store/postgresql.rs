//! The SQL of the stores in PostgreSQL, whatever driver sends it, and what their check finds. The
//! tables are the same, so that an application can go from one store to another.
//!
//! A write returns a row for each row that it has changed.

use super::report::Finding;

/// Account ids are bytes, because PostgreSQL's text can't hold NUL and compares by collation. Every
/// write takes its version from one sequence, which never goes back, so that no version returns
/// after a remove. The free space in each page lets an update stay in its page, without a new index
/// entry.
pub(super) const SCHEMA: &str = "\
CREATE SEQUENCE IF NOT EXISTS {p}_version;
CREATE TABLE IF NOT EXISTS {p}_record (
    account bytea NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 70);
";

/// Two servers that start at once would both find no table, and one of them would fail. Sent as
/// one request, it is one transaction.
pub(super) const CREATE: &str = "SELECT pg_advisory_xact_lock(hashtext('secondfactor'));\n{SCHEMA}";

pub(super) const LOAD: &str = "SELECT version, body FROM {p}_record WHERE account = $1";

/// A write is as durable as the server can make it, whatever a last user of the connection or a
/// configuration for other tables has set. It lasts for this transaction, and lowers nothing.
macro_rules! durably {
    () => {
        "CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN true
        ELSE set_config('synchronous_commit', 'on', true) = 'on' END"
    };
}

/// The new version is above the old one whatever the sequence says, as logical replication does not
/// carry sequences over.
pub(super) const UPDATE: &str = concat!(
    "UPDATE {p}_record
    SET version = greatest(version + 1, nextval('{p}_version')), body = $1
    WHERE account = $2 AND version = $3 AND ",
    durably!(),
    " RETURNING version"
);
pub(super) const INSERT: &str = concat!(
    "INSERT INTO {p}_record (account, version, body)
    SELECT $1::bytea, nextval('{p}_version'), $2::bytea WHERE ",
    durably!(),
    " ON CONFLICT (account) DO NOTHING RETURNING version"
);
pub(super) const REMOVE: &str = concat!(
    "DELETE FROM {p}_record WHERE account = $1 AND version = $2 AND ",
    durably!(),
    " RETURNING version"
);
pub(super) const LIST: &str =
    "SELECT account FROM {p}_record WHERE account > $1 ORDER BY account LIMIT $2";
pub(super) const CHECK: &str = "SELECT
    to_regclass('{p}_record') IS NOT NULL AND to_regclass('{p}_version') IS NOT NULL AS has_schema,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relpersistence <> 'p'
        AND oid IN (to_regclass('{p}_record'), to_regclass('{p}_version'))) AS is_unlogged,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

/// Says what is not as it should be. `is` reads a truth value out of the row that [`CHECK`] returns.
pub(super) fn findings<E>(
    is: impl Fn(&'static str) -> Result<bool, E>,
    standbys: i64,
) -> Result<Vec<Finding>, E> {
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
    for name in ["fsync", "full_page_writes"] {
        if !is(name)? {
            let value = "off".to_owned();
            findings.push(Finding::Setting { name, value });
        }
    }
    if standbys > 0 && !is("waits_for_standbys")? {
        findings.push(Finding::AsynchronousReplicas {
            count: standbys.unsigned_abs(),
        });
    }
    Ok(findings)
}
