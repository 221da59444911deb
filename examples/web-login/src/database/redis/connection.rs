//! A connection that is opened again after an error: the driver keeps one that answers `READONLY`, or nothing at all.

use std::future::Future;
use std::sync::Arc;

use secondfactor::store::drivers::redis::aio::{ConnectionLike, MultiplexedConnection};
use secondfactor::store::drivers::redis::{
    self, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value,
};
use tokio::sync::Mutex;

#[derive(Clone)]
pub(super) struct Connection {
    client: Client,
    open: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl Connection {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            open: Arc::default(),
        }
    }

    /// The driver's own limits hold: a second to connect, half a second for an answer.
    async fn opened(&self) -> RedisResult<MultiplexedConnection> {
        let mut open = self.open.lock().await;
        let connection = match open.take() {
            Some(connection) => connection,
            None => self.client.get_multiplexed_async_connection().await?,
        };
        Ok(open.insert(connection).clone())
    }

    async fn checked<T>(
        &self,
        call: impl Future<Output = RedisResult<T>>,
        refuses: fn(&T) -> bool,
    ) -> RedisResult<T> {
        let answer = call.await;
        if answer.as_ref().map_or(true, refuses) {
            *self.open.lock().await = None;
        }
        answer
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut open = self.opened().await?;
            self.checked(open.req_packed_command(cmd), is_refusal).await
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        cmd: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut open = self.opened().await?;
            let call = open.req_packed_commands(cmd, offset, count);
            let refuses = |answers: &Vec<Value>| answers.iter().any(is_refusal);
            self.checked(call, refuses).await
        })
    }

    fn get_db(&self) -> i64 {
        redis::ConnectionLike::get_db(&self.client)
    }
}

fn is_refusal(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(_))
}

#[cfg(test)]
mod tests {
    use super::{Client, Connection, redis};

    #[tokio::test]
    #[ignore = "needs SECONDFACTOR_TEST_REDIS: scripts/test runs it"]
    async fn an_error_ends_a_connection_to_redis() {
        let address = std::env::var("SECONDFACTOR_TEST_REDIS").unwrap();
        let mut connection = Connection::new(Client::open(address).unwrap());
        let mut ids = Vec::new();
        for _ in 0..2 {
            let mut id = redis::cmd("CLIENT");
            id.arg("ID");
            let first: u64 = id.query_async(&mut connection).await.unwrap();
            let again: u64 = id.query_async(&mut connection).await.unwrap();
            assert_eq!(first, again);
            ids.push(first);

            let unknown = redis::cmd("UNKNOWN");
            assert!(unknown.exec_async(&mut connection).await.is_err());
            ids.push(id.query_async(&mut connection).await.unwrap());
            let mut both = redis::pipe();
            both.cmd("PING").add_command(unknown);
            assert!(both.exec_async(&mut connection).await.is_err());
        }
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }
}
