//! Which series a collector has, from the pieces of its documents and the times at which they came.

use std::collections::HashMap;
use std::sync::Arc;

use super::Metrics;
use super::batch::{Batch, FoundShape};
use super::hot::{self, Counter};
use super::hours::{Hours, each_batch};
use super::layouts::Layouts;
use super::matcher::Matcher;
use super::piece::Series;
use super::query::QueryError;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::redb_file::damaged;
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
        self.hot.file.read(|tx| {
            let mut found = Found {
                matchers,
                layouts: Layouts::new(tx, collector)?,
                shapes: HashMap::new(),
                pieces: HashMap::new(),
            };
            let batches = tx.open_table(hot::BATCHES)?;
            let mut hours = Hours::all(tx, collector)?;
            while let Some((hour, counts)) = hours.next()? {
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
}

impl Found<'_> {
    fn add(&mut self, batch: &Batch) {
        let is_wanted = |kind: &String| {
            self.matchers.is_empty() || self.matchers.iter().any(|matcher| matcher.concerns(kind))
        };
        let wanted: Vec<_> = batch.kinds.iter().map(is_wanted).collect();
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

    fn listed(mut self) -> Result<Vec<ListedSeries>, QueryError> {
        for (number, span) in std::mem::take(&mut self.shapes) {
            let pieces = self.layouts.shape(&FoundShape::Number(number))?;
            self.add_pieces(&pieces, span);
        }
        let mut series = HashMap::<Series, Span>::new();
        for (piece, span) in std::mem::take(&mut self.pieces) {
            let layout = self.layouts.piece(piece)?;
            layout.each_group(|group| {
                let labels = group.labels();
                for (_, key) in &group.keys {
                    let is_wanted = |matcher: &Matcher| matcher.matches(group, key);
                    if self.matchers.is_empty() || self.matchers.iter().any(is_wanted) {
                        let one = Series { name: group.name(key), labels: Arc::clone(&labels) };
                        stretch(&mut series, one, span);
                    }
                }
            });
            if series.len() > limits::QUERY_SERIES {
                return Err(QueryError::TooManySeries);
            }
        }
        let listed = series.into_iter();
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
