//! How long metrics are kept, and letting go of the segments that are older.
//!
//! It guarantees: what is removed is older than its type is kept; each removal is told in its own transaction. A segment
//! goes with its last document, so a document lives up to a week longer than it must.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rusqlite::Transaction;

use super::Metrics;
use crate::archive::{Segment, SegmentError};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::StoreError;
use crate::storage::segment::{Table, keep};

/// How long documents are kept, and how old they may be when they come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    pub all: Duration,
    /// Of these types, instead.
    pub of: BTreeMap<String, Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { all: limits::RETENTION, of: BTreeMap::new() }
    }
}

impl Retention {
    pub fn of(&self, kind: &str) -> Duration {
        self.of.get(kind).copied().unwrap_or(self.all)
    }
}

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    pub documents: u64,
    pub segments: usize,
    /// The times of the first and the last document among them.
    pub span: Option<(Timestamp, Timestamp)>,
}

impl Expired {
    fn add(&mut self, documents: u64, first: Timestamp, last: Timestamp) {
        self.documents += documents;
        let (known_first, known_last) = self.span.unwrap_or((first, last));
        self.span = Some((known_first.min(first), known_last.max(last)));
    }
}

impl Metrics {
    /// Looks at the next segments behind `next`, but for those of some collectors, and lets go of what is older than the
    /// retention: in transactions with what `also` does.
    pub fn expire(
        &self,
        now: Timestamp,
        next: &mut i64,
        kept: &HashSet<CollectorId>,
        also: impl Fn(&Transaction<'_>, &Expired) -> Result<(), StoreError>,
    ) -> Result<Expired, SegmentError> {
        let looked_at = self.segments.live(*next, limits::SEGMENTS_LISTED)?;
        *next = looked_at.last().map_or(0, |last| last.id);
        let (mut all, mut whole, mut trimmed) = (Expired::default(), Vec::new(), 0);
        for segment in looked_at.into_iter().filter(|segment| !kept.contains(&segment.collector)) {
            let old = self.old_kinds(&segment, now);
            if old.documents == segment.documents {
                all.add(segment.documents, segment.first, segment.last);
                whole.push(segment);
            } else if old.documents > 0
                && segment.lost_at.is_none()
                && trimmed < limits::SEGMENTS_TRIMMED_AT_ONCE
            {
                let part = self.trim(&segment, &old, &also)?;
                if let Some((first, last)) = part.span {
                    all.add(part.documents, first, last);
                }
                trimmed += 1;
            }
            if whole.len() == limits::SEGMENTS_REMOVED_AT_ONCE {
                *next = whole.last().map_or(0, |last: &Segment| last.id);
                break;
            }
        }
        if !whole.is_empty() {
            let mut gone = Expired { segments: whole.len(), ..Expired::default() };
            for segment in &whole {
                gone.add(segment.documents, segment.first, segment.last);
            }
            self.segments.remove(&whole, |tx| also(tx, &gone))?;
            self.note_removal();
        }
        all.segments = whole.len() + trimmed;
        Ok(all)
    }

    /// The types of a segment of which every document is too old.
    fn old_kinds(&self, segment: &Segment, now: Timestamp) -> OldKinds {
        let is_old = |kind: &&crate::archive::Kind| kind.last < now.minus(self.retention.of(&kind.kind));
        let old: Vec<_> = segment.kinds.iter().filter(is_old).collect();
        OldKinds {
            documents: old.iter().map(|kind| kind.documents).sum(),
            kinds: old.iter().map(|kind| kind.kind.clone()).collect(),
        }
    }

    /// Makes a segment without the types that are too old.
    fn trim(
        &self,
        segment: &Segment,
        old: &OldKinds,
        also: &impl Fn(&Transaction<'_>, &Expired) -> Result<(), StoreError>,
    ) -> Result<Expired, SegmentError> {
        let read_at = self.segments.moment();
        let image = self.segments.image(segment)?;
        let slice = image.slice().map_err(|error| self.segments.refuse(segment, error))?;
        let is_old = |table: &&Table| old.kinds.contains(&table.kind);
        let mut gone = Expired { segments: 1, ..Expired::default() };
        for rows in slice.tables.iter().filter(is_old).map(|table| &table.rows) {
            if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
                gone.add(rows.len() as u64, first.timestamp, last.timestamp);
            }
        }
        let rest = keep(&slice, |kind, _| !old.kinds.contains(kind));
        let others = std::slice::from_ref(segment);
        self.segments.replace(others, &rest, read_at, |tx, _| also(tx, &gone))?;
        self.note_removal();
        Ok(gone)
    }
}

struct OldKinds {
    kinds: HashSet<String>,
    documents: u64,
}
