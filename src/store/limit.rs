//! The time limit of a call.

use std::time::Duration;

/// A call may take so long, unless the store is given another limit.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlite",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub(super) const DEFAULT: Duration = Duration::from_secs(5);

/// Says that a store did not answer within its time limit. What was being written may be written or
/// not.
///
/// An adapter's error has it among its [sources](std::error::Error::source).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store missed its time limit of {0:?}")]
pub struct TimeLimit(Duration);

impl TimeLimit {
    /// Says that a call took longer than this, for an adapter of your own.
    #[must_use]
    pub const fn missed(limit: Duration) -> Self {
        Self(limit)
    }
}

/// Waits for the call, but no longer than its limit. Then the call is dropped.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub(super) async fn within<T, E: From<TimeLimit>>(
    limit: Duration,
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(limit, call)
        .await
        .unwrap_or_else(|_| Err(TimeLimit::missed(limit).into()))
}
