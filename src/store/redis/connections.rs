//! The connections to one server, until a call on one of them gets no good answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisResult};

/// Opens each connection at its first call. After a call without a good answer, the next call opens
/// another one.
///
/// The driver itself keeps a connection that answers `READONLY` or nothing at all.
pub(super) struct Connections {
    client: Client,
    /// What a new connection begins with. The answers are ignored.
    setup: Pipeline,
    current: Mutex<Arc<Set>>,
}

/// Those to one run of one server, given up together. Otherwise loads could stay on an old primary
/// and conflict with all that the writes find on the new one.
#[derive(Default)]
struct Set {
    run: OnceLock<String>,
    is_given_up: AtomicBool,
    shared: Slot,
    /// What comes behind a call that waits at the server waits too. So such calls take turns.
    waiting: [Slot; 16],
    turn: AtomicUsize,
}

/// Locked while its connection is being opened: those that come then wait for it.
type Slot = tokio::sync::Mutex<Option<MultiplexedConnection>>;

impl Connections {
    pub(super) fn new(client: Client, setup: Pipeline) -> Self {
        Self {
            client,
            setup,
            current: Mutex::default(),
        }
    }

    /// Takes part in a connection, for a call that `waits` at the server or not.
    pub(super) async fn lease(&self, waits: bool) -> RedisResult<Lease> {
        loop {
            let set = self.current();
            let mut slot = set.slot(waits).lock().await;
            if set.is_given_up() {
                continue;
            }
            let driver = match slot.take() {
                Some(driver) => driver,
                None => {
                    let (driver, run) = self.open().await?;
                    if *set.run.get_or_init(|| run.clone()) != run {
                        set.give_up();
                        continue;
                    }
                    driver
                }
            };
            *slot = Some(driver.clone());
            drop(slot);
            return Ok(Lease {
                set,
                driver,
                is_answered: false,
            });
        }
    }

    fn current(&self) -> Arc<Set> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_given_up() {
            *current = Arc::default();
        }
        Arc::clone(&current)
    }

    /// With the run that answers.
    async fn open(&self) -> RedisResult<(MultiplexedConnection, String)> {
        // The limit of the call holds for all of it.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let mut driver = self
            .client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        let mut setup = self.setup.clone();
        setup.cmd("INFO").arg("server");
        let (info,): (String,) = setup.query_async(&mut driver).await?;
        Ok((driver, field(&info, "run_id").to_owned()))
    }
}

impl Set {
    fn slot(&self, waits: bool) -> &Slot {
        if !waits {
            return &self.shared;
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let slot = turn.checked_rem(self.waiting.len());
        slot.and_then(|slot| self.waiting.get(slot))
            .unwrap_or(&self.shared)
    }

    fn is_given_up(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed)
    }

    fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }
}

/// A call's part in a connection. If it is dropped, whether by an error, a time limit or the
/// caller, its connection and the others get no more calls. Those under way may end.
pub(super) struct Lease {
    set: Arc<Set>,
    driver: MultiplexedConnection,
    is_answered: bool,
}

impl Lease {
    pub(super) fn driver(&mut self) -> &mut MultiplexedConnection {
        &mut self.driver
    }

    /// Gives the connection back as a good one.
    pub(super) fn end(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_answered {
            self.set.give_up();
        }
    }
}

/// Returns a field of what `INFO` answers, or nothing.
pub(super) fn field<'a>(info: &'a str, name: &str) -> &'a str {
    info.lines()
        .find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'))
        .unwrap_or_default()
}
