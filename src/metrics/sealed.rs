//! The segments of a collector, as those read them who read the hot store as well.
//!
//! It guarantees: who opens the hot store before it asks finds every document in one of the two, and those that are in
//! both can be told. A segment that is damaged or missing is told, and the rest is read.

use std::collections::HashSet;
use std::sync::Arc;

use super::Metrics;
use super::hot::{self, Place};
use super::known::Known;
use super::query::QueryError;
use crate::archive::{Opened, Segment, SegmentError};
use crate::clock::Timestamp;
use crate::crypto::sha256;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::segment::{Image, ImageError, Source};

impl Metrics {
    /// The segments of a collector between two moments with documents of a type that is wanted, by time.
    pub(super) fn sealed(
        &self,
        (collector, from, to): (CollectorId, Timestamp, Timestamp),
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Opened>, SegmentError> {
        self.segments.images(collector, (from, to), |kind| wanted(&kind.kind))
    }

    /// The documents of an hour that segments have. The hot store may have some of them still: when the process ended
    /// between the listing of a segment and the removal of what is in it.
    pub(super) fn sealed_in(&self, sealed: &[Opened], hour: Timestamp) -> Result<HashSet<Place>, QueryError> {
        let mut found = HashSet::new();
        let touches = |first: Timestamp, last: Timestamp| first < hot::behind(hour) && last >= hour;
        for one in sealed.iter().filter(|one| touches(one.segment.first, one.segment.last)) {
            for (at, kind) in one.image.kinds().iter().enumerate() {
                if touches(kind.first, kind.last) {
                    let rows = one.image.rows(at).map_err(|error| self.refused(one, error))?;
                    found.extend(rows.iter().map(|row| Place { timestamp: row.timestamp, seq: row.seq }));
                }
            }
        }
        Ok(found)
    }

    /// What must be known of a type of a segment.
    pub(super) fn known(&self, sealed: &Opened, kind: usize) -> Result<Arc<Known>, ImageError> {
        self.known.of(sealed.segment.sha256, &*sealed.image, kind)
    }

    /// Keeps what must be known of a new segment: nothing is asked for more than what is new.
    pub(super) fn know(&self, segment: Segment) -> Result<(), QueryError> {
        self.segments.listed(segment.collector)?;
        let image = self.segments.image(&segment)?;
        let sealed = Opened { segment: Arc::new(segment), image };
        for kind in 0..sealed.image.kinds().len() {
            self.known(&sealed, kind).map_err(|error| self.refused(&sealed, error))?;
        }
        Ok(())
    }

    /// What must be known of a type of the image of an hour.
    pub(super) fn known_of_hour<S: Source>(
        &self,
        (collector, hour): (CollectorId, Timestamp),
        image: &Image<S>,
        kind: usize,
    ) -> Result<Arc<Known>, ImageError> {
        let name = [&hot::hour_key(collector, hour)[..], image.mark()].concat();
        self.known.of(sha256(&name), image, kind)
    }

    pub(super) fn refused(&self, sealed: &Opened, error: ImageError) -> QueryError {
        self.note_removal();
        self.segments.refuse(&sealed.segment, error).into()
    }
}

/// Reads, and reads again where a segment turned out to be damaged: it has been set aside by then.
pub(super) fn past_damage<T>(mut read: impl FnMut() -> Result<T, QueryError>) -> Result<T, QueryError> {
    for _ in 0..limits::DAMAGED_PASSED {
        match read() {
            Err(QueryError::Segment(SegmentError::Image { .. })) => {}
            read => return read,
        }
    }
    read()
}
