//! How much room a folder has: told by its file system, or by a test.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the figure comes from.
#[derive(Clone, Debug)]
pub enum FreeSpace {
    FileSystem(PathBuf),
    Manual(Arc<AtomicU64>),
}

impl FreeSpace {
    /// The room of the file system that holds `path`.
    pub fn around(path: &Path) -> Self {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self::FileSystem(folder.unwrap_or(Path::new(".")).to_owned())
    }

    /// Bytes that a process without privileges may still write.
    pub fn bytes(&self) -> io::Result<u64> {
        match self {
            Self::FileSystem(folder) => {
                let figures = nix::sys::statvfs::statvfs(folder)?;
                Ok(figures.blocks_available().saturating_mul(figures.fragment_size()))
            }
            Self::Manual(bytes) => Ok(bytes.load(Ordering::SeqCst)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_a_folder_has_room() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FreeSpace::around(&folder.path().join("file")).bytes().unwrap() > 0);
        assert!(FreeSpace::around(Path::new("/nowhere/at/all")).bytes().is_err());
    }
}
