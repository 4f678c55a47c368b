//! Range vectors: the samples of a series in the time before each step, and the functions over them.

use parking_lot::Mutex;

use super::Evaluator;
use super::relabel::labels_when_absent;
use crate::limits;
use crate::promql::budget::Work;
use crate::promql::error::{Error, Result, same_labels};
use crate::promql::expr::{Expr, Ranged, Shift, Subquery};
use crate::promql::functions::Function;
use crate::promql::labels::Labels;
use crate::promql::over_time::{OverTime, Window};
use crate::promql::query::{Point, See};
use crate::promql::series::{Sample, Series, Steps};

impl Evaluator<'_> {
    /// A function over a range of time.
    pub(super) fn over_time(
        &self,
        (function, of): (&Function, OverTime),
        args: &[Expr],
        steps: Steps,
    ) -> Result<Vec<Series>> {
        let mut others = Vec::new();
        let mut ranged = None;
        for arg in args {
            match arg {
                Expr::Range(Ranged { range, of }) => ranged = Some((arg, *range, of.shift)),
                Expr::Subquery(Ranged { range, of }) => ranged = Some((arg, *range, of.shift)),
                _ => others.push(self.scalars(arg, steps)?),
            }
        }
        let (arg, range, shift) = ranged.ok_or_else(|| Error::execution("a range vector is needed"))?;
        let arg_at = |number: usize, step: usize| others.get(number).map_or(0.0, |values| values[step]);
        let (keeps_name, smooths) = (function.name == "last_over_time", function.name == "holt_winters");
        let computed = Mutex::new(Vec::new());
        self.each_ranged(arg, steps, &|labels, samples| {
            self.budget.keep(steps.count)?;
            let mut work = Work::of(self.budget);
            let mut windows = Windows { samples, first: 0, behind: 0 };
            let mut values = vec![None; steps.count];
            for (step, at) in steps.iter().enumerate() {
                let to = self.shifted(shift, at);
                let from = to.saturating_sub(range);
                let samples = windows.between(from, to);
                work.add(samples.len())?;
                if samples.is_empty() {
                    continue;
                }
                let args = [arg_at(0, step), arg_at(1, step)];
                if smooths {
                    check_factors(args)?;
                }
                values[step] = of.of(&Window { samples, from, to, at, args });
            }
            if values.iter().any(Option::is_some) {
                let labels = if keeps_name { labels } else { labels.unnamed() };
                computed.lock().push(Series { labels, values });
            }
            Ok(())
        })?;
        let mut computed = computed.into_inner();
        computed.sort_by(|one, other| one.labels.cmp(&other.labels));
        let is_twice = |pair: &[Series]| pair[0].labels == pair[1].labels;
        if computed.windows(2).any(is_twice) { Err(same_labels()) } else { Ok(computed) }
    }

    /// One where no series has a sample in the range.
    pub(super) fn absent_over_time(&self, arg: &Expr, steps: Steps) -> Result<Vec<Series>> {
        let (range, shift) = match arg {
            Expr::Range(Ranged { range, of }) => (*range, of.shift),
            Expr::Subquery(Ranged { range, of }) => (*range, of.shift),
            _ => return Err(Error::execution("a range vector is needed")),
        };
        self.budget.keep(steps.count)?;
        let values = Mutex::new(vec![Some(1.0); steps.count]);
        self.each_ranged(arg, steps, &|_, samples| {
            let mut windows = Windows { samples, first: 0, behind: 0 };
            self.budget.work(steps.count)?;
            for (at, value) in steps.iter().zip(&mut *values.lock()) {
                let to = self.shifted(shift, at);
                if !windows.between(to.saturating_sub(range), to).is_empty() {
                    *value = None;
                }
            }
            Ok(())
        })?;
        let values = values.into_inner();
        let is_absent = values.iter().any(Option::is_some);
        Ok(is_absent.then(|| Series { labels: labels_when_absent(arg), values }).into_iter().collect())
    }

    /// A range vector as the answer to a query of one moment.
    pub(in crate::promql) fn matrix(&self, expr: &Expr, steps: Steps) -> Result<Vec<(Labels, Vec<Point>)>> {
        let (range, shift) = match expr {
            Expr::Range(Ranged { range, of }) => (*range, of.shift),
            Expr::Subquery(Ranged { range, of }) => (*range, of.shift),
            _ => return Err(Error::execution("a range vector is needed")),
        };
        let to = self.shifted(shift, steps.start);
        let found = Mutex::new(Vec::new());
        self.each_ranged(expr, steps, &|labels, samples| {
            self.budget.keep(samples.len())?;
            let samples = Windows { samples, first: 0, behind: 0 }.between(to.saturating_sub(range), to);
            if !samples.is_empty() {
                let points = samples.iter().map(|sample| (sample.at, sample.value)).collect();
                found.lock().push((labels, points));
            }
            Ok(())
        })?;
        let mut found = found.into_inner();
        found.sort_by(|(one, _), (other, _): &(Labels, Vec<Point>)| one.cmp(other));
        Ok(found)
    }

    fn each_ranged(&self, arg: &Expr, steps: Steps, see: See<'_>) -> Result<()> {
        if steps.count == 0 {
            return Ok(());
        }
        let between = |shift: Shift, range: i64| {
            let first = self.shifted(shift, steps.at(0)).saturating_sub(range);
            (first, self.shifted(shift, steps.last()))
        };
        match arg {
            Expr::Range(Ranged { of, range }) => {
                let (from, to) = between(of.shift, *range);
                self.source.select(of, from, to, self.budget, see)
            }
            Expr::Subquery(Ranged { of, range }) => {
                let (from, to) = between(of.shift, *range);
                self.subquery(of, from, to, see)
            }
            _ => Err(Error::execution("a range vector is needed")),
        }
    }

    /// Evaluates at the moments of the range that are whole multiples of the step.
    fn subquery(&self, subquery: &Subquery, from: i64, to: i64, see: See<'_>) -> Result<()> {
        let step = subquery.step.max(1);
        let mut start = step * (from / step);
        if start < from {
            start += step;
        }
        if to.saturating_sub(start) / step > limits::PROMQL_SUBQUERY_STEPS {
            let most = limits::PROMQL_SUBQUERY_STEPS;
            return Err(Error::Execution(format!("a subquery may have {most} steps: give it a longer one")));
        }
        let steps = Steps::between(start, to, step);
        for Series { labels, values } in self.vector(&subquery.expr, steps)? {
            let sample = |(at, value): (i64, Option<f64>)| value.map(|value| Sample { at, value });
            let samples: Vec<_> = steps.iter().zip(values).filter_map(sample).collect();
            see(labels, &samples)?;
        }
        Ok(())
    }
}

fn check_factors([of_values, of_trend]: [f64; 2]) -> Result<()> {
    for (name, short, factor) in [("smoothing", "sf", of_values), ("trend", "tf", of_trend)] {
        if factor <= 0.0 || factor >= 1.0 {
            let rule = format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
            return Err(Error::Execution(rule));
        }
    }
    Ok(())
}

/// The part of a series that each step sees; both ends of it only go forward.
struct Windows<'a> {
    samples: &'a [Sample],
    first: usize,
    behind: usize,
}

impl<'a> Windows<'a> {
    fn between(&mut self, from: i64, to: i64) -> &'a [Sample] {
        while self.samples.get(self.behind).is_some_and(|sample| sample.at <= to) {
            self.behind += 1;
        }
        while self.samples.get(self.first).is_some_and(|sample| sample.at < from) {
            self.first += 1;
        }
        &self.samples[self.first.min(self.behind)..self.behind]
    }
}
