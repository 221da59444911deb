//! The files of a new machine, for root's eyes only.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use pam_secondfactor::settings::Settings;
use secondfactor::SealingKey;
use secondfactor::sealing::KeyFileError;

use crate::Outcome;
use crate::terminal::say;

/// Makes the database and the sealing key where neither is there. One without the other is left to its owner: a new key
/// opens no record, and a new database has no accounts.
pub(crate) fn make_missing(settings: &Settings) -> Outcome {
    if settings.database.try_exists()? || settings.key.try_exists()? {
        return Ok(());
    }
    make_folder_of(&settings.key)?;
    match SealingKey::create_file(&settings.key) {
        // Another call was faster, and its key stays.
        Err(KeyFileError::Exists { .. }) => {}
        made => drop(made?),
    }
    make_folder_of(&settings.database)?;
    let mut options = OpenOptions::new();
    match options
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&settings.database)
    {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    say(format_args!(
        "Made the database {} and the sealing key {}. Back both up, in different places.",
        settings.database.display(),
        settings.key.display()
    ))
}

fn make_folder_of(path: &Path) -> Outcome {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    Ok(())
}
