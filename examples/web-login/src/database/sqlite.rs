//! The site's database in the file of the library's store.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use secondfactor::codes::UnixTime;
use secondfactor::store::{AnyStore, SqliteStore};

use super::{ALIKE, Database, Entry, LIST_LEN, TRIM};
use crate::Outcome;
use crate::files::make_private;
use crate::user::{Change, Permissions, User, activity_list, note_from_name, note_name};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS web_user (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    must_change_password INTEGER NOT NULL,
    organisation TEXT NOT NULL,
    organisation_name TEXT NOT NULL,
    is_owner INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    note TEXT NOT NULL,
    generation INTEGER NOT NULL,
    kept_login TEXT NOT NULL,
    deadline INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS web_user_organisation ON web_user (organisation);
CREATE TABLE IF NOT EXISTS web_session (
    key TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    ends INTEGER NOT NULL,
    account TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS web_session_account ON web_session (account);
CREATE TABLE IF NOT EXISTS web_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list TEXT NOT NULL,
    at INTEGER NOT NULL,
    text TEXT NOT NULL,
    by TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS web_entry_list ON web_entry (list, id);
";

pub(super) async fn open(path: &Path) -> Outcome<(AnyStore, Arc<dyn Database>)> {
    // So that no name is special to SQLite, as `:memory:` is.
    let path = std::path::absolute(path)?;
    make_private(&path)?;
    // First, as it sets the file to WAL mode.
    let store = SqliteStore::open(&path)?;
    Ok((AnyStore::new(store), Arc::new(Sqlite::open(&path)?)))
}

pub(super) struct Sqlite {
    connection: Arc<Mutex<Connection>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// SQLite's calls block, so they run beside the runtime's threads.
    async fn with<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let connection = Arc::clone(&self.connection);
        let work = move || call(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(tokio::task::spawn_blocking(work).await??)
    }
}

#[async_trait]
impl Database for Sqlite {
    async fn ping(&self) -> Outcome {
        self.with(|connection| {
            connection.query_row("SELECT 1 FROM web_session UNION SELECT 1", [], |_| Ok(()))
        })
        .await
    }

    async fn add_user(&self, user: &User) -> Outcome<bool> {
        let user = user.clone();
        let sql = "INSERT INTO web_user VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
            ON CONFLICT (name) DO NOTHING";
        let added = self.with(move |connection| {
            connection.execute(
                sql,
                params![
                    user.id,
                    user.name,
                    user.password,
                    user.must_change_password,
                    user.organisation,
                    user.organisation_name,
                    user.is_owner,
                    user.permissions.names(),
                    note_name(user.note),
                    number(user.generation),
                    user.kept_login,
                    number(user.deadline),
                ],
            )
        });
        Ok(added.await? == 1)
    }

    async fn user(&self, id: &str) -> Outcome<Option<User>> {
        let id = id.to_owned();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT * FROM web_user WHERE id = ?1")?
                .query_row([id], user)
                .optional()
        })
        .await
    }

    async fn user_by_name(&self, name: &str) -> Outcome<Option<User>> {
        let name = name.to_owned();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT * FROM web_user WHERE name = ?1")?
                .query_row([name], user)
                .optional()
        })
        .await
    }

    async fn users_in(&self, organisation: &str) -> Outcome<Vec<User>> {
        let organisation = organisation.to_owned();
        self.with(move |connection| {
            let mut select =
                connection.prepare_cached("SELECT * FROM web_user WHERE organisation = ?1")?;
            select.query_map([organisation], user)?.collect()
        })
        .await
    }

    async fn change_user(&self, id: &str, change: &Change) -> Outcome<Option<u64>> {
        let (id, change) = (id.to_owned(), change.clone());
        let sql = "UPDATE web_user SET password = coalesce(?2, password),
                must_change_password = coalesce(?3, must_change_password), note = coalesce(?4, note),
                permissions = coalesce(?5, permissions), generation = generation + ?6,
                kept_login = iif(?6, ?8, kept_login), deadline = coalesce(?9, deadline)
            WHERE id = ?1 AND (?7 IS NULL OR generation = ?7 OR (kept_login = ?8 AND ?8 <> ''))
            RETURNING generation";
        self.with(move |connection| {
            let (generation, login) = change.login_parts();
            let transaction = connection.transaction()?;
            let row = transaction.query_row(
                sql,
                params![
                    id,
                    change.password,
                    change.must_change_password,
                    change.note.map(note_name),
                    change.permissions.map(Permissions::names),
                    change.ends_sessions,
                    generation.map(number),
                    login,
                    change.deadline.map(number),
                ],
                |row| unsigned(row, 0),
            );
            let row = row.optional()?;
            if let (Some(_), Some(entry)) = (row, &change.told) {
                insert(&transaction, &activity_list(&id), entry)?;
            }
            transaction.commit()?;
            Ok(row)
        })
        .await
    }

    async fn add_session(
        &self,
        key: &str,
        account: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let (key, account, body) = (key.to_owned(), account.to_owned(), body.to_owned());
        let sql = "INSERT INTO web_session VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING";
        let added = self.with(move |connection| {
            connection.execute(sql, params![key, body, number(ends.as_secs()), account])
        });
        Ok(added.await? == 1)
    }

    async fn swap_session(
        &self,
        key: &str,
        old: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let (key, old, body) = (key.to_owned(), old.to_owned(), body.to_owned());
        let sql = "UPDATE web_session SET body = ?3, ends = ?4 WHERE key = ?1 AND body = ?2";
        let swapped = self.with(move |connection| {
            connection.execute(sql, params![key, old, body, number(ends.as_secs())])
        });
        Ok(swapped.await? == 1)
    }

    async fn session(&self, key: &str) -> Outcome<Option<String>> {
        let key = key.to_owned();
        self.with(move |connection| {
            connection
                .prepare_cached("SELECT body FROM web_session WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()
        })
        .await
    }

    async fn sessions_of(&self, account: &str) -> Outcome<Vec<(String, String)>> {
        let account = account.to_owned();
        let sql = "SELECT key, body FROM web_session WHERE account = ?1";
        self.with(move |connection| {
            let mut select = connection.prepare_cached(sql)?;
            let rows = select.query_map([account], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .await
    }

    async fn end_session(&self, key: &str) -> Outcome<Option<String>> {
        let key = key.to_owned();
        let sql = "DELETE FROM web_session WHERE key = ?1 RETURNING body";
        self.with(move |connection| {
            connection
                .query_row(sql, [key], |row| row.get(0))
                .optional()
        })
        .await
    }

    async fn sweep_sessions(&self, now: UnixTime) -> Outcome {
        let now = number(now.as_secs());
        self.with(move |connection| {
            connection.execute("DELETE FROM web_session WHERE ends <= ?1", [now])
        })
        .await
        .map(drop)
    }

    async fn add_entry(&self, list: &str, entry: &Entry) -> Outcome {
        let (list, entry) = (list.to_owned(), entry.clone());
        self.with(move |connection| {
            let transaction = connection.transaction()?;
            insert(&transaction, &list, &entry)?;
            transaction.execute(TRIM, params![list, ALIKE, LIST_LEN])?;
            transaction.commit()
        })
        .await
    }

    async fn entries(&self, list: &str) -> Outcome<Vec<Entry>> {
        let list = list.to_owned();
        self.with(move |connection| {
            let mut select = connection.prepare_cached(
                "SELECT at, text, by FROM web_entry WHERE list = ?1 ORDER BY id DESC",
            )?;
            let entry = |row: &Row<'_>| {
                Ok(Entry {
                    at: unsigned(row, 0)?,
                    text: row.get(1)?,
                    by: row.get(2)?,
                })
            };
            select.query_map([list], entry)?.collect()
        })
        .await
    }
}

fn insert(connection: &Connection, list: &str, entry: &Entry) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO web_entry (list, at, text, by) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(sql, params![list, number(entry.at), entry.text, entry.by])
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get("id")?,
        name: row.get("name")?,
        password: row.get("password")?,
        must_change_password: row.get("must_change_password")?,
        organisation: row.get("organisation")?,
        organisation_name: row.get("organisation_name")?,
        is_owner: row.get("is_owner")?,
        permissions: Permissions::from_names(row.get::<_, String>("permissions")?.split(' ')),
        note: note_from_name(&row.get::<_, String>("note")?),
        generation: row.get::<_, i64>("generation")?.unsigned_abs(),
        kept_login: row.get("kept_login")?,
        deadline: row.get::<_, i64>("deadline")?.unsigned_abs(),
    })
}

fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.unsigned_abs())
}

/// SQLite's integers are signed; no time and no count here comes near their end.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
