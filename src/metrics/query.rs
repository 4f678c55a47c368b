//! Reading charts: the numbers of series over a range of time.
//!
//! It guarantees: every value that is served was checked; nothing stands where nothing was pushed; one call
//! reads, keeps and answers a bounded number of documents, series and points.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use redb::ReadTransaction;

use super::bytes::Reader;
use super::hot::{self, Place};
use super::matcher::Matcher;
use super::number::Number;
use super::shape::{self, Series, ShapeHash};
use super::shapes::ShapeCache;
use super::walk::{CheckedHours, Rows};
use super::{Metrics, kinds};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::{damaged, unseal};

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

    fn begin(self, step: usize) -> Timestamp {
        self.from.plus(Duration::from_millis(self.step.saturating_mul(step as u64)))
    }
}

impl Metrics {
    /// The points of all series that match, by name and labels.
    pub fn points(&self, query: &PointsQuery) -> Result<Vec<Points>, QueryError> {
        let steps = query.steps()?;
        let mut answer = Answer { steps, points: 0, series: Vec::new() };
        self.visit(query, |slot, series, place, number| answer.add(slot, series, place, number))?;
        let mut series: Vec<_> = answer.series.into_iter().map(|found| found.points(steps)).collect();
        series.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(series)
    }

    /// Shows each number that matches, with its series and the place of that series among those found so far.
    pub(super) fn visit(
        &self,
        query: &PointsQuery,
        mut see: impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        self.hot.file.read(|tx| {
            let mut plans = Plans::new(query, tx, &self.hot.shapes)?;
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
    cache: &'q ShapeCache,
    slots: HashMap<Series, usize>,
    series: Vec<Series>,
}

impl<'q> Plans<'q> {
    fn new(query: &'q PointsQuery, tx: &ReadTransaction, cache: &'q ShapeCache) -> Result<Self, QueryError> {
        let shapes = tx.open_table(hot::SHAPES)?;
        Ok(Self { query, shapes, cache, slots: HashMap::new(), series: Vec::new() })
    }

    /// Shows the numbers in the documents of one type, shape after shape.
    fn visit(
        &mut self,
        tx: &ReadTransaction,
        kind: &str,
        looked_at: &mut u64,
        see: &mut impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let of_kind = hot::of_kind(self.query.collector, kind);
        let mut hours = CheckedHours::new(tx, &of_kind, self.query.from, self.query.to)?;
        let mut shapes = BTreeMap::<ShapeHash, u64>::new();
        while let Some(hour) = hours.next()? {
            for (shape, count) in hour.shapes {
                *shapes.entry(shape).or_default() += count;
            }
        }
        for (shape, count) in shapes {
            let plan = self.make(shape)?;
            if !plan.places.is_empty() {
                *looked_at += count;
                if *looked_at > limits::QUERY_DOCUMENTS {
                    return Err(QueryError::TooManyDocuments);
                }
                self.show(tx, shape, count, &plan, see)?;
            }
        }
        Ok(())
    }

    /// Shows the numbers of one shape in the order of time. There must be as many rows as were counted.
    fn show(
        &self,
        tx: &ReadTransaction,
        shape: ShapeHash,
        count: u64,
        plan: &Plan,
        see: &mut impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let PointsQuery { collector, from, to, .. } = *self.query;
        let begin = Place { timestamp: hot::hour_of(from), seq: 0 };
        let keys = hot::numbers_key(collector, shape, begin)
            ..hot::numbers_key(collector, shape, hot::behind_hour(hot::hour_of(to)));
        let mut found = 0;
        for row in tx.open_table(hot::NUMBERS)?.range(keys.start.as_slice()..keys.end.as_slice())? {
            let (key, sealed) = row?;
            found += 1;
            let damage = || damaged("row of numbers", key.value());
            let place = Place::of(key.value()).ok_or_else(damage)?;
            if !(from..=to).contains(&place.timestamp) {
                continue;
            }
            let numbers = unseal("row of numbers", key.value(), sealed.value())?;
            let numbers = Reader(numbers).numbers_at(plan.places.iter().copied()).ok_or_else(damage)?;
            for (slot, number) in plan.slots.iter().zip(numbers) {
                see(*slot, &self.series[*slot], place, number)?;
            }
        }
        if found == count { Ok(()) } else { Err(damaged("rows of numbers", &keys.start).into()) }
    }

    fn make(&mut self, shape: ShapeHash) -> Result<Plan, QueryError> {
        let stored = self.cache.get(&self.shapes, self.query.collector, shape)?;
        let mut wanted = Vec::new();
        let mut place = 0;
        let read = shape::each_group(&stored, |group| {
            for (offset, key) in group.keys.iter().enumerate() {
                if self.query.matchers.iter().any(|matcher| matcher.matches(group, key)) {
                    let series = group.series(std::iter::once(*key));
                    wanted.extend(series.into_iter().map(|series| (place + offset, series)));
                }
            }
            place += group.keys.len();
        });
        read.ok_or_else(|| damaged("shape", &shape))?;
        let mut plan = Plan::default();
        for (place, series) in wanted {
            plan.places.push(place);
            plan.slots.push(self.slot(series)?);
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

/// The numbers found so far.
struct Answer {
    steps: Option<Steps>,
    points: usize,
    series: Vec<Found>,
}

/// The numbers of one series: with steps the last one of each step, else all of them.
struct Found {
    series: Series,
    numbers: Vec<Option<(Place, Number)>>,
}

impl Found {
    fn points(mut self, steps: Option<Steps>) -> Points {
        let points = if let Some(steps) = steps {
            let numbers = self.numbers.iter().enumerate();
            numbers.map(|(step, found)| (steps.begin(step), found.map(|(_, number)| number))).collect()
        } else {
            // shapes were read one after the other
            self.numbers.sort_by_key(|found| found.map(|(place, _)| place));
            self.numbers.iter().flatten().map(|(place, number)| (place.timestamp, Some(*number))).collect()
        };
        Points { series: self.series, points }
    }
}

impl Answer {
    fn add(&mut self, slot: usize, series: &Series, at: Place, number: Number) -> Result<(), QueryError> {
        // slots are given out in the order in which their first numbers are shown
        while self.series.len() <= slot {
            let numbers = vec![None; self.steps.map_or(0, |steps| steps.count)];
            self.count(numbers.len())?;
            self.series.push(Found { series: series.clone(), numbers });
        }
        let known = &mut self.series[slot];
        if let Some(steps) = self.steps {
            if let Some(last) = known.numbers.get_mut(steps.of(at.timestamp))
                && last.is_none_or(|(place, _)| place < at)
            {
                *last = Some((at, number));
            }
            return Ok(());
        }
        if known.numbers.len() == limits::SERIES_POINTS {
            return Err(QueryError::TooManySeriesPoints { name: series.name.clone() });
        }
        known.numbers.push(Some((at, number)));
        self.count(1)
    }

    fn count(&mut self, points: usize) -> Result<(), QueryError> {
        self.points += points;
        if self.points > limits::QUERY_POINTS { Err(QueryError::TooManyPoints) } else { Ok(()) }
    }
}
