//! What the site itself remembers: users, sessions, and lists of what happened. The second factor is the library's.

mod pools;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests;

use std::time::Duration;

pub(crate) use pools::{heed, open, refuse_unsafe};
use secondfactor::codes::UnixTime;
use secondfactor::store::drivers::sqlx::{
    self, Connection as _, PgConnection, PgPool, Pool, SqliteConnection, SqlitePool, query,
    query_as, query_scalar,
};
use tokio::time::timeout;

use crate::Outcome;
use crate::user::{Change, Permissions, User, activity_list, note_from_name, note_name};

/// The site's tables, beside those of the library's store and on the same pool.
///
/// Every method is one step of the database, so that servers beside each other and a crash between two calls leave
/// nothing half done.
#[derive(Clone)]
pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// `{identity}` is what each of the two calls a number that goes up.
const SCHEMA: &str = "
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
    id {identity},
    list text NOT NULL,
    at bigint NOT NULL,
    text text NOT NULL,
    by text NOT NULL
);
CREATE INDEX IF NOT EXISTS web_entry_list ON web_entry (list, id);
CREATE TABLE IF NOT EXISTS web_health (id bigint NOT NULL PRIMARY KEY, at bigint NOT NULL);
";

/// How many entries a list keeps.
const LIST_LEN: i64 = 200;
/// How many of them say the same, the newest: what can be repeated at will must not push the rest out of the list.
const ALIKE: i64 = 8;
const TELL: &str = "INSERT INTO web_entry (list, at, text, by) VALUES ($1, $2, $3, $4)";
/// Of a call, as the store has it too.
const LIMIT: Duration = Duration::from_secs(5);

/// What happened, or what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    pub(crate) text: String,
    /// Who wrote it; nobody for what happened.
    pub(crate) by: String,
}

/// Runs a call on a connection to the one or the other.
macro_rules! on {
    ($database:expr, $connection:ident => $call:expr) => {
        match $database {
            Database::Sqlite(pool) => {
                bounded(pool, async |$connection: &mut SqliteConnection| $call).await
            }
            Database::Postgres(pool) => {
                bounded(pool, async |$connection: &mut PgConnection| $call).await
            }
        }
    };
}

/// Runs one statement with these values, and says how many rows it has changed.
macro_rules! changed {
    ($database:expr, $sql:expr, $($value:expr),+) => {
        on!($database, it => Ok(query($sql)$(.bind($value))+.execute(it).await?.rows_affected()))
    };
}

/// As in the store: a call has a limit, and the connection of one that does not end well is closed.
async fn bounded<D: sqlx::Database, T>(
    pool: &Pool<D>,
    call: impl AsyncFnOnce(&mut D::Connection) -> sqlx::Result<T>,
) -> Outcome<T> {
    let mut connection = pool.acquire().await?;
    let answer = timeout(LIMIT, call(&mut connection)).await;
    if !matches!(answer, Ok(Ok(_))) {
        drop(connection.detach());
    }
    Ok(answer??)
}

impl Database {
    async fn create_schema(&self) -> Outcome {
        // Two servers that start at once would both create.
        let (lock, identity) = match self {
            Self::Sqlite(_) => ("", "INTEGER PRIMARY KEY AUTOINCREMENT"),
            Self::Postgres(_) => (
                "SELECT pg_advisory_xact_lock(hashtext('web-login'));",
                "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            ),
        };
        let schema = format!("{lock}{}", SCHEMA.replace("{identity}", identity));
        let schema = || sqlx::raw_sql(sqlx::AssertSqlSafe(schema.as_str()));
        on!(self, it => schema().execute(it).await.map(drop))
    }

    /// Whether it can write.
    pub(crate) async fn write(&self, now: UnixTime) -> Outcome {
        let sql =
            "INSERT INTO web_health VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";
        changed!(self, sql, number(now.as_secs())).map(drop)
    }

    /// Adds a user; `false` if the name is taken.
    pub(crate) async fn add_user(&self, user: &User) -> Outcome<bool> {
        let sql = "INSERT INTO web_user VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (name) DO NOTHING";
        let added = changed!(
            self,
            sql,
            &user.id,
            &user.name,
            &user.password,
            user.must_change_password,
            &user.organisation,
            &user.organisation_name,
            user.is_owner,
            user.permissions.names(),
            note_name(user.note),
            number(user.generation),
            &user.kept_login,
            number(user.deadline)
        );
        Ok(added? == 1)
    }

    pub(crate) async fn user(&self, id: &str) -> Outcome<Option<User>> {
        let sql = "SELECT * FROM web_user WHERE id = $1";
        let row = on!(self, it => query_as(sql).bind(id).fetch_optional(it).await);
        Ok(row?.map(user))
    }

    pub(crate) async fn user_by_name(&self, name: &str) -> Outcome<Option<User>> {
        let sql = "SELECT * FROM web_user WHERE name = $1";
        let row = on!(self, it => query_as(sql).bind(name).fetch_optional(it).await);
        Ok(row?.map(user))
    }

    /// All users of an organisation.
    pub(crate) async fn users_in(&self, organisation: &str) -> Outcome<Vec<User>> {
        let sql = "SELECT * FROM web_user WHERE organisation = $1";
        let rows = on!(self, it => query_as(sql).bind(organisation).fetch_all(it).await);
        Ok(rows?.into_iter().map(user).collect())
    }

    /// Changes a user, and gives the generation of their sessions from then on; `None` if there is no such user, or
    /// the login that changes them has ended. What is told of it is told in the same step.
    pub(crate) async fn change_user(&self, id: &str, change: &Change) -> Outcome<Option<u64>> {
        let sql = "UPDATE web_user SET password = coalesce($2, password),
                must_change_password = coalesce($3, must_change_password), note = coalesce($4, note),
                permissions = coalesce($5, permissions), generation = generation + $6,
                kept_login = CASE WHEN $6 > 0 THEN $8 ELSE kept_login END,
                deadline = coalesce($9, deadline)
            WHERE id = $1 AND ($7 IS NULL OR generation = $7 OR (kept_login = $8 AND $8 <> ''))
            RETURNING generation";
        let (generation, login) = change.login_parts();
        let list = activity_list(id);
        let generation = on!(self, it => {
            let mut transaction = it.begin().await?;
            let generation: Option<i64> = query_scalar(sql)
                .bind(id)
                .bind(&change.password)
                .bind(change.must_change_password)
                .bind(change.note.map(note_name))
                .bind(change.permissions.map(Permissions::names))
                .bind(i64::from(change.ends_sessions))
                .bind(generation.map(number))
                .bind(login)
                .bind(change.deadline.map(number))
                .fetch_optional(&mut *transaction)
                .await?;
            if let (Some(_), Some(entry)) = (generation, &change.told) {
                query(TELL)
                    .bind(&list)
                    .bind(number(entry.at))
                    .bind(&entry.text)
                    .bind(&entry.by)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(generation)
        });
        Ok(generation?.map(i64::unsigned_abs))
    }

    /// Adds a session of an account; `false` if the key is taken.
    pub(crate) async fn add_session(
        &self,
        key: &str,
        account: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let sql = "INSERT INTO web_session VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING";
        let ends = number(ends.as_secs());
        Ok(changed!(self, sql, key, body, ends, account)? == 1)
    }

    /// Changes a session; `false` if it has changed or ended meanwhile.
    pub(crate) async fn swap_session(
        &self,
        key: &str,
        old: &str,
        body: &str,
        ends: UnixTime,
    ) -> Outcome<bool> {
        let sql = "UPDATE web_session SET body = $3, ends = $4 WHERE key = $1 AND body = $2";
        let ends = number(ends.as_secs());
        Ok(changed!(self, sql, key, old, body, ends)? == 1)
    }

    pub(crate) async fn session(&self, key: &str) -> Outcome<Option<String>> {
        let sql = "SELECT body FROM web_session WHERE key = $1";
        on!(self, it => query_scalar(sql).bind(key).fetch_optional(it).await)
    }

    /// The keys and bodies of an account's sessions.
    pub(crate) async fn sessions_of(&self, account: &str) -> Outcome<Vec<(String, String)>> {
        let sql = "SELECT key, body FROM web_session WHERE account = $1";
        on!(self, it => query_as(sql).bind(account).fetch_all(it).await)
    }

    /// Ends a session, and gives its body; `None` if it has ended before.
    pub(crate) async fn end_session(&self, key: &str) -> Outcome<Option<String>> {
        let sql = "DELETE FROM web_session WHERE key = $1 RETURNING body";
        // To the end of the statement, where SQLite commits and may fail.
        let bodies: Vec<String> = on!(self, it => query_scalar(sql).bind(key).fetch_all(it).await)?;
        Ok(bodies.into_iter().next())
    }

    /// Forgets the sessions that nobody asks for any longer.
    pub(crate) async fn sweep_sessions(&self, now: UnixTime) -> Outcome {
        let sql = "DELETE FROM web_session WHERE ends <= $1";
        changed!(self, sql, number(now.as_secs())).map(drop)
    }

    /// Adds to a list, whose oldest entries go when it is full, or has enough of those that say the same.
    pub(crate) async fn add_entry(&self, list: &str, entry: &Entry) -> Outcome {
        let trim = "DELETE FROM web_entry WHERE list = $1 AND id NOT IN
            (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY text, by ORDER BY id DESC) AS alike
                FROM web_entry WHERE list = $1) AS entry WHERE alike <= $2 ORDER BY id DESC LIMIT $3)";
        on!(self, it => {
            let mut transaction = it.begin().await?;
            query(TELL)
                    .bind(list)
                    .bind(number(entry.at))
                    .bind(&entry.text)
                    .bind(&entry.by)
                    .execute(&mut *transaction)
                    .await?;
            query(trim)
                .bind(list)
                .bind(ALIKE)
                .bind(LIST_LEN)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await
        })
    }

    /// The newest entries of a list, newest first.
    pub(crate) async fn entries(&self, list: &str) -> Outcome<Vec<Entry>> {
        let sql = "SELECT at, text, by FROM web_entry WHERE list = $1 ORDER BY id DESC";
        let rows = on!(self, it => query_as(sql).bind(list).fetch_all(it).await)?;
        let entry = |(at, text, by): (i64, String, String)| Entry {
            at: at.unsigned_abs(),
            text,
            by,
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}

/// In the order of the table's columns.
type UserRow = (S, S, S, bool, S, S, bool, S, S, i64, S, i64);
type S = String;

fn user(row: UserRow) -> User {
    let (id, name, password, must_change_password, organisation, organisation_name, ..) = row;
    let (.., is_owner, permissions, note, generation, kept_login, deadline) = row;
    User {
        id,
        name,
        password,
        must_change_password,
        organisation,
        organisation_name,
        is_owner,
        permissions: Permissions::from_names(permissions.split(' ')),
        note: note_from_name(&note),
        generation: generation.unsigned_abs(),
        kept_login,
        deadline: deadline.unsigned_abs(),
    }
}

/// Both have signed integers; no time and no count here comes near their end.
fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
