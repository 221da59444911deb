//! What a store on a pool of `sqlx` fails with.

use crate::store::limit::TimeLimit;

/// Says that the database refused or failed, or that there is no connection. What was being written
/// may be written or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SqlxError(#[from] Cause);

#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("the database failed")]
    Driver(#[source] sqlx::Error),
    #[error("the database did not answer")]
    Limit(#[source] TimeLimit),
    #[error("a key in the database is no account id")]
    ForeignKey,
    #[cfg(feature = "sqlx-mysql")]
    #[error("the record is too large for its column")]
    TooLarge,
}

impl SqlxError {
    pub(super) const FOREIGN_KEY: Self = Self(Cause::ForeignKey);
    #[cfg(feature = "sqlx-mysql")]
    pub(super) const TOO_LARGE: Self = Self(Cause::TooLarge);
}

impl SqlxError {
    /// Says whether the server hangs, or is one that `is_demoted` says: so its other connections are
    /// as useless.
    pub(super) fn is_of_the_server(&self, is_demoted: fn(&sqlx::Error) -> bool) -> bool {
        match &self.0 {
            Cause::Limit(_) | Cause::Driver(sqlx::Error::PoolTimedOut) => true,
            Cause::Driver(error) => is_demoted(error),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for SqlxError {
    fn from(error: sqlx::Error) -> Self {
        Self(Cause::Driver(error))
    }
}

impl From<TimeLimit> for SqlxError {
    fn from(missed: TimeLimit) -> Self {
        Self(Cause::Limit(missed))
    }
}
