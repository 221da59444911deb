//! Accounts with one active device, put into the tables in bulk.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use secondfactor::AccountId;
use secondfactor::codes::{Secret, UnixTime};
use secondfactor::store::drivers::deadpool_postgres::Pool;
use secondfactor::store::drivers::redis::{self, aio::MultiplexedConnection};
use secondfactor::store::{MemoryStore, Store, Swap};

use crate::enrolled;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_700_000_010);
const CHUNK: usize = 10_000;

/// All accounts have the same secret, so that the clients need not hold a million.
pub(crate) struct Records {
    pub(crate) secret: Secret,
    pub(crate) ids: Arc<[String]>,
    pub(crate) accounts: Arc<[AccountId]>,
    bodies: Vec<Vec<u8>>,
}

impl Records {
    pub(crate) fn new(count: usize) -> Self {
        let secret = Secret::from_bytes(&[0x5a; 20]).unwrap();
        let ids: Arc<[String]> = (0..count).map(|number| format!("user-{number}")).collect();
        let accounts: Arc<[AccountId]> = ids.iter().map(|id| AccountId::new(id).unwrap()).collect();
        let secrets = [secret];
        let sealed = |account| enrolled::record(account, &secrets, NOW).0;
        let bodies = accounts.iter().map(sealed).collect();
        let [secret] = secrets;
        Self {
            secret,
            ids,
            accounts,
            bodies,
        }
    }

    /// One account and its record. Those of the others are as long, but for their ids.
    pub(crate) fn first(&self) -> (&AccountId, &[u8]) {
        (&self.accounts[0], &self.bodies[0])
    }

    pub(crate) fn range(&self, range: Range<usize>) -> Vec<(&AccountId, &[u8])> {
        self.accounts[range.clone()]
            .iter()
            .zip(self.bodies[range].iter().map(Vec::as_slice))
            .collect()
    }
}

pub(crate) async fn memory(store: &MemoryStore, records: Vec<(&AccountId, &[u8])>) {
    for (account, body) in records {
        assert!(matches!(
            store.swap(account, None, body).await,
            Ok(Swap::Committed(_))
        ));
    }
}

pub(crate) fn sqlite(path: &Path, records: Vec<(&AccountId, &[u8])>) {
    let mut connection = rusqlite::Connection::open(path).unwrap();
    let transaction = connection.transaction().unwrap();
    let mut insert = transaction
        .prepare("INSERT INTO secondfactor_record VALUES (?1, 1, ?2)")
        .unwrap();
    for (account, body) in records {
        insert.execute((account.as_str().as_bytes(), body)).unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}

pub(crate) async fn postgres(pool: &Pool, records: Vec<(&AccountId, &[u8])>) {
    let client = pool.get().await.unwrap();
    let insert = "INSERT INTO secondfactor_record SELECT account, 1, body
        FROM unnest($1::bytea[], $2::bytea[]) AS new (account, body)";
    for chunk in records.chunks(CHUNK) {
        let (keys, bodies): (Vec<&[u8]>, Vec<&[u8]>) = chunk
            .iter()
            .map(|(account, body)| (account.as_str().as_bytes(), *body))
            .unzip();
        client.execute(insert, &[&keys, &bodies]).await.unwrap();
    }
    client
        .batch_execute("VACUUM ANALYZE secondfactor_record")
        .await
        .unwrap();
    client.batch_execute("CHECKPOINT").await.unwrap();
}

pub(crate) async fn redis(
    connection: &MultiplexedConnection,
    namespace: &str,
    records: Vec<(&AccountId, &[u8])>,
) {
    for chunk in records.chunks(CHUNK / 10) {
        let mut fill = redis::pipe();
        for (account, body) in chunk {
            fill.hset_multiple(
                format!("{{{namespace}}}:record:{account}"),
                &[("version", &b"1"[..]), ("body", body)],
            );
            fill.zadd(format!("{{{namespace}}}:accounts"), account.as_str(), 0);
        }
        fill.set(format!("{{{namespace}}}:version"), 1);
        fill.exec_async(&mut connection.clone()).await.unwrap();
    }
}

pub(crate) async fn redis_undo(
    connection: &MultiplexedConnection,
    namespace: &str,
    records: Vec<(&AccountId, &[u8])>,
) {
    for chunk in records.chunks(CHUNK / 10) {
        let mut undo = redis::pipe();
        for (account, _) in chunk {
            undo.unlink(format!("{{{namespace}}}:record:{account}"));
        }
        undo.unlink(format!("{{{namespace}}}:accounts"))
            .unlink(format!("{{{namespace}}}:version"));
        undo.exec_async(&mut connection.clone()).await.unwrap();
    }
}
