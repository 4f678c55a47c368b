//! Going through the numbers of the series that somebody wants, wherever they lie.
//!
//! It guarantees: every number in the range is shown once, and was checked; what is not wanted is not read as far as
//! types, times and names tell; one call looks at a bounded number of documents and series.

use std::collections::HashMap;
use std::sync::Arc;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::{Batch, FoundShape, Head};
use super::hot::{self, Place};
use super::hours::{Hours, each_batch, hour_image, no_image};
use super::image::{self, Chosen, Trouble};
use super::layouts::Layouts;
use super::number::Number;
use super::pack::{self, Packed};
use super::piece::{Layout, Series, SeriesLabels, mark_of, mark_of_series};
use super::query::QueryError;
use super::text::{self, Step};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::damaged;
use crate::storage::segment::Source;

/// Which series somebody wants. Names and labels of one object are shared, so that whoever is asked may know them
/// again.
pub trait Wanted {
    /// Whether documents of this type can hold such series.
    fn concerns(&self, kind: &str) -> bool;
    /// Whether a series of this name can be one.
    fn can_want(&self, name: &str) -> bool;
    /// Whether an object can have one, of which is asked whether this is the value of one of its labels.
    fn can_have(&self, is_value: &dyn Fn(&str) -> bool) -> bool;
    /// Whether the series with this name, which can be one, and these labels is one.
    fn wants(&mut self, name: &Arc<str>, labels: &Arc<SeriesLabels>) -> bool;
}

/// Who is shown numbers, each with its series and the place of that among those found so far.
pub(super) trait Sees {
    fn see(&mut self, slot: usize, series: &Series, place: Place, number: Number) -> Result<(), QueryError>;

    /// Takes the numbers of columns as well as by themselves.
    fn see_columns<S: Source + Sync>(&mut self, chosen: &Chosen<'_, S>) -> Result<(), Trouble> {
        chosen.each(&chosen.columns, |run| {
            run.each(|place, number| self.see(run.slot, run.series, place, number))
        })
    }
}

impl<F: FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>> Sees for F {
    fn see(&mut self, slot: usize, series: &Series, place: Place, number: Number) -> Result<(), QueryError> {
        self(slot, series, place, number)
    }
}

impl Metrics {
    /// Shows each number that is wanted, with its series and the place of that series among those found so far: segment
    /// after segment and hour after hour, each series in the order of time as far as its documents came in that order.
    /// A segment that turns out to be damaged is an error, behind which the same can be asked again.
    pub(super) fn visit(
        &self,
        (collector, (from, to)): (CollectorId, (Timestamp, Timestamp)),
        wanted: &mut dyn Wanted,
        mut sees: impl Sees,
    ) -> Result<(), QueryError> {
        self.hot.file.read(|tx| {
            let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
            let mut plans = Plans::new((collector, (from, to)), wanted, tx)?;
            let sealed = self.sealed((collector, from, to), |kind| plans.concerns(kind))?;
            for one in &sealed {
                let known = |kind| self.known(one, kind);
                let shown =
                    image::show(&*one.image, known, &mut plans, &mut |chosen| sees.see_columns(chosen));
                shown.map_err(|trouble| match trouble {
                    Trouble::Query(error) => error,
                    Trouble::Image(error) => self.refused(one, error),
                })?;
            }
            let mut hours = Hours::new(tx, collector, from, to)?;
            let in_range = |head: &Head| head.first <= to && head.last >= from;
            while let Some((hour, counts)) = hours.next()? {
                let twice = self.sealed_in(&sealed, hour)?;
                let mut new = |slot, series: &Series, place, number| {
                    if twice.contains(&place) { Ok(()) } else { sees.see(slot, series, place, number) }
                };
                let hour = (collector, hour, counts);
                if let Some(image) = hour_image(&images, hour)? {
                    let known = |kind| self.known_of_hour((collector, hour.1), &image, kind);
                    let shown = image::show(&image, known, &mut plans, &mut |chosen| new.see_columns(chosen));
                    shown.map_err(|trouble| match trouble {
                        Trouble::Query(error) => error,
                        Trouble::Image(error) => no_image(hour.0, hour.1, &error).into(),
                    })?;
                }
                each_batch(&batches, hour, in_range, |_, batch| plans.show(&batch, &mut new))?;
            }
            Ok(())
        })
    }
}

/// Where the wanted numbers stand among the values of documents of one shape, and which series they are.
type Plan = Arc<[(usize, usize)]>;

/// The wanted slots of a piece, and which series they are.
type Slots = Arc<[(u32, usize)]>;

/// The plans of the shapes met so far, and the series found in them.
pub(super) struct Plans<'w> {
    pub(super) range: (Timestamp, Timestamp),
    pub(super) wanted: &'w mut dyn Wanted,
    layouts: Layouts,
    /// For each piece its wanted slots, and which series they are.
    pieces: HashMap<u32, Slots>,
    shapes: HashMap<u32, Plan>,
    /// By the marks of their series, or by the next number that was free.
    slots: HashMap<u64, usize>,
    pub(super) series: Vec<Series>,
    looked_at: u64,
}

impl<'w> Plans<'w> {
    fn new(
        (collector, range): (CollectorId, (Timestamp, Timestamp)),
        wanted: &'w mut dyn Wanted,
        tx: &ReadTransaction,
    ) -> Result<Self, QueryError> {
        Ok(Self {
            range,
            wanted,
            layouts: Layouts::new(tx, collector)?,
            pieces: HashMap::new(),
            shapes: HashMap::new(),
            slots: HashMap::new(),
            series: Vec::new(),
            looked_at: 0,
        })
    }

    /// Whether documents of a type can hold what is asked for.
    pub(super) fn concerns(&self, kind: &str) -> bool {
        self.wanted.concerns(kind)
    }

    /// Whether the range has moments between two others.
    pub(super) fn touches(&self, first: Timestamp, last: Timestamp) -> bool {
        first <= self.range.1 && last >= self.range.0
    }

    pub(super) fn look_at(&mut self, documents: u64) -> Result<(), QueryError> {
        self.looked_at += documents;
        if self.looked_at > limits::QUERY_DOCUMENTS { Err(QueryError::TooManyDocuments) } else { Ok(()) }
    }

    /// Shows the wanted numbers of a batch.
    fn show(&mut self, batch: &Batch, sees: &mut impl Sees) -> Result<(), QueryError> {
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
                    sees.see(*series, &self.series[*series], place, number)?;
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
            is_any |= !self.slots_of(piece)?.is_empty();
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

    fn slots_of(&mut self, piece: u32) -> Result<Slots, QueryError> {
        if let Some(slots) = self.pieces.get(&piece) {
            return Ok(Arc::clone(slots));
        }
        let layout = self.layouts.piece(piece)?;
        let slots = self.find(&layout)?;
        self.pieces.insert(piece, Arc::clone(&slots));
        Ok(slots)
    }

    fn find(&mut self, layout: &Layout) -> Result<Slots, QueryError> {
        let mut found = Vec::new();
        each_wanted(layout, self.wanted, |slot, series| found.push((slot, series)));
        let mark = |series: &Series| mark_of_series(mark_of(&*series.name), mark_of(&*series.labels));
        let found = found.into_iter().map(|(slot, series)| {
            let mark = mark(&series);
            Ok((slot, self.slot(series, mark)?))
        });
        Ok(found.collect::<Result<Vec<_>, QueryError>>()?.into())
    }

    /// The place of a series among those found so far.
    pub(super) fn slot(&mut self, series: Series, mark: u64) -> Result<usize, QueryError> {
        let mut mark = mark;
        while let Some(slot) = self.slots.get(&mark) {
            if self.series[*slot] == series {
                return Ok(*slot);
            }
            mark = mark.wrapping_add(1);
        }
        if self.series.len() == limits::QUERY_SERIES {
            return Err(QueryError::TooManySeries);
        }
        self.slots.insert(mark, self.series.len());
        self.series.push(series);
        Ok(self.series.len() - 1)
    }
}

/// Shows the wanted series of a piece with their slots.
pub(super) fn each_wanted(layout: &Layout, wanted: &mut dyn Wanted, mut see: impl FnMut(u32, Series)) {
    let mut name = String::new();
    layout.each_group(|group| {
        let mut labels = None;
        for (slot, key) in &group.keys {
            group.put_name(key, &mut name);
            if wanted.can_want(&name) {
                let labels = labels.get_or_insert_with(|| group.labels());
                let series = Series { name: name.as_str().into(), labels: Arc::clone(labels) };
                if wanted.wants(&series.name, &series.labels) {
                    see(*slot, series);
                }
            }
        }
    });
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
