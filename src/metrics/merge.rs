//! Merging: the segments of a day become one, and those of a week, as far as one may hold them.
//!
//! It guarantees: the merged segment is listed in the transaction that lets the others go, and has what they have.

use std::sync::Arc;

use super::Metrics;
use crate::archive::{Segment, SegmentError};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits;
use crate::storage::segment::{Slice, merge};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What is put together, the longest last.
const SPANS: [i64; 2] = [DAY_MS, 7 * DAY_MS];

/// The job that merges.
pub struct Merging {
    metrics: Arc<Metrics>,
    /// The collector behind which the next step goes on.
    behind: Option<CollectorId>,
}

impl Merging {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, behind: None }
    }

    /// Looks at the next collectors, and says how many segments were put together.
    fn merge(&mut self, now: Timestamp) -> Result<usize, SegmentError> {
        // what is younger may still get company from the hot store
        let over = now.minus(self.metrics.hot_window).shifted(-DAY_MS);
        let collectors = self.metrics.segments.collectors(self.behind, limits::COLLECTORS_MERGED_AT_ONCE)?;
        self.behind = collectors.last().copied();
        let mut merged = 0;
        for collector in collectors {
            let mut listed = self.metrics.segments.of(collector)?;
            listed.retain(|segment| segment.lost_at.is_none());
            // one of them in a round: behind it the list is another
            if let Some(group) = SPANS.iter().flat_map(|span| groups(&listed, *span, over)).next() {
                merged += group.len();
                self.metrics.merge_segments(group)?;
            }
        }
        Ok(merged)
    }
}

/// Neighbours that begin in the same span of time, which is over, and fit into one segment.
fn groups(listed: &[Segment], span: i64, over: Timestamp) -> Vec<&[Segment]> {
    let span_of = |segment: &Segment| segment.first.as_millis().div_euclid(span);
    let mut samples = 0;
    let together = |one: &Segment, next: &Segment| {
        samples = if samples == 0 { one.samples } else { samples } + next.samples;
        let fits = span_of(one) == span_of(next) && samples <= limits::SEGMENT_SAMPLES as u64;
        samples = if fits { samples } else { 0 };
        fits
    };
    let is_over = |group: &&[Segment]| {
        let end = group.first().map(|first| (span_of(first) + 1).saturating_mul(span));
        group.len() > 1 && end.is_some_and(|end| Timestamp::from_millis(end) <= over)
    };
    listed.chunk_by(together).filter(is_over).collect()
}

impl Metrics {
    fn merge_segments(&self, group: &[Segment]) -> Result<(), SegmentError> {
        let read_at = self.segments.moment();
        let read = |segment: &Segment| -> Result<Slice, SegmentError> {
            let image = self.segments.image(segment)?;
            image.slice().map_err(|error| self.segments.refuse(segment, error))
        };
        let slices = group.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.segments.replace(group, &merge(slices), read_at, |_, _| Ok(()))?;
        self.segments.sweep()
    }
}

impl Job for Merging {
    fn name(&self) -> &'static str {
        "metrics-merge"
    }

    fn about(&self) -> &'static str {
        "puts small segments of metrics together"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let merged = self.merge(now).map_err(|error| error.to_string())?;
        Ok(format!("put {merged} segments together"))
    }
}
