//! The statements, with the names that a store was given.

use super::error::{Cause, PostgresError};

/// Account ids are bytes, because PostgreSQL's text can't hold NUL and compares by collation. Every
/// write takes its version from one sequence, which never goes back, so that no version returns
/// after a remove. The free space in each page lets an update stay in its page, without a new index
/// entry.
pub(super) const SCHEMA: &str = "\
CREATE SEQUENCE IF NOT EXISTS secondfactor_version;
CREATE TABLE IF NOT EXISTS secondfactor_record (
    account bytea NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 70);
";

const LOAD: &str = "SELECT version, body FROM secondfactor_record WHERE account = $1";

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
    "UPDATE secondfactor_record
    SET version = greatest(version + 1, nextval('secondfactor_version')), body = $3
    WHERE account = $1 AND version = $2 AND ",
    durably!(),
    " RETURNING version"
);
const INSERT: &str = concat!(
    "INSERT INTO secondfactor_record (account, version, body)
    SELECT $1::bytea, nextval('secondfactor_version'), $2::bytea WHERE ",
    durably!(),
    " ON CONFLICT (account) DO NOTHING RETURNING version"
);
const REMOVE: &str = concat!(
    "DELETE FROM secondfactor_record WHERE account = $1 AND version = $2 AND ",
    durably!(),
    " RETURNING version"
);
const LIST: &str =
    "SELECT account FROM secondfactor_record WHERE account > $1 ORDER BY account LIMIT $2";
const CHECK: &str = "SELECT
    to_regclass('secondfactor_record') IS NOT NULL AND to_regclass('secondfactor_version') IS NOT NULL AS has_schema,
    EXISTS (SELECT FROM pg_catalog.pg_class WHERE relpersistence <> 'p'
        AND oid IN (to_regclass('secondfactor_record'), to_regclass('secondfactor_version'))) AS is_unlogged,
    pg_is_in_recovery() AS is_standby,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    current_setting('fsync') = 'on' AS fsync,
    current_setting('full_page_writes') = 'on' AS full_page_writes,
    current_setting('synchronous_standby_names') <> '' AS waits_for_standbys,
    (SELECT count(*) FROM pg_stat_replication) AS standbys";

/// Where the records are. Each name is quoted.
#[derive(Clone)]
pub(super) struct Names {
    schema: Option<String>,
    table: String,
    sequence: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            schema: None,
            table: "secondfactor_record".to_owned(),
            sequence: "secondfactor_version".to_owned(),
        }
    }
}

impl Names {
    pub(super) fn with_schema(self, schema: &str) -> Result<Self, PostgresError> {
        Ok(Self {
            schema: Some(quoted(schema)?),
            ..self
        })
    }

    pub(super) fn with_relations(self, table: &str, sequence: &str) -> Result<Self, PostgresError> {
        Ok(Self {
            table: quoted(table)?,
            sequence: quoted(sequence)?,
            ..self
        })
    }

    /// By way of names that no table can have, so that no name is replaced in another one.
    fn put_into(&self, sql: &str) -> String {
        let qualified = |name: &str| match &self.schema {
            Some(schema) => format!("{schema}.{name}"),
            None => name.to_owned(),
        };
        sql.replace("secondfactor_record", "{table}")
            .replace("secondfactor_version", "{sequence}")
            .replace("{table}", &qualified(&self.table))
            .replace("{sequence}", &qualified(&self.sequence))
    }
}

/// Quoted, so that `user` is a name too. PostgreSQL would cut a longer one.
fn quoted(name: &str) -> Result<String, PostgresError> {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let begins = name.starts_with(|first: char| !first.is_ascii_digit());
    if begins && name.len() <= 63 && name.bytes().all(is_word) {
        Ok(format!("\"{name}\""))
    } else {
        Err(PostgresError(Cause::Name(name.to_owned())))
    }
}

pub(super) struct Sql {
    pub(super) names: Names,
    pub(super) schema: String,
    pub(super) load: String,
    pub(super) update: String,
    pub(super) insert: String,
    pub(super) remove: String,
    pub(super) list: String,
    pub(super) check: String,
}

impl Sql {
    pub(super) fn new(names: Names) -> Self {
        let named = |sql| names.put_into(sql);
        Self {
            schema: named(SCHEMA),
            load: named(LOAD),
            update: named(UPDATE),
            insert: named(INSERT),
            remove: named(REMOVE),
            list: named(LIST),
            check: named(CHECK),
            names,
        }
    }
}
