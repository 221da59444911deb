//! One connection for all calls, until one of them gets no good answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Pipeline, RedisResult};
use tokio::sync::Mutex;

/// Opens the connection at the first call. After a call without a good answer, the next call opens
/// another one.
///
/// The driver itself keeps a connection that answers `READONLY` or nothing at all.
pub(super) struct Connection {
    client: Client,
    /// What a new connection begins with.
    setup: Pipeline,
    open: Mutex<Option<Open>>,
}

#[derive(Clone)]
struct Open {
    driver: MultiplexedConnection,
    is_given_up: Arc<AtomicBool>,
}

impl Connection {
    pub(super) fn new(client: Client, setup: Pipeline) -> Self {
        Self {
            client,
            setup,
            open: Mutex::default(),
        }
    }

    /// Those that come while it is being opened wait for that.
    pub(super) async fn lease(&self) -> RedisResult<Lease> {
        let mut open = self.open.lock().await;
        let connection = match open.take().filter(Open::is_good) {
            Some(connection) => connection,
            None => Open::new(&self.client, &self.setup).await?,
        };
        *open = Some(connection.clone());
        Ok(Lease {
            connection,
            is_answered: false,
        })
    }

    /// Makes another one to the same server.
    pub(super) fn another(&self) -> Self {
        Self::new(self.client.clone(), self.setup.clone())
    }
}

impl Open {
    async fn new(client: &Client, setup: &Pipeline) -> RedisResult<Self> {
        // The limit of the call holds for all of it.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let mut driver = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        setup.exec_async(&mut driver).await?;
        Ok(Self {
            driver,
            is_given_up: Arc::default(),
        })
    }

    fn is_good(&self) -> bool {
        !self.is_given_up.load(Ordering::Relaxed)
    }
}

/// A call's part in the connection. If it is dropped, whether by an error, a time limit or the
/// caller, the connection gets no more calls. Those under way on it may end.
pub(super) struct Lease {
    connection: Open,
    is_answered: bool,
}

impl Lease {
    pub(super) fn driver(&mut self) -> &mut MultiplexedConnection {
        &mut self.connection.driver
    }

    /// Gives the connection back as a good one.
    pub(super) fn end(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_answered {
            self.connection.is_given_up.store(true, Ordering::Relaxed);
        }
    }
}
