//! The source of series that queries are evaluated over.

use std::sync::Arc;

use super::ReadError;
use super::known::Value;
use super::labelled::{Entry, Labelled};
use super::members::{Member, Members};
use super::wish::{Wish, Wishes};
use crate::clock::Timestamp;
use crate::metrics::{Metrics, QueryError, Selected};
use crate::promql::{self, Budget, Error, Labels, Sample, See, Selector, Source};
use crate::threads::{self, Asked};

/// The metric store, and who is in the fleet at this moment.
pub struct Store<'a> {
    metrics: &'a Metrics,
    members: Arc<[Member]>,
}

impl<'a> Store<'a> {
    pub fn open(metrics: &'a Metrics, members: &Members) -> Result<Self, ReadError> {
        Ok(Self { metrics, members: members.now()? })
    }

    /// Of collectors that stand in no registry.
    #[cfg(test)]
    pub(super) fn of(metrics: &'a Metrics, members: Vec<Member>) -> Self {
        Self { metrics, members: members.into() }
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
        for member in &*self.members {
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

    /// Shows the series of a collector under each of their names that fit.
    fn show(
        &self,
        member: &Member,
        (from, to): (i64, i64),
        wish: &mut Wish,
        go_on: &Asked<'_>,
        (budget, see): (&Budget, See<'_>),
    ) -> promql::Result<()> {
        let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let wanted = || go_on() && budget.look().is_ok();
        let selected = match self.metrics.select(member.id, range, wish, &wanted) {
            Err(QueryError::GivenUp) => return budget.look(),
            selected => selected.map_err(source)?,
        };
        let mut labelled = Labelled::new(&member.labels);
        for (place, Selected { series, .. }) in selected.iter().enumerate() {
            labelled.add(place, series, wish);
        }
        budget.read(selected.iter().map(|one| one.numbers.len()).sum())?;
        let mut samples = Vec::new();
        labelled.each(|labels, same| {
            budget.find()?;
            put_samples(&selected, same, &mut samples);
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
        let wish = || Wish::new(&selector.matchers);
        let chosen = wish();
        let members = self.members.iter().filter(|member| chosen.concerns_collector(&member.labels));
        let members: Vec<_> = if from <= to { members.collect() } else { Vec::new() };
        // each of the threads has one collector in memory
        threads::each(&members, wish, |wish, member, go_on| {
            self.show(member, (from, to), wish, go_on, (budget, see))
        })
    }
}

/// Puts the samples of what has the same labels in the place of those that are there.
fn put_samples(selected: &[Selected], same: &[Entry], samples: &mut Vec<Sample>) {
    samples.clear();
    for Entry { of, value, .. } in same {
        samples.extend(selected[*of].numbers.iter().map(|number| sample(*value, *number)));
    }
    if same.len() > 1 {
        // stable, so that at one moment the sample of the first one comes first
        samples.sort_by_key(|sample| sample.at);
        samples.dedup_by_key(|sample| sample.at);
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
