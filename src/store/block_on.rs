//! How the blocking front waits for a future.

/// Waits for a future: on a thread, or by a runtime that drives its I/O meanwhile.
///
/// [`ThisThread`] is enough for [`MemoryStore`](crate::store::MemoryStore) and
/// [`SqliteStore`](crate::store). The drivers of PostgreSQL and Redis, and `sqlx`, need a Tokio
/// runtime. With the feature of such a store, `tokio::runtime::Handle` and `Runtime` implement this.
/// For another runtime, call its own `block_on`.
pub trait BlockOn {
    /// Waits for the future.
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

/// Waits on the calling thread, without a runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisThread;

impl BlockOn for ThisThread {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        pollster::block_on(future)
    }
}

/// The runtime must be multi-threaded, or run on another thread, because a handle does not drive a
/// current-thread runtime.
///
/// # Panics
/// Panics if it is called from a task of a Tokio runtime.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
impl BlockOn for tokio::runtime::Handle {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }
}

/// # Panics
/// Panics if it is called from a task of a Tokio runtime.
#[cfg(any(
    feature = "postgres",
    feature = "redis",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
impl BlockOn for tokio::runtime::Runtime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Self::block_on(self, future)
    }
}

impl<R: BlockOn> BlockOn for &R {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        (**self).block_on(future)
    }
}

impl<R: BlockOn> BlockOn for std::sync::Arc<R> {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        (**self).block_on(future)
    }
}
