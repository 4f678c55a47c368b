//! The folders of a demo, gone when it ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::files;

pub(super) const PREFIX: &str = "pganalytics-demo-";

/// Removed when it is dropped, and earlier by [`Folder::remove`].
pub(super) struct Folder {
    scratch: TempDir,
    /// The folder that the user named for the stores. It was empty or absent, and will be again.
    given: Option<Given>,
}

struct Given {
    path: PathBuf,
    was_there: bool,
}

impl Folder {
    pub(super) fn open(given: Option<PathBuf>) -> Result<Self, String> {
        let scratch = temporary()?;
        let given = given.map(Given::open).transpose()?;
        Ok(Self { scratch, given })
    }

    /// Where the daemon keeps its stores.
    pub(super) fn stores(&self) -> PathBuf {
        self.given.as_ref().map_or_else(|| self.scratch.path().join("data"), |given| given.path.clone())
    }

    /// Where the agent finds its configuration and keeps its spool.
    pub(super) fn agent(&self) -> Result<PathBuf, String> {
        let path = self.scratch.path().join("agent");
        files::create_folder(&path).map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(path)
    }

    /// Removes everything that the demo wrote. A second call finds nothing to do.
    pub(super) fn remove(&self) {
        let scratch = fs::remove_dir_all(self.scratch.path());
        let given = self.given.as_ref().map_or(Ok(()), Given::empty);
        for error in [scratch, given].into_iter().filter_map(Result::err) {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(%error, "cannot remove a folder of the demo");
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Given {
    /// Nobody's data is ever mixed with that of a demo, which is deleted.
    fn open(path: PathBuf) -> Result<Self, String> {
        let was_there = match fs::read_dir(&path) {
            Ok(mut entries) => match entries.next() {
                None => true,
                Some(_) => {
                    return Err(format!("{} is not empty, and a demo deletes its data", path.display()));
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(format!("cannot use {}: {error}", path.display())),
        };
        Ok(Self { path, was_there })
    }

    fn empty(&self) -> io::Result<()> {
        if !self.was_there {
            return fs::remove_dir_all(&self.path);
        }
        for entry in fs::read_dir(&self.path)? {
            remove(&entry?.path())?;
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// A new folder that only its owner may enter.
pub(super) fn temporary() -> Result<TempDir, String> {
    let made = tempfile::Builder::new().prefix(PREFIX).tempdir();
    made.map_err(|error| format!("cannot create a temporary folder: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_all_that_is_left() {
        let outside = tempfile::tempdir().unwrap();
        let named = outside.path().join("stores");
        let folder = Folder::open(Some(named.clone())).unwrap();
        files::create_folder(&named).unwrap();
        files::write_whole(&named.join("registry"), b"x", files::Access::Group).unwrap();
        let scratch = folder.agent().unwrap();
        assert!(scratch.is_dir());
        drop(folder);
        assert!(!named.exists() && !scratch.exists());

        files::create_folder(&named).unwrap();
        let folder = Folder::open(Some(named.clone())).unwrap();
        files::create_folder(&named.join("deep")).unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(&named).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused_and_left_alone() {
        let named = tempfile::tempdir().unwrap();
        files::write_whole(&named.path().join("precious"), b"x", files::Access::Group).unwrap();
        let refused = Folder::open(Some(named.path().to_owned())).err().unwrap();
        assert!(refused.contains("is not empty"), "{refused}");
        assert!(named.path().join("precious").exists());
    }
}
