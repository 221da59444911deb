//! Key files: a sealing key beside the program, away from the database.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::key::{SealingKey, SealingKeyError};
use crate::codes::{RngError, SecretError, fill_random};

impl SealingKey {
    /// Makes a new key and writes it to a new file, which only its owner can read.
    ///
    /// Call it once, when an application is set up. Each start then loads the file by [`load_file`](Self::load_file).
    /// The file holds the text of [`expose_base32`](Self::expose_base32) and a line end. It appears whole or not at all, and
    /// never takes the place of another file. On Windows its readers are those of its folder.
    ///
    /// ```
    /// use secondfactor::SealingKey;
    /// use secondfactor::sealing::KeyFileError;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("sealing.key");
    /// let key = SealingKey::create_file(&path)?;
    /// assert_eq!(*SealingKey::load_file(&path)?.expose_base32(), *key.expose_base32());
    ///
    /// let again = SealingKey::create_file(&path);
    /// assert!(matches!(again, Err(KeyFileError::Exists { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`KeyFileError::Exists`] if there is a file of this name.
    /// - [`KeyFileError::Rng`] if the operating system's generator failed.
    /// - [`KeyFileError::Io`] if the file can't be written. Its file system must have hard links.
    pub fn create_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let key = Self::generate()?;
        let folder = folder_of(path);
        let temporary = temporary_in(folder)?;

        // A new name for a file never takes that of another one, as renaming it would.
        let linked = write_private(&temporary, &key).and_then(|()| fs::hard_link(&temporary, path));
        let removed = fs::remove_file(&temporary);
        linked.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
            _ => KeyFileError::from_io(path, source),
        })?;
        removed.map_err(|source| KeyFileError::from_io(&temporary, source))?;
        sync_folder(folder).map_err(|source| KeyFileError::from_io(folder, source))?;
        Ok(key)
    }

    /// Loads the key of a file that [`create_file`](Self::create_file) made. It never makes one.
    ///
    /// The file may be a symbolic link, as mounted secrets are: then the file that it leads to is judged.
    ///
    /// ```
    /// use secondfactor::SealingKey;
    /// use secondfactor::sealing::KeyFileError;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("sealing.key");
    /// # SealingKey::create_file(&path)?;
    /// let key = SealingKey::load_file(&path)?;
    ///
    /// let missing = SealingKey::load_file(folder.path().join("other.key"));
    /// assert!(matches!(missing, Err(KeyFileError::Missing { .. })));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - [`KeyFileError::Missing`] if there is no such file.
    /// - [`KeyFileError::OpenToOthers`] if its mode lets its group or others read or change it. Windows has no modes.
    /// - [`KeyFileError::NoKey`] if it holds anything but one whole key.
    /// - [`KeyFileError::Io`] if it can't be read.
    pub fn load_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        let file = open(path)?;
        check_mode(path, &file)?;
        read_key(path, file)
    }

    /// Loads a key file, also one that its group or others can read.
    ///
    /// It is for secrets that are mounted with a mode which can't be set. Whoever reads the file can open every record.
    ///
    /// ```
    /// use secondfactor::SealingKey;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("sealing.key");
    /// # std::fs::write(&path, &*SealingKey::generate()?.expose_base32())?;
    /// let key = SealingKey::danger_load_readable_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`load_file`](Self::load_file), without [`KeyFileError::OpenToOthers`].
    pub fn danger_load_readable_file(path: impl AsRef<Path>) -> Result<Self, KeyFileError> {
        let path = path.as_ref();
        read_key(path, open(path)?)
    }
}

/// The folder of a file. A name alone is in the present one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A name that no other call takes.
fn temporary_in(folder: &Path) -> Result<PathBuf, RngError> {
    let mut random = [0; 8];
    fill_random(&mut random)?;
    let random = u64::from_ne_bytes(random);
    Ok(folder.join(format!(".secondfactor-{random:016x}.tmp")))
}

/// Writes a key to a new file that nobody else can read, and waits until it is on the disk.
fn write_private(path: &Path, key: &SealingKey) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(key.expose_base32().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Waits until the names in a folder are on the disk. Windows opens no folders.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, KeyFileError> {
    File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing { path: path.into() },
        _ => KeyFileError::from_io(path, source),
    })
}

/// Judges the open file, so that no other one can take its place in between.
#[cfg(unix)]
fn check_mode(path: &Path, file: &File) -> Result<(), KeyFileError> {
    use std::os::unix::fs::PermissionsExt as _;

    let metadata = file
        .metadata()
        .map_err(|source| KeyFileError::from_io(path, source))?;
    if metadata.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeyFileError::OpenToOthers { path: path.into() })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &File) -> Result<(), KeyFileError> {
    Ok(())
}

/// A key has 52 symbols. This leaves room for the blanks and hyphens of text that people copied.
const MAX_TEXT: usize = 256;

/// Reads into a buffer of fixed length, which leaves no copy behind.
fn read_key(path: &Path, file: File) -> Result<SealingKey, KeyFileError> {
    let mut buffer = Zeroizing::new([0; MAX_TEXT]);
    let bytes = read_start(file, buffer.as_mut_slice())
        .map_err(|source| KeyFileError::from_io(path, source))?;
    parse(bytes).map_err(|source| KeyFileError::NoKey {
        path: path.into(),
        source,
    })
}

/// Reads until the file ends or the buffer is full.
fn read_start(mut file: File, buffer: &mut [u8]) -> io::Result<&[u8]> {
    let mut len = 0_usize;
    loop {
        match file.read(buffer.get_mut(len..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(read) => len = len.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(buffer.get(..len).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Result<SealingKey, SealingKeyError> {
    if bytes.len() >= MAX_TEXT {
        return Err(SealingKeyError::Length);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| SecretError::Character {
        position: error.valid_up_to(),
    })?;
    SealingKey::from_base32(text.trim_end())
}

/// Why a key file can't be made or loaded. No error has anything of what a file holds.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is a file of this name, which was left as it is.
    #[error("there is already a file {}: load it, or choose another name", .path.display())]
    #[non_exhaustive]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no such file.
    #[error(
        "there is no key file {}: copy it here from its backup or from another server, as a new key opens no stored record",
        .path.display()
    )]
    #[non_exhaustive]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file's mode lets its group or others read or change it.
    #[error(
        "others than its owner can read or change the key file {}: take that away (chmod 600), and replace the key if \
         somebody may have read it",
        .path.display()
    )]
    #[non_exhaustive]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file is empty or short, or it holds something else than one key.
    #[error(
        "the file {} holds no sealing key: restore it from its backup, as a new key opens no stored record",
        .path.display()
    )]
    #[non_exhaustive]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with its text.
        source: SealingKeyError,
    },
    /// The operating system refused to read or write the file.
    #[error("the key file {} can't be used: check its folder and its permissions", .path.display())]
    #[non_exhaustive]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The operating system gave no random bytes for a new key.
    #[error(transparent)]
    Rng(#[from] RngError),
}

impl KeyFileError {
    fn from_io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.into(),
            source,
        }
    }
}

#[cfg(test)]
mod tests;
