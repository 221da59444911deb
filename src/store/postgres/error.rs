//! How PostgreSQL fails.

use deadpool_postgres::PoolError;
use deadpool_postgres::tokio_postgres::{self, error::SqlState};

use crate::store::limit::TimeLimit;

/// Says that PostgreSQL refused or failed, that it missed its time limit, or that there is no
/// connection. What was being written may be written or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PostgresError(#[from] pub(super) Cause);

#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("PostgreSQL failed")]
    Driver(#[source] tokio_postgres::Error),
    #[error("no connection to PostgreSQL")]
    Pool(#[source] PoolError),
    #[error("PostgreSQL did not answer")]
    TimeLimit(#[source] TimeLimit),
    #[error("a key in PostgreSQL is no account id")]
    ForeignKey,
}

impl PostgresError {
    fn code(&self) -> Option<&SqlState> {
        match &self.0 {
            Cause::Driver(error) => error.code(),
            _ => None,
        }
    }

    /// Says whether the transaction was rolled back for another one, by a serialization failure or
    /// a deadlock.
    pub(super) fn is_lost_to_another(&self) -> bool {
        matches!(
            self.code(),
            Some(&(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED))
        )
    }

    /// Says whether the last user of the connection left a transaction that had failed.
    pub(super) fn is_in_failed_transaction(&self) -> bool {
        self.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION)
    }

    /// Says whether a statement of this connection is gone, or another one is under its name.
    pub(super) fn is_lost_statement(&self) -> bool {
        matches!(
            self.code(),
            Some(&(SqlState::INVALID_SQL_STATEMENT_NAME | SqlState::DUPLICATE_PSTATEMENT))
        )
    }

    pub(super) const fn is_time_limit(&self) -> bool {
        matches!(self.0, Cause::TimeLimit(_))
    }

    /// Says whether other connections of before are as useless: the server hangs, or it was the
    /// primary.
    pub(super) fn is_of_the_server(&self) -> bool {
        self.is_time_limit() || self.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self(Cause::Driver(error))
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> Self {
        Self(Cause::Pool(error))
    }
}

impl From<TimeLimit> for PostgresError {
    fn from(missed: TimeLimit) -> Self {
        Self(Cause::TimeLimit(missed))
    }
}
