//! The source of series that queries are evaluated over.

use std::sync::Arc;

use super::ReadError;
use super::fleet::{Member, members};
use super::known::Value;
use super::labelled::{Entry, Labelled};
use super::wish::{Wish, Wishes};
use crate::clock::Timestamp;
use crate::metrics::{Metrics, QueryError, Selected};
use crate::promql::{self, Budget, Error, Labels, Sample, Selector, Source};
use crate::registry::Collectors;

/// The metric store, and who is in the fleet at this moment.
pub struct Store<'a> {
    metrics: &'a Metrics,
    members: Vec<Member>,
}

/// Shows a series with its samples.
type See<'s> = &'s mut dyn FnMut(Labels, &[Sample]) -> promql::Result<()>;

impl<'a> Store<'a> {
    pub fn open(metrics: &'a Metrics, collectors: &Collectors) -> Result<Self, ReadError> {
        Ok(Self { metrics, members: members(collectors)? })
    }

    /// Of collectors that stand in no registry.
    #[cfg(test)]
    pub(super) fn of(metrics: &'a Metrics, members: Vec<Member>) -> Self {
        Self { metrics, members }
    }

    pub fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn metrics(&self) -> &Metrics {
        self.metrics
    }

    /// Shows the labels of the series that fit any of the selectors, or of all where there are none, and that have
    /// samples between two moments.
    pub fn series(
        &self,
        selectors: &[Selector],
        (from, to): (i64, i64),
        budget: &Budget,
        see: &mut dyn FnMut(Labels) -> promql::Result<()>,
    ) -> promql::Result<()> {
        let all = [Arc::from([])];
        let matchers: Vec<_> = selectors.iter().map(|selector| Arc::clone(&selector.matchers)).collect();
        let matchers = if matchers.is_empty() { &all[..] } else { &matchers };
        let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        for member in &self.members {
            budget.look()?;
            let mut wishes = Wishes(matchers.iter().map(Wish::new).collect());
            wishes.0.retain(|wish| wish.concerns_collector(&member.labels));
            if wishes.0.is_empty() {
                continue;
            }
            let mut listed = self.metrics.series_between(member.id, range, &mut wishes).map_err(source)?;
            listed.retain(|listed| listed.first <= range.1 && listed.last >= range.0);
            let mut labelled = Labelled::new(&member.labels);
            for (place, listed) in listed.iter().enumerate() {
                wishes.0.iter_mut().for_each(|wish| labelled.add(place, &listed.series, wish));
            }
            labelled.each(|labels, _| {
                budget.find()?;
                see(labels)
            })?;
        }
        Ok(())
    }

    fn select_of(
        &self,
        member: &Member,
        (from, to): (i64, i64),
        wish: &mut Wish,
        (budget, see): (&Budget, See<'_>),
    ) -> promql::Result<()> {
        let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let selected = match self.metrics.select(member.id, range, wish, &|| budget.look().is_ok()) {
            Err(QueryError::GivenUp) => return budget.look(),
            selected => selected.map_err(source)?,
        };
        let mut labelled = Labelled::new(&member.labels);
        for (place, Selected { series, numbers }) in selected.iter().enumerate() {
            budget.read(numbers.len())?;
            labelled.add(place, series, wish);
        }
        let mut samples = Vec::new();
        labelled.each(|labels, same| {
            samples.clear();
            for Entry { of, value, .. } in same {
                samples.extend(selected[*of].numbers.iter().map(|number| sample(*value, *number)));
            }
            if same.len() > 1 {
                // stable, so that at one moment the sample of the first one comes first
                samples.sort_by_key(|sample| sample.at);
                samples.dedup_by_key(|sample| sample.at);
            }
            budget.find()?;
            see(labels, &samples)
        })
    }
}

impl Source for Store<'_> {
    fn select(
        &self,
        selector: &Selector,
        from: i64,
        to: i64,
        budget: &Budget,
        see: See<'_>,
    ) -> promql::Result<()> {
        if to < from {
            return Ok(());
        }
        let mut wish = Wish::new(&selector.matchers);
        for member in &self.members {
            if wish.concerns_collector(&member.labels) {
                budget.look()?;
                self.select_of(member, (from, to), &mut wish, (budget, see))?;
            }
        }
        Ok(())
    }
}

fn source(error: QueryError) -> Error {
    match error {
        // what the asker can mend
        QueryError::TooManySeries | QueryError::TooManyPoints | QueryError::TooManyDocuments => {
            Error::Execution(error.to_string())
        }
        error => Error::Source(Box::new(error)),
    }
}

fn sample(value: Value, (at, number): (Timestamp, f64)) -> Sample {
    let value = match value {
        Value::Times(factor) => number * factor,
        Value::One => 1.0,
    };
    Sample { at: at.as_millis(), value }
}
