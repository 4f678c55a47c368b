//! Takes segments away: on purpose, in two steps that a crash can't mix up, or aside because they are damaged.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use super::catalog::{self, State};
use super::{Segment, SegmentError, Segments};
use crate::clock::Timestamp;
use crate::files;
use crate::ids::CollectorId;
use crate::storage::StoreError;

impl Segments {
    /// Lets segments go, in one transaction with what `also` does; their files go at the next sweep.
    pub fn remove(
        &self,
        segments: &[Segment],
        also: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), SegmentError> {
        self.note_removal();
        self.db.write(|tx| {
            for segment in segments {
                catalog::set_leaving(tx, segment.id)?;
            }
            also(tx)
        })?;
        for segment in segments {
            self.note_change(segment.collector);
        }
        Ok(())
    }

    /// Lets everything of one collector go, damaged files as well, and says how many documents there were.
    pub fn discard(&self, collector: CollectorId) -> Result<u64, SegmentError> {
        // before the transaction: what becomes a segment meanwhile is listed before it, or not at all
        self.note_removal();
        let documents = self.db.write(|tx| {
            let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
            let mut documents = 0;
            for segment in catalog::between(tx, collector, from, to)? {
                catalog::set_leaving(tx, segment.id)?;
                documents += segment.documents;
            }
            Ok::<_, StoreError>(documents)
        })?;
        self.note_change(collector);
        Ok(documents)
    }

    /// Removes the files that the catalog has let go, also those that an earlier process left.
    pub fn sweep(&self) -> Result<(), SegmentError> {
        self.each(State::Leaving, |segment| self.remove_file(segment))
    }

    /// The second step: the file of a segment that the catalog has let go, and then its row.
    pub(super) fn remove_file(&self, segment: &Segment) -> Result<(), SegmentError> {
        self.open.forget(&segment.sha256);
        let path = self.path(segment);
        for path in [&path, &aside(&path, DAMAGED)] {
            match std::fs::remove_file(path).and_then(|()| files::sync_folder_of(path)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.stop("remove", path.clone(), error));
                }
                _ => {}
            }
        }
        Ok(self.db.write(|tx| catalog::delete(tx, segment.id))?)
    }

    /// Notes what is wrong with a segment and renames its file, so that nothing reads it and nothing loses it.
    pub(super) fn set_aside(&self, segment: &Segment, what: &str) -> Result<(), SegmentError> {
        let path = self.path(segment);
        tracing::error!(path = %path.display(), what, "a segment is damaged; it is set aside and not read");
        self.open.forget(&segment.sha256);
        self.note_damaged(segment, what)?;
        self.rename_aside(&path, DAMAGED)
    }

    pub(super) fn rename_aside(&self, path: &Path, why: &str) -> Result<(), SegmentError> {
        match files::publish(path, &aside(path, why)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.stop("set aside", path.to_owned(), error))
            }
            _ => Ok(()),
        }
    }
}

/// Behind the name of a file that is listed and can't be read.
pub(super) const DAMAGED: &str = "damaged";
/// Behind the name of a file that nobody listed.
pub(super) const UNLISTED: &str = "unlisted";

pub(super) fn aside(path: &Path, why: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(why);
    path.with_file_name(name)
}
