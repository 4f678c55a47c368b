//! Reading series as a query language of others wants them: chosen by a rule of its own, all numbers of a range.

use std::fmt;
use std::sync::Arc;

use super::Metrics;
use super::hot::Place;
use super::matcher::Matcher;
use super::piece::Series;
use super::query::{PointsQuery, QueryError};
use super::sealed::past_damage;
use super::steps::StepFunction;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;

/// Which series somebody wants.
pub trait Wanted: fmt::Debug + Send + Sync {
    /// Whether documents of this type can hold such series.
    fn concerns(&self, kind: &str) -> bool;
    /// Whether the series with this name and these labels is one.
    fn wants(&self, name: &str, labels: &[(&str, &str)]) -> bool;
}

/// A series and its numbers in the order of time; of several at one moment, the last that came.
#[derive(Debug)]
pub struct Selected {
    pub series: Series,
    pub numbers: Vec<(Timestamp, f64)>,
}

/// A series and its numbers as they came.
type Found = (Series, Vec<(Place, f64)>);

impl Metrics {
    /// The wanted series of a collector with their numbers between two moments, both included. `go_on` is asked
    /// now and then whether anybody still waits for them.
    pub fn select(
        &self,
        collector: CollectorId,
        (from, to): (Timestamp, Timestamp),
        wanted: &Arc<dyn Wanted>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Selected>, QueryError> {
        let matchers = vec![Matcher::by(Arc::clone(wanted))];
        let query = PointsQuery { collector, from, to, step: None, function: StepFunction::Last, matchers };
        let found = past_damage(|| {
            let mut found: Vec<Option<Found>> = Vec::new();
            let mut count = 0;
            self.visit(&query, |slot, series, place, number| {
                count += 1;
                if count > limits::SELECTED_NUMBERS {
                    return Err(QueryError::TooManyPoints);
                }
                if count % limits::SELECTED_UNTIL_ASKED == 0 && !go_on() {
                    return Err(QueryError::GivenUp);
                }
                if found.len() <= slot {
                    found.resize_with(slot + 1, || None);
                }
                let (_, numbers) = found[slot].get_or_insert_with(|| (series.clone(), Vec::new()));
                numbers.push((place, number.as_f64()));
                Ok(())
            })?;
            Ok(found)
        })?;
        Ok(found.into_iter().flatten().map(|(series, numbers)| in_order(series, numbers)).collect())
    }
}

fn in_order(series: Series, mut numbers: Vec<(Place, f64)>) -> Selected {
    numbers.sort_by_key(|(place, _)| *place);
    let mut kept: Vec<(Timestamp, f64)> = Vec::with_capacity(numbers.len());
    for (place, number) in numbers {
        match kept.last_mut() {
            Some(last) if last.0 == place.timestamp => last.1 = number,
            _ => kept.push((place.timestamp, number)),
        }
    }
    Selected { series, numbers: kept }
}
