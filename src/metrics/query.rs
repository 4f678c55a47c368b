//! Reading charts: the numbers of series over a range of time.
//!
//! It guarantees: every value that is served was checked; nothing stands where nothing was pushed; one call
//! reads, keeps and answers a bounded number of documents, series and points.

use std::collections::HashMap;
use std::time::Duration;

use redb::ReadTransaction;

use super::bytes::Reader;
use super::hot::{self, Place, StoredDocument};
use super::matcher::Matcher;
use super::number::Number;
use super::shape::{self, Series, ShapeHash};
use super::walk::{Rows, Walk};
use super::{Metrics, kinds};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// Which numbers are asked for. The range includes both ends.
#[derive(Debug)]
pub struct PointsQuery {
    pub collector: CollectorId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// The last value of each step instead of every value.
    pub step: Option<Duration>,
    pub matchers: Vec<Matcher>,
}

/// A series and its points in the order of time. With a step, a step without a value has `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    pub series: Series,
    pub points: Vec<(Timestamp, Option<Number>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("the range must begin before it ends, and it runs from {from} to {to}")]
    BadRange { from: Timestamp, to: Timestamp },
    #[error("a step must have at least a millisecond")]
    BadStep,
    #[error("a query may have {most} matchers, this one has {0}", most = limits::QUERY_MATCHERS)]
    TooManyMatchers(usize),
    #[error(
        "a series may have {} points in one answer, {name} would have more: give a step or a shorter range",
        limits::SERIES_POINTS
    )]
    TooManySeriesPoints { name: String },
    #[error("one answer may have {} series: match fewer", limits::QUERY_SERIES)]
    TooManySeries,
    #[error("one answer may have {} points: match fewer series, or give a longer step", limits::QUERY_POINTS)]
    TooManyPoints,
    #[error("one query may look at {} documents: ask for a shorter range", limits::QUERY_DOCUMENTS)]
    TooManyDocuments,
    #[error("this collector sends more than {} types: name one", limits::QUERY_TYPES)]
    TooManyTypes,
    #[error(transparent)]
    Store(#[from] RedbError),
}

impl From<redb::StorageError> for QueryError {
    fn from(error: redb::StorageError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::TableError> for QueryError {
    fn from(error: redb::TableError) -> Self {
        Self::Store(error.into())
    }
}

impl PointsQuery {
    /// Steps of the range, or `None` without a step.
    pub(super) fn steps(&self) -> Result<Option<Steps>, QueryError> {
        if self.from > self.to {
            return Err(QueryError::BadRange { from: self.from, to: self.to });
        }
        if self.matchers.len() > limits::QUERY_MATCHERS {
            return Err(QueryError::TooManyMatchers(self.matchers.len()));
        }
        let Some(step) = self.step else { return Ok(None) };
        let step = u64::try_from(step.as_millis()).unwrap_or(u64::MAX);
        let range = self.to.as_millis().abs_diff(self.from.as_millis());
        let count = range.checked_div(step).ok_or(QueryError::BadStep)?.saturating_add(1);
        match usize::try_from(count) {
            Ok(count) if count <= limits::SERIES_POINTS => Ok(Some(Steps { from: self.from, step, count })),
            _ => Err(QueryError::TooManySeriesPoints { name: "each".to_owned() }),
        }
    }
}

/// The equal parts of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    from: Timestamp,
    /// In milliseconds.
    step: u64,
    count: usize,
}

impl Steps {
    fn of(self, timestamp: Timestamp) -> usize {
        let behind = timestamp.as_millis().abs_diff(self.from.as_millis());
        usize::try_from(behind / self.step).unwrap_or(usize::MAX)
    }

    fn empty(self) -> Vec<(Timestamp, Option<Number>)> {
        let begin =
            |place: usize| self.from.plus(Duration::from_millis(self.step.saturating_mul(place as u64)));
        (0..self.count).map(|place| (begin(place), None)).collect()
    }
}

impl Metrics {
    /// The points of all series that match, by name and labels.
    pub fn points(&self, query: &PointsQuery) -> Result<Vec<Points>, QueryError> {
        let steps = query.steps()?;
        let mut answer = Answer { steps, points: 0, series: Vec::new() };
        self.visit(query, |slot, series, timestamp, number| answer.add(slot, series, timestamp, number))?;
        let mut series = answer.series;
        for one in &mut series {
            // two types can hold one series, such as `a` with `b.c` and `a.b` with `c`
            one.points.sort_by_key(|(timestamp, _)| *timestamp);
        }
        series.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(series)
    }

    /// Shows each number that matches, with its series and the place of that series among those found so far.
    pub(super) fn visit(
        &self,
        query: &PointsQuery,
        mut see: impl FnMut(usize, &Series, Timestamp, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        self.hot.file.read(|tx| {
            let mut plans = Plans::new(query, tx)?;
            let mut looked_at = 0;
            for kind in kinds(tx, query.collector)? {
                if query.matchers.iter().any(|matcher| matcher.concerns(&kind)) {
                    plans.visit(tx, &kind, &mut looked_at, &mut see)?;
                }
            }
            Ok(())
        })
    }
}

/// Where the wanted numbers stand in the documents of one shape.
#[derive(Default)]
struct Plan {
    places: Vec<usize>,
    /// For each place the series of its number.
    slots: Vec<usize>,
}

/// The plans of the shapes met so far, and the series found in them.
struct Plans<'q> {
    query: &'q PointsQuery,
    shapes: Rows,
    known: HashMap<ShapeHash, Plan>,
    slots: HashMap<Series, usize>,
    series: Vec<Series>,
}

impl<'q> Plans<'q> {
    fn new(query: &'q PointsQuery, tx: &ReadTransaction) -> Result<Self, QueryError> {
        let shapes = tx.open_table(hot::SHAPES)?;
        Ok(Self { query, shapes, known: HashMap::new(), slots: HashMap::new(), series: Vec::new() })
    }

    /// Shows the numbers in the documents of one type.
    fn visit(
        &mut self,
        tx: &ReadTransaction,
        kind: &str,
        looked_at: &mut usize,
        see: &mut impl FnMut(usize, &Series, Timestamp, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let PointsQuery { collector, from, to, .. } = *self.query;
        let (first, last) = (Place { timestamp: from, seq: 0 }, Place { timestamp: to, seq: u64::MAX });
        let mut walk = Walk::new(tx, hot::of_kind(collector, kind), first, last)?;
        while let Some((place, (key, sealed))) = walk.next()? {
            *looked_at += 1;
            if *looked_at > limits::QUERY_DOCUMENTS {
                return Err(QueryError::TooManyDocuments);
            }
            self.apply(place.timestamp, key.value(), sealed.value(), see)?;
        }
        Ok(())
    }

    fn apply(
        &mut self,
        timestamp: Timestamp,
        key: &[u8],
        sealed: &[u8],
        see: &mut impl FnMut(usize, &Series, Timestamp, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let document = StoredDocument::open(key, sealed)?;
        if !self.known.contains_key(&document.shape) {
            let plan = self.make(document.shape)?;
            self.known.insert(document.shape, plan);
        }
        let Some(plan) = self.known.get(&document.shape).filter(|plan| !plan.places.is_empty()) else {
            return Ok(());
        };
        let numbers = Reader(document.numbers).numbers_at(plan.places.iter().copied());
        for (slot, number) in plan.slots.iter().zip(numbers.ok_or_else(|| damaged("document", key))?) {
            see(*slot, &self.series[*slot], timestamp, number)?;
        }
        Ok(())
    }

    fn make(&mut self, shape: ShapeHash) -> Result<Plan, QueryError> {
        let key = hot::shape_key(self.query.collector, shape);
        let stored = hot::get(&self.shapes, &key, hot::open_shape)?.ok_or_else(|| damaged("shape", &key))?;
        let groups = shape::groups(&stored).ok_or_else(|| damaged("shape", &key))?;
        let mut plan = Plan::default();
        let mut place = 0;
        for group in &groups {
            let wanted = |key: &str| self.query.matchers.iter().any(|matcher| matcher.matches(group, key));
            let wanted: Vec<_> = group.keys.iter().enumerate().filter(|(_, key)| wanted(key)).collect();
            let series = group.series(wanted.iter().map(|(_, key)| **key));
            for (series, (offset, _)) in series.into_iter().zip(&wanted) {
                plan.places.push(place + offset);
                plan.slots.push(self.slot(series)?);
            }
            place += group.keys.len();
        }
        Ok(plan)
    }

    fn slot(&mut self, series: Series) -> Result<usize, QueryError> {
        if let Some(slot) = self.slots.get(&series) {
            return Ok(*slot);
        }
        if self.series.len() == limits::QUERY_SERIES {
            return Err(QueryError::TooManySeries);
        }
        self.series.push(series.clone());
        self.slots.insert(series, self.series.len() - 1);
        Ok(self.series.len() - 1)
    }
}

/// The points found so far.
struct Answer {
    steps: Option<Steps>,
    points: usize,
    series: Vec<Points>,
}

impl Answer {
    fn add(&mut self, slot: usize, series: &Series, at: Timestamp, number: Number) -> Result<(), QueryError> {
        // slots are given out in the order in which their first numbers are shown
        if self.series.len() == slot {
            let points = self.steps.map(Steps::empty).unwrap_or_default();
            self.count(points.len())?;
            self.series.push(Points { series: series.clone(), points });
        }
        let known = &mut self.series[slot];
        if let Some(steps) = self.steps {
            if let Some((_, value)) = known.points.get_mut(steps.of(at)) {
                *value = Some(number);
            }
            return Ok(());
        }
        if known.points.len() == limits::SERIES_POINTS {
            return Err(QueryError::TooManySeriesPoints { name: series.name.clone() });
        }
        known.points.push((at, Some(number)));
        self.count(1)
    }

    fn count(&mut self, points: usize) -> Result<(), QueryError> {
        self.points += points;
        if self.points > limits::QUERY_POINTS { Err(QueryError::TooManyPoints) } else { Ok(()) }
    }
}
