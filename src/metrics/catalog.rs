//! Which series a collector has, from the pieces of its documents and the times at which they came.

use std::collections::HashMap;
use std::sync::Arc;

use super::Metrics;
use super::batch::{Batch, FoundShape};
use super::hot::{self, Counter};
use super::hours::{Hours, each_batch, hour_image, no_image};
use super::image;
use super::layouts::Layouts;
use super::matcher::Matcher;
use super::piece::{Layout, Series};
use super::query::QueryError;
use super::sealed::past_damage;
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
        let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        self.series_between(collector, matchers, from, to)
    }

    /// The same of the hours and segments between two moments.
    pub fn series_between(
        &self,
        collector: CollectorId,
        matchers: &[Matcher],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<ListedSeries>, QueryError> {
        if matchers.len() > limits::QUERY_MATCHERS {
            return Err(QueryError::TooManyMatchers(matchers.len()));
        }
        past_damage(|| self.series_now(collector, matchers, (from, to)))
    }

    fn series_now(
        &self,
        collector: CollectorId,
        matchers: &[Matcher],
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Vec<ListedSeries>, QueryError> {
        self.hot.file.read(|tx| {
            let mut found = Found {
                matchers,
                layouts: Layouts::new(tx, collector)?,
                shapes: HashMap::new(),
                pieces: HashMap::new(),
                images: HashMap::new(),
            };
            for one in self.sealed((collector, from, to), |kind| concern(matchers, kind))? {
                found.add_image(&*one.image).map_err(|error| self.refused(&one, error))?;
            }
            let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
            let mut hours = Hours::new(tx, collector, from, to)?;
            while let Some((hour, counts)) = hours.next()? {
                if let Some(image) = hour_image(&images, (collector, hour, counts))? {
                    let added = found.add_image(&image);
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

/// When what came: shapes by their numbers, and pieces.
struct Found<'m> {
    matchers: &'m [Matcher],
    layouts: Layouts,
    shapes: HashMap<u32, Span>,
    pieces: HashMap<u32, Span>,
    /// The pieces of images, by their bytes.
    images: HashMap<Arc<[u8]>, Span>,
}

impl Found<'_> {
    fn add(&mut self, batch: &Batch) {
        let wanted: Vec<_> = batch.kinds.iter().map(|kind| concern(self.matchers, kind)).collect();
        for document in batch.documents.iter().filter(|document| wanted[document.kind]) {
            let span = Span { first: document.timestamp, last: document.timestamp };
            match &document.shape {
                FoundShape::Number(number) => stretch(&mut self.shapes, *number, span),
                FoundShape::Pieces(pieces) => self.add_pieces(pieces, span),
            }
        }
    }

    fn add_image<S: Source>(&mut self, image: &Image<S>) -> Result<(), ImageError> {
        let Self { matchers, images, .. } = self;
        image::each_span(
            image,
            |kind| concern(matchers, kind),
            |piece, first, last| stretch(images, Arc::clone(&piece.bytes), Span { first, last }),
        )
    }

    fn add_pieces(&mut self, pieces: &[u32], span: Span) {
        for piece in pieces.iter().filter_map(|piece| piece.checked_sub(1)) {
            stretch(&mut self.pieces, piece, span);
        }
    }

    fn listed(mut self) -> Result<Vec<ListedSeries>, QueryError> {
        for (number, span) in std::mem::take(&mut self.shapes) {
            let pieces = self.layouts.shape(&FoundShape::Number(number))?;
            self.add_pieces(&pieces, span);
        }
        let mut series = HashMap::<Series, Span>::new();
        for (piece, span) in std::mem::take(&mut self.pieces) {
            let layout = self.layouts.piece(piece)?;
            self.name(&layout, span, &mut series)?;
        }
        for (piece, span) in std::mem::take(&mut self.images) {
            let layout = Layout::read(&piece).ok_or_else(|| damaged("piece", &[]))?;
            self.name(&layout, span, &mut series)?;
        }
        let listed = series.into_iter();
        let mut listed: Vec<_> =
            listed.map(|(series, Span { first, last })| ListedSeries { series, first, last }).collect();
        listed.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(listed)
    }

    /// Adds the wanted series of a piece.
    fn name(
        &self,
        layout: &Layout,
        span: Span,
        series: &mut HashMap<Series, Span>,
    ) -> Result<(), QueryError> {
        layout.each_group(|group| {
            let labels = group.labels();
            for (_, key) in &group.keys {
                let is_wanted = |matcher: &Matcher| matcher.matches(group, key);
                if self.matchers.is_empty() || self.matchers.iter().any(is_wanted) {
                    let one = Series { name: group.name(key), labels: Arc::clone(&labels) };
                    stretch(series, one, span);
                }
            }
        });
        if series.len() > limits::QUERY_SERIES { Err(QueryError::TooManySeries) } else { Ok(()) }
    }
}

/// Whether documents of a type can hold what is asked for.
fn concern(matchers: &[Matcher], kind: &str) -> bool {
    matchers.is_empty() || matchers.iter().any(|matcher| matcher.concerns(kind))
}

fn stretch<K: std::hash::Hash + Eq>(spans: &mut HashMap<K, Span>, key: K, span: Span) {
    let known = spans.entry(key).or_insert(span);
    *known = known.with(span);
}
