//! A file of changes beside a store: those made since the store's own file was last made durable.
//!
//! It guarantees: what was appended is durable, and is found again in its order; of what was being appended when the
//! power failed nothing is found; a file that is missing, cut or of another store is told, and a record that is damaged
//! is told when another one follows it. It does not know what the changes mean.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::bytes::Reader;
use crate::crypto::fill_random;
use crate::files;
use crate::limits::JOURNAL_RECORDS;

const MAGIC: &[u8; 8] = b"pgAjourn";
const VERSION: u32 = 1;
/// Magic, version, id, size, checksum.
const HEADER_BYTES: usize = 8 + 4 + 16 + 8 + 4;
/// Generation, number, length and checksum of a record.
const HEAD_BYTES: usize = 8 + 8 + 4 + 4;

/// Tells the journal of one store from those of others.
pub(super) type Id = [u8; 16];

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("damaged: {0}")]
    Damaged(&'static str),
    #[error("it belongs to another store")]
    OfAnother,
}

/// An open journal. Its records are those of one generation: the store knows which one counts.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    pub(super) id: Id,
    pub(super) generation: u64,
    /// The number of the next record, and where it goes.
    next: u64,
    end: u64,
    size: u64,
}

impl Journal {
    /// Makes an empty journal of so many bytes. Its room is taken as it is needed.
    pub(super) fn create(path: &Path, size: u64, generation: u64) -> io::Result<Self> {
        let mut id = Id::default();
        fill_random(&mut id);
        let beside = files::write_beside(path, &header(&id, size), files::Access::Group)?;
        let file = OpenOptions::new().read(true).write(true).open(&beside)?;
        file.set_len(size)?;
        file.sync_all()?;
        files::publish(&beside, path)?;
        Ok(Self { file, id, generation, next: 0, end: HEADER_BYTES as u64, size })
    }

    /// Opens a journal and gives the records of a generation that it has.
    pub(super) fn open(path: &Path, id: Id, generation: u64) -> Result<(Self, Vec<Vec<u8>>), JournalError> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let bytes = std::fs::read(path)?;
        let size = bytes.len() as u64;
        let own = bytes.get(..HEADER_BYTES).ok_or(JournalError::Damaged("it is shorter than its header"))?;
        if own != header(&id, size) {
            let is_whole = own.starts_with(MAGIC) && size_in(own) == Some(size);
            return Err(if is_whole { JournalError::OfAnother } else { JournalError::Damaged("its header") });
        }
        let mut journal = Self { file, id, generation, next: 0, end: HEADER_BYTES as u64, size };
        let mut rest = &bytes[HEADER_BYTES..];
        let mut records = Vec::new();
        while let Some((changes, behind)) = journal.record(journal.next, rest) {
            records.push(changes.to_vec());
            journal.next += 1;
            rest = behind;
        }
        // a record is begun when the one before it is durable, so only the last one can be torn
        if journal.has_record(journal.next + 1, rest) {
            return Err(JournalError::Damaged("a record before the last one does not match its checksum"));
        }
        journal.end = size - rest.len() as u64;
        Ok((journal, records))
    }

    pub(super) fn has_room(&self, changes: usize) -> bool {
        self.next < JOURNAL_RECORDS && self.end + (HEAD_BYTES + changes) as u64 <= self.size
    }

    /// Appends changes, and returns when they are durable.
    pub(super) fn append(&mut self, changes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(changes.len()).map_err(io::Error::other)?;
        let mut record = Vec::with_capacity(HEAD_BYTES + changes.len());
        record.extend(self.head_of(self.next));
        record.extend(length.to_le_bytes());
        record.extend(checksum(&[&self.id, &record, changes]));
        record.extend(changes);
        self.file.write_all_at(&record, self.end)?;
        self.file.sync_data()?;
        self.next += 1;
        self.end += record.len() as u64;
        Ok(())
    }

    /// Begins anew: what was appended is in the store's own file.
    pub(super) fn begin(&mut self, generation: u64) {
        (self.generation, self.next, self.end) = (generation, 0, HEADER_BYTES as u64);
    }

    /// How the record of a number begins.
    fn head_of(&self, number: u64) -> [u8; 16] {
        let mut head = [0; 16];
        head[..8].copy_from_slice(&self.generation.to_le_bytes());
        head[8..].copy_from_slice(&number.to_le_bytes());
        head
    }

    /// Whether the record of a number stands anywhere in the bytes.
    fn has_record(&self, number: u64, bytes: &[u8]) -> bool {
        let [first, ..] = self.head_of(number);
        let mut at = 0;
        while let Some(place) = place_of(first, &bytes[at..]) {
            at += place;
            if self.record(number, &bytes[at..]).is_some() {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The record of a number, which the bytes begin with, and what is behind it.
    fn record<'b>(&self, number: u64, bytes: &'b [u8]) -> Option<(&'b [u8], &'b [u8])> {
        let head = bytes.get(..20)?;
        let mut reader = Reader(bytes.strip_prefix(&self.head_of(number))?);
        let length = reader.u32()?;
        let sum: [u8; 4] = reader.array()?;
        let changes = reader.bytes_of(u64::from(length))?;
        (sum == checksum(&[&self.id, head, changes])).then_some((changes, reader.0))
    }
}

fn header(id: &Id, size: u64) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend(id);
    header.extend(size.to_le_bytes());
    header.extend(checksum(&[&header]));
    header
}

fn size_in(header: &[u8]) -> Option<u64> {
    Reader(header.get(28..)?).u64()
}

/// Where a byte stands first. The standard library looks at many bytes at once there.
fn place_of(byte: u8, bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let last = rest.skip_until(byte).ok()?.checked_sub(1)?;
    (bytes.get(last) == Some(&byte)).then_some(last)
}

fn checksum(parts: &[&[u8]]) -> [u8; 4] {
    let mut sum = crc32fast::Hasher::new();
    parts.iter().for_each(|part| sum.update(part));
    sum.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 4096;

    fn filled(records: u8) -> (tempfile::TempDir, std::path::PathBuf, Id) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path, SIZE, 7).unwrap();
        for number in 0..records {
            journal.append(&[number; 100]).unwrap();
        }
        let id = journal.id;
        (folder, path, id)
    }

    fn found(path: &Path, id: Id) -> Result<Vec<Vec<u8>>, JournalError> {
        Journal::open(path, id, 7).map(|(_, records)| records)
    }

    #[test]
    fn what_was_appended_is_found_in_its_order_and_it_goes_on_behind_it() {
        let (_folder, path, id) = filled(3);
        let (mut journal, records) = Journal::open(&path, id, 7).unwrap();
        assert_eq!(records, [vec![0; 100], vec![1; 100], vec![2; 100]]);
        journal.append(&[3; 100]).unwrap();
        assert_eq!(found(&path, id).unwrap().len(), 4);
        journal.begin(8);
        journal.append(&[9; 10]).unwrap();
        assert_eq!(Journal::open(&path, id, 8).unwrap().1, [vec![9; 10]]);
        assert!(journal.has_room(3000) && !journal.has_room(4096));
    }

    #[test]
    fn a_torn_end_is_none_and_every_flip_before_the_last_record_is_told() {
        let (_folder, path, id) = filled(3);
        let whole = std::fs::read(&path).unwrap();
        let last = HEADER_BYTES + 2 * (HEAD_BYTES + 100);
        for torn in last..last + HEAD_BYTES + 100 {
            let mut bytes = whole.clone();
            bytes[torn..last + HEAD_BYTES + 100].fill(0);
            std::fs::write(&path, &bytes).unwrap();
            let records = found(&path, id).unwrap();
            // the last bytes of the record may be zeros that were written
            assert!(records.len() == 2 || bytes == whole, "torn at {torn}");
        }
        for place in 0..last {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(found(&path, id).is_err(), "byte {place} flipped");
        }
    }

    #[test]
    fn one_that_is_cut_missing_or_of_another_store_is_told() {
        let (_folder, path, id) = filled(2);
        let whole = std::fs::read(&path).unwrap();
        for length in [0, 10, HEADER_BYTES, 200, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(matches!(found(&path, id), Err(JournalError::Damaged(_))), "cut to {length}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(found(&path, id), Err(JournalError::Io(_))));
        std::fs::write(&path, &whole).unwrap();
        assert!(matches!(found(&path, [1; 16]), Err(JournalError::OfAnother)));
    }
}
