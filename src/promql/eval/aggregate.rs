//! Aggregations: many series at one moment become one for each group.

use std::collections::HashMap;

use super::Evaluator;
use crate::promql::error::{Error, Result};
use crate::promql::expr::{Aggregate, Aggregation, Expr, Grouping};
use crate::promql::float;
use crate::promql::labels::{Labels, NAME, is_label_name};
use crate::promql::series::{Series, Steps, Vectors};

impl Evaluator<'_> {
    pub(super) fn aggregate(&self, aggregate: &Aggregate, steps: Steps) -> Result<Vec<Series>> {
        let param = match &aggregate.param {
            Some(param) if aggregate.op != Aggregation::CountValues => self.scalars(param, steps)?,
            _ => Vec::new(),
        };
        let vector = self.vector(&aggregate.expr, steps)?;
        match (aggregate.op, &aggregate.param) {
            (Aggregation::Topk, _) => self.best(&vector, &aggregate.grouping, (&param, true), steps),
            (Aggregation::Bottomk, _) => self.best(&vector, &aggregate.grouping, (&param, false), steps),
            (Aggregation::Quantile, _) => self.quantiles(&vector, &aggregate.grouping, &param, steps),
            (Aggregation::CountValues, Some(Expr::Text(label))) => {
                self.count_values(&vector, &aggregate.grouping, label, steps)
            }
            (op, _) => self.tallied(op, &vector, &aggregate.grouping, steps),
        }
    }

    /// What a few numbers for each group are enough for.
    fn tallied(
        &self,
        op: Aggregation,
        vector: &[Series],
        grouping: &Grouping,
        steps: Steps,
    ) -> Result<Vec<Series>> {
        let groups = Groups::of(vector, grouping);
        self.budget.keep(groups.labels.len() * steps.count * 2)?;
        let mut tallies = vec![vec![None::<Tally>; steps.count]; groups.labels.len()];
        for (series, group) in vector.iter().zip(&groups.of_series) {
            self.budget.work(steps.count)?;
            for (value, tally) in series.values.iter().zip(&mut tallies[*group]) {
                let Some(value) = value else { continue };
                match tally {
                    Some(tally) => tally.add(op, *value),
                    None => *tally = Some(Tally::first(op, *value)),
                }
            }
        }
        let result = |tallies: Vec<Option<Tally>>| -> Vec<Option<f64>> {
            tallies.into_iter().map(|tally| tally.map(|tally| tally.result(op))).collect()
        };
        let groups = groups.labels.into_iter().zip(tallies);
        Ok(groups.map(|(labels, tallies)| Series { labels, values: result(tallies) }).collect())
    }

    fn quantiles(
        &self,
        vector: &[Series],
        grouping: &Grouping,
        parts: &[f64],
        steps: Steps,
    ) -> Result<Vec<Series>> {
        let groups = Groups::of(vector, grouping);
        self.budget.keep(groups.labels.len() * steps.count)?;
        let of_group = |labels| Series { labels, values: vec![None; steps.count] };
        let mut quantiles: Vec<_> = groups.labels.iter().cloned().map(of_group).collect();
        let mut present = vec![Vec::new(); groups.labels.len()];
        for (step, part) in parts.iter().enumerate() {
            self.budget.work(vector.len())?;
            for (series, group) in vector.iter().zip(&groups.of_series) {
                present[*group].extend(series.values[step]);
            }
            for (values, series) in present.iter_mut().zip(&mut quantiles) {
                series.values[step] = (!values.is_empty()).then(|| float::quantile(*part, values));
                values.clear();
            }
        }
        Ok(quantiles)
    }

    /// How many series of a group have each value, which becomes a label.
    fn count_values(
        &self,
        vector: &[Series],
        grouping: &Grouping,
        label: &str,
        steps: Steps,
    ) -> Result<Vec<Series>> {
        if !is_label_name(label) {
            return Err(Error::Execution(format!("invalid label name {label:?}")));
        }
        let mut counted = Vectors::new(steps.count);
        let mut counts = HashMap::<(usize, u64), f64>::new();
        let mut names = HashMap::<(usize, u64), usize>::new();
        // with the label itself among those that count, its old value does not
        let rid: Vec<_> = vector.iter().map(|series| series.labels.with(label, "")).collect();
        let groups = Groups::of_labels(rid.iter(), grouping);
        for step in 0..steps.count {
            self.budget.work(vector.len())?;
            for (series, group) in vector.iter().zip(&groups.of_series) {
                if let Some(value) = series.values[step] {
                    *counts.entry((*group, key(value))).or_insert(0.0) += 1.0;
                }
            }
            for ((group, bits), count) in counts.drain() {
                let place = if let Some(place) = names.get(&(group, bits)) {
                    *place
                } else {
                    self.budget.keep(steps.count)?;
                    let text = float::write(f64::from_bits(bits));
                    // `without` the very label takes it away again
                    let is_kept = !(grouping.without && grouping.labels.iter().any(|name| name == label));
                    let own = if is_kept { text.as_str() } else { "" };
                    let place = counted.place(&groups.labels[group].with(label, own));
                    names.insert((group, bits), place);
                    place
                };
                counted.add_to(place, step, count);
            }
        }
        Ok(counted.finish())
    }
}

/// All that is no number is one value.
fn key(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// Which series belong together.
pub(super) struct Groups {
    pub(super) labels: Vec<Labels>,
    /// For each series its group.
    pub(super) of_series: Vec<usize>,
}

impl Groups {
    pub(super) fn of(vector: &[Series], grouping: &Grouping) -> Self {
        Self::of_labels(vector.iter().map(|series| &series.labels), grouping)
    }

    fn of_labels<'a>(all: impl Iterator<Item = &'a Labels>, grouping: &Grouping) -> Self {
        let keeps = |name: &str| grouping.keeps(name) && !(grouping.without && name == NAME);
        let mut places = HashMap::new();
        let mut groups = Self { labels: Vec::new(), of_series: Vec::new() };
        for labels in all {
            let own = labels.retained(keeps);
            let place = *places.entry(own).or_insert_with_key(|own| {
                groups.labels.push(own.clone());
                groups.labels.len() - 1
            });
            groups.of_series.push(place);
        }
        groups
    }
}

/// What is known of the values of a group at one moment.
#[derive(Clone, Copy, Debug)]
struct Tally {
    value: f64,
    mean: f64,
    count: f64,
}

impl Tally {
    fn first(op: Aggregation, value: f64) -> Self {
        let own = if matches!(op, Aggregation::Stddev | Aggregation::Stdvar) { 0.0 } else { value };
        Self { value: own, mean: value, count: 1.0 }
    }

    fn add(&mut self, op: Aggregation, value: f64) {
        self.count += 1.0;
        match op {
            Aggregation::Sum => self.value += value,
            Aggregation::Avg if float::mean_stays(self.mean, value) => {}
            // both are divided first: their sum may be beyond what a double holds
            Aggregation::Avg => self.mean += value / self.count - self.mean / self.count,
            Aggregation::Max if self.value < value || self.value.is_nan() => self.value = value,
            Aggregation::Min if self.value > value || self.value.is_nan() => self.value = value,
            Aggregation::Stddev | Aggregation::Stdvar => {
                let difference = value - self.mean;
                self.mean += difference / self.count;
                self.value += difference * (value - self.mean);
            }
            _ => {}
        }
    }

    fn result(self, op: Aggregation) -> f64 {
        match op {
            Aggregation::Avg => self.mean,
            Aggregation::Count => self.count,
            Aggregation::Group => 1.0,
            Aggregation::Stdvar => self.value / self.count,
            Aggregation::Stddev => (self.value / self.count).sqrt(),
            _ => self.value,
        }
    }
}
