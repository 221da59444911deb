//! A connection of the pool, for one call.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use deadpool_postgres::tokio_postgres::{Row, types::ToSql};
use deadpool_postgres::{Client, ClientWrapper, Object, Pool};

use super::error::PostgresError;
use super::last_user::LastUser;

/// Ends a transaction that the connection's last user left open. A `ROLLBACK` alone would warn in
/// the server's log whenever there is none.
const UNDO: &str = "BEGIN; ROLLBACK";

/// Closes a connection, unless it was taken out before.
struct Lent(Option<Client>);

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.0.take().map(Object::take));
    }
}

/// A connection while it is lent.
#[derive(Clone, Copy)]
pub(super) struct Connection<'a> {
    pub(super) client: &'a ClientWrapper,
    /// Nobody else has used it since the last call.
    is_clean: bool,
}

/// Lends a connection. It goes back to the pool when the call has ended well. Otherwise it is
/// closed, also when the call is dropped half way: what it had asked may still be under way.
pub(super) async fn lend<T>(
    pool: &Pool,
    last_user: &LastUser,
    call: impl AsyncFnOnce(Connection<'_>) -> Result<T, PostgresError>,
) -> Result<T, PostgresError> {
    let mut lent = Lent(None);
    let client = lent.0.insert(pool.get().await?);
    let is_clean = last_user.is_the_store(client);
    let answer = call(Connection { client, is_clean }).await;
    let error = answer.as_ref().err();
    if error.is_none_or(PostgresError::is_lost_to_another) {
        last_user.set(client);
        drop(lent.0.take());
    }
    answer
}

/// Runs one statement, as a transaction of its own.
pub(super) async fn query(
    connection: Connection<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, PostgresError> {
    let call = || async {
        let statement = connection.client.prepare_cached(sql).await?;
        Ok(connection.client.query(&statement, parameters).await?)
    };
    after_undo(connection, call).await
}

/// Runs several statements, as one transaction unless they say otherwise.
pub(super) async fn batch(connection: Connection<'_>, sql: &str) -> Result<(), PostgresError> {
    let call = || async { Ok(connection.client.batch_execute(sql).await?) };
    after_undo(connection, call).await
}

/// Takes no round trip of its own, as the call does not wait for the answer to [`UNDO`].
async fn after_undo<T, F: Future<Output = Result<T, PostgresError>>>(
    Connection { client, is_clean }: Connection<'_>,
    call: impl Fn() -> F,
) -> Result<T, PostgresError> {
    if is_clean {
        return call().await;
    }
    let undo = async { Ok(client.batch_execute(UNDO).await?) };
    let (undone, answer): (Result<(), PostgresError>, _) = in_order(undo, call()).await;
    match undone {
        // A transaction that has failed obeys nothing but its end.
        Err(error) if error.is_in_failed_transaction() && answer.is_err() => {
            client.batch_execute("ROLLBACK").await?;
            call().await
        }
        undone => undone.and(answer),
    }
}

/// Waits for both. The request of the first one is sent first.
async fn in_order<A, B>(first: impl Future<Output = A>, second: impl Future<Output = B>) -> (A, B) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut one, mut other) = (None, None);
    poll_fn(|context| {
        poll_until_done(first.as_mut(), &mut one, context);
        poll_until_done(second.as_mut(), &mut other, context);
        match (one.take(), other.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            unfinished => {
                (one, other) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}

fn poll_until_done<T>(
    future: Pin<&mut impl Future<Output = T>>,
    done: &mut Option<T>,
    context: &mut Context<'_>,
) {
    if done.is_none() {
        if let Poll::Ready(output) = future.poll(context) {
            *done = Some(output);
        }
    }
}
