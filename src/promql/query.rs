//! A query with its moments, what it is asked of, and what it answers.

use std::sync::Arc;

use super::budget::Budget;
use super::error::{Error, Result};
use super::eval::Evaluator;
use super::expr::{Expr, Kind, Selector};
use super::labels::Labels;
use super::parse;
use super::series::{Sample, Series, Steps, Value};
use crate::limits;

/// Where series come from.
pub trait Source: Sync {
    /// Shows each series that fits, once, with its samples from one moment to another, both included: in
    /// milliseconds since 1970, ascending, no two of one moment. The series come in no order, and some at once.
    fn select(&self, selector: &Selector, from: i64, to: i64, budget: &Budget, see: See<'_>) -> Result<()>;
}

/// Takes a series with its samples, on any thread.
pub type See<'s> = &'s (dyn Fn(Labels, &[Sample]) -> Result<()> + Sync);

/// A moment in milliseconds since 1970, and a value.
pub type Point = (i64, f64);

#[derive(Debug)]
pub enum Answer {
    Scalar(Point),
    Text(i64, String),
    /// One value a series, in the order that the query asks for.
    Vector(Vec<(Labels, Point)>),
    /// Series in the order of their labels.
    Matrix(Vec<(Labels, Vec<Point>)>),
}

#[derive(Clone, Debug)]
pub struct Query {
    expr: Arc<Expr>,
    start: i64,
    end: i64,
    /// Absent for a query of one moment.
    step: Option<i64>,
}

impl Query {
    /// What a query gives at one moment.
    pub fn at(text: &str, moment: i64) -> Result<Self> {
        Ok(Self { expr: parse::parse(text)?.into(), start: moment, end: moment, step: None })
    }

    /// What it gives at each step of a range, in milliseconds.
    pub fn between(text: &str, start: i64, end: i64, step: i64) -> Result<Self> {
        if end < start {
            return Err(Error::Parameter("end timestamp must not be before start time".to_owned()));
        }
        if step <= 0 {
            let rule =
                "zero or negative query resolution step widths are not accepted. Try a positive integer";
            return Err(Error::Parameter(rule.to_owned()));
        }
        if end.saturating_sub(start) / step > limits::PROMQL_STEPS {
            let most = limits::PROMQL_STEPS;
            return Err(Error::Parameter(format!(
                "exceeded maximum resolution of {most} points per timeseries. Try decreasing the query resolution (?step=XX)"
            )));
        }
        let expr = parse::parse(text)?;
        let kind = expr.kind();
        if !matches!(kind, Kind::Scalar | Kind::Vector) {
            let kind = kind.as_str();
            let rule = "for range query, must be Scalar or instant Vector";
            return Err(Error::Parameter(format!("invalid expression type {kind:?} {rule}")));
        }
        Ok(Self { expr: expr.into(), start, end, step: Some(step) })
    }

    /// The first and the last moment of its range, and the step between them, where what it gives at each is
    /// independent of the others and of what comes behind it.
    pub fn moments(&self) -> Option<(i64, i64, i64)> {
        let step = self.step.filter(|_| self.expr.looks_back())?;
        Some((self.start, Steps::between(self.start, self.end, step).last(), step))
    }

    /// The same from a later moment on.
    pub fn from(&self, start: i64) -> Self {
        Self { start, ..self.clone() }
    }

    pub fn evaluate(&self, source: &dyn Source, budget: &Budget) -> Result<Answer> {
        let evaluator = Evaluator { source, budget, start: self.start, end: self.end };
        let steps = Steps::between(self.start, self.end, self.step.unwrap_or(1));
        if self.expr.kind() == Kind::Matrix {
            return evaluator.matrix(&self.expr, steps).map(Answer::Matrix);
        }
        let value = evaluator.eval(&self.expr, steps)?;
        Ok(match self.step {
            None => at_one_moment(value, self.start),
            Some(_) => over_range(value, steps),
        })
    }
}

fn at_one_moment(value: Value, at: i64) -> Answer {
    match value {
        Value::Scalar(values) => Answer::Scalar((at, values.first().copied().unwrap_or(f64::NAN))),
        Value::Text(text) => Answer::Text(at, text),
        Value::Vector(series) => {
            let value = |Series { labels, values }: Series| {
                let value = values.first().copied().flatten()?;
                Some((labels, (at, value)))
            };
            Answer::Vector(series.into_iter().filter_map(value).collect())
        }
    }
}

fn over_range(value: Value, steps: Steps) -> Answer {
    let mut matrix: Vec<(Labels, Vec<Point>)> = match value {
        Value::Text(_) => Vec::new(),
        Value::Scalar(values) => vec![(Labels::default(), steps.iter().zip(values).collect())],
        Value::Vector(series) => {
            let points = |values: Vec<Option<f64>>| {
                steps.iter().zip(values).filter_map(|(at, value)| Some((at, value?))).collect()
            };
            series.into_iter().map(|Series { labels, values }| (labels, points(values))).collect()
        }
    };
    matrix.retain(|(_, points)| !points.is_empty());
    matrix.sort_by(|(one, _), (other, _)| one.cmp(other));
    Answer::Matrix(matrix)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Nothing;

    impl Source for Nothing {
        fn select(&self, _: &Selector, _: i64, _: i64, _: &Budget, _: See<'_>) -> Result<()> {
            Ok(())
        }
    }

    fn value(text: &str) -> f64 {
        let budget = Budget::new(Duration::from_secs(60), std::sync::Arc::default());
        match Query::at(text, 4000).and_then(|query| query.evaluate(&Nothing, &budget)) {
            Ok(Answer::Scalar((4000, value))) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    /// The tree is walked on the stack of a thread that has 2 MiB.
    #[test]
    fn the_deepest_query_is_evaluated_on_the_stack() {
        let deep = limits::PROMQL_PARTS / 2 - 2;
        assert!(value(&format!("-({}1)", "-".repeat(deep))) < 2.0);
        let sum = value(&format!("1{}", " + 1".repeat(deep)));
        assert!((sum - crate::promql::float::count(deep + 1)).abs() < 1e-9);
        let nested = deep / 6;
        let calls = format!("scalar({}vector(time()){})", "abs(sum(".repeat(nested), "))".repeat(nested));
        assert!((value(&calls) - 4.0).abs() < 1e-9);
    }
}
