//! The sealing key and the database's file, for their owner's eyes only.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use secondfactor::sealing::KeyFileError;
use secondfactor::{Keyring, SealingKey};

use crate::Outcome;

/// The keyring with the keys of these files. All servers on one store need the same ones, so the active one is made only
/// where nothing was sealed yet: a new key would open no record.
///
/// In production it belongs on another machine than the database's backups: whoever has both has every secret.
pub(crate) fn keyring(
    active: &Path,
    retired: &[PathBuf],
    nothing_sealed: bool,
) -> Outcome<Keyring> {
    let key = match load(active) {
        Err(KeyFileError::Missing { .. }) if nothing_sealed => make(active)?,
        loaded => loaded?,
    };
    retired.iter().try_fold(Keyring::new(key), |keyring, path| {
        Ok(keyring.with_retired(load(path)?))
    })
}

fn load(path: &Path) -> Result<SealingKey, KeyFileError> {
    match SealingKey::load_file(path) {
        // A mounted secret may look so, inside a container that has but one user.
        Err(error @ KeyFileError::OpenToOthers { .. }) => {
            tracing::warn!("{error}");
            SealingKey::danger_load_readable_file(path)
        }
        loaded => loaded,
    }
}

/// If another process was faster, its key stays.
fn make(path: &Path) -> Result<SealingKey, KeyFileError> {
    match SealingKey::create_file(path) {
        Err(KeyFileError::Exists { .. }) => load(path),
        made => made,
    }
}

/// Makes the database's file, for its owner only. SQLite gives the files beside it the same permissions.
pub(crate) fn make_private(database: &Path) -> Outcome {
    match OpenOptions::new()
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(database)
    {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(format!("it can't be made: {error}").into())
        }
        _ => Ok(()),
    }
}
