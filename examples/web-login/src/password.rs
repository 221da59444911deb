//! Passwords: Argon2id, off the runtime's threads, a few at a time, each in a buffer of its own that is used again.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::tries::Try;
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
    /// For each turn. An allocator that gets and gives back so much, on one thread after the other, keeps far more.
    memory: Arc<Mutex<Vec<Memory>>>,
    /// Checked for names that nobody has, so that an unknown name takes as long as a wrong password.
    nobody: String,
}

impl Passwords {
    pub(crate) fn new() -> Outcome<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            turns: Arc::new(Semaphore::new(cores)),
            memory: Arc::default(),
            nobody: hash(&random::password()?, &mut Memory::new())?,
        })
    }

    /// The hash of a new password as a PHC string, to be stored.
    pub(crate) async fn hash(&self, password: String, _: &Try) -> Outcome<String> {
        self.in_turn(move |memory| hash(&password, memory)).await?
    }

    /// Whether it is the password of this hash; of none: no, after the same work.
    pub(crate) async fn matches(
        &self,
        password: String,
        stored: Option<&str>,
        _: &Try,
    ) -> Outcome<bool> {
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let matches = self.in_turn(move |memory| matches(&password, &stored, memory));
        Ok(matches.await?? && is_known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Outcome<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await?;
        let unused = Arc::clone(&self.memory);
        // The turn goes with the work, which runs to its end even if whoever asked for it is gone.
        let work = tokio::task::spawn_blocking(move || {
            let unused = || unused.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = unused().pop().unwrap_or_default();
            let result = work(&mut memory);
            unused().push(memory);
            drop(turn);
            result
        });
        Ok(work.await?)
    }
}

type Memory = Vec<Block>;

fn hash(password: &str, memory: &mut Memory) -> Outcome<String> {
    let (salt, params, version) = (Salt::generate(), Params::DEFAULT, Version::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(version.into()),
        params: ParamsString::try_from(argon2.params())?,
        salt: Some(salt),
        hash: Some(output(&argon2, password, &salt, memory)?),
    };
    Ok(hash.to_string())
}

fn matches(password: &str, stored: &str, memory: &mut Memory) -> Outcome<bool> {
    let stored = PasswordHash::new(stored)
        .map_err(|error| format!("a stored password is damaged: {error}"))?;
    let version = stored.version.map(Version::try_from).transpose()?;
    let argon2 = Argon2::new(
        Algorithm::try_from(stored.algorithm.as_str())?,
        version.unwrap_or_default(),
        Params::try_from(&stored)?,
    );
    let salt = stored.salt.ok_or("a stored password has no salt")?;
    // Compared in constant time.
    Ok(stored.hash == Some(output(&argon2, password, &salt, memory)?))
}

fn output(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &[u8],
    memory: &mut Memory,
) -> Outcome<Output> {
    let mut bytes = [0; Params::DEFAULT_OUTPUT_LEN];
    memory.resize(argon2.params().block_count(), Block::new());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, memory)
        .map_err(|error| format!("a password can't be hashed: {error}"))?;
    Ok(Output::new(&bytes)?)
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

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

    use super::*;

    #[test]
    fn hashes_are_those_of_argon2_in_used_memory_too() {
        let mut memory = Memory::new();
        for password in ["a long password", "another long password"] {
            let ours = hash(password, &mut memory).unwrap();
            let theirs = Argon2::default().hash_password(password.as_bytes());
            let theirs = theirs.unwrap().to_string();
            Argon2::default()
                .verify_password(password.as_bytes(), ours.as_str())
                .unwrap();
            for hash in [&ours, &theirs] {
                assert!(matches(password, hash, &mut memory).unwrap());
                assert!(!matches("a wrong password", hash, &mut memory).unwrap());
            }
        }
    }
}
