//! Segments whose files are open, with their indexes: queries ask for the same ones again and again.
//!
//! It guarantees: the indexes take bounded memory, and the files a bounded part of those that the process may have.

use std::fs::File;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::crypto::Hash;
use crate::storage::Kept;
use crate::storage::segment::Image;

/// What an index has in memory for each column: where its parts lie.
const COLUMN_BYTES: usize = 48;
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

    pub(super) fn get(&self, hash: &Hash) -> Option<Arc<Image<File>>> {
        self.kept.lock().get(hash)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::storage::segment::{Column, Effort, Piece, Row, Slice, Table, write};

    /// An open image with so many columns.
    fn image(columns: u32) -> Arc<Image<File>> {
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
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        Arc::new(Image::open(file).unwrap())
    }

    /// Which of so many images stay open when all were opened, one after the other.
    fn kept(open: &OpenImages, columns: u32, images: u8) -> Vec<u8> {
        let image = image(columns);
        (0..images).for_each(|number| open.keep([number; 32], &image));
        (0..images).filter(|number| open.get(&[*number; 32]).is_some()).collect()
    }

    #[test]
    fn the_newest_stay_open_as_far_as_memory_and_files_reach() {
        let memory = 100 * (FILE_BYTES + COLUMN_BYTES);
        assert_eq!(kept(&OpenImages::new(memory, 1000), 1, 200), (100..200).collect::<Vec<u8>>());
        assert_eq!(kept(&OpenImages::new(memory, 10), 1, 200), (190..200).collect::<Vec<u8>>());
        // a thousand columns are as much as 24 images of one
        assert_eq!(kept(&OpenImages::new(memory, 1000), 1000, 200), [196, 197, 198, 199]);
    }
}
