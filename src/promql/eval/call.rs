//! Functions over values, moments and instant vectors.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::Evaluator;
use super::relabel::labels_when_absent;
use crate::promql::calendar::Moment;
use crate::promql::error::{Error, Result};
use crate::promql::expr::Expr;
use crate::promql::float;
use crate::promql::functions::{Body, Function, Special};
use crate::promql::histogram::{self, Bucket};
use crate::promql::labels::{BUCKET, Labels, NAME};
use crate::promql::series::{Series, Steps, Value, Vectors};

impl Evaluator<'_> {
    pub(super) fn call(&self, function: &Function, args: &[Expr], steps: Steps) -> Result<Value> {
        match function.body {
            Body::Each(of) => self.each(self.vector(&args[0], steps)?, of).map(Value::Vector),
            Body::Date(of) => self.date(of, args, steps).map(Value::Vector),
            Body::OverTime(of) => self.over_time((function, of), args, steps).map(Value::Vector),
            Body::Special(Special::Pi) => self.scalar(steps, |_| std::f64::consts::PI),
            Body::Special(Special::Time) => self.scalar(steps, float::seconds),
            Body::Special(Special::Scalar) => self.only(&args[0], steps).map(Value::Scalar),
            Body::Special(special) => self.special(special, args, steps).map(Value::Vector),
        }
    }

    fn special(&self, special: Special, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        match special {
            Special::Absent => self.absent(&args[0], steps),
            Special::AbsentOverTime => self.absent_over_time(&args[0], steps),
            Special::Clamp => self.clamp(args, steps),
            Special::ClampMax => self.with_scalar(args, steps, |value, most| float::min(most, value)),
            Special::ClampMin => self.with_scalar(args, steps, |value, least| float::max(least, value)),
            Special::Round => self.round(args, steps),
            Special::HistogramQuantile => self.histogram_quantile(args, steps),
            Special::LabelJoin => self.label_join(args, steps),
            Special::LabelReplace => self.label_replace(args, steps),
            Special::Nothing => self.nothing(args, steps),
            Special::Sort => self.sorted(&args[0], steps, |one, other| one.total_cmp(&other)),
            Special::SortDesc => self.sorted(&args[0], steps, |one, other| other.total_cmp(&one)),
            Special::Timestamp => self.timestamp(&args[0], steps),
            Special::Vector => {
                let values = self.scalars(&args[0], steps)?.into_iter().map(Some).collect();
                Ok(vec![Series { labels: Labels::default(), values }])
            }
            Special::Pi | Special::Time | Special::Scalar => {
                Err(Error::execution("a scalar cannot be evaluated as a vector"))
            }
        }
    }

    fn date(&self, of: fn(Moment) -> f64, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        if let Some(arg) = args.first() {
            return self.each(self.vector(arg, steps)?, |value| of(Moment::of(value)));
        }
        self.budget.keep(steps.count)?;
        let values = steps.iter().map(|at| Some(of(Moment::of(float::seconds(at))))).collect();
        Ok(vec![Series { labels: Labels::default(), values }])
    }

    /// The value of the only series, where there is just one.
    fn only(&self, arg: &Expr, steps: Steps) -> Result<Vec<f64>> {
        let vector = self.vector(arg, steps)?;
        self.budget.keep(steps.count)?;
        self.budget.work(vector.len() * steps.count)?;
        let at = |step: usize| {
            let mut present = vector.iter().filter_map(|series| series.values[step]);
            match (present.next(), present.next()) {
                (Some(value), None) => value,
                _ => f64::NAN,
            }
        };
        Ok((0..steps.count).map(at).collect())
    }

    fn absent(&self, arg: &Expr, steps: Steps) -> Result<Vec<Series>> {
        let vector = self.vector(arg, steps)?;
        self.budget.keep(steps.count)?;
        self.budget.work(vector.len() * steps.count)?;
        let is_absent = |step: usize| vector.iter().all(|series| series.values[step].is_none());
        let values: Vec<_> = (0..steps.count).map(|step| is_absent(step).then_some(1.0)).collect();
        let labels = labels_when_absent(arg);
        Ok(if values.iter().any(Option::is_some) { vec![Series { labels, values }] } else { Vec::new() })
    }

    fn with_scalar(&self, args: &[Expr], steps: Steps, of: impl Fn(f64, f64) -> f64) -> Result<Vec<Series>> {
        let (vector, scalars) = (self.vector(&args[0], steps)?, self.scalars(&args[1], steps)?);
        self.each_at(vector, |step, value| Some(of(value, scalars[step])))
    }

    fn clamp(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        let vector = self.vector(&args[0], steps)?;
        let (least, most) = (self.scalars(&args[1], steps)?, self.scalars(&args[2], steps)?);
        self.each_at(vector, |step, value| {
            let (least, most) = (least[step], most[step]);
            (most >= least || most.is_nan() || least.is_nan())
                .then(|| float::max(least, float::min(most, value)))
        })
    }

    /// To the nearest multiple, and up where two are equally near.
    fn round(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        let of = |value: f64, nearest: f64| {
            let parts = 1.0 / nearest;
            (value * parts + 0.5).floor() / parts
        };
        if args.len() == 2 {
            return self.with_scalar(args, steps, of);
        }
        self.each(self.vector(&args[0], steps)?, |value| of(value, 1.0))
    }

    fn nothing(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        args.iter().try_for_each(|arg| self.eval(arg, steps).map(drop))?;
        Ok(Vec::new())
    }

    /// By value; what is no number comes last. Over a range, series have no order.
    fn sorted(&self, arg: &Expr, steps: Steps, order: fn(f64, f64) -> Ordering) -> Result<Vec<Series>> {
        let mut vector = self.vector(arg, steps)?;
        if steps.count == 1 {
            let value = |series: &Series| series.values[0].unwrap_or(f64::NAN);
            vector.sort_by(|one, other| {
                let (one, other) = (value(one), value(other));
                // zeros of both signs are equal
                if float::equal(one, other) {
                    Ordering::Equal
                } else {
                    one.is_nan().cmp(&other.is_nan()).then(order(one, other))
                }
            });
        }
        Ok(vector)
    }

    /// When the values were sampled, where they come straight from the store; else when they were computed.
    fn timestamp(&self, arg: &Expr, steps: Steps) -> Result<Vec<Series>> {
        if let Expr::Select(selector) = arg {
            let vector = self.select(selector, steps, |sample| float::seconds(sample.at))?;
            return self.each(vector, |time| time);
        }
        let vector = self.vector(arg, steps)?;
        self.each_at(vector, |step, _| Some(float::seconds(steps.at(step))))
    }

    fn histogram_quantile(&self, args: &[Expr], steps: Steps) -> Result<Vec<Series>> {
        let (parts, vector) = (self.scalars(&args[0], steps)?, self.vector(&args[1], steps)?);
        let mut histograms: HashMap<Labels, usize> = HashMap::new();
        let mut found: Vec<(Labels, Vec<(f64, Series)>)> = Vec::new();
        for series in vector {
            let Some(bound) = float::read(series.labels.get(BUCKET)) else { continue };
            let labels = series.labels.retained(|name| name != BUCKET);
            let place = *histograms.entry(labels.clone()).or_insert_with(|| {
                found.push((labels, Vec::new()));
                found.len() - 1
            });
            found[place].1.push((bound, series));
        }
        let mut quantiles = Vectors::new(steps.count);
        for (labels, buckets) in found {
            self.budget.keep(steps.count)?;
            let mut values = vec![None; steps.count];
            for (step, value) in values.iter_mut().enumerate() {
                self.budget.work(buckets.len())?;
                let bucket = |(bound, series): &(f64, Series)| {
                    series.values[step].map(|count| Bucket { bound: *bound, count })
                };
                let present: Vec<_> = buckets.iter().filter_map(bucket).collect();
                *value = (!present.is_empty()).then(|| histogram::quantile(parts[step], present));
            }
            let labels = labels.retained(|name| name != NAME);
            quantiles.add(Series { labels, values })?;
        }
        Ok(quantiles.finish())
    }
}
