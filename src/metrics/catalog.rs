//! Which types and series a collector has, from the shapes of its documents and their spans of time.

use std::collections::HashMap;

use redb::ReadTransaction;

use super::Metrics;
use super::hot::{self, Counter, Span};
use super::index::{self, kinds};
use super::matcher::Matcher;
use super::query::QueryError;
use super::shape::{self, Series};
use super::walk;
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
        let mut found = Found { matchers, groups: HashMap::new(), spans: Vec::new(), series: HashMap::new() };
        self.hot.file.read(|tx| {
            for kind in kinds(tx, collector)? {
                if matchers.is_empty() || matchers.iter().any(|matcher| matcher.concerns(&kind)) {
                    found.add_kind(tx, collector, &kind)?;
                }
            }
            Ok::<_, QueryError>(())
        })?;
        let listed = found.series.into_iter();
        let mut listed: Vec<_> =
            listed.map(|(series, Span { first, last })| ListedSeries { series, first, last }).collect();
        listed.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(listed)
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

/// The series found so far. Most shapes of a type differ in few objects, so equal objects are read once.
struct Found<'m> {
    matchers: &'m [Matcher],
    /// The place in `spans` of each object met, by its bytes.
    groups: HashMap<Vec<u8>, usize>,
    spans: Vec<Span>,
    series: HashMap<Series, Span>,
}

impl Found<'_> {
    fn add_kind(
        &mut self,
        tx: &ReadTransaction,
        collector: CollectorId,
        kind: &str,
    ) -> Result<(), QueryError> {
        let (spans, kinds) = (tx.open_table(hot::SPANS)?, tx.open_table(hot::KINDS)?);
        let shapes = tx.open_table(hot::SHAPES)?;
        self.groups.clear();
        self.spans.clear();
        for (shape, span) in index::spans_of(&spans, &kinds, &hot::of_kind(collector, kind))? {
            self.add_shape(&shapes, &hot::shape_key(collector, shape), span)?;
        }
        self.name_series()
    }

    fn add_shape(&mut self, shapes: &walk::Rows, key: &[u8], span: Span) -> Result<(), QueryError> {
        let shape = hot::get(shapes, key, hot::open_shape)?.ok_or_else(|| damaged("shape", key))?;
        let mut is_full = false;
        let read = shape::each_group(&shape, |group| {
            if let Some(place) = self.groups.get(group.bytes) {
                self.spans[*place] = self.spans[*place].with(span);
            } else if self.groups.len() < limits::QUERY_SERIES {
                self.groups.insert(group.bytes.to_vec(), self.spans.len());
                self.spans.push(span);
            } else {
                is_full = true;
            }
        });
        read.ok_or_else(|| damaged("shape", key))?;
        if is_full { Err(QueryError::TooManySeries) } else { Ok(()) }
    }

    fn name_series(&mut self) -> Result<(), QueryError> {
        for (bytes, place) in &self.groups {
            let span = self.spans[*place];
            let Some(group) = shape::group(bytes) else { continue };
            let wanted = |key: &&str| {
                self.matchers.is_empty() || self.matchers.iter().any(|matcher| matcher.matches(&group, key))
            };
            for series in group.series(group.keys.iter().copied().filter(wanted)) {
                let known = self.series.entry(series).or_insert(span);
                *known = known.with(span);
            }
            if self.series.len() > limits::QUERY_SERIES {
                return Err(QueryError::TooManySeries);
            }
        }
        Ok(())
    }
}
