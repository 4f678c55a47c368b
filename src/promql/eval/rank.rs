//! `topk` and `bottomk`: the series themselves that have the largest or smallest values of their group.

use std::cmp::Ordering;

use super::Evaluator;
use super::aggregate::Groups;
use crate::promql::error::{Error, Result};
use crate::promql::expr::Grouping;
use crate::promql::float;
use crate::promql::series::{Series, Steps, Vectors};

impl Evaluator<'_> {
    pub(super) fn best(
        &self,
        vector: &[Series],
        grouping: &Grouping,
        (counts, largest): (&[f64], bool),
        steps: Steps,
    ) -> Result<Vec<Series>> {
        let groups = Groups::of(vector, grouping);
        let mut best = Vectors::new(steps.count);
        let mut members: Vec<Vec<(f64, usize)>> = vec![Vec::new(); groups.labels.len()];
        for (step, count) in counts.iter().enumerate() {
            self.budget.work(vector.len())?;
            let wanted = count_of(*count)?.min(vector.len());
            if wanted == 0 {
                continue;
            }
            for (at, (series, group)) in vector.iter().zip(&groups.of_series).enumerate() {
                members[*group].extend(series.values[step].map(|value| (value, at)));
            }
            for members in &mut members {
                members.sort_by(|(one, _), (other, _)| order(*one, *other, largest));
                for (value, at) in members.drain(..).take(wanted) {
                    self.budget.keep(1)?;
                    let place = best.place(&vector[at].labels);
                    best.put(place, step, value)?;
                }
                members.clear();
            }
        }
        Ok(best.finish())
    }
}

fn count_of(count: f64) -> Result<usize> {
    const MOST: f64 = 9_223_372_036_854_775_807.0;
    if !(-MOST..=MOST).contains(&count) {
        return Err(Error::Execution(format!("Scalar value {} overflows int64", float::write(count))));
    }
    Ok(if count < 1.0 { 0 } else { float::index(count.floor()) })
}

/// The best first; what is no number is the worst.
fn order(one: f64, other: f64, largest: bool) -> Ordering {
    let by_value = one.partial_cmp(&other).unwrap_or(Ordering::Equal);
    let by_value = if largest { by_value.reverse() } else { by_value };
    one.is_nan().cmp(&other.is_nan()).then(by_value)
}
