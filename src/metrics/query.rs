//! Reading charts: the numbers of series over a range of time.
//!
//! It guarantees: every value that is served was checked; nothing stands where nothing was pushed; one call
//! reads, keeps and answers a bounded number of documents, series and points.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::{Batch, FoundShape, Head};
use super::hot::{self, Place};
use super::hours::{Hours, each_batch, hour_image, no_image};
use super::image::{self, Known, Trouble};
use super::layouts::Layouts;
use super::matcher::Matcher;
use super::number::Number;
use super::pack::{self, Packed};
use super::piece::{Layout, Series};
use super::sealed::past_damage;
use super::steps::{StepFunction, Steps};
use super::text::{self, Step};
use crate::archive::SegmentError;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::damaged;

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
            self.visit(query, |slot, series, place, number| answer.add(slot, series, place, number))?;
            Ok(answer)
        })?;
        let mut series: Vec<_> =
            answer.series.into_iter().map(|found| found.points(steps, query.function)).collect();
        series.sort_by(|left, right| left.series.cmp(&right.series));
        Ok(series)
    }

    /// Shows each number that matches, with its series and the place of that series among those found so far: segment
    /// after segment and hour after hour, each series in the order of time as far as its documents came in that order.
    /// A segment that turns out to be damaged is an error, behind which the same can be asked again.
    pub(super) fn visit(
        &self,
        query: &PointsQuery,
        mut see: impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        self.hot.file.read(|tx| {
            let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
            let mut plans = Plans::new(query, tx)?;
            let sealed = self.sealed((query.collector, query.from, query.to), |kind| plans.concerns(kind))?;
            for one in &sealed {
                image::show(&*one.image, |kind| self.known(one, kind), &mut plans, &mut see).map_err(
                    |trouble| match trouble {
                        Trouble::Query(error) => error,
                        Trouble::Image(error) => self.refused(one, error),
                    },
                )?;
            }
            let mut hours = Hours::new(tx, query.collector, query.from, query.to)?;
            let in_range = |head: &Head| head.first <= query.to && head.last >= query.from;
            while let Some((hour, counts)) = hours.next()? {
                let twice = self.sealed_in(&sealed, hour)?;
                let mut see = |slot, series: &Series, place, number| {
                    if twice.contains(&place) { Ok(()) } else { see(slot, series, place, number) }
                };
                let hour = (query.collector, hour, counts);
                if let Some(image) = hour_image(&images, hour)? {
                    let known = |kind| Known::read(&image, kind).map(Arc::new);
                    image::show(&image, known, &mut plans, &mut see).map_err(|trouble| match trouble {
                        Trouble::Query(error) => error,
                        Trouble::Image(error) => no_image(hour.0, hour.1, &error).into(),
                    })?;
                }
                each_batch(&batches, hour, in_range, |_, batch| plans.show(&batch, &mut see))?;
            }
            Ok(())
        })
    }
}

/// Where the wanted numbers stand among the values of documents of one shape, and which series they are.
type Plan = Arc<[(usize, usize)]>;

/// The wanted slots of a piece, and which series they are.
pub(super) type Wanted = Arc<[(u32, usize)]>;

/// The plans of the shapes met so far, and the series found in them.
pub(super) struct Plans<'q> {
    query: &'q PointsQuery,
    layouts: Layouts,
    /// For each piece its wanted slots, and which series they are.
    pieces: HashMap<u32, Wanted>,
    shapes: HashMap<u32, Plan>,
    /// The same of pieces in images, by their bytes.
    images: HashMap<Arc<[u8]>, Wanted>,
    slots: HashMap<Series, usize>,
    pub(super) series: Vec<Series>,
    looked_at: u64,
}

impl<'q> Plans<'q> {
    fn new(query: &'q PointsQuery, tx: &ReadTransaction) -> Result<Self, QueryError> {
        Ok(Self {
            query,
            layouts: Layouts::new(tx, query.collector)?,
            pieces: HashMap::new(),
            shapes: HashMap::new(),
            images: HashMap::new(),
            slots: HashMap::new(),
            series: Vec::new(),
            looked_at: 0,
        })
    }

    /// Whether documents of a type can hold what is asked for.
    pub(super) fn concerns(&self, kind: &str) -> bool {
        self.query.matchers.iter().any(|matcher| matcher.concerns(kind))
    }

    /// Whether the range has moments between two others.
    pub(super) fn touches(&self, first: Timestamp, last: Timestamp) -> bool {
        first <= self.query.to && last >= self.query.from
    }

    pub(super) fn look_at(&mut self, documents: u64) -> Result<(), QueryError> {
        self.looked_at += documents;
        if self.looked_at > limits::QUERY_DOCUMENTS { Err(QueryError::TooManyDocuments) } else { Ok(()) }
    }

    /// Shows the wanted numbers of a batch.
    fn show(
        &mut self,
        batch: &Batch,
        see: &mut impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let wanted: Vec<_> = batch.kinds.iter().map(|kind| self.concerns(kind)).collect();
        for document in &batch.documents {
            if !wanted[document.kind] || !self.touches(document.timestamp, document.timestamp) {
                continue;
            }
            let plan = self.plan(&document.shape)?;
            if plan.is_empty() {
                continue;
            }
            self.look_at(1)?;
            let place = Place { timestamp: document.timestamp, seq: document.seq };
            let mut values = Values { rest: Reader(batch.values(document)), next: 0 };
            for (at, series) in plan.iter() {
                let damage = || damaged("values of a document", &document.seq.to_be_bytes());
                let value = values.at(*at).ok_or_else(damage)?;
                if let Some(number) = value.number() {
                    see(*series, &self.series[*series], place, number)?;
                }
            }
        }
        Ok(())
    }

    fn plan(&mut self, shape: &FoundShape) -> Result<Plan, QueryError> {
        if let FoundShape::Number(number) = shape
            && let Some(plan) = self.shapes.get(number)
        {
            return Ok(Arc::clone(plan));
        }
        let pieces = self.layouts.shape(shape)?;
        let plan = self.make(&pieces)?;
        if let FoundShape::Number(number) = shape {
            self.shapes.insert(*number, Arc::clone(&plan));
        }
        Ok(plan)
    }

    fn make(&mut self, shape: &[u32]) -> Result<Plan, QueryError> {
        let mut is_any = false;
        for piece in shape.iter().filter_map(|piece| piece.checked_sub(1)) {
            is_any |= !self.wanted(piece)?.is_empty();
        }
        if !is_any {
            return Ok(Plan::default());
        }
        let (mut plan, mut at) = (Vec::new(), 0);
        let Self { layouts, pieces, .. } = self;
        let walked = text::walk(
            shape,
            |piece| layouts.piece(piece),
            |step| {
                if let Step::Slot { piece, slot } = step {
                    let wanted = pieces.get(&piece)?.iter().find(|(wanted, _)| *wanted == slot);
                    plan.extend(wanted.map(|(_, series)| (at, *series)));
                    at += 1;
                }
                Some(())
            },
        )?;
        walked.ok_or_else(|| damaged("shape", &[]))?;
        Ok(plan.into())
    }

    fn wanted(&mut self, piece: u32) -> Result<Wanted, QueryError> {
        if let Some(wanted) = self.pieces.get(&piece) {
            return Ok(Arc::clone(wanted));
        }
        let layout = self.layouts.piece(piece)?;
        let wanted = self.find(&layout)?;
        self.pieces.insert(piece, Arc::clone(&wanted));
        Ok(wanted)
    }

    /// The wanted slots of a piece of an image, and which series they are.
    pub(super) fn wanted_of(&mut self, piece: &Arc<[u8]>, layout: &Layout) -> Result<Wanted, QueryError> {
        if let Some(wanted) = self.images.get(piece) {
            return Ok(Arc::clone(wanted));
        }
        let wanted = self.find(layout)?;
        self.images.insert(Arc::clone(piece), Arc::clone(&wanted));
        Ok(wanted)
    }

    fn find(&mut self, layout: &Layout) -> Result<Wanted, QueryError> {
        let mut found = Vec::new();
        layout.each_group(|group| {
            let is_wanted = |key: &str| self.query.matchers.iter().any(|matcher| matcher.matches(group, key));
            for (slot, key) in group.keys.iter().filter(|(_, key)| is_wanted(key)) {
                found.push((*slot, Series { name: group.name(key), labels: group.labels() }));
            }
        });
        let found = found.into_iter().map(|(slot, series)| Ok((slot, self.slot(series)?)));
        Ok(found.collect::<Result<Vec<_>, QueryError>>()?.into())
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

/// The values of a document, read up to where the next wanted one stands.
struct Values<'a> {
    rest: Reader<'a>,
    next: usize,
}

impl<'a> Values<'a> {
    fn at(&mut self, place: usize) -> Option<Packed<'a>> {
        while self.next < place {
            pack::read(&mut self.rest)?;
            self.next += 1;
        }
        self.next += 1;
        pack::read(&mut self.rest)
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
            return Err(QueryError::TooManySeriesPoints { name: series.name.clone() });
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
