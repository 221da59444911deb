//! The sealing key and the database's file, for their owner's eyes only.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use secondfactor::{Keyring, SealingKey};
use tempfile::NamedTempFile;

use crate::Outcome;

/// The sealing key: from the environment, or from a file beside the database, which is made only where nothing was sealed
/// yet: a new key would open no record.
pub(crate) fn keyring(database: &Path, nothing_sealed: bool) -> Outcome<Keyring> {
    let key = match std::env::var("SECONDFACTOR_SEALING_KEY") {
        Ok(text) => SealingKey::from_base32(&text)
            .map_err(|error| format!("SECONDFACTOR_SEALING_KEY is no sealing key: {error}"))?,
        Err(std::env::VarError::NotPresent) => {
            key_file(&with_suffix(database, ".key"), nothing_sealed)?
        }
        Err(_) => return Err("SECONDFACTOR_SEALING_KEY is not UTF-8".into()),
    };
    Ok(Keyring::new(key))
}

/// Reads the key file, or makes it.
fn key_file(path: &Path, nothing_sealed: bool) -> Outcome<SealingKey> {
    if !path.exists() {
        if !nothing_sealed {
            let file = path.display();
            let error = format!(
                "There are records, and the key file {file} that sealed them is missing: copy it here"
            );
            return Err(error.into());
        }
        make_key_file(path)
            .map_err(|error| format!("The key file {} can't be made: {error}", path.display()))?;
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("The key file {} can't be read: {error}", path.display()))?;
    SealingKey::from_base32(text.trim_end()).map_err(|error| {
        format!(
            "The key file {} holds no sealing key: {error}",
            path.display()
        )
        .into()
    })
}

/// It gets its name when it is whole, so no half of a key is ever found. If another process was faster, its key stays.
fn make_key_file(path: &Path) -> Outcome {
    // Readable by its owner only, as `NamedTempFile` makes all its files.
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    writeln!(file, "{}", &*SealingKey::generate()?.expose_base32())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error.into()),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes the database's file, for its owner only: it will hold password hashes. SQLite's files beside it get the same
/// permissions.
pub(crate) fn make_private(database: &Path) -> Outcome {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(database) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(format!("The database {} can't be made: {error}", database.display()).into())
        }
        _ => Ok(()),
    }
}
