//! The sealing key and the database's file, for their owner's eyes only.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use secondfactor::SealingKey;
use secondfactor::sealing::KeyFileError;

use crate::Outcome;

const VARIABLE: &str = "SECONDFACTOR_SEALING_KEY";

/// The sealing key, and where it came from: the environment, or a file beside the database. The file is made only where
/// nothing was sealed yet, as a new key would open no record.
pub(crate) fn sealing_key(database: &Path, nothing_sealed: bool) -> Outcome<(SealingKey, String)> {
    let file = with_suffix(database, ".key");
    match std::env::var(VARIABLE) {
        Ok(text) => match SealingKey::from_base32(&text) {
            Ok(key) => Ok((key, VARIABLE.to_owned())),
            Err(_) => Err(format!(
                "{VARIABLE} holds no whole sealing key: copy it again from its backup"
            )
            .into()),
        },
        Err(std::env::VarError::NotPresent) => Ok((
            load_or_make(&file, nothing_sealed)?,
            file.display().to_string(),
        )),
        Err(_) => Err(format!("{VARIABLE} is not UTF-8").into()),
    }
}

fn load_or_make(file: &Path, nothing_sealed: bool) -> Result<SealingKey, KeyFileError> {
    match SealingKey::load_file(file) {
        Err(KeyFileError::Missing { .. }) if nothing_sealed => {}
        loaded => return loaded,
    }
    match SealingKey::create_file(file) {
        // Another process was faster, and its key stays.
        Err(KeyFileError::Exists { .. }) => SealingKey::load_file(file),
        made => made,
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
