//! The sealing key and the database's file, for their owner's eyes only.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use secondfactor::{Keyring, SealingKey};
use tempfile::NamedTempFile;

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
    if !active.exists() {
        if !nothing_sealed {
            let file = active.display();
            let error = format!(
                "the store has records, and the key file {file} that sealed them is missing: copy it here"
            );
            return Err(error.into());
        }
        make_key_file(active)
            .map_err(|error| format!("the key file {} can't be made: {error}", active.display()))?;
    }
    let keyring = Keyring::new(read_key(active)?);
    retired.iter().try_fold(keyring, |keyring, path| {
        Ok(keyring.with_retired(read_key(path)?))
    })
}

fn read_key(path: &Path) -> Outcome<SealingKey> {
    if std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        // No error: a mounted secret may look so, inside a container that has but one user.
        tracing::warn!(
            "the key file {} can be read by others than its owner",
            path.display()
        );
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the key file {} can't be read: {error}", path.display()))?;
    SealingKey::from_base32(text.trim_end()).map_err(|error| {
        format!(
            "the key file {} holds no sealing key: {error}",
            path.display()
        )
        .into()
    })
}

/// It gets its name when it is whole, so no half of a key is ever found. If another process was faster, its key stays.
fn make_key_file(path: &Path) -> Outcome {
    let folder = path
        .parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."));
    // Readable by its owner only, as `NamedTempFile` makes all its files.
    let mut file = NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", &*SealingKey::generate()?.expose_base32())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error.into()),
        _ => Ok(()),
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
            Err(format!("the database {} can't be made: {error}", database.display()).into())
        }
        _ => Ok(()),
    }
}
