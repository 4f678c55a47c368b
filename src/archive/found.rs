//! What lies in the folder of segments when it is opened, against what the catalog lists.
//!
//! A file that is being written is thrown away: what it was made of is still where it was. A file with the name of a
//! segment that no row lists is set aside and kept. A listed file of another length is damage. One that is missing is
//! told and stays listed: it may be on a disk that is not mounted. A damaged one that somebody put back whole counts
//! again.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::catalog::{self, State};
use super::remove::{DAMAGED, UNLISTED, aside};
use super::{Segment, SegmentError, Segments};
use crate::limits;

/// What did not belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Files that no row lists, under the names that they have now.
    pub unlisted: Vec<PathBuf>,
}

impl Segments {
    pub(super) fn look(&self) -> Result<Found, SegmentError> {
        self.sweep()?;
        self.look_at_damaged()?;
        let mut behind = Some(0);
        while let Some(last) = behind {
            behind = self.look_for_files(last)?;
        }
        let mut found = Found::default();
        for file in self.files()? {
            found.unlisted.extend(self.look_at(&file)?);
        }
        Ok(found)
    }

    /// All files in the folders of the collectors.
    fn files(&self) -> Result<Vec<PathBuf>, SegmentError> {
        let mut files = Vec::new();
        // whoever only looks does not make it
        if !self.folder.is_dir() {
            return Ok(files);
        }
        for folder in entries(&self.folder)?.iter().filter(|folder| folder.is_dir()) {
            files.extend(entries(folder)?);
        }
        Ok(files)
    }

    /// Files that no row lists.
    pub fn unlisted(&self) -> Result<Vec<PathBuf>, SegmentError> {
        let mut unlisted = Vec::new();
        for file in self.files()? {
            let is_listed = match file.extension().and_then(OsStr::to_str) {
                Some("segment") => self.is_listed(&file)?,
                extension => extension != Some(UNLISTED),
            };
            unlisted.extend((!is_listed).then_some(file));
        }
        Ok(unlisted)
    }

    fn is_listed(&self, file: &Path) -> Result<bool, SegmentError> {
        let name = file.strip_prefix(&self.folder).unwrap_or(file).to_string_lossy();
        Ok(self.db.read(|tx| catalog::state_of(tx, &name))?.is_some())
    }

    /// Files whose row says that they are damaged have no name of a segment any more, unless they are whole again.
    fn look_at_damaged(&self) -> Result<(), SegmentError> {
        self.each(State::Damaged, |segment| {
            let path = self.path(segment);
            if !path.exists() {
                return Ok(());
            }
            if self.read_listed(segment).is_err() {
                return self.rename_aside(&path, DAMAGED);
            }
            Ok(self.note_found([segment])?)
        })
    }

    /// Shows all segments in a state, a bounded number of them in memory.
    pub(super) fn each(
        &self,
        state: State,
        mut see: impl FnMut(&Segment) -> Result<(), SegmentError>,
    ) -> Result<(), SegmentError> {
        let mut behind = 0;
        loop {
            let some = self.db.read(|tx| catalog::in_state(tx, state, behind, limits::SEGMENTS_LISTED))?;
            let Some(last) = some.last() else { return Ok(()) };
            behind = last.id;
            some.iter().try_for_each(&mut see)?;
        }
    }

    /// Throws away what was being written, and sets aside what nobody listed: says under which name.
    fn look_at(&self, file: &Path) -> Result<Option<PathBuf>, SegmentError> {
        let failed = |operation| {
            let path = file.to_owned();
            move |source| SegmentError::File { operation, path, source }
        };
        match file.extension().and_then(OsStr::to_str) {
            Some("tmp") => fs::remove_file(file).map_err(failed("remove")).map(|()| None),
            Some("segment") => {
                if self.is_listed(file)? {
                    return Ok(None);
                }
                self.rename_aside(file, UNLISTED)?;
                let aside = aside(file, UNLISTED);
                tracing::warn!(path = %aside.display(), "a segment that nobody listed is set aside");
                Ok(Some(aside))
            }
            Some(UNLISTED) => Ok(Some(file.to_owned())),
            _ => Ok(None),
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, SegmentError> {
    let read =
        || fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>();
    let mut entries = read().map_err(|source| SegmentError::File {
        operation: "list the folder of",
        path: folder.to_owned(),
        source,
    })?;
    entries.sort();
    Ok(entries)
}
