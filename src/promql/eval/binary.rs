//! Operators between numbers, and between a vector and a number.

use super::Evaluator;
use crate::promql::error::{Error, Result};
use crate::promql::expr::{Binary, Operator};
use crate::promql::float;
use crate::promql::series::{Series, Steps, Value, Vectors};

impl Evaluator<'_> {
    pub(super) fn binary(&self, binary: &Binary, steps: Steps) -> Result<Value> {
        let (left, right) = (self.eval(&binary.left, steps)?, self.eval(&binary.right, steps)?);
        self.budget.keep(steps.count)?;
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let pairs = left.into_iter().zip(right);
                Ok(Value::Scalar(pairs.map(|(left, right)| of_scalars(binary.op, left, right)).collect()))
            }
            (Value::Vector(left), Value::Vector(right)) => {
                self.of_vectors(binary, &left, &right, steps).map(Value::Vector)
            }
            (Value::Vector(vector), Value::Scalar(scalars)) => {
                self.with_numbers(binary, vector, steps, |step, value| {
                    (apply(binary.op, value, scalars[step]), value)
                })
            }
            (Value::Scalar(scalars), Value::Vector(vector)) => {
                self.with_numbers(binary, vector, steps, |step, value| {
                    (apply(binary.op, scalars[step], value), value)
                })
            }
            _ => Err(Error::execution("operators are for scalars and instant vectors")),
        }
    }

    /// `of` gives what the operator gives, and the value of the vector, which a comparison keeps.
    fn with_numbers(
        &self,
        Binary { op, gives_bool, .. }: &Binary,
        vector: Vec<Series>,
        steps: Steps,
        of: impl Fn(usize, f64) -> ((f64, bool), f64),
    ) -> Result<Value> {
        let mut computed = Vectors::new(steps.count);
        for Series { labels, mut values } in vector {
            self.budget.work(values.len())?;
            for (step, present) in values.iter_mut().enumerate() {
                let Some(value) = *present else { continue };
                let ((result, holds), value) = of(step, value);
                *present = match (op.compares(), gives_bool) {
                    (false, _) => Some(result),
                    (true, true) => Some(f64::from(u8::from(holds))),
                    (true, false) => holds.then_some(value),
                };
            }
            let labels = if op.renames() || *gives_bool { labels.unnamed() } else { labels };
            computed.add(Series { labels, values })?;
        }
        Ok(Value::Vector(computed.finish()))
    }
}

impl Operator {
    /// Whether what it gives is no longer what the name of the series says. As in Prometheus, an angle keeps it.
    pub(super) fn renames(self) -> bool {
        matches!(self, Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod | Self::Pow)
    }
}

fn of_scalars(op: Operator, left: f64, right: f64) -> f64 {
    let (result, holds) = apply(op, left, right);
    if op.compares() { f64::from(u8::from(holds)) } else { result }
}

/// What an operator gives, and whether it holds: a comparison gives its left side.
pub(super) fn apply(op: Operator, left: f64, right: f64) -> (f64, bool) {
    match op {
        Operator::Add => (left + right, true),
        Operator::Sub => (left - right, true),
        Operator::Mul => (left * right, true),
        Operator::Div => (left / right, true),
        Operator::Mod => (left % right, true),
        Operator::Pow => (left.powf(right), true),
        Operator::Atan2 => (left.atan2(right), true),
        Operator::Equal => (left, float::equal(left, right)),
        Operator::NotEqual => (left, !float::equal(left, right)),
        Operator::Greater => (left, left > right),
        Operator::Less => (left, left < right),
        Operator::AtLeast => (left, left >= right),
        Operator::AtMost => (left, left <= right),
        // sets are made of series, not of values
        Operator::And | Operator::Or | Operator::Unless => (f64::NAN, false),
    }
}
