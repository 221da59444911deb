//! Names and passwords.

use std::path::Path;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use rusqlite::{Connection, OptionalExtension};
use secondfactor::AccountId;

use crate::Outcome;
use crate::files::make_private;

/// Names and password hashes, in the same file.
pub(crate) struct Users {
    connection: Connection,
}

pub(crate) struct User {
    /// The row's number, not the name: names may change hands.
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) opted_in: bool,
}

impl Users {
    pub(crate) fn open(database: &Path) -> Outcome<Self> {
        make_private(database)?;
        let connection = Connection::open(database)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS user (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL UNIQUE,
                password TEXT NOT NULL,
                opted_in INTEGER NOT NULL DEFAULT 0
            ) STRICT",
        )?;
        Ok(Self { connection })
    }

    pub(crate) fn add(&self, name: &str, password: &str) -> Outcome {
        // Nothing that a terminal obeys, and no two names that look alike.
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
        if !(1..=24).contains(&name.len()) || !name.bytes().all(fits) {
            return Err("A name has 1 to 24 of these: a to z, 0 to 9, and -._".into());
        }
        if password.chars().count() < 8 {
            return Err("A password has at least 8 characters".into());
        }
        let hash = Argon2::default()
            .hash_password(password.as_bytes())
            .map_err(|error| error.to_string())?;
        let sql = "INSERT INTO user (name, password) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        match self
            .connection
            .execute(sql, [name, hash.to_string().as_str()])?
        {
            1 => Ok(()),
            _ => Err("The name is taken".into()),
        }
    }

    /// The same answer, after the same work, whether the name or the password is wrong.
    pub(crate) fn check(&self, name: &str, password: &str) -> Outcome<User> {
        let row = self
            .connection
            .query_row(
                "SELECT id, password, opted_in FROM user WHERE name = ?1",
                [name],
                |row| {
                    Ok((
                        row.get::<_, i64>(0)?,
                        row.get::<_, String>(1)?,
                        row.get::<_, bool>(2)?,
                    ))
                },
            )
            .optional()?;
        match row {
            Some((id, hash, opted_in)) if matches(password, &hash)? => Ok(User {
                account: AccountId::new(format!("user-{id}"))?,
                name: name.to_owned(),
                opted_in,
            }),
            Some(_) => Err("Wrong name or password".into()),
            None => {
                let _ = Argon2::default().hash_password(password.as_bytes());
                Err("Wrong name or password".into())
            }
        }
    }

    /// The application's own note of who has opted in: see `Mfa::needs_code`.
    pub(crate) fn note_opted_in(&self, user: &User, opted_in: bool) -> Outcome {
        self.connection.execute(
            "UPDATE user SET opted_in = ?2 WHERE name = ?1",
            (&user.name, opted_in),
        )?;
        Ok(())
    }
}

fn matches(password: &str, hash: &str) -> Outcome<bool> {
    let hash = PasswordHash::new(hash)
        .map_err(|error| format!("The stored password is damaged: {error}"))?;
    Ok(Argon2::default()
        .verify_password(password.as_bytes(), &hash)
        .is_ok())
}
