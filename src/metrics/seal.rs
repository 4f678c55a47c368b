//! Sealing: what is older than the hot window goes into segments, and then out of the hot store.
//!
//! It guarantees: a document leaves the hot store after the catalog lists a segment that was read back with it. A
//! crash between the two leaves it in both; the next step finds it in the segment and removes it from the hot store.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::Metrics;
use super::slices::ReadHours;
use crate::archive::{Segment, SegmentError, Segments};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::segment::{Slice, keep};

const SLICE_MS: i64 = 6 * 60 * 60 * 1000;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error(transparent)]
    Hot(#[from] RedbError),
    #[error(transparent)]
    Segment(#[from] SegmentError),
}

/// The job that seals.
pub struct Seal {
    metrics: Arc<Metrics>,
    segments: Arc<Segments>,
    /// What is younger stays in the hot store.
    window: Duration,
}

impl Seal {
    pub fn new(metrics: Arc<Metrics>, segments: Arc<Segments>, window: Duration) -> Self {
        Self { metrics, segments, window }
    }

    /// Seals slices that are due, at most so many, and says how many documents were in how many.
    fn seal(&self, now: Timestamp, most: usize) -> Result<(u64, usize), SealError> {
        let (mut documents, mut slices) = (0, 0);
        let due = now.minus(self.window);
        for (collector, first) in self.metrics.first_hours()? {
            let mut hour = Some(first);
            while let Some(begin) = hour.filter(|hour| slice_end(*hour) <= due) {
                if slices == most {
                    return Ok((documents, slices));
                }
                let sealed = self.seal_slice(collector, begin)?;
                documents += sealed;
                slices += 1;
                let next = self.metrics.first_hours()?.into_iter().find(|(other, _)| *other == collector);
                // an hour that something was added to stays, and its turn comes again
                hour = next.map(|(_, hour)| hour).filter(|next| *next > begin);
            }
        }
        Ok((documents, slices))
    }

    /// Seals what a collector has from an hour to the end of its slice.
    fn seal_slice(&self, collector: CollectorId, begin: Timestamp) -> Result<u64, SealError> {
        let read = self.metrics.read_hours(collector, begin, slice_end(begin), limits::SEGMENT_SAMPLES)?;
        let ReadHours { slice, hours } = read;
        let slice = self.without_sealed(collector, slice)?;
        let mut documents = 0;
        if !slice.tables.is_empty() {
            documents = self.segments.publish(&slice)?.documents;
        }
        self.metrics.remove_hours(collector, &hours)?;
        Ok(documents)
    }

    /// Leaves out the documents that a segment has already.
    fn without_sealed(&self, collector: CollectorId, slice: Slice) -> Result<Slice, SealError> {
        let rows = || slice.tables.iter().flat_map(|table| &table.rows);
        let times = rows().map(|row| row.timestamp).min().zip(rows().map(|row| row.timestamp).max());
        let Some((first, last)) = times else { return Ok(slice) };
        let mut sealed = HashSet::new();
        for segment in self.segments.between(collector, first, last)? {
            if segment.damage.is_none() {
                sealed.extend(self.rows_of(&segment)?);
            }
        }
        if sealed.is_empty() {
            return Ok(slice);
        }
        Ok(keep(&slice, |_, row| !sealed.contains(&(row.timestamp, row.seq))))
    }

    fn rows_of(&self, segment: &Segment) -> Result<Vec<(Timestamp, u64)>, SegmentError> {
        let image = self.segments.image(segment)?;
        let mut found = Vec::new();
        for kind in 0..image.kinds().len() {
            let rows = image.rows(kind).map_err(|error| self.segments.refuse(segment, error))?;
            found.extend(rows.iter().map(|row| (row.timestamp, row.seq)));
        }
        Ok(found)
    }
}

impl Job for Seal {
    fn name(&self) -> &'static str {
        "metrics-seal"
    }

    fn about(&self) -> &'static str {
        "moves metrics that are older than the hot window into segments"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let (documents, slices) =
            self.seal(now, limits::SLICES_SEALED_AT_ONCE).map_err(|error| error.to_string())?;
        Ok(format!("sealed {documents} documents in {slices} slices"))
    }
}

/// The end of the slice in which a moment lies.
fn slice_end(moment: Timestamp) -> Timestamp {
    let begin = moment.as_millis().div_euclid(SLICE_MS).saturating_mul(SLICE_MS);
    Timestamp::from_millis(begin.saturating_add(SLICE_MS))
}
