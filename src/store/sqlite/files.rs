//! Whether the open files are still those that others open.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Fault;

/// Names the database, its log and the log's index, as they were when they were opened.
///
/// What is written into a file that was deleted is gone, and what another process reads from its
/// successor knows nothing of it.
pub(super) struct Files([(PathBuf, Identity); 3]);

impl Files {
    /// Takes them down when they are open, so that nobody can open others under their numbers.
    pub(super) fn beside(path: &Path) -> Result<Self, Fault> {
        Self::find(path).map_err(Fault::NoFile)
    }

    fn find(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        // SQLite follows links first, and puts the others beside what it finds.
        let main = path.canonicalize()?;
        let found = |path: PathBuf| identity(&path).map(|identity| (path, identity));
        let [log, index] = ["-wal", "-shm"].map(|suffix| {
            let mut name = main.clone().into_os_string();
            name.push(suffix);
            found(name.into())
        });
        Ok(Self([found(path)?, log?, index?]))
    }

    pub(super) fn are_in_place(&self) -> bool {
        let is_in_place = |(path, was): &(PathBuf, Identity)| {
            identity(path).is_ok_and(|identity| identity == *was)
        };
        self.0.iter().all(is_in_place)
    }
}

/// Of a file that stays open: its device and its number.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let found = path.metadata()?;
    Ok((found.dev(), found.ino()))
}

/// Windows lets nobody replace a file that is open.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Path) -> io::Result<Identity> {
    Ok(())
}
