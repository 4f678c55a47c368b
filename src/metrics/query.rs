//! Reading charts: the numbers of series over a range of time.
//!
//! It guarantees: every value that is served was checked; nothing stands where nothing was pushed; one call
//! reads, keeps and answers a bounded number of documents, series and points.

use std::time::Duration;

use super::Metrics;
use super::hot::Place;
use super::matcher::Matcher;
use super::number::Number;
use super::piece::Series;
use super::sealed::past_damage;
use super::steps::{StepFunction, Steps};
use crate::archive::SegmentError;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;

/// Which numbers are asked for. The range includes both ends.
#[derive(Debug)]
pub struct PointsQuery {
    pub collector: CollectorId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// One value for each step instead of every value.
    pub step: Option<Duration>,
    /// What stands for the numbers of a step.
    pub function: StepFunction,
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
    #[error("the selection was given up, as nobody waits for it")]
    GivenUp,
    #[error(transparent)]
    Store(#[from] RedbError),
    #[error(transparent)]
    Segment(#[from] SegmentError),
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

impl Metrics {
    /// The points of all series that match, by name and labels.
    pub fn points(&self, query: &PointsQuery) -> Result<Vec<Points>, QueryError> {
        let steps = query.steps()?;
        let answer = past_damage(|| {
            let mut answer =
                Answer { steps, function: query.function, points: 0, places: Vec::new(), series: Vec::new() };
            let (range, mut wanted) = ((query.from, query.to), query.matchers.as_slice());
            self.visit((query.collector, range), &mut wanted, |slot, series: &Series, place, number| {
                answer.add(slot, series, place, number)
            })?;
            Ok(answer)
        })?;
        let mut series: Vec<_> =
            answer.series.into_iter().map(|found| found.points(steps, query.function)).collect();
        series.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(series)
    }
}

/// The numbers found so far.
struct Answer {
    steps: Option<Steps>,
    function: StepFunction,
    points: usize,
    /// Where the series of a slot stands; one that has no number is not answered.
    places: Vec<Option<usize>>,
    series: Vec<Found>,
}

/// The numbers of one series: where the last one of each step is asked for those, else all of them.
struct Found {
    series: Series,
    numbers: Vec<Option<(Place, Number)>>,
}

impl Found {
    fn points(mut self, steps: Option<Steps>, function: StepFunction) -> Points {
        let at_steps = |steps: Steps, values: Vec<Option<Number>>| {
            values.into_iter().enumerate().map(|(step, value)| (steps.begin(step), value)).collect()
        };
        let points = match steps {
            Some(steps) if function == StepFunction::Last => {
                at_steps(steps, self.numbers.iter().map(|found| found.map(|(_, number)| number)).collect())
            }
            Some(steps) => at_steps(steps, steps.reduce(function, &self.in_order())),
            None => {
                let numbers = self.in_order().into_iter();
                numbers.map(|(place, number)| (place.timestamp, Some(number))).collect()
            }
        };
        Points { series: self.series, points }
    }

    /// All numbers in the order of time; within an hour they came in the order of arrival.
    fn in_order(&mut self) -> Vec<(Place, Number)> {
        let mut numbers: Vec<_> = self.numbers.drain(..).flatten().collect();
        numbers.sort_by_key(|(place, _)| *place);
        numbers
    }
}

impl Answer {
    fn add(&mut self, slot: usize, series: &Series, at: Place, number: Number) -> Result<(), QueryError> {
        if self.places.len() <= slot {
            self.places.resize(slot + 1, None);
        }
        let slot = match self.places[slot] {
            Some(place) => place,
            None => self.begin(slot, series)?,
        };
        let known = &mut self.series[slot];
        if let Some(steps) = self.steps.filter(|_| self.function == StepFunction::Last) {
            if let Some(last) = known.numbers.get_mut(steps.of(at.timestamp))
                && last.is_none_or(|(place, _)| place < at)
            {
                *last = Some((at, number));
            }
            return Ok(());
        }
        if self.steps.is_none() && known.numbers.len() == limits::SERIES_POINTS {
            return Err(QueryError::TooManySeriesPoints { name: series.name.as_ref().to_owned() });
        }
        known.numbers.push(Some((at, number)));
        self.count(1)
    }

    fn begin(&mut self, slot: usize, series: &Series) -> Result<usize, QueryError> {
        let count = self.steps.map_or(0, |steps| steps.count);
        let numbers = if self.function == StepFunction::Last { vec![None; count] } else { Vec::new() };
        self.count(count)?;
        self.series.push(Found { series: series.clone(), numbers });
        self.places[slot] = Some(self.series.len() - 1);
        Ok(self.series.len() - 1)
    }

    fn count(&mut self, points: usize) -> Result<(), QueryError> {
        self.points += points;
        if self.points > limits::QUERY_POINTS { Err(QueryError::TooManyPoints) } else { Ok(()) }
    }
}
