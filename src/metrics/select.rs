//! Reading series as a query language of others wants them: chosen by a rule of its own, all numbers of a range.

use super::Metrics;
use super::hot::Place;
use super::number::Number;
use super::piece::Series;
use super::query::QueryError;
use super::sealed::past_damage;
use super::visit::Wanted;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;

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
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Selected>, QueryError> {
        let found = past_damage(|| {
            let mut found: Vec<Option<Found>> = Vec::new();
            let (mut count, mut until_asked, mut most) = (0, limits::SELECTED_UNTIL_ASKED, 0);
            self.visit((collector, range), wanted, |slot, series, place, number| {
                count += 1;
                if count > limits::SELECTED_NUMBERS {
                    return Err(QueryError::TooManyPoints);
                }
                until_asked -= 1;
                if until_asked == 0 {
                    until_asked = limits::SELECTED_UNTIL_ASKED;
                    if !go_on() {
                        return Err(QueryError::GivenUp);
                    }
                }
                if found.len() <= slot {
                    found.resize_with(slot + 1, || None);
                }
                // series of one collector have about as many numbers
                let found = found[slot].get_or_insert_with(|| Found::new(series, most));
                found.add(place, number);
                most = found.numbers.len().clamp(most, limits::SELECTED_EXPECTED);
                Ok(())
            })?;
            Ok(found)
        })?;
        Ok(found.into_iter().flatten().map(Found::selected).collect())
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
        let number = number.as_f64();
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
