//! The source of series that queries are evaluated over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};

use super::ReadError;
use super::fleet::{Member, members};
use super::known::Value;
use super::labelled::{Entry, Labelled};
use super::wish::{Wish, Wishes};
use crate::clock::Timestamp;
use crate::limits;
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

    /// The series of a collector under each of their names that fit.
    fn read(
        &self,
        member: &Member,
        (from, to): (i64, i64),
        wish: &mut Wish,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Read, QueryError> {
        let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
        let selected = self.metrics.select(member.id, range, wish, go_on)?;
        let mut labelled = Labelled::new(&member.labels);
        for (place, Selected { series, .. }) in selected.iter().enumerate() {
            labelled.add(place, series, wish);
        }
        let mut read =
            Read { numbers: selected.iter().map(|one| one.numbers.len()).sum(), series: Vec::new() };
        labelled.each(|labels, same| {
            let of = |entry: &Entry| &selected[entry.of].numbers;
            let mut samples = Vec::with_capacity(same.iter().map(|entry| of(entry).len()).sum());
            for entry in same {
                samples.extend(of(entry).iter().map(|number| sample(entry.value, *number)));
            }
            if same.len() > 1 {
                // stable, so that at one moment the sample of the first one comes first
                samples.sort_by_key(|sample: &Sample| sample.at);
                samples.dedup_by_key(|sample| sample.at);
            }
            read.series.push((labels, samples));
            Ok::<_, QueryError>(())
        })?;
        Ok(read)
    }
}

/// What was read of one collector.
struct Read {
    /// Numbers that were found, whatever their names.
    numbers: usize,
    series: Vec<(Labels, Vec<Sample>)>,
}

impl Read {
    fn show(self, budget: &Budget, see: See<'_>) -> promql::Result<()> {
        budget.read(self.numbers)?;
        for (labels, samples) in self.series {
            budget.find()?;
            see(labels, &samples)?;
        }
        Ok(())
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
        let mut wish = Wish::new(&selector.matchers);
        let members = self.members.iter().filter(|member| wish.concerns_collector(&member.labels));
        let members: Vec<_> = if from <= to { members.collect() } else { Vec::new() };
        match members[..] {
            [] => Ok(()),
            [only] => match self.read(only, (from, to), &mut wish, &|| budget.look().is_ok()) {
                Err(QueryError::GivenUp) => budget.look(),
                read => read.map_err(source)?.show(budget, see),
            },
            _ => self.show_ahead(members, (from, to), wish, (budget, see)),
        }
    }
}

impl Store<'_> {
    /// A thread reads the next collector while what was read of the last one is looked at: three of them are in memory.
    fn show_ahead(
        &self,
        members: Vec<&Member>,
        range: (i64, i64),
        mut wish: Wish,
        (budget, see): (&Budget, See<'_>),
    ) -> promql::Result<()> {
        let is_over = AtomicBool::new(false);
        let go_on = || !is_over.load(Ordering::Relaxed);
        std::thread::scope(|threads| {
            let (reader, all) = sync_channel(1);
            threads.spawn(|| {
                let reader = reader;
                let mut reads = members.into_iter().map(|member| self.read(member, range, &mut wish, &go_on));
                reads.try_for_each(|read| reader.send(read))
            });
            let shown = show_all(&all, budget, see);
            is_over.store(true, Ordering::Relaxed);
            drop(all);
            shown
        })
    }
}

fn show_all(all: &Receiver<Result<Read, QueryError>>, budget: &Budget, see: See<'_>) -> promql::Result<()> {
    loop {
        match all.recv_timeout(limits::PROMQL_CLIENT_LOOK) {
            Ok(read) => read.map_err(source)?.show(budget, see)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        budget.look()?;
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
