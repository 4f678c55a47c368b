//! Evaluates an expression at all steps at once, from the leaves of its tree to the root.

mod aggregate;
mod binary;
mod call;
mod matching;
mod ranges;
mod rank;
mod relabel;
mod select;

use super::budget::Budget;
use super::error::{Error, Result};
use super::expr::{At, Expr, Shift};
use super::query::Source;
use super::series::{Series, Steps, Value, Vectors};

pub(super) struct Evaluator<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) budget: &'a Budget,
    /// The first and the last moment of the whole query.
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Evaluator<'_> {
    pub(super) fn eval(&self, expr: &Expr, steps: Steps) -> Result<Value> {
        self.budget.look()?;
        match expr {
            Expr::Number(number) => self.scalar(steps, |_| *number),
            Expr::Text(text) => Ok(Value::Text(text.clone())),
            Expr::Select(selector) => self.select(selector, steps, |sample| sample.value).map(Value::Vector),
            Expr::Call { function, args } => self.call(function, args, steps),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, steps).map(Value::Vector),
            Expr::Binary(binary) => self.binary(binary, steps),
            Expr::Negate(inner) => self.negate(inner, steps),
            Expr::Range(_) | Expr::Subquery(_) => {
                Err(Error::execution("a range vector has no value at a moment"))
            }
        }
    }

    /// A value that depends on the moment alone.
    fn scalar(&self, steps: Steps, of: impl Fn(i64) -> f64) -> Result<Value> {
        self.budget.keep(steps.count)?;
        Ok(Value::Scalar(steps.iter().map(of).collect()))
    }

    /// The moment that is looked at when the evaluation is at another.
    fn shifted(&self, shift: Shift, moment: i64) -> i64 {
        let at = match shift.at {
            None => moment,
            Some(At::Start) => self.start,
            Some(At::End) => self.end,
            Some(At::Time(time)) => time,
        };
        at.saturating_sub(shift.offset)
    }

    fn negate(&self, inner: &Expr, steps: Steps) -> Result<Value> {
        match self.eval(inner, steps)? {
            Value::Scalar(values) => Ok(Value::Scalar(values.into_iter().map(|value| -value).collect())),
            Value::Vector(series) => self.each(series, |value| -value).map(Value::Vector),
            text @ Value::Text(_) => Ok(text),
        }
    }

    pub(super) fn vector(&self, expr: &Expr, steps: Steps) -> Result<Vec<Series>> {
        match self.eval(expr, steps)? {
            Value::Vector(series) => Ok(series),
            Value::Scalar(_) | Value::Text(_) => Err(Error::execution("an instant vector is needed")),
        }
    }

    pub(super) fn scalars(&self, expr: &Expr, steps: Steps) -> Result<Vec<f64>> {
        match self.eval(expr, steps)? {
            Value::Scalar(values) => Ok(values),
            Value::Vector(_) | Value::Text(_) => Err(Error::execution("a scalar is needed")),
        }
    }

    /// Computes something of each value by itself, which is no longer what the name of the series says.
    fn each(&self, series: Vec<Series>, of: impl Fn(f64) -> f64) -> Result<Vec<Series>> {
        self.each_at(series, |_, value| Some(of(value)))
    }

    /// The same, by the number of the step as well. A value may go.
    fn each_at(&self, series: Vec<Series>, of: impl Fn(usize, f64) -> Option<f64>) -> Result<Vec<Series>> {
        let mut computed = Vectors::new(series.first().map_or(0, |series| series.values.len()));
        for Series { labels, mut values } in series {
            self.budget.work(values.len())?;
            for (step, value) in values.iter_mut().enumerate() {
                *value = value.and_then(|value| of(step, value));
            }
            computed.add(Series { labels: labels.unnamed(), values })?;
        }
        Ok(computed.finish())
    }
}
