//! Sealing: what is older than the hot window goes into segments, and then out of the hot store.
//!
//! It guarantees: a document leaves the hot store after the catalog lists a segment that was read back with it. A
//! crash between the two leaves it in both; the next step finds it in the segment and removes it from the hot store.

use std::collections::HashSet;
use std::sync::Arc;

use super::Metrics;
use super::hot::Place;
use super::slices::ReadHours;
use crate::archive::SegmentError;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::segment::{Slice, keep};

const HOUR_MS: i64 = 60 * 60 * 1000;
/// What a slice spans: long enough that its columns compress well.
const SLICE_MS: i64 = 6 * HOUR_MS;

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
    /// The collector behind which the next step goes on.
    next: Option<CollectorId>,
}

/// What has to go: what is older than `before`, in slices of `span`.
#[derive(Clone, Copy, Debug)]
struct Due {
    before: Timestamp,
    span: i64,
}

impl Due {
    /// The end of the slice in which an hour lies, when it is due.
    fn slice_end(self, hour: Timestamp) -> Option<Timestamp> {
        let begin = hour.as_millis().div_euclid(self.span).saturating_mul(self.span);
        let end = Timestamp::from_millis(begin.saturating_add(self.span));
        (end <= self.before).then_some(end)
    }
}

impl Seal {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, next: None }
    }

    /// A hot store that grew beyond its size keeps no more than the hours that are not over yet.
    fn due(&self, now: Timestamp) -> Result<Due, RedbError> {
        let is_large = self.metrics.bytes()? > self.metrics.hot_bytes;
        let (window, span) =
            if is_large { (limits::LEAST_HOT_WINDOW, HOUR_MS) } else { (self.metrics.hot_window, SLICE_MS) };
        Ok(Due { before: now.minus(window), span })
    }

    /// Seals slices that are due, at most so many, and says how many documents were in how many.
    fn seal(&mut self, due: Due, most: usize) -> Result<(u64, usize), SealError> {
        let (mut documents, mut slices) = (0, 0);
        let collectors = self.metrics.hot_collectors()?;
        let behind = collectors.partition_point(|collector| Some(*collector) <= self.next);
        for collector in collectors[behind..].iter().chain(&collectors[..behind]) {
            // one whose metrics cannot be sealed does not keep the others from it
            self.next = Some(*collector);
            documents += self.seal_of(*collector, due, most, &mut slices)?;
            if slices == most {
                break;
            }
        }
        Ok((documents, slices))
    }

    fn seal_of(
        &self,
        collector: CollectorId,
        due: Due,
        most: usize,
        slices: &mut usize,
    ) -> Result<u64, SealError> {
        let (mut documents, mut sealed) = (0, None);
        while *slices < most
            && let Some(hour) = self.metrics.first_hour(collector)?
            // an hour that something was added to stays, and its turn comes again
            && sealed.is_none_or(|sealed| hour > sealed)
            && let Some(end) = due.slice_end(hour)
        {
            documents += self.metrics.seal_slice(collector, (hour, end))?;
            *slices += 1;
            sealed = Some(hour);
        }
        Ok(documents)
    }
}

impl Metrics {
    /// Seals what a collector has from an hour to the end of its slice.
    fn seal_slice(&self, collector: CollectorId, range: (Timestamp, Timestamp)) -> Result<u64, SealError> {
        let read_at = self.segments.moment();
        let ReadHours { slice, hours } = self.read_hours(collector, range, limits::SEGMENT_SAMPLES)?;
        let slice = self.without_sealed(collector, slice)?;
        let sealed =
            if slice.tables.is_empty() { None } else { Some(self.segments.publish(&slice, read_at)?) };
        self.remove_hours(collector, &hours)?;
        let documents = sealed.as_ref().map_or(0, |segment| segment.documents);
        // whoever asks for it is told what is wrong with it
        let _ = sealed.map(|segment| self.know(segment));
        Ok(documents)
    }

    /// Leaves out the documents that a segment has already.
    fn without_sealed(&self, collector: CollectorId, slice: Slice) -> Result<Slice, SegmentError> {
        let rows = || slice.tables.iter().flat_map(|table| &table.rows);
        let times = rows().map(|row| row.timestamp).min().zip(rows().map(|row| row.timestamp).max());
        let Some((first, last)) = times else { return Ok(slice) };
        let mut sealed = HashSet::new();
        for one in self.sealed((collector, first, last), |_| true)? {
            for kind in 0..one.image.kinds().len() {
                let rows = one.image.rows(kind).map_err(|error| self.segments.refuse(&one.segment, error))?;
                sealed.extend(rows.iter().map(|row| Place { timestamp: row.timestamp, seq: row.seq }));
            }
        }
        if sealed.is_empty() {
            return Ok(slice);
        }
        let is_new = |place| !sealed.contains(&place);
        Ok(keep(&slice, |_, row| is_new(Place { timestamp: row.timestamp, seq: row.seq })))
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
        let (metrics, mut documents) = (Arc::clone(&self.metrics), 0);
        let mut round = || {
            let due = self.due(now)?;
            let (sealed, slices) = self.seal(due, limits::SLICES_SEALED_AT_ONCE)?;
            documents += sealed;
            Ok::<_, SealError>(slices)
        };
        let sealed =
            metrics.segments.sweep().map_err(SealError::from).and_then(|()| metrics.rounds(&mut round));
        let slices = sealed.map_err(|error| error.to_string())?;
        Ok(format!("sealed {documents} documents in {slices} slices"))
    }
}
