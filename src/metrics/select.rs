//! Reading series as a query language of others wants them: chosen by a rule of its own, all numbers of a range.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::Metrics;
use super::hot::Place;
use super::image::{Chosen, ChosenColumn, Trouble};
use super::number::Number;
use super::piece::Series;
use super::query::QueryError;
use super::sealed::past_damage;
use super::visit::{Sees, Wanted};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::segment::Source;
use crate::{limits, threads};

/// A series and its numbers in the order of time; of several at one moment, the last that came.
#[derive(Debug)]
pub struct Selected {
    pub series: Series,
    pub numbers: Vec<(Timestamp, f64)>,
}

impl Metrics {
    /// The wanted series of a collector with their numbers between two moments, both included. `go_on` is asked
    /// now and then whether anybody still waits for them.
    pub fn select(
        &self,
        collector: CollectorId,
        range: (Timestamp, Timestamp),
        wanted: &mut dyn Wanted,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Selected>, QueryError> {
        let found = past_damage(|| {
            let mut selection = Selection { found: Vec::new(), count: AtomicUsize::new(0), go_on };
            self.visit((collector, range), wanted, &mut selection)?;
            Ok(selection.found)
        })?;
        Ok(found.into_iter().flatten().map(Found::selected).collect())
    }
}

struct Selection<'g> {
    /// By the place of their series.
    found: Vec<Option<Found>>,
    count: AtomicUsize,
    go_on: &'g (dyn Fn() -> bool + Sync),
}

impl Selection<'_> {
    /// Before numbers are kept.
    fn count(&self, numbers: usize) -> Result<(), QueryError> {
        let before = self.count.fetch_add(numbers, Ordering::Relaxed);
        let count = before + numbers;
        if count > limits::SELECTED_NUMBERS {
            return Err(QueryError::TooManyPoints);
        }
        let asked = |count: usize| count / limits::SELECTED_UNTIL_ASKED;
        if asked(before) != asked(count) && !(self.go_on)() { Err(QueryError::GivenUp) } else { Ok(()) }
    }

    /// The place for what is found of a series.
    fn place(&mut self, slot: usize) -> &mut Option<Found> {
        if self.found.len() <= slot {
            self.found.resize_with(slot + 1, || None);
        }
        &mut self.found[slot]
    }

    /// Reads some columns.
    fn read<S: Source>(
        &self,
        chosen: &Chosen<'_, S>,
        columns: &[ChosenColumn],
    ) -> Result<Vec<(usize, Found)>, Trouble> {
        let mut read = Vec::with_capacity(columns.len());
        chosen.each(columns, |run| {
            self.count(run.len())?;
            let mut found = Found::new(run.series, run.len());
            run.each(|place, number| {
                found.add(place, number);
                Ok::<_, QueryError>(())
            })?;
            if !found.numbers.is_empty() {
                read.push((run.slot, found));
            }
            Ok(())
        })?;
        Ok(read)
    }
}

impl Sees for &mut Selection<'_> {
    fn see(&mut self, slot: usize, series: &Series, place: Place, number: Number) -> Result<(), QueryError> {
        self.count(1)?;
        self.place(slot).get_or_insert_with(|| Found::new(series, 0)).add(place, number);
        Ok(())
    }

    /// Several threads read them, a part each.
    fn see_columns<S: Source + Sync>(&mut self, chosen: &Chosen<'_, S>) -> Result<(), Trouble> {
        let parts: Vec<_> = chosen.columns.chunks(limits::COLUMNS_AT_ONCE).enumerate().collect();
        let read = Mutex::new(Vec::with_capacity(parts.len()));
        threads::each(
            &parts,
            || (),
            |(), (number, columns), _| {
                let found = self.read(chosen, columns)?;
                read.lock().push((*number, found));
                Ok::<_, Trouble>(())
            },
        )?;
        let mut read = read.into_inner();
        read.sort_by_key(|(number, _)| *number);
        for (slot, found) in read.into_iter().flat_map(|(_, found)| found) {
            match self.place(slot) {
                Some(known) => known.join(found),
                place => *place = Some(found),
            }
        }
        Ok(())
    }
}

/// The numbers of a series as they are found. Nearly always that is the order of time.
struct Found {
    series: Series,
    numbers: Vec<(Timestamp, f64)>,
    /// For each of them its place in the order of arrival.
    seqs: Vec<u64>,
    /// What came behind one of a later time or arrival.
    late: Vec<(Place, f64)>,
}

impl Found {
    fn new(series: &Series, numbers: usize) -> Self {
        let (seqs, late) = (Vec::with_capacity(numbers), Vec::new());
        Self { series: series.clone(), numbers: Vec::with_capacity(numbers), seqs, late }
    }

    fn add(&mut self, place: Place, number: Number) {
        self.add_real(place, number.as_f64());
    }

    fn add_real(&mut self, place: Place, number: f64) {
        match self.numbers.last_mut().zip(self.seqs.last_mut()) {
            Some((last, seq)) if place.timestamp <= last.0 => {
                if place.timestamp < last.0 || place.seq < *seq {
                    self.late.push((place, number));
                } else {
                    (*last, *seq) = ((place.timestamp, number), place.seq);
                }
            }
            _ => {
                self.numbers.push((place.timestamp, number));
                self.seqs.push(place.seq);
            }
        }
    }

    /// Adds what was found of the same series elsewhere.
    fn join(&mut self, other: Self) {
        let Self { numbers, seqs, late, .. } = other;
        for ((timestamp, number), seq) in numbers.into_iter().zip(seqs) {
            self.add_real(Place { timestamp, seq }, number);
        }
        for (place, number) in late {
            self.add_real(place, number);
        }
    }

    fn selected(self) -> Selected {
        let Self { series, numbers, seqs, late } = self;
        if late.is_empty() {
            return Selected { series, numbers };
        }
        let in_order = numbers.into_iter().zip(seqs);
        let mut all: Vec<_> = in_order
            .map(|((timestamp, number), seq)| (Place { timestamp, seq }, number))
            .chain(late)
            .collect();
        // stable: of several in one document the last one stays last
        all.sort_by_key(|(place, _)| *place);
        let mut numbers: Vec<(Timestamp, f64)> = Vec::with_capacity(all.len());
        for (place, number) in all {
            match numbers.last_mut() {
                Some(last) if last.0 == place.timestamp => last.1 = number,
                _ => numbers.push((place.timestamp, number)),
            }
        }
        Selected { series, numbers }
    }
}
