//! The session crate's rows, in the site's database.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secondfactor::codes::{Clock as _, SystemClock, UnixTime};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};

use crate::Outcome;
use crate::database::Database;

/// How often a new id may be one that is taken. With 128 random bits, never once.
const TRIES: usize = 3;

#[derive(Clone)]
pub(crate) struct Sessions {
    database: Arc<dyn Database>,
}

impl Sessions {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self { database }
    }

    /// Leaves one value under an id that has just ended, for a minute.
    pub(crate) async fn leave(&self, id: Id, name: &str, value: &impl Serialize) -> Outcome {
        let body = serde_json::json!({ name: value }).to_string();
        let ends = SystemClock.now().saturating_add(Duration::from_secs(60));
        self.database.add_session(&key(id), &body, ends).await?;
        Ok(())
    }
}

/// Whoever reads the database, or a backup of it, finds no session to take over: only the hash of each id.
pub(crate) fn key(id: Id) -> String {
    Sha256::digest(id.0.to_le_bytes())
        .iter()
        .fold(String::new(), |mut hex, byte| {
            // Writing to a string does not fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

fn body(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn ends(record: &Record) -> UnixTime {
    UnixTime::from_secs(u64::try_from(record.expiry_date.unix_timestamp()).unwrap_or(0))
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..TRIES {
            if self
                .database
                .add_session(&key(record.id), &body(record)?, ends(record))
                .await
                .map_err(failed)?
            {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no new session id".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.database
            .save_session(&key(record.id), &body(record)?, ends(record))
            .await
            .map_err(failed)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        // The session crate goes by the system's clock, and so do its rows. What the site decides, it decides by its own.
        let Some((body, ends)) = self
            .database
            .session(&key(*id), SystemClock.now())
            .await
            .map_err(failed)?
        else {
            return Ok(None);
        };
        let data: HashMap<_, _> =
            serde_json::from_str(&body).map_err(|error| Error::Decode(error.to_string()))?;
        let ends = i64::try_from(ends.as_secs())
            .ok()
            .and_then(|ends| OffsetDateTime::from_unix_timestamp(ends).ok());
        let expiry_date = ends.ok_or_else(|| Error::Decode("no time".to_owned()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.database
            .end_session(&key(*id))
            .await
            .map(drop)
            .map_err(failed)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}
