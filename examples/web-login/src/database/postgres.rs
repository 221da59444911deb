//! The site's database in the PostgreSQL of the library's store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secondfactor::codes::UnixTime;
use secondfactor::store::drivers::deadpool_postgres::tokio_postgres::config::{
    Host, TargetSessionAttrs,
};
use secondfactor::store::drivers::deadpool_postgres::tokio_postgres::types::ToSql;
use secondfactor::store::drivers::deadpool_postgres::tokio_postgres::{Config, Error, NoTls, Row};
use secondfactor::store::drivers::deadpool_postgres::{Client, Manager, Object, Pool};
use secondfactor::store::{AnyStore, PostgresStore};

use tokio::time::timeout;

use super::{ALIKE, Database, Entry, LIST_LEN, TRIM, warn_of_network};
use crate::Outcome;
use crate::user::{Change, Permissions, User, activity_list, note_from_name, note_name};

/// Of a call, as the store has it too.
const LIMIT: Duration = Duration::from_secs(5);
/// So that another host of the address has its turn within a call.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
SELECT pg_advisory_xact_lock(hashtext('web-login'));
CREATE TABLE IF NOT EXISTS web_user (
    id text NOT NULL PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password text NOT NULL,
    must_change_password boolean NOT NULL,
    organisation text NOT NULL,
    organisation_name text NOT NULL,
    is_owner boolean NOT NULL,
    permissions text NOT NULL,
    note text NOT NULL,
    generation bigint NOT NULL,
    kept_login text NOT NULL,
    deadline bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS web_user_organisation ON web_user (organisation);
CREATE TABLE IF NOT EXISTS web_session (
    key text NOT NULL PRIMARY KEY,
    body text NOT NULL,
    ends bigint NOT NULL,
    account text NOT NULL
);
CREATE INDEX IF NOT EXISTS web_session_account ON web_session (account);
CREATE TABLE IF NOT EXISTS web_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list text NOT NULL,
    at bigint NOT NULL,
    text text NOT NULL,
    by text NOT NULL
);
CREATE INDEX IF NOT EXISTS web_entry_list ON web_entry (list, id);
";

pub(super) async fn open(address: &str) -> Outcome<(AnyStore, Arc<dyn Database>)> {
    let pool = pool(address)?;
    let store = PostgresStore::new(pool.clone());
    store.create_schema().await?;
    Ok((AnyStore::new(store), Arc::new(Postgres::open(pool).await?)))
}

/// As the manual says, for a server that hangs or fails over. The address may say otherwise.
///
/// Without TLS, for a database beside this server. Over a network, give the manager a TLS connector.
pub(super) fn pool(address: &str) -> Outcome<Pool> {
    // The error of a bad address could quote it, and with it the password.
    let mut config: Config = address
        .parse()
        .map_err(|_| "the address of PostgreSQL can't be read")?;
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_LIMIT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(LIMIT);
    }
    if config.get_options().is_none() {
        config.options("-c statement_timeout=5s");
    }
    warn_of_network(&hosts(&config));
    Ok(Pool::builder(Manager::new(config, NoTls))
        .max_size(16)
        .build()?)
}

/// An address beside a host's name counts, the name does not. A socket is no host.
pub(super) fn hosts(config: &Config) -> Vec<String> {
    let name = |host: &Host| {
        if let Host::Tcp(name) = host {
            Some(name.clone())
        } else {
            None
        }
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().filter_map(name).collect(),
        addresses => addresses.iter().map(ToString::to_string).collect(),
    }
}

pub(super) struct Postgres {
    pool: Pool,
}

impl Postgres {
    pub(super) async fn open(pool: Pool) -> Outcome<Self> {
        let database = Self { pool };
        database
            .bounded(async |client| client.batch_execute(SCHEMA).await)
            .await?;
        Ok(database)
    }

    async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Outcome<u64> {
        self.bounded(async |client| {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, parameters).await
        })
        .await
    }

    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Outcome<Vec<Row>> {
        self.bounded(async |client| {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        })
        .await
    }

    /// As in the store: a call has a limit, and the connection of one that does not end well is closed.
    async fn bounded<T>(&self, call: impl AsyncFnOnce(&Client) -> Result<T, Error>) -> Outcome<T> {
        let client = timeout(LIMIT, self.pool.get()).await??;
        let answer = timeout(LIMIT, call(&client)).await;
        if !matches!(answer, Ok(Ok(_))) {
            drop(Object::take(client));
        }
        Ok(answer??)
    }
}

#[async_trait]
impl Database for Postgres {
    async fn ping(&self) -> Outcome {
        self.query("SELECT 1", &[]).await.map(drop)
    }

    async fn add_user(&self, user: &User) -> Outcome<bool> {
        let sql = "INSERT INTO web_user VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (name) DO NOTHING";
        let parameters: &[&(dyn ToSql + Sync)] = &[
            &user.id,
            &user.name,
            &user.password,
            &user.must_change_password,
            &user.organisation,
            &user.organisation_name,
            &user.is_owner,
            &user.permissions.names(),
            &note_name(user.note),
            &number(user.generation),
            &user.kept_login,
            &number(user.deadline),
        ];
        Ok(self.execute(sql, parameters).await? == 1)
    }

    async fn user(&self, id: &str) -> Outcome<Option<User>> {
        self.query("SELECT * FROM web_user WHERE id = $1", &[&id])
            .await?
            .first()
            .map(user)
            .transpose()
    }

    async fn user_by_name(&self, name: &str) -> Outcome<Option<User>> {
        self.query("SELECT * FROM web_user WHERE name = $1", &[&name])
            .await?
            .first()
            .map(user)
            .transpose()
    }

    async fn users_in(&self, organisation: &str) -> Outcome<Vec<User>> {
        self.query(
            "SELECT * FROM web_user WHERE organisation = $1",
            &[&organisation],
        )
        .await?
        .iter()
        .map(user)
        .collect()
    }

    async fn change_user(&self, id: &str, change: &Change) -> Outcome<Option<u64>> {
        let sql = "WITH changed AS (UPDATE web_user SET password = coalesce($2, password),
                must_change_password = coalesce($3, must_change_password), note = coalesce($4, note),
                permissions = coalesce($5, permissions), generation = generation + $6,
                kept_login = CASE WHEN $6 > 0 THEN $8 ELSE kept_login END,
                deadline = coalesce($12, deadline)
            WHERE id = $1 AND ($7::bigint IS NULL OR generation = $7 OR (kept_login = $8 AND $8 <> ''))
            RETURNING generation),
            told AS (INSERT INTO web_entry (list, at, text, by) SELECT $9, $10, $11, '' FROM changed
                WHERE $11::text IS NOT NULL)
            SELECT generation FROM changed";
        let (generation, login) = change.login_parts();
        let (at, text) = match &change.told {
            Some(entry) => (number(entry.at), Some(&entry.text)),
            None => (0, None),
        };
        let parameters: &[&(dyn ToSql + Sync)] = &[
            &id,
            &change.password,
            &change.must_change_password,
            &change.note.map(note_name),
            &change.permissions.map(Permissions::names),
            &i64::from(change.ends_sessions),
            &generation.map(number),
            &login,
            &activity_list(id),
            &at,
            &text,
            &change.deadline.map(number),
        ];
        let rows = self.query(sql, parameters).await?;
        rows.first()
            .map(|row| unsigned(row, "generation"))
            .transpose()
    }

    async fn add_session(
        &self,
        key: &str,
        account: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let sql = "INSERT INTO web_session VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING";
        let parameters: &[&(dyn ToSql + Sync)] = &[&key, &body, &number(ends.as_secs()), &account];
        Ok(self.execute(sql, parameters).await? == 1)
    }

    async fn swap_session(
        &self,
        key: &str,
        old: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let sql = "UPDATE web_session SET body = $3, ends = $4 WHERE key = $1 AND body = $2";
        let parameters: &[&(dyn ToSql + Sync)] = &[&key, &old, &body, &number(ends.as_secs())];
        Ok(self.execute(sql, parameters).await? == 1)
    }

    async fn session(&self, key: &str) -> Outcome<Option<String>> {
        let sql = "SELECT body FROM web_session WHERE key = $1";
        let rows = self.query(sql, &[&key]).await?;
        Ok(rows.first().map(|row| row.try_get("body")).transpose()?)
    }

    async fn sessions_of(&self, account: &str) -> Outcome<Vec<(String, String)>> {
        let sql = "SELECT key, body FROM web_session WHERE account = $1";
        let rows = self.query(sql, &[&account]).await?;
        let pair = |row: &Row| Ok((row.try_get("key")?, row.try_get("body")?));
        rows.iter().map(pair).collect()
    }

    async fn end_session(&self, key: &str) -> Outcome<Option<String>> {
        let sql = "DELETE FROM web_session WHERE key = $1 RETURNING body";
        let rows = self.query(sql, &[&key]).await?;
        Ok(rows.first().map(|row| row.try_get("body")).transpose()?)
    }

    async fn sweep_sessions(&self, now: UnixTime) -> Outcome {
        self.execute(
            "DELETE FROM web_session WHERE ends <= $1",
            &[&number(now.as_secs())],
        )
        .await
        .map(drop)
    }

    async fn add_entry(&self, list: &str, entry: &Entry) -> Outcome {
        let sql = "INSERT INTO web_entry (list, at, text, by) VALUES ($1, $2, $3, $4)";
        self.execute(sql, &[&list, &number(entry.at), &entry.text, &entry.by])
            .await?;
        // After a crash in between, the next one makes up for it.
        let limits = (i64::from(ALIKE), i64::from(LIST_LEN));
        self.execute(TRIM, &[&list, &limits.0, &limits.1])
            .await
            .map(drop)
    }

    async fn entries(&self, list: &str) -> Outcome<Vec<Entry>> {
        let rows = self
            .query(
                "SELECT at, text, by FROM web_entry WHERE list = $1 ORDER BY id DESC",
                &[&list],
            )
            .await?;
        let entry = |row: &Row| {
            Ok(Entry {
                at: unsigned(row, "at")?,
                text: row.try_get("text")?,
                by: row.try_get("by")?,
            })
        };
        rows.iter().map(entry).collect()
    }
}

fn user(row: &Row) -> Outcome<User> {
    Ok(User {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        password: row.try_get("password")?,
        must_change_password: row.try_get("must_change_password")?,
        organisation: row.try_get("organisation")?,
        organisation_name: row.try_get("organisation_name")?,
        is_owner: row.try_get("is_owner")?,
        permissions: Permissions::from_names(row.try_get::<_, &str>("permissions")?.split(' ')),
        note: note_from_name(row.try_get("note")?),
        generation: unsigned(row, "generation")?,
        kept_login: row.try_get("kept_login")?,
        deadline: unsigned(row, "deadline")?,
    })
}

fn unsigned(row: &Row, column: &str) -> Outcome<u64> {
    Ok(row.try_get::<_, i64>(column)?.unsigned_abs())
}

/// PostgreSQL's integers are signed; no time and no count here comes near their end.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
