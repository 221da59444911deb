//! The statements, by the names of a store's tables.

use crate::store::table_names::TableNames;

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

/// Two servers that start at once would both find no table, and one of them would fail.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('secondfactor'));";

const LOAD: &str = "SELECT version, body FROM {p}_record WHERE account = $1";

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
const UPDATE: &str = concat!(
    "UPDATE {p}_record
    SET version = greatest(version + 1, nextval('{p}_version')), body = $3
    WHERE account = $1 AND version = $2 AND ",
    durably!(),
    " RETURNING version"
);
const INSERT: &str = concat!(
    "INSERT INTO {p}_record (account, version, body)
    SELECT $1::bytea, nextval('{p}_version'), $2::bytea WHERE ",
    durably!(),
    " ON CONFLICT (account) DO NOTHING RETURNING version"
);
const REMOVE: &str = concat!(
    "DELETE FROM {p}_record WHERE account = $1 AND version = $2 AND ",
    durably!(),
    " RETURNING version"
);
const LIST: &str = "SELECT account FROM {p}_record WHERE account > $1 ORDER BY account LIMIT $2";
const CHECK: &str = "SELECT
    to_regclass('{p}_record') IS NOT NULL AND to_regclass('{p}_version') IS NOT NULL AS has_schema,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relpersistence <> 'p'
        AND oid IN (to_regclass('{p}_record'), to_regclass('{p}_version'))) AS is_unlogged,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

pub(super) struct Sql {
    pub(super) load: String,
    pub(super) update: String,
    pub(super) insert: String,
    pub(super) remove: String,
    pub(super) list: String,
    pub(super) check: String,
    pub(super) create: String,
}

impl Sql {
    pub(super) fn new(names: &TableNames) -> Self {
        let named = |sql| names.fill(sql);
        Self {
            load: named(LOAD),
            update: named(UPDATE),
            insert: named(INSERT),
            remove: named(REMOVE),
            list: named(LIST),
            check: named(CHECK),
            create: format!("{LOCK}\n{}", named(SCHEMA)),
        }
    }
}
