//! Makes a segment of a slice: written, synced, read back, compared, named, and only then listed.
//!
//! When the process ends before the last step, the slice is where it was, and what lies in the folder is listed nowhere.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use super::catalog::{self, Kind};
use super::{Moment, Segment, SegmentError, Segments};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::files;
use crate::ids::CollectorId;
use crate::storage::StoreError;
use crate::storage::segment::{Effort, Image, Slice, write};

/// A segment that is on its way.
pub(super) struct Draft {
    pub segment: Segment,
    /// The file, under the name with which it is not a segment yet.
    pub beside: PathBuf,
}

impl Segments {
    /// Makes a segment of a slice that has documents and was read at a moment.
    pub fn publish(&self, slice: &Slice, read_at: Moment) -> Result<Segment, SegmentError> {
        self.replace(&[], slice, read_at, |_, _| Ok(()))
    }

    /// Makes a segment of a slice and takes others out of the catalog, in one transaction with what `also` does.
    /// The files of the others go at the next sweep.
    pub fn replace(
        &self,
        others: &[Segment],
        slice: &Slice,
        read_at: Moment,
        also: impl FnOnce(&Transaction<'_>, &Segment) -> Result<(), StoreError>,
    ) -> Result<Segment, SegmentError> {
        let Draft { mut segment, beside } = self.write_draft(slice)?;
        self.check_draft(&segment, &beside, slice)?;
        self.name_draft(&segment, &beside)?;
        let listed = self.db.write(|tx| {
            if self.moment() != read_at {
                return Err(SegmentError::Overtaken);
            }
            for other in others {
                catalog::set_leaving(tx, other.id)?;
            }
            let id = catalog::insert(tx, &segment)?;
            also(tx, &segment)?;
            Ok(id)
        });
        if let Err(SegmentError::Overtaken) = listed {
            // nobody lists it, and what it was made of may be gone on purpose
            let path = self.path(&segment);
            std::fs::remove_file(&path).map_err(|source| self.stop("remove", path, source))?;
        }
        segment.id = listed?;
        self.note_change(segment.collector);
        Ok(segment)
    }

    /// Writes the file under another name, and makes its content durable.
    pub(super) fn write_draft(&self, slice: &Slice) -> Result<Draft, SegmentError> {
        self.poison.check()?;
        let mut bytes = Vec::new();
        write(slice, Effort::Small, &mut bytes)?;
        let segment = self.describe(slice, &bytes);
        let path = self.path(&segment);
        let written = write_beside(&path, &bytes);
        match written {
            Ok(beside) => Ok(Draft { segment, beside }),
            Err(error) if is_full(&error) => {
                // nothing waits for this file, and the room is needed
                let _ = std::fs::remove_file(files::beside(&path));
                Err(SegmentError::Full(bytes.len()))
            }
            Err(source) => Err(self.stop("write", path, source)),
        }
    }

    fn describe(&self, slice: &Slice, bytes: &[u8]) -> Segment {
        let kinds: Vec<Kind> = slice
            .tables
            .iter()
            .filter_map(|table| {
                let (first, last) = table.rows.first().zip(table.rows.last())?;
                Some(Kind {
                    kind: table.kind.clone(),
                    first: first.timestamp,
                    last: last.timestamp,
                    documents: table.rows.len() as u64,
                })
            })
            .collect();
        let sha256 = sha256(bytes);
        let collector = CollectorId::from(uuid::Uuid::from_bytes(slice.collector));
        let first = kinds.iter().map(|kind| kind.first).min().unwrap_or(Timestamp::from_millis(0));
        Segment {
            id: 0,
            file: file_name(collector, first, &sha256),
            collector,
            first,
            last: kinds.iter().map(|kind| kind.last).max().unwrap_or(first),
            documents: kinds.iter().map(|kind| kind.documents).sum(),
            samples: slice.tables.iter().map(|table| table.samples() as u64).sum(),
            bytes: bytes.len() as u64,
            sha256,
            kinds,
            sealed_at: self.clock.now(),
            damage: None,
            lost_at: None,
        }
    }

    /// Reads the file as any reader would, and compares.
    pub(super) fn check_draft(
        &self,
        segment: &Segment,
        beside: &Path,
        slice: &Slice,
    ) -> Result<(), SegmentError> {
        let file = File::open(beside).map_err(|source| self.stop("open", beside.to_owned(), source))?;
        match Image::open(file).and_then(|image| image.is_slice(slice)) {
            Ok(true) => Ok(()),
            Ok(false) => Err(SegmentError::Differs(self.path(segment))),
            Err(source) => Err(SegmentError::Image { path: self.path(segment), source }),
        }
    }

    /// Gives the file its name, durably.
    pub(super) fn name_draft(&self, segment: &Segment, beside: &Path) -> Result<(), SegmentError> {
        let path = self.path(segment);
        files::publish(beside, &path).map_err(|source| self.stop("name", path, source))
    }

    /// After a sync that failed nobody knows what the disk holds.
    pub(super) fn stop(&self, operation: &'static str, path: PathBuf, source: io::Error) -> SegmentError {
        self.poison.set(&format!("cannot {operation} the segment {}: {source}", path.display()));
        SegmentError::File { operation, path, source }
    }
}

fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        files::create_folder(folder)?;
        files::sync_folder_of(folder)?;
    }
    files::write_beside(path, bytes, files::Access::Group)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// A name that tells collector, time and content, and that no other content has.
fn file_name(collector: CollectorId, first: Timestamp, sha256: &[u8]) -> String {
    let time = first.to_string();
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).take(13).collect();
    let content = hex::encode(sha256.get(..8).unwrap_or(sha256));
    format!("{collector}/{time}Z-{content}.segment")
}
