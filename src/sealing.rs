//! Seals the record at rest: whole, by XChaCha20-Poly1305, bound to its account, with one of
//! several keys.
//!
//! Sealing knows bytes, keys and account ids, and nothing of what the bytes mean.

mod error;
pub(crate) mod key;
mod key_file;
pub(crate) mod keyring;
mod purpose;

pub use error::SealError;
pub use key::{KeyId, SealingKeyError};
pub use key_file::KeyFileError;
pub(crate) use keyring::{Keyring, key_id};
pub(crate) use purpose::Purpose;
