//! Where the database and the sealing key are, and who may read them.

use std::error::Error as StdError;
use std::ffi::CStr;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use secondfactor::store::SqliteStore;
use secondfactor::{Keyring, Mfa, SealingKey};

/// What a service's line says, or else the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The SQLite file.
    pub database: PathBuf,
    /// The file of the sealing key.
    pub key: PathBuf,
    /// Whether the log says more.
    pub debug: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: "/var/lib/secondfactor/accounts.db".into(),
            key: "/etc/secondfactor/sealing.key".into(),
            debug: false,
        }
    }
}

impl Settings {
    /// Reads the options of a service's line: `db=PATH`, `key=PATH` and `debug`.
    ///
    /// # Errors
    /// A text if an option is not known, or a path does not begin with `/`: `sudo` runs where its claimant wants.
    pub fn from_arguments(arguments: &[&CStr]) -> Result<Self, String> {
        let mut settings = Self::default();
        for argument in arguments {
            let option = argument.to_string_lossy();
            match option.split_once('=') {
                Some(("db", path)) => settings.database = absolute(path)?,
                Some(("key", path)) => settings.key = absolute(path)?,
                None if option == "debug" => settings.debug = true,
                _ => return Err(format!("there is no option {option:?}")),
            }
        }
        Ok(settings)
    }

    /// Opens both files. It makes none: a database that is gone is no database without accounts.
    ///
    /// # Errors
    /// If a file is missing, or not root's alone, or can't be opened.
    pub fn open(&self) -> Result<Mfa<SqliteStore>, Box<dyn StdError>> {
        require_private(&self.key)?;
        let key = SealingKey::load_file(&self.key)?;
        require_private(&self.database)?;
        // On this thread: the program that asks may fork, and its child has no other one.
        let store = SqliteStore::open(&self.database)?.on_this_thread();
        Ok(Mfa::new(store, Keyring::new(key)))
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (database, key) = (self.database.display(), self.key.display());
        write!(f, "db={database} key={key}")
    }
}

fn absolute(path: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(path);
    if path.is_absolute() {
        Ok(path)
    } else {
        Err(format!("the path {path:?} does not begin with /"))
    }
}

/// Whoever reads the key and the database has all secrets, and whoever writes the database lets used codes in again.
fn require_private(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let found = path
        .metadata()
        .map_err(|error| format!("{shown}: {error}"))?;
    if !found.is_file() {
        return Err(format!("{shown} is no file"));
    }
    if found.uid() != 0 || found.mode() & 0o077 != 0 {
        return Err(format!(
            "others than root can read or change {shown}: chown it to root and chmod it to 600"
        ));
    }
    Ok(())
}
