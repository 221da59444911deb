//! How a SQLite file fails.

use std::path::Path;
use std::sync::Arc;

use crate::store::limit::TimeLimit;

/// Says that SQLite refused or failed, or that the file stayed locked for the time limit. What was
/// being written may be written or not.
#[derive(Debug)]
pub struct SqliteError {
    pub(super) path: Arc<Path>,
    pub(super) fault: Fault,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("SQLite failed")]
    Driver(#[from] rusqlite::Error),
    #[error("the SQLite file can't be set to WAL mode")]
    NoWal,
    #[error("this path leads to no SQLite file with its -wal and -shm")]
    NoFile(#[source] std::io::Error),
    #[error("the SQLite file, or its -wal or -shm, was replaced or deleted, so restart")]
    Replaced,
    #[error("the SQLite file stayed locked")]
    TimeLimit(#[from] TimeLimit),
    #[error("a key in the SQLite file is no account id")]
    ForeignKey,
}

impl std::fmt::Display for SqliteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.fault, self.path.display())
    }
}

impl std::error::Error for SqliteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.fault.source()
    }
}
