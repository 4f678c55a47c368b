//! Segments whose files are open, with their indexes: queries ask for the same ones again and again.
//!
//! It guarantees: the indexes take bounded memory, and the files a bounded part of those that the process may have.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::crypto::Hash;
use crate::storage::Kept;
use crate::storage::segment::Image;

/// What an index has in memory for each column: where its parts lie.
const COLUMN_BYTES: usize = 24;
/// What it has beside, and what an open file takes of the system.
const FILE_BYTES: usize = 2048;

pub(super) struct OpenImages {
    /// By their hashes: an id may come again.
    kept: Mutex<Kept<Hash, Arc<Image<File>>>>,
    /// What each counts for at least, so that small ones are not too many files.
    least_bytes: usize,
}

impl OpenImages {
    pub(super) fn new(bytes: usize, files: usize) -> Self {
        Self { kept: Mutex::new(Kept::new(bytes)), least_bytes: bytes.div_ceil(files.max(1)) }
    }

    /// The open image, unless another file stands in its place by now, or none.
    pub(super) fn get(&self, hash: &Hash, path: &Path) -> Option<Arc<Image<File>>> {
        let image = self.kept.lock().get(hash)?;
        let is_there = same_file(image.source(), path).unwrap_or(false);
        if !is_there {
            self.forget(hash);
        }
        is_there.then_some(image)
    }

    pub(super) fn keep(&self, hash: Hash, image: &Arc<Image<File>>) {
        let columns: usize = image.kinds().iter().map(|kind| kind.columns).sum();
        let bytes = FILE_BYTES + columns * COLUMN_BYTES;
        self.kept.lock().keep(hash, Arc::clone(image), bytes.max(self.least_bytes));
    }

    pub(super) fn forget(&self, hash: &Hash) {
        self.kept.lock().forget(hash);
    }
}

fn same_file(open: &File, path: &Path) -> io::Result<bool> {
    let (open, there) = (open.metadata()?, fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::files::{Access, write_whole};
    use crate::storage::segment::{Column, Effort, Piece, Row, Slice, Table, write};

    /// An open image with so many columns, in a file.
    fn image(path: &Path, columns: u32) -> Arc<Image<File>> {
        let row = Row {
            timestamp: Timestamp::from_millis(1),
            seq: 1,
            received_at: Timestamp::from_millis(2),
            shape: 0,
        };
        let table = Table {
            kind: "sysstat".to_owned(),
            pieces: vec![Piece { bytes: b"cpu".as_slice().into(), slots: columns, family: 1 }],
            shapes: vec![vec![1]],
            rows: vec![row],
            columns: (0..columns).map(|n| Column::Whole(vec![i64::from(n)])).collect(),
        };
        let mut bytes = Vec::new();
        write(&Slice { collector: [7; 16], tables: vec![table] }, Effort::Small, &mut bytes).unwrap();
        write_whole(path, &bytes, Access::Group).unwrap();
        Arc::new(Image::open(File::open(path).unwrap()).unwrap())
    }

    /// Which of so many images stay open when all were opened, one after the other.
    fn kept(open: &OpenImages, columns: u32, images: u8) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let image = image(&path, columns);
        (0..images).for_each(|number| open.keep([number; 32], &image));
        (0..images).filter(|number| open.get(&[*number; 32], &path).is_some()).collect()
    }

    #[test]
    fn a_file_that_was_removed_or_exchanged_is_not_the_one_that_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        let (open, image) = (OpenImages::new(1_000_000, 10), image(&path, 1));
        let is_open = || open.get(&[1; 32], &path).is_some();
        open.keep([1; 32], &image);
        assert!(is_open());
        write_whole(&path, &fs::read(&path).unwrap(), Access::Group).unwrap();
        assert!(!is_open(), "another file has its name");
        open.keep([1; 32], &image);
        fs::remove_file(&path).unwrap();
        assert!(!is_open(), "no file has its name");
    }

    #[test]
    fn the_newest_stay_open_as_far_as_memory_and_files_reach() {
        let memory = 100 * (FILE_BYTES + COLUMN_BYTES);
        assert_eq!(kept(&OpenImages::new(memory, 1000), 1, 200), (100..200).collect::<Vec<u8>>());
        assert_eq!(kept(&OpenImages::new(memory, 10), 1, 200), (190..200).collect::<Vec<u8>>());
        // a thousand columns are as much as 12 images of one
        assert_eq!(kept(&OpenImages::new(memory, 1000), 1000, 200), (193..200).collect::<Vec<u8>>());
    }
}
