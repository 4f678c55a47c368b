//! Instant vectors: at each step the last sample of a series, if it is not too old.

use parking_lot::Mutex;

use super::Evaluator;
use crate::limits::PROMQL_LOOKBACK_MS;
use crate::promql::error::Result;
use crate::promql::expr::Selector;
use crate::promql::series::{Sample, Series, Steps};

impl Evaluator<'_> {
    pub(super) fn select(
        &self,
        selector: &Selector,
        steps: Steps,
        value_of: fn(Sample) -> f64,
    ) -> Result<Vec<Series>> {
        if steps.count == 0 {
            return Ok(Vec::new());
        }
        let found = Mutex::new(Vec::new());
        let at = |moment| self.shifted(selector.shift, moment);
        let from = at(steps.at(0)).saturating_sub(PROMQL_LOOKBACK_MS);
        self.source.select(selector, from, at(steps.last()), self.budget, &|labels, samples| {
            self.budget.keep(steps.count)?;
            let mut next = 0;
            let mut present = |moment: i64| {
                while samples.get(next).is_some_and(|sample| sample.at <= moment) {
                    next += 1;
                }
                let last = samples.get(next.checked_sub(1)?)?;
                (last.at >= moment.saturating_sub(PROMQL_LOOKBACK_MS)).then(|| value_of(*last))
            };
            let values: Vec<_> = steps.iter().map(|moment| present(at(moment))).collect();
            if values.iter().any(Option::is_some) {
                found.lock().push(Series { labels, values });
            }
            Ok(())
        })?;
        let mut found = found.into_inner();
        found.sort_by(|one, other| one.labels.cmp(&other.labels));
        Ok(found)
    }
}
