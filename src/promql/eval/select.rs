//! Instant vectors: at each step the last sample of a series, if it is not too old.

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
        let mut found = Vec::new();
        if steps.count == 0 {
            return Ok(found);
        }
        let at = |moment| self.shifted(selector.shift, moment);
        let from = at(steps.at(0)).saturating_sub(PROMQL_LOOKBACK_MS);
        self.source.select(selector, from, at(steps.last()), self.budget, &mut |labels, samples| {
            self.budget.keep(steps.count)?;
            let mut next = 0;
            let mut present = |moment: i64| {
                next += samples[next..].iter().take_while(|sample| sample.at <= moment).count();
                let last = samples.get(next.checked_sub(1)?)?;
                (last.at >= moment.saturating_sub(PROMQL_LOOKBACK_MS)).then(|| value_of(*last))
            };
            let values: Vec<_> = steps.iter().map(|moment| present(at(moment))).collect();
            if values.iter().any(Option::is_some) {
                found.push(Series { labels, values });
            }
            Ok(())
        })?;
        found.sort_by(|one, other| one.labels.cmp(&other.labels));
        Ok(found)
    }
}
