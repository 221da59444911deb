//! What a store finds in its server's state and settings.

use std::fmt;

/// Reports what a store's [`check`](crate::store::Store::check) found. An empty report is good.
///
/// ```
/// use secondfactor::store::{Severity, SqliteStore, Store};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("accounts.db");
/// let store = SqliteStore::open(path)?;
/// # pollster::block_on(async {
/// let report = store.check().await?;
/// for finding in report.findings() {
///     eprintln!("{finding}");
/// }
/// assert!(report.worst() < Some(Severity::Unsafe), "not fit for a login");
/// # Ok::<(), secondfactor::store::SqliteError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Makes a report of what a store of your own found.
    pub fn new(mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        Self { findings }
    }

    /// Returns what is not as it should be, the worst first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns how bad the worst finding is, or `None` if there is none.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.first().map(Finding::severity)
    }
}

/// Says how bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// The server does not show it, so look yourself.
    Unknown,
    /// A crash or a failover can take back the last writes. Then a code may work a second time
    /// while it is fresh, and failures are forgotten.
    Lossy,
    /// The store laws do not hold, or no call will succeed. Do not start.
    Unsafe,
}

/// Says what is not as it should be. Its text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The server is a replica. It answers from the past and refuses writes.
    NotPrimary,
    /// The tables are missing.
    NoSchema,
    /// A table or sequence is unlogged or temporary. A crash or a failover empties it.
    Unlogged,
    /// Transactions are read-only by a setting. No login succeeds.
    ReadOnly,
    /// A pooler on the way to the server loses prepared statements, or runs those of others.
    LosesStatements,
    /// The server drops records when its memory is full.
    Evicts {
        /// The `maxmemory-policy` has this value.
        policy: String,
    },
    /// There are replicas that may lack the last writes when one of them takes over.
    AsynchronousReplicas {
        /// So many are connected.
        count: u64,
    },
    /// A setting makes committed writes less than durable.
    Setting {
        /// The setting has this name.
        name: &'static str,
        /// It has this value.
        value: String,
    },
    /// A setting or a table is not as the store laws need it.
    Unfit {
        /// It has this name.
        name: &'static str,
        /// It has this value.
        value: String,
        /// It must be this.
        needed: &'static str,
    },
    /// The server does not show a setting.
    Hidden {
        /// The setting has this name.
        name: &'static str,
    },
}

impl Finding {
    /// Returns how bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::NotPrimary
            | Self::NoSchema
            | Self::Unlogged
            | Self::ReadOnly
            | Self::LosesStatements
            | Self::Evicts { .. } => Severity::Unsafe,
            Self::AsynchronousReplicas { .. } | Self::Setting { .. } => Severity::Lossy,
            Self::Unfit { .. } => Severity::Unsafe,
            Self::Hidden { .. } => Severity::Unknown,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPrimary => f.write_str("the server is a replica: connect to the primary"),
            Self::NoSchema => f.write_str("the tables are missing: create the schema"),
            Self::Unlogged => f.write_str(
                "a table or sequence is unlogged: a crash empties it, use ALTER .. SET LOGGED",
            ),
            Self::ReadOnly => f.write_str(
                "transactions are read-only: unset default_transaction_read_only for this role",
            ),
            Self::LosesStatements => f.write_str(
                "a pooler loses prepared statements: set max_prepared_statements (PgBouncer 1.21), \
                 or connect without it",
            ),
            Self::Evicts { policy } => {
                write!(
                    f,
                    "maxmemory-policy is {policy}: records may be dropped, set noeviction"
                )
            }
            Self::AsynchronousReplicas { count } => {
                write!(
                    f,
                    "{count} asynchronous replicas: a failover may lose the last writes"
                )
            }
            Self::Setting { name, value } => {
                write!(f, "{name} is {value}: a crash may lose the last writes")
            }
            Self::Unfit {
                name,
                value,
                needed,
            } => write!(f, "{name} is {value:?}: it must be {needed}"),
            Self::Hidden { name } => write!(f, "{name} can't be seen: look yourself"),
        }
    }
}
