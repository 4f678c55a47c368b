//! Answers to queries over ranges, kept for the next time: a dashboard that moves with time asks for nearly the same.
//!
//! It guarantees: what is taken from what was kept is what an evaluation would give. Only steps before everything that
//! was stored or removed since are taken, of the same query at the same distances, by the same collectors under the same
//! labels, and only where what a query gives at a step depends on nothing behind it. It holds a bounded number of bytes.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::store::Store;
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::limits;
use crate::metrics::Since;
use crate::promql::{Answer, Budget, Labels, Point, Query, Result};
use crate::storage::Kept;

type Series = (Labels, Vec<Point>);

/// What a label takes beside its texts.
const LABEL_BYTES: usize = 64;

pub struct Answers {
    kept: Mutex<Kept<Hash, Arc<Part>>>,
    /// What took less time is not kept.
    worth: Duration,
}

/// What a query gave at the steps from one moment to another.
struct Part {
    from: i64,
    to: i64,
    /// It has what was stored until then.
    since: Since,
    series: Vec<Series>,
}

impl Default for Answers {
    fn default() -> Self {
        Self::new(limits::PROMQL_KEPT_FROM)
    }
}

impl Answers {
    pub(super) fn new(worth: Duration) -> Self {
        Self { kept: Mutex::new(Kept::new(limits::PROMQL_KEPT_BYTES)), worth }
    }

    /// Evaluates a query that was read from a text, as far as what was kept does not tell.
    pub fn answer(&self, text: &str, query: &Query, store: &Store<'_>, budget: &Budget) -> Result<Answer> {
        let Some((from, to, step)) = query.moments() else { return query.evaluate(store, budget) };
        let (began, since) = (Instant::now(), store.metrics().present());
        let name = name(text, (from, step), store);
        let known = self.kept.lock().get(&name).and_then(|part| part.at(from, to, step, store));
        let behind = known.as_ref().map_or(from, |(_, last)| last + step);
        let fresh = if behind > to { Vec::new() } else { evaluated(&query.from(behind), store, budget)? };
        let is_new = known.is_none();
        let series = match known {
            Some((series, _)) => joined(series, fresh),
            None => fresh,
        };
        if !is_new || began.elapsed() >= self.worth {
            self.keep(name, Part { from, to, since, series: series.clone() });
        }
        Ok(Answer::Matrix(series))
    }

    fn keep(&self, name: Hash, part: Part) {
        let bytes = part.bytes();
        if bytes <= limits::PROMQL_KEPT_ONE_BYTES {
            self.kept.lock().keep(name, Arc::new(part), bytes);
        }
    }
}

impl Part {
    /// What it says of a range that begins at one of its steps and ends behind it or in it, with the last step of which
    /// that still holds.
    fn at(&self, from: i64, to: i64, step: i64, store: &Store<'_>) -> Option<(Vec<Series>, i64)> {
        let changed = store.metrics().changed_since(self.since).map_or(i64::MAX, Timestamp::as_millis);
        let end = self.to.min(to).min(changed.saturating_sub(1));
        if from < self.from || end < from {
            return None;
        }
        let last = from + (end - from) / step * step;
        let within = |points: &[Point]| {
            let begin = points.partition_point(|(at, _)| *at < from);
            points[begin..points.partition_point(|(at, _)| *at <= last).max(begin)].to_vec()
        };
        let series = self.series.iter().map(|(labels, points)| (labels.clone(), within(points)));
        Some((series.filter(|(_, points)| !points.is_empty()).collect(), last))
    }

    /// What it takes in memory, about.
    fn bytes(&self) -> usize {
        let of_series = |(labels, points): &Series| {
            let texts = labels.iter().map(|(name, value)| name.len() + value.len() + LABEL_BYTES);
            texts.sum::<usize>() + points.len() * size_of::<Point>() + size_of::<Series>()
        };
        self.series.iter().map(of_series).sum::<usize>() + size_of::<Self>()
    }
}

/// What tells a query apart from others whose steps may fall on other moments, or whose series on other collectors.
fn name(text: &str, (from, step): (i64, i64), store: &Store<'_>) -> Hash {
    let mut members = DefaultHasher::new();
    store.members().hash(&mut members);
    let numbers = [step.to_le_bytes(), from.rem_euclid(step).to_le_bytes(), members.finish().to_le_bytes()];
    sha256(&[numbers.as_flattened(), text.as_bytes()].concat())
}

fn evaluated(query: &Query, store: &Store<'_>, budget: &Budget) -> Result<Vec<Series>> {
    match query.evaluate(store, budget)? {
        Answer::Matrix(series) => Ok(series),
        // a query over a range has nothing else
        Answer::Vector(_) | Answer::Scalar(_) | Answer::Text(..) => Ok(Vec::new()),
    }
}

/// Series in the order of their labels, with the points of both; those of the second lie behind those of the first.
fn joined(first: Vec<Series>, second: Vec<Series>) -> Vec<Series> {
    let mut joined = Vec::with_capacity(first.len().max(second.len()));
    let (mut first, mut second) = (first.into_iter().peekable(), second.into_iter().peekable());
    loop {
        let order = match (first.peek(), second.peek()) {
            (None, None) => return joined,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let (mut series, more) = match order {
            Ordering::Less => (first.next(), None),
            Ordering::Greater => (second.next(), None),
            Ordering::Equal => (first.next(), second.next()),
        };
        if let (Some((_, points)), Some((_, more))) = (&mut series, more) {
            points.extend(more);
        }
        joined.extend(series);
    }
}
