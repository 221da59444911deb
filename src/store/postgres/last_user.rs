//! Who was the last to use a connection of the pool.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use deadpool_postgres::{Client, Object, ObjectId};

/// Connections that have closed are forgotten with the others, and no pool has as many that have
/// not.
const MAX_REMEMBERED: usize = 1000;

/// Remembers for each connection how often it had been taken from the pool when the store gave it
/// back. If it was taken once since, then by the store.
#[derive(Default)]
pub(super) struct LastUser(Mutex<HashMap<ObjectId, usize>>);

impl LastUser {
    /// Says of a connection that was taken just now whether nobody else has used it since
    /// [`set`](Self::set).
    pub(super) fn is_the_store(&self, client: &Client) -> bool {
        let since = self.lock().get(&Object::id(client)).copied();
        since.is_some_and(|since| taken(client) == since.saturating_add(1))
    }

    /// Notes that the store gives it back, with nothing left open.
    pub(super) fn set(&self, client: &Client) {
        let mut connections = self.lock();
        if connections.len() >= MAX_REMEMBERED {
            connections.clear();
        }
        connections.insert(Object::id(client), taken(client));
    }

    /// A panic leaves nothing half done here.
    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn taken(client: &Client) -> usize {
    Object::metrics(client).recycle_count
}
