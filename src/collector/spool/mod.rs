//! What was collected and not yet acknowledged: durable on disk, bounded in bytes, never silently lost.
//!
//! Invariant: a batch leaves the spool in one of three ways: the daemon acknowledged it, the daemon will
//! never take it (set aside, counted), or the spool was full and it was the oldest (dropped, counted). The
//! counts, and the gaps that they make, are as durable as the batches. A damaged file is renamed aside and reported, never deleted.
//!
//! Files are `<sequence>.batch`; the sequence is the order in which they were made, whatever the clock did.
//! It does not know how batches are sent.

mod batch;
mod counts;
mod gaps;
mod log_position;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::files::{self, Access, Lock};
use crate::wire::{Gap, GapReason};

pub use batch::{Batch, Damage, Header};
use counts::Counts;
use log_position::LogPosition;
pub use log_position::log_position;

/// A file takes whole blocks, whatever its length.
const BLOCK_BYTES: u64 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("cannot {operation} in the spool {folder}: {cause}{advice}", folder = folder.display(), advice = files::advice(.cause))]
    Io { operation: &'static str, folder: PathBuf, cause: io::Error },
    #[error("the spool {0} is in use by another agent")]
    InUse(String),
    #[error("batch {sequence} is damaged and was set aside: {damage}")]
    Damaged { sequence: u64, damage: Damage },
    #[error("a batch of {bytes} bytes is larger than the spool of {max_bytes} bytes")]
    TooLarge { bytes: u64, max_bytes: u64 },
}

/// The folder of batches, held by one process.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    /// Sequence to bytes on disk.
    batches: BTreeMap<u64, u64>,
    /// What the daemon refused and a person may look at; the first to go when room is needed.
    refused: BTreeMap<u64, u64>,
    /// Bytes of the batches, and of what was set aside.
    bytes: u64,
    last_sequence: u64,
    counts: Counts,
    counts_are_behind: bool,
    _lock: Lock,
}

impl Spool {
    pub fn open(folder: &Path, max_bytes: u64) -> Result<Self, SpoolError> {
        let failed = |operation| move |cause| SpoolError::Io { operation, folder: folder.to_owned(), cause };
        files::create_folder(folder).map_err(failed("create the folder"))?;
        let lock = Lock::take(&folder.join("lock")).map_err(failed("take the lock"))?;
        let lock = lock.ok_or_else(|| SpoolError::InUse(folder.display().to_string()))?;
        let mut spool = Self {
            folder: folder.to_owned(),
            max_bytes,
            batches: BTreeMap::new(),
            refused: BTreeMap::new(),
            bytes: 0,
            last_sequence: 0,
            counts: Counts::read(folder).map_err(failed("read the counts"))?,
            counts_are_behind: false,
            _lock: lock,
        };
        spool.take_stock().map_err(failed("list the batches"))?;
        spool.finish_interrupted_drop().map_err(failed("finish a drop"))?;
        spool.mend_log_position()?;
        Ok(spool)
    }

    fn take_stock(&mut self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            if entry.path().extension().is_some_and(|kind| kind == "tmp") {
                // never acknowledged to anybody: the process ended before it was whole
                fs::remove_file(entry.path())?;
                continue;
            }
            let Some((sequence, kind)) = parse_name(&name) else { continue };
            let bytes = on_disk(entry.metadata()?.len());
            self.bytes += bytes;
            self.last_sequence = self.last_sequence.max(sequence);
            match kind {
                "batch" => self.batches.insert(sequence, bytes),
                "refused" => self.refused.insert(sequence, bytes),
                _ => None,
            };
        }
        Ok(())
    }

    fn finish_interrupted_drop(&mut self) -> io::Result<()> {
        if let Some(sequence) = self.counts.dropping {
            self.remove_dropped(sequence)?;
            self.counts.dropping = None;
            self.counts.write(&self.folder)?;
        }
        Ok(())
    }

    /// Makes a batch durable; when there is no room, the oldest make it. Returns its sequence.
    pub fn add(&mut self, batch: &Batch) -> Result<u64, SpoolError> {
        let bytes = batch.encode().map_err(|cause| self.failed("encode a batch", cause))?;
        let needed = on_disk(bytes.len() as u64);
        if needed > self.max_bytes {
            self.count_lost(batch);
            return Err(SpoolError::TooLarge { bytes: needed, max_bytes: self.max_bytes });
        }
        let sequence = self.last_sequence + 1;
        let path = self.path(sequence, "batch");
        let written = self.make_room(needed).and_then(|()| {
            files::write_whole(&path, &bytes, Access::Group)
                .map_err(|cause| self.failed("write a batch", cause))
        });
        if let Err(error) = written {
            self.count_lost(batch);
            return Err(error);
        }
        self.last_sequence = sequence;
        self.batches.insert(sequence, needed);
        self.bytes += needed;
        self.note_log_position(sequence, batch);
        if self.counts_are_behind {
            self.write_counts();
        }
        Ok(sequence)
    }

    fn note_log_position(&self, sequence: u64, batch: &Batch) {
        let Some(position) = batch.header.log_position.clone() else { return };
        if let Err(error) = (LogPosition { sequence, position }).write(&self.folder) {
            tracing::error!(%error, "cannot note how far the database's log was read");
        }
    }

    /// A crash may have come between the newest batch and the note of its position.
    fn mend_log_position(&mut self) -> Result<(), SpoolError> {
        let noted = LogPosition::read(&self.folder).map_or(0, |noted| noted.sequence);
        // an empty spool would count from one again, and its batches would look older than the note
        self.last_sequence = self.last_sequence.max(noted);
        let Some(newest) = self.newest().filter(|newest| *newest > noted) else { return Ok(()) };
        match self.read(newest) {
            Ok(Some(batch)) => self.note_log_position(newest, &batch),
            // a damaged one is set aside, and counted
            Ok(None) | Err(SpoolError::Damaged { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn make_room(&mut self, needed: u64) -> Result<(), SpoolError> {
        while self.bytes + needed > self.max_bytes {
            if let Some((sequence, bytes)) = self.refused.pop_first() {
                fs::remove_file(self.path(sequence, "refused"))
                    .map_err(|cause| self.failed("delete a refused batch", cause))?;
                self.bytes -= bytes;
            } else if self.batches.is_empty() {
                // what is left are damaged files, which are never deleted
                return Ok(());
            } else {
                self.drop_oldest()?;
            }
        }
        Ok(())
    }

    /// A batch that cannot be kept is declared. On a full disk the count reaches the disk later.
    fn count_lost(&mut self, batch: &Batch) {
        let Header { collected_at, documents, .. } = batch.header;
        self.counts.dropped_batches += 1;
        self.counts.dropped_documents += documents;
        self.counts.gaps.add(GapReason::NotWritten, collected_at, documents);
        self.write_counts();
    }

    fn write_counts(&mut self) {
        let written = self.counts.write(&self.folder);
        self.counts_are_behind = written.is_err();
        if let Err(error) = written {
            tracing::error!(%error, "cannot count on disk what was lost");
        }
    }

    /// Counts first and deletes then, with a mark between, so that a crash neither forgets a drop nor
    /// counts it twice.
    fn drop_oldest(&mut self) -> Result<(), SpoolError> {
        let Some((&sequence, _)) = self.batches.first_key_value() else { return Ok(()) };
        let Header { collected_at, documents, .. } = match self.read(sequence) {
            Ok(Some(batch)) => batch.header,
            // reading has taken it out of the row; it makes no room, but the next one will
            Ok(None) | Err(SpoolError::Damaged { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.counts.dropped_batches += 1;
        self.counts.dropped_documents += documents;
        self.counts.gaps.add(GapReason::SpoolFull, collected_at, documents);
        self.counts.dropping = Some(sequence);
        self.counts.write(&self.folder).map_err(|cause| self.failed("count a drop", cause))?;
        self.remove_dropped(sequence).map_err(|cause| self.failed("drop a batch", cause))?;
        tracing::warn!(
            sequence,
            documents,
            total = self.counts.dropped_batches,
            "the spool is full: dropped its oldest batch"
        );
        Ok(())
    }

    fn remove_dropped(&mut self, sequence: u64) -> io::Result<()> {
        let path = self.path(sequence, "batch");
        match fs::remove_file(&path) {
            Ok(()) => files::sync_folder_of(&path)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        self.bytes -= self.batches.remove(&sequence).unwrap_or(0);
        Ok(())
    }

    /// The batch, or `None` when it was dropped meanwhile. A damaged one is set aside and reported.
    pub fn read(&mut self, sequence: u64) -> Result<Option<Batch>, SpoolError> {
        if !self.batches.contains_key(&sequence) {
            return Ok(None);
        }
        let bytes = match fs::read(self.path(sequence, "batch")) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.bytes -= self.batches.remove(&sequence).unwrap_or(0);
                return Ok(None);
            }
            Err(cause) => return Err(self.failed("read a batch", cause)),
        };
        match Batch::decode(&bytes) {
            Ok(batch) => Ok(Some(batch)),
            Err(damage) => {
                self.counts.damaged_batches += 1;
                let made_at = self.made_at(sequence);
                self.counts.gaps.add(GapReason::Damaged, made_at, 0);
                self.rename(sequence, "damaged")?;
                Err(SpoolError::Damaged { sequence, damage })
            }
        }
    }

    /// The daemon has it. If the deletion is lost with the power, the batch is sent again under the same id
    /// and stored once, so that nothing needs to be synced here.
    pub fn acknowledged(&mut self, sequence: u64) -> Result<(), SpoolError> {
        match fs::remove_file(self.path(sequence, "batch")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.failed("delete an acknowledged batch", error));
            }
            _ => {}
        }
        self.bytes -= self.batches.remove(&sequence).unwrap_or(0);
        Ok(())
    }

    /// The daemon will never take it: kept for a person to look at, counted, not sent again.
    pub fn set_aside(&mut self, sequence: u64) -> Result<(), SpoolError> {
        if let Some(Batch { header: Header { collected_at, documents, .. }, .. }) = self.read(sequence)? {
            self.counts.gaps.add(GapReason::Refused, collected_at, documents);
        }
        self.counts.refused_batches += 1;
        let bytes = self.batches.get(&sequence).copied();
        self.rename(sequence, "refused")?;
        self.refused.extend(bytes.map(|bytes| (sequence, bytes)));
        Ok(())
    }

    fn rename(&mut self, sequence: u64, kind: &str) -> Result<(), SpoolError> {
        self.counts.write(&self.folder).map_err(|cause| self.failed("count a batch", cause))?;
        files::publish(&self.path(sequence, "batch"), &self.path(sequence, kind))
            .map_err(|cause| self.failed("set a batch aside", cause))?;
        self.batches.remove(&sequence);
        Ok(())
    }

    /// The oldest batch after `sequence`.
    pub fn oldest_after(&self, sequence: u64) -> Option<u64> {
        self.batches.range(sequence.saturating_add(1)..).next().map(|(&sequence, _)| sequence)
    }

    pub fn newest(&self) -> Option<u64> {
        self.batches.last_key_value().map(|(&sequence, _)| sequence)
    }

    /// The newest batch up to and including `sequence`.
    pub fn newest_until(&self, sequence: u64) -> Option<u64> {
        self.batches.range(..=sequence).next_back().map(|(&sequence, _)| sequence)
    }

    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Bytes on disk, with what was set aside.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Batches that had to go because the spool was full, since the spool was made.
    pub fn dropped(&self) -> u64 {
        self.counts.dropped_batches
    }

    /// Batches that the daemon will never take, since the spool was made.
    pub fn refused(&self) -> u64 {
        self.counts.refused_batches
    }

    /// What was lost for good, and the daemon does not know yet.
    pub fn gaps(&self) -> Vec<Gap> {
        self.counts.gaps.untold()
    }

    /// The daemon has recorded these of the gaps that it was told.
    pub fn gaps_recorded(&mut self, told: &[Gap], recorded: &[Uuid]) {
        // should that not reach the disk, they are told again, and are on record once
        if self.counts.gaps.recorded(told, recorded) {
            self.write_counts();
        }
    }

    /// When a file was written, by the file system.
    fn made_at(&self, sequence: u64) -> Timestamp {
        let written = fs::metadata(self.path(sequence, "batch")).and_then(|file| file.modified()).ok();
        let since = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        Timestamp::from_millis(0).plus(since)
    }

    fn path(&self, sequence: u64, kind: &str) -> PathBuf {
        self.folder.join(format!("{sequence:020}.{kind}"))
    }

    fn failed(&self, operation: &'static str, cause: io::Error) -> SpoolError {
        SpoolError::Io { operation, folder: self.folder.clone(), cause }
    }
}

fn parse_name(name: &str) -> Option<(u64, &str)> {
    let (sequence, kind) = name.split_once('.')?;
    Some((sequence.parse().ok()?, kind))
}

fn on_disk(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK_BYTES).max(1) * BLOCK_BYTES
}

#[cfg(test)]
mod tests;
