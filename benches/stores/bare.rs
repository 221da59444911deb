//! The floors: each driver as a program would use it that only loads a record and writes it back.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::{Connection, params};
use secondfactor::store::drivers::deadpool_postgres::Pool;
use secondfactor::store::drivers::redis::{self, Script, aio::MultiplexedConnection};

pub(crate) trait Bare: Send + Sync + 'static {
    /// Loads the record, does the work, and writes as many bytes back if the version is still the same.
    fn login(&self, id: &str, work: &mut (impl FnMut() + Send)) -> impl Future<Output = ()> + Send;
}

/// A connection that reads and one that writes, on Tokio's threads for what blocks.
pub(crate) struct Sqlite {
    reader: Arc<Mutex<Connection>>,
    writer: Arc<Mutex<Connection>>,
}

impl Sqlite {
    pub(crate) fn open(path: &Path) -> Self {
        let connect = || {
            let connection = Connection::open(path).unwrap();
            connection
                .busy_timeout(std::time::Duration::from_secs(10))
                .unwrap();
            connection
                .pragma_update(None, "synchronous", "FULL")
                .unwrap();
            Arc::new(Mutex::new(connection))
        };
        Self {
            reader: connect(),
            writer: connect(),
        }
    }
}

impl Bare for Sqlite {
    async fn login(&self, id: &str, work: &mut (impl FnMut() + Send)) {
        let (reader, key) = (Arc::clone(&self.reader), id.as_bytes().to_vec());
        let load = move || -> (i64, Vec<u8>) {
            let reader = reader.lock().unwrap();
            let mut select = reader
                .prepare_cached("SELECT version, body FROM secondfactor_record WHERE account = ?1")
                .unwrap();
            select
                .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
        };
        let (version, body) = tokio::task::spawn_blocking(load).await.unwrap();
        work();

        let (writer, key) = (Arc::clone(&self.writer), id.as_bytes().to_vec());
        let write = move || {
            let writer = writer.lock().unwrap();
            let update = "UPDATE secondfactor_record SET version = version + 1, body = ?3
                WHERE account = ?1 AND version = ?2";
            writer
                .prepare_cached(update)
                .unwrap()
                .execute(params![key, version, body])
                .unwrap()
        };
        assert_eq!(tokio::task::spawn_blocking(write).await.unwrap(), 1);
    }
}

pub(crate) struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub(crate) const fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

impl Bare for Postgres {
    async fn login(&self, id: &str, work: &mut (impl FnMut() + Send)) {
        let client = self.pool.get().await.unwrap();
        let select = "SELECT version, body FROM secondfactor_record WHERE account = $1";
        let select = client.prepare_cached(select).await.unwrap();
        let row = client.query_one(&select, &[&id.as_bytes()]).await.unwrap();
        let (version, body): (i64, Vec<u8>) = (row.get(0), row.get(1));
        drop(client);
        work();

        let client = self.pool.get().await.unwrap();
        let update = "UPDATE secondfactor_record SET version = version + 1, body = $3
            WHERE account = $1 AND version = $2";
        let update = client.prepare_cached(update).await.unwrap();
        assert_eq!(
            client
                .execute(&update, &[&id.as_bytes(), &version, &body])
                .await
                .unwrap(),
            1
        );
    }
}

pub(crate) struct Redis {
    connection: MultiplexedConnection,
    prefix: String,
    script: Script,
}

impl Redis {
    pub(crate) fn new(connection: MultiplexedConnection, namespace: &str) -> Self {
        let script = "
            if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
            redis.call('HINCRBY', KEYS[1], 'version', 1)
            redis.call('HSET', KEYS[1], 'body', ARGV[2])
            return 1";
        Self {
            connection,
            prefix: format!("{{{namespace}}}:record:"),
            script: Script::new(script),
        }
    }
}

impl Bare for Redis {
    async fn login(&self, id: &str, work: &mut (impl FnMut() + Send)) {
        let key = format!("{}{id}", self.prefix);
        let mut connection = self.connection.clone();
        let mut load = redis::cmd("HMGET");
        load.arg(&key).arg("version").arg("body");
        let (version, body): (String, Vec<u8>) = load.query_async(&mut connection).await.unwrap();
        work();
        let mut write = self.script.key(&key);
        let written: u8 = write
            .arg(version)
            .arg(body)
            .invoke_async(&mut connection)
            .await
            .unwrap();
        assert_eq!(written, 1);
    }
}
