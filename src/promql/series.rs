//! Samples, and what is computed from them: values at the steps of an evaluation.

use std::collections::HashMap;

use super::error::{Result, same_labels};
use super::labels::Labels;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub at: i64,
    pub value: f64,
}

/// The moments at which an expression is evaluated, in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    pub start: i64,
    pub interval: i64,
    pub count: usize,
}

impl Steps {
    /// From `start` on, as long as `end` is not passed.
    pub fn between(start: i64, end: i64, interval: i64) -> Self {
        let last = end.saturating_sub(start).div_euclid(interval.max(1));
        Self { start, interval, count: usize::try_from(last.saturating_add(1)).unwrap_or(0) }
    }

    pub fn at(&self, step: usize) -> i64 {
        self.start.saturating_add(self.interval.saturating_mul(i64::try_from(step).unwrap_or(i64::MAX)))
    }

    pub fn last(&self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }

    pub fn iter(&self) -> impl Iterator<Item = i64> {
        let steps = *self;
        (0..self.count).map(move |step| steps.at(step))
    }
}

/// A series of an instant vector, with a value for each step that has one.
#[derive(Clone, Debug)]
pub struct Series {
    pub labels: Labels,
    pub values: Vec<Option<f64>>,
}

/// What an expression gave at each step.
#[derive(Debug)]
pub enum Value {
    Scalar(Vec<f64>),
    Vector(Vec<Series>),
    Text(String),
}

/// Puts series together as they are computed, step by step or one after the other.
#[derive(Debug)]
pub struct Vectors {
    steps: usize,
    places: HashMap<Labels, usize>,
    series: Vec<Series>,
}

impl Vectors {
    pub fn new(steps: usize) -> Self {
        Self { steps, places: HashMap::new(), series: Vec::new() }
    }

    /// The place of the series with these labels.
    pub fn place(&mut self, labels: &Labels) -> usize {
        if let Some(place) = self.places.get(labels) {
            return *place;
        }
        self.places.insert(labels.clone(), self.series.len());
        self.series.push(Series { labels: labels.clone(), values: vec![None; self.steps] });
        self.series.len() - 1
    }

    /// At one moment there is one value.
    pub fn put(&mut self, place: usize, step: usize, value: f64) -> Result<()> {
        let present = &mut self.series[place].values[step];
        if present.is_some() {
            return Err(same_labels());
        }
        *present = Some(value);
        Ok(())
    }

    /// Adds to what is there at one moment.
    pub fn add_to(&mut self, place: usize, step: usize, value: f64) {
        let present = &mut self.series[place].values[step];
        *present = Some(present.unwrap_or(0.0) + value);
    }

    /// Adds a whole series; two with the same labels may take turns.
    pub fn add(&mut self, series: Series) -> Result<()> {
        let Some(place) = self.places.get(&series.labels).copied() else {
            self.places.insert(series.labels.clone(), self.series.len());
            self.series.push(series);
            return Ok(());
        };
        for (step, value) in series.values.iter().enumerate() {
            if let Some(value) = value {
                self.put(place, step, *value)?;
            }
        }
        Ok(())
    }

    /// In the order in which they came.
    pub fn finish(self) -> Vec<Series> {
        self.series
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_where_the_end_is_passed() {
        let steps = Steps::between(1000, 3500, 1000);
        assert_eq!(steps.iter().collect::<Vec<_>>(), [1000, 2000, 3000]);
        assert_eq!(steps.last(), 3000);
        assert_eq!(Steps::between(5, 5, 1).count, 1);
        assert_eq!(Steps::between(5, 4, 1).count, 0);
    }

    #[test]
    fn two_series_with_one_name_take_turns_or_fail() {
        let labels = Labels::of(&[("a", "b")]);
        let series = |values| Series { labels: labels.clone(), values };
        let mut vectors = Vectors::new(2);
        vectors.add(series(vec![Some(1.0), None])).unwrap();
        vectors.add(series(vec![None, Some(2.0)])).unwrap();
        assert_eq!(
            vectors.add(series(vec![Some(3.0), None])).unwrap_err().to_string(),
            same_labels().to_string()
        );
        let series = vectors.finish();
        assert_eq!((series.len(), &series[0].values), (1, &vec![Some(1.0), Some(2.0)]));
    }
}
