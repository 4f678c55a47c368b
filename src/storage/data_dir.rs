//! The data directory: every on-disk name of the daemon stands here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::files::{self, Access, Lock};
use crate::limits::OPENING_TIME;

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("cannot create the data directory {path}: {source}{}", files::advice(.source))]
    Create { path: PathBuf, source: io::Error },
    #[error("the data directory {0} is in use by another pganalytics process")]
    InUse(PathBuf),
    #[error("cannot use {path}: {source}{}", files::advice(.source))]
    Use { path: PathBuf, source: io::Error },
    #[error("another pganalytics process does not finish to open the data directory {0}")]
    BeingOpened(PathBuf),
}

/// The journal of a redb file, while changes are only there.
pub(super) fn journal_of(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push("-journal");
    store.with_file_name(name)
}

/// The names in a data directory.
#[derive(Clone, Debug)]
pub struct Layout(PathBuf);

impl Layout {
    pub fn of(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Held by the daemon that works on the directory.
    fn lock(&self) -> PathBuf {
        self.0.join("pganalytics.lock")
    }

    /// Held while a program makes sure that the directory's keys and tables are there.
    fn opening(&self) -> PathBuf {
        self.0.join("opening.lock")
    }

    /// There while a daemon works on the directory, and after one that did not close it.
    fn running(&self) -> PathBuf {
        self.0.join("running")
    }

    /// Says that nothing in the directory is being worked on.
    pub fn set_clean(&self) -> io::Result<()> {
        let running = self.running();
        fs::remove_file(&running)?;
        files::sync_folder_of(&running)
    }

    /// SQLite: registry, users, sessions and the audit log.
    pub fn registry(&self) -> PathBuf {
        self.0.join("registry.sqlite")
    }

    /// What SQLite has written and not yet moved into the registry.
    pub fn registry_log(&self) -> PathBuf {
        self.0.join("registry.sqlite-wal")
    }

    /// Waits until nobody else opens the directory: the first of two programs that meet on an empty one makes
    /// its keys, the other finds them.
    pub fn lock_opening(&self) -> Result<Lock, DataDirError> {
        let path = self.opening();
        let lock = Lock::take_within(&path, OPENING_TIME);
        let lock = lock.map_err(|source| DataDirError::Use { path, source })?;
        lock.ok_or_else(|| DataDirError::BeingOpened(self.0.clone()))
    }

    /// Keeps every daemon out, or finds one inside.
    pub fn lock_alone(&self) -> Result<Lock, DataDirError> {
        let path = self.lock();
        let lock = Lock::take(&path).map_err(|source| DataDirError::Use { path, source })?;
        lock.ok_or_else(|| DataDirError::InUse(self.0.clone()))
    }

    /// redb: the metrics that are not sealed yet.
    pub fn hot(&self) -> PathBuf {
        self.0.join("hot.redb")
    }

    /// SQLite: what agents log.
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs.sqlite")
    }

    /// Sealed metrics: a folder for each collector, with its segments.
    pub fn segments(&self) -> PathBuf {
        self.0.join("segments")
    }

    /// The ring of root keys, where no systemd credential holds it.
    pub fn root_key(&self) -> PathBuf {
        self.0.join("root.key")
    }

    /// The one-time code for the first administrator, while there is none.
    pub fn setup_code(&self) -> PathBuf {
        self.0.join("setup-code")
    }
}

/// An open data directory, locked for this process.
#[derive(Debug)]
pub struct DataDir {
    pub layout: Layout,
    /// Whether the last process that had the directory ended without closing it.
    pub was_unclean: bool,
    _lock: Lock,
}

impl DataDir {
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        let layout = Layout::of(root);
        files::create_folder(root)
            .map_err(|source| DataDirError::Create { path: root.to_owned(), source })?;
        let lock = layout.lock_alone()?;
        let running = layout.running();
        let was_unclean = running.exists();
        files::write_whole(&running, b"", Access::Group)
            .map_err(|source| DataDirError::Use { path: running, source })?;
        Ok(Self { layout, was_unclean, _lock: lock })
    }

    /// Says that everything in the directory was closed in order.
    pub fn close(&self) -> io::Result<()> {
        self.layout.set_clean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user_and_remembers_an_unclean_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open(folder.path()).unwrap();
        assert!(!first.was_unclean);
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::InUse(_))));
        drop(first);
        let second = DataDir::open(folder.path()).unwrap();
        assert!(second.was_unclean);
        second.close().unwrap();
        drop(second);
        assert!(!DataDir::open(folder.path()).unwrap().was_unclean);
    }
}
