//! Which series a collector has, from the pieces of its documents and the times at which they came.

use std::collections::HashMap;
use std::sync::Arc;

use super::Metrics;
use super::batch::{Batch, FoundShape};
use super::hot::{self, Counter};
use super::hours::{Hours, each_batch, hour_image, no_image};
use super::known::Known;
use super::layouts::Layouts;
use super::matcher::Matcher;
use super::piece::{Series, SeriesLabels};
use super::query::QueryError;
use super::sealed::past_damage;
use super::visit::{Wanted, each_wanted};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Image, ImageError, Source};
use crate::storage::{RedbError, RedbFile};

/// A series and the times of its first and last document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSeries {
    pub series: Series,
    pub first: Timestamp,
    pub last: Timestamp,
}

impl Metrics {
    /// The series of a collector that match any of the matchers; without matchers, all of them.
    pub fn series(
        &self,
        collector: CollectorId,
        matchers: &[Matcher],
    ) -> Result<Vec<ListedSeries>, QueryError> {
        if matchers.len() > limits::QUERY_MATCHERS {
            return Err(QueryError::TooManyMatchers(matchers.len()));
        }
        let ever = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        let (mut any, mut some) = (Any, matchers);
        self.series_between(collector, ever, if matchers.is_empty() { &mut any } else { &mut some })
    }

    /// The series that somebody wants of the hours and segments between two moments.
    pub fn series_between(
        &self,
        collector: CollectorId,
        range: (Timestamp, Timestamp),
        wanted: &mut dyn Wanted,
    ) -> Result<Vec<ListedSeries>, QueryError> {
        past_damage(|| self.series_now(collector, range, wanted))
    }

    fn series_now(
        &self,
        collector: CollectorId,
        (from, to): (Timestamp, Timestamp),
        wanted: &mut dyn Wanted,
    ) -> Result<Vec<ListedSeries>, QueryError> {
        self.hot.file.read(|tx| {
            let mut found = Found {
                wanted,
                layouts: Layouts::new(tx, collector)?,
                shapes: HashMap::new(),
                pieces: HashMap::new(),
                series: HashMap::new(),
            };
            for one in self.sealed((collector, from, to), |kind| found.wanted.concerns(kind))? {
                let known = |kind| self.known(&one, kind);
                found.add_image(&*one.image, known).map_err(|error| self.refused(&one, error))?;
            }
            let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
            let mut hours = Hours::new(tx, collector, from, to)?;
            while let Some((hour, counts)) = hours.next()? {
                if let Some(image) = hour_image(&images, (collector, hour, counts))? {
                    let known = |kind| self.known_of_hour((collector, hour), &image, kind);
                    let added = found.add_image(&image, known);
                    added.map_err(|error| no_image(collector, hour, &error))?;
                }
                each_batch(
                    &batches,
                    (collector, hour, counts),
                    |_| true,
                    |_, batch| {
                        found.add(&batch);
                        Ok::<_, QueryError>(())
                    },
                )?;
            }
            found.listed()
        })
    }
}

/// Who wants every series.
pub(super) struct Any;

impl Wanted for Any {
    fn concerns(&self, _: &str) -> bool {
        true
    }

    fn can_want(&self, _: &str) -> bool {
        true
    }

    fn can_have(&self, _: &dyn Fn(&str) -> bool) -> bool {
        true
    }

    fn wants(&mut self, _: &Arc<str>, _: &Arc<SeriesLabels>) -> bool {
        true
    }
}

/// What each collector sent in all.
pub(super) fn counters(file: &RedbFile) -> Result<HashMap<CollectorId, Counter>, RedbError> {
    file.read(|tx| {
        let mut counters = HashMap::new();
        for row in redb::ReadableTable::iter(&tx.open_table(hot::COUNTERS)?)? {
            let (key, sealed) = row?;
            let bytes = key.value().try_into().map_err(|_| damaged("counter", key.value()))?;
            let collector = CollectorId::from(uuid::Uuid::from_bytes(bytes));
            counters.insert(collector, Counter::open(key.value(), sealed.value())?);
        }
        Ok(counters)
    })
}

/// From when to when there are documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: Timestamp,
    last: Timestamp,
}

impl Span {
    fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// When what came: shapes and pieces by their numbers, and the series of images.
struct Found<'w> {
    wanted: &'w mut dyn Wanted,
    layouts: Layouts,
    shapes: HashMap<u32, Span>,
    pieces: HashMap<u32, Span>,
    series: HashMap<Series, Span>,
}

impl Found<'_> {
    fn add(&mut self, batch: &Batch) {
        let wanted: Vec<_> = batch.kinds.iter().map(|kind| self.wanted.concerns(kind)).collect();
        for document in batch.documents.iter().filter(|document| wanted[document.kind]) {
            let span = Span { first: document.timestamp, last: document.timestamp };
            match &document.shape {
                FoundShape::Number(number) => stretch(&mut self.shapes, *number, span),
                FoundShape::Pieces(pieces) => self.add_pieces(pieces, span),
            }
        }
    }

    fn add_pieces(&mut self, pieces: &[u32], span: Span) {
        for piece in pieces.iter().filter_map(|piece| piece.checked_sub(1)) {
            stretch(&mut self.pieces, piece, span);
        }
    }

    fn add_image<S: Source>(
        &mut self,
        image: &Image<S>,
        known: impl Fn(usize) -> Result<Arc<Known>, ImageError>,
    ) -> Result<(), ImageError> {
        let Self { wanted, series, .. } = self;
        for (at, kind) in image.kinds().iter().enumerate() {
            if !wanted.concerns(&kind.kind) {
                continue;
            }
            known(at)?.each_span(*wanted, |found, first, last| {
                let one = Series { name: Arc::clone(found.name), labels: Arc::clone(found.labels) };
                stretch(series, one, Span { first, last });
            });
        }
        Ok(())
    }

    fn listed(mut self) -> Result<Vec<ListedSeries>, QueryError> {
        for (number, span) in std::mem::take(&mut self.shapes) {
            let pieces = self.layouts.shape(&FoundShape::Number(number))?;
            self.add_pieces(&pieces, span);
        }
        for (piece, span) in std::mem::take(&mut self.pieces) {
            let layout = self.layouts.piece(piece)?;
            let Self { wanted, series, .. } = &mut self;
            each_wanted(&layout, *wanted, |_, one| stretch(series, one, span));
            if self.series.len() > limits::QUERY_SERIES {
                break;
            }
        }
        if self.series.len() > limits::QUERY_SERIES {
            return Err(QueryError::TooManySeries);
        }
        let listed = self.series.into_iter();
        let mut listed: Vec<_> =
            listed.map(|(series, Span { first, last })| ListedSeries { series, first, last }).collect();
        listed.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(listed)
    }
}

fn stretch<K: std::hash::Hash + Eq>(spans: &mut HashMap<K, Span>, key: K, span: Span) {
    let known = spans.entry(key).or_insert(span);
    *known = known.with(span);
}
