//! Segments that cannot be read any more, and those that can again.
//!
//! It guarantees: each time that one is lost or found is noted in the catalog and told once, in one transaction.

use std::io;
use std::sync::atomic::Ordering;
use std::{fs, slice};

use rusqlite::Transaction;

use super::catalog;
use super::{Segment, SegmentError, Segments};
use crate::limits;
use crate::storage;

/// What became of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// They are not what was written, and were set aside.
    Damaged,
    /// Their files are not there.
    Missing,
    /// They can be read again.
    Found,
}

/// Who is told what became of segments, in the transaction that notes it.
pub type Witness = Box<dyn Fn(&Transaction<'_>, Fate, &[Segment]) -> storage::Result<()> + Send + Sync>;

impl Segments {
    /// Who is told from now on. There is one at most.
    pub fn tell_losses(&self, witness: Witness) {
        let _ = self.witness.set(witness);
    }

    /// How often segments were lost or found: what was computed before is not what would be computed now.
    pub fn losses(&self) -> u64 {
        self.losses.load(Ordering::SeqCst)
    }

    /// Looks whether the files of the next live segments behind one are in their place. Gives the last of them; none
    /// when there are no more.
    pub fn look_for_files(&self, behind: i64) -> Result<Option<i64>, SegmentError> {
        let listed = self.live(behind, limits::SEGMENTS_LISTED)?;
        let (mut missing, mut found) = (Vec::new(), Vec::new());
        for segment in &listed {
            let path = self.path(segment);
            match fs::metadata(&path) {
                Ok(file) if file.len() != segment.bytes => {
                    self.set_aside(segment, "its file has another length than was listed")?;
                }
                Ok(_) => found.push(segment),
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(segment),
                Err(source) => return Err(SegmentError::File { operation: "look at", path, source }),
            }
        }
        self.note_missing(missing)?;
        self.note_found(found)?;
        Ok(listed.last().map(|last| last.id))
    }

    /// Notes that the files of live segments are not there.
    pub(super) fn note_missing<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a Segment>,
    ) -> storage::Result<()> {
        let now = self.clock.now();
        let new: Vec<_> = segments.into_iter().filter(|segment| segment.lost_at.is_none()).collect();
        let noted =
            self.note(Fate::Missing, &new, |tx, segment| catalog::set_missing(tx, segment.id, now))?;
        for segment in noted {
            let path = self.path(&segment);
            tracing::error!(path = %path.display(), "a segment is missing; what is in it cannot be read");
        }
        Ok(())
    }

    /// Notes that segments that were lost are there.
    pub(super) fn note_found<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a Segment>,
    ) -> storage::Result<()> {
        let lost: Vec<_> = segments.into_iter().filter(|segment| segment.lost_at.is_some()).collect();
        let noted = self.note(Fate::Found, &lost, |tx, segment| catalog::set_found(tx, segment.id))?;
        for segment in noted {
            let path = self.path(&segment);
            tracing::warn!(path = %path.display(), "a segment that was lost can be read again");
        }
        Ok(())
    }

    /// Notes what is wrong with a segment.
    pub(super) fn note_damaged(&self, segment: &Segment, what: &str) -> storage::Result<()> {
        let now = self.clock.now();
        let damaged = Segment { damage: Some(what.to_owned()), ..segment.clone() };
        let put = |tx: &Transaction<'_>, segment: &Segment| catalog::set_damaged(tx, segment.id, what, now);
        self.note(Fate::Damaged, slice::from_ref(&&damaged), put)?;
        Ok(())
    }

    /// Gives those that nobody had noted yet.
    fn note(
        &self,
        fate: Fate,
        segments: &[&Segment],
        put: impl Fn(&Transaction<'_>, &Segment) -> storage::Result<bool>,
    ) -> storage::Result<Vec<Segment>> {
        if segments.is_empty() {
            return Ok(Vec::new());
        }
        let noted = self.db.write(|tx| {
            let mut noted = Vec::new();
            for segment in segments {
                if put(tx, segment)? {
                    noted.push((*segment).clone());
                }
            }
            match self.witness.get() {
                Some(witness) if !noted.is_empty() => witness(tx, fate, &noted)?,
                _ => {}
            }
            Ok::<_, storage::StoreError>(noted)
        })?;
        for segment in &noted {
            self.note_change(segment.collector);
        }
        self.losses.fetch_add(1, Ordering::SeqCst);
        Ok(noted)
    }
}
