//! A connection that its callers take in turns.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::error::Fault;
use crate::store::limit::TimeLimit;

/// Between two tries to get a lock that another process has.
const PAUSE: Duration = Duration::from_millis(1);

/// Says how long a call may still wait to begin: until its limit, and as long as its caller is
/// there.
pub(super) struct Patience {
    limit: Duration,
    begin: Instant,
    caller: Weak<()>,
}

impl Patience {
    pub(super) fn of(caller: &Arc<()>, limit: Duration) -> Self {
        Self {
            limit,
            begin: Instant::now(),
            caller: Arc::downgrade(caller),
        }
    }

    fn left(&self) -> Duration {
        if self.caller.strong_count() == 0 {
            return Duration::ZERO;
        }
        self.limit.saturating_sub(self.begin.elapsed())
    }

    /// Calls until the file is free. SQLite's own wait would begin anew for each caller, and would
    /// go on to write when the caller is gone.
    pub(super) fn until_free<T>(
        &self,
        mut call: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        while !self.left().is_zero() {
            match call() {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                    std::thread::sleep(PAUSE);
                }
                result => return Ok(result?),
            }
        }
        Err(TimeLimit::missed(self.limit).into())
    }
}

pub(super) struct Turns {
    is_taken: Mutex<bool>,
    given_back: Condvar,
    connection: Mutex<Connection>,
}

impl Turns {
    pub(super) const fn new(connection: Connection) -> Self {
        Self {
            is_taken: Mutex::new(false),
            given_back: Condvar::new(),
            connection: Mutex::new(connection),
        }
    }

    /// Calls when it is the caller's turn and the file is free.
    pub(super) fn call<T>(
        &self,
        patience: &Patience,
        may_begin: impl FnOnce() -> Result<(), Fault>,
        call: impl Fn(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let _turn = self
            .take(patience)
            .ok_or_else(|| TimeLimit::missed(patience.limit))?;
        may_begin()?;
        let mut connection = lock(&self.connection);
        patience.until_free(|| call(&mut connection))
    }

    fn take(&self, patience: &Patience) -> Option<Turn<'_>> {
        let (mut is_taken, _) = self
            .given_back
            .wait_timeout_while(lock(&self.is_taken), patience.left(), |is_taken| *is_taken)
            .unwrap_or_else(PoisonError::into_inner);
        if *is_taken {
            return None;
        }
        *is_taken = true;
        Some(Turn(self))
    }
}

struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.is_taken) = false;
        self.0.given_back.notify_one();
    }
}

/// A panic of another caller leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
