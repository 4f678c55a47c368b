//! The source of series that queries are evaluated over.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::ReadError;
use super::fleet::{Member, members};
use super::known::Value;
use super::names::identities;
use super::wish::Wish;
use crate::clock::Timestamp;
use crate::metrics::{Matcher, Metrics, QueryError, Selected, Wanted};
use crate::promql::{self, Budget, Error, Labels, Sample, Selector, Source};
use crate::registry::{Collectors, Groups};

/// The metric store, and who is in the fleet at this moment.
pub struct Store<'a> {
    metrics: &'a Metrics,
    members: Vec<Member>,
}

/// One name of a series, with its samples.
type Named = (Labels, usize, Vec<Sample>);

impl<'a> Store<'a> {
    pub fn open(metrics: &'a Metrics, collectors: &Collectors, groups: &Groups) -> Result<Self, ReadError> {
        Ok(Self { metrics, members: members(collectors, groups)? })
    }

    pub fn members(&self) -> &[Member] {
        &self.members
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
        let all = [Wish::new(&Arc::from([]))];
        let wishes: Vec<_> = selectors.iter().map(|selector| Wish::new(&selector.matchers)).collect();
        let wishes = if wishes.is_empty() { &all[..] } else { &wishes };
        let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        for member in &self.members {
            budget.look()?;
            let wishes: Vec<_> =
                wishes.iter().filter(|wish| wish.concerns_collector(&member.labels)).cloned().collect();
            if wishes.is_empty() {
                continue;
            }
            let matchers: Vec<_> = wishes.iter().map(|wish| Matcher::by(Arc::new(wish.clone()))).collect();
            let listed = self.metrics.series_between(member.id, &matchers, from, to).map_err(source)?;
            let mut known = BTreeSet::new();
            for listed in listed.into_iter().filter(|listed| listed.first <= to && listed.last >= from) {
                let labels: Vec<_> = pairs(&listed.series.labels);
                for identity in identities(&listed.series.name, &labels) {
                    if wishes.iter().any(|wish| wish.fits(&identity)) {
                        known.insert(joined(&member.labels, &identity.labels));
                    }
                }
            }
            for labels in known {
                budget.find()?;
                see(labels)?;
            }
        }
        Ok(())
    }

    fn select_of(
        &self,
        member: &Member,
        (from, to): (i64, i64),
        wish: &Wish,
        budget: &Budget,
    ) -> promql::Result<Vec<Named>> {
        let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let wanted: Arc<dyn Wanted> = Arc::new(wish.clone());
        let selected = self.metrics.select(member.id, range, &wanted, &|| budget.look().is_ok());
        let selected = match selected {
            Err(QueryError::GivenUp) => return budget.look().map(|()| Vec::new()),
            selected => selected.map_err(source)?,
        };
        let mut named = Vec::new();
        for Selected { series, numbers } in selected {
            budget.read(numbers.len())?;
            for identity in identities(&series.name, &pairs(&series.labels)) {
                if wish.fits(&identity) {
                    let sample = |(at, number): &(Timestamp, f64)| Sample {
                        at: at.as_millis(),
                        value: valued(identity.value, *number),
                    };
                    let samples = numbers.iter().map(sample).collect();
                    named.push((joined(&member.labels, &identity.labels), identity.rank, samples));
                }
            }
        }
        named.sort_by(|(one, rank, _), (other, other_rank, _)| (one, rank).cmp(&(other, other_rank)));
        Ok(named)
    }
}

impl Source for Store<'_> {
    fn select(
        &self,
        selector: &Selector,
        from: i64,
        to: i64,
        budget: &Budget,
        see: &mut dyn FnMut(Labels, &[Sample]) -> promql::Result<()>,
    ) -> promql::Result<()> {
        if to < from {
            return Ok(());
        }
        let wish = Wish::new(&selector.matchers);
        for member in self.members.iter().filter(|member| wish.concerns_collector(&member.labels)) {
            budget.look()?;
            let mut named = self.select_of(member, (from, to), &wish, budget)?.into_iter().peekable();
            while let Some((labels, _, mut samples)) = named.next() {
                while let Some((_, _, more)) = named.next_if(|(next, ..)| *next == labels) {
                    samples = merged(samples, more);
                }
                budget.find()?;
                see(labels, &samples)?;
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

fn pairs(labels: &std::collections::BTreeMap<String, String>) -> Vec<(&str, &str)> {
    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The labels of a series with those of its collector.
fn joined(member: &Labels, own: &[(String, String)]) -> Labels {
    let own = own.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Labels::of(&member.iter().chain(own).collect::<Vec<_>>())
}

fn valued(value: Value, number: f64) -> f64 {
    match value {
        Value::Times(factor) => number * factor,
        Value::One => 1.0,
    }
}

/// The samples of both, and at one moment that of the first.
fn merged(first: Vec<Sample>, second: Vec<Sample>) -> Vec<Sample> {
    let mut merged = first;
    merged.extend(second);
    // stable, so that those of the first come first
    merged.sort_by_key(|sample| sample.at);
    merged.dedup_by_key(|sample| sample.at);
    merged
}
