//! Passwords: Argon2id, off the runtime's threads, a few at a time.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::{Outcome, random};

/// NIST SP 800-63B-4 section 3.1.1.2 wants 15 where the password is alone, 8 beside a second factor; and no rules of
/// composition.
pub(crate) const MIN_CHARS: usize = 12;
/// Longer ones are refused, never cut.
pub(crate) const MAX_BYTES: usize = 1024;

/// Hashes passwords and checks them.
pub(crate) struct Passwords {
    /// Each one takes 19 MiB and a core for a while: more at once would only starve the rest.
    turns: Arc<Semaphore>,
    /// Checked for names that nobody has, so that an unknown name takes as long as a wrong password.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Outcome<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            turns: Arc::new(Semaphore::new(cores)),
            nobody: hash(&random::password()?)?,
        })
    }

    /// The hash of a new password as a PHC string, to be stored.
    pub(crate) async fn hash(&self, password: String) -> Outcome<String> {
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether it is the password of this hash; of none: no, after the same work.
    pub(crate) async fn matches(&self, password: String, stored: Option<&str>) -> Outcome<bool> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let matches = self.in_turn(move || {
            let hash = PasswordHash::new(&stored)
                .map_err(|error| format!("a stored password is damaged: {error}"))?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok(),
            )
        });
        Ok(matches.await?? && is_known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Outcome<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await?;
        // The turn goes with the work, which runs to its end even if whoever asked for it is gone.
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        Ok(work.await?)
    }
}

fn hash(password: &str) -> Outcome<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash
        .map_err(|error| format!("a password can't be hashed: {error}"))?
        .to_string())
}

/// Whether it can be a password: its length alone counts.
pub(crate) fn fault(password: &str) -> Option<&'static str> {
    if password.chars().count() < MIN_CHARS {
        Some("That is too short.")
    } else if password.len() > MAX_BYTES {
        Some("That password is too long: at most 1024 bytes.")
    } else {
        None
    }
}
