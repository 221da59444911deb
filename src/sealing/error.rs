//! The reasons why stored bytes don't open.

use super::key::KeyId;

/// Says why stored bytes do not open. An operator must find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// They are too short to be a sealed record.
    #[error("not a sealed record: restore it from a backup, or remove it")]
    Malformed,
    /// A later release sealed them, or they are no sealed record.
    #[error(
        "sealed in the unknown format {format}: update this server, or restore the record from a backup"
    )]
    #[non_exhaustive]
    UnknownFormat {
        /// The format has this number.
        format: u8,
    },
    /// The key is not on the keyring.
    #[error("sealed by key {id}, which is not on the keyring: add it as a retired key")]
    #[non_exhaustive]
    UnknownKey {
        /// The key has this id.
        id: KeyId,
    },
    /// They were changed, or they belong to another account.
    #[error(
        "the sealed record was changed, or belongs to another account: restore it from a backup"
    )]
    Forged,
}
