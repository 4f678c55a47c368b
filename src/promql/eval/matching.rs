//! Operators between two vectors: which series of one side belong to which of the other, step by step.

use std::collections::{HashMap, HashSet};

use super::Evaluator;
use super::binary::apply;
use crate::promql::error::{Error, Result};
use crate::promql::expr::{Binary, Many, Matching, Operator};
use crate::promql::labels::Labels;
use crate::promql::series::{Series, Steps, Vectors};

/// For each series of both sides a number that is equal where they match.
struct Signatures {
    left: Vec<usize>,
    right: Vec<usize>,
    count: usize,
}

impl Signatures {
    fn of(matching: &Matching, left: &[Series], right: &[Series]) -> Self {
        let mut numbers = HashMap::new();
        let mut of_side = |side: &[Series]| -> Vec<usize> {
            let number = |series: &Series| {
                let next = numbers.len();
                *numbers.entry(series.labels.retained(|name| matching.keeps(name))).or_insert(next)
            };
            side.iter().map(number).collect()
        };
        let (left, right) = (of_side(left), of_side(right));
        Self { left, right, count: numbers.len() }
    }
}

impl Evaluator<'_> {
    pub(super) fn of_vectors(
        &self,
        binary: &Binary,
        left: &[Series],
        right: &[Series],
        steps: Steps,
    ) -> Result<Vec<Series>> {
        self.budget.work(left.len() + right.len())?;
        let signatures = Signatures::of(&binary.matching, left, right);
        if binary.op.is_of_sets() {
            return self.of_sets(binary.op, left, right, &signatures, steps);
        }
        let is_left_one = matches!(&binary.matching.many, Some(many) if !many.is_left);
        let mut join = Join {
            binary,
            ones: if is_left_one { left } else { right },
            many: if is_left_one { right } else { left },
            is_left_one,
            labels: HashMap::new(),
            joined: Vectors::new(steps.count),
        };
        let (of_ones, of_many) = if is_left_one {
            (&signatures.left, &signatures.right)
        } else {
            (&signatures.right, &signatures.left)
        };
        let mut found = vec![None; signatures.count];
        let mut matched = vec![false; signatures.count];
        for step in 0..steps.count {
            self.budget.work(left.len() + right.len())?;
            join.gather(step, of_ones, &mut found)?;
            for (at, signature) in of_many.iter().enumerate() {
                let (Some(many), Some((one, place))) = (join.many[at].values[step], found[*signature]) else {
                    continue;
                };
                let Some(value) = join.value(one, many) else { continue };
                if binary.matching.many.is_none() && std::mem::replace(&mut matched[*signature], true) {
                    let rule = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)";
                    return Err(Error::execution(rule));
                }
                self.budget.keep(1)?;
                join.put(step, at, place, value)?;
            }
            found.fill(None);
            matched.fill(false);
        }
        Ok(join.joined.finish())
    }

    fn of_sets(
        &self,
        op: Operator,
        left: &[Series],
        right: &[Series],
        signatures: &Signatures,
        steps: Steps,
    ) -> Result<Vec<Series>> {
        self.budget.keep((left.len() + right.len()) * steps.count)?;
        let is_there = |side: &[Series], of_side: &[usize]| {
            let mut there = vec![vec![false; signatures.count]; steps.count];
            for (series, signature) in side.iter().zip(of_side) {
                let present = series.values.iter().enumerate().filter(|(_, value)| value.is_some());
                present.for_each(|(step, _)| there[step][*signature] = true);
            }
            there
        };
        let mut result = Vectors::new(steps.count);
        let mut add = |side: &[Series], of_side: &[usize], keeps: &dyn Fn(usize, usize) -> bool| {
            for (series, signature) in side.iter().zip(of_side) {
                let kept = |(step, value): (usize, &Option<f64>)| value.filter(|_| keeps(step, *signature));
                let values: Vec<_> = series.values.iter().enumerate().map(kept).collect();
                if values.iter().any(Option::is_some) {
                    result.add(Series { labels: series.labels.clone(), values })?;
                }
            }
            Ok::<_, Error>(())
        };
        if op == Operator::Or {
            add(left, &signatures.left, &|_, _| true)?;
            let there = is_there(left, &signatures.left);
            add(right, &signatures.right, &|step, signature| !there[step][signature])?;
        } else {
            let there = is_there(right, &signatures.right);
            let keeps = |step: usize, signature: usize| there[step][signature] == (op == Operator::And);
            add(left, &signatures.left, &keeps)?;
        }
        Ok(result.finish())
    }
}

/// An operator between a side of which one series matches, and a side of which several may.
struct Join<'a> {
    binary: &'a Binary,
    ones: &'a [Series],
    many: &'a [Series],
    /// Whether the side of the one is the left one.
    is_left_one: bool,
    /// The places of results, by the series that they come from.
    labels: HashMap<(usize, usize), usize>,
    joined: Vectors,
}

impl Join<'_> {
    /// Finds the one series of each signature that has a value, and refuses two.
    fn gather(&self, step: usize, signatures: &[usize], found: &mut [Option<(f64, usize)>]) -> Result<()> {
        if self.many.iter().all(|series| series.values[step].is_none()) {
            return Ok(());
        }
        for (at, (series, signature)) in self.ones.iter().zip(signatures).enumerate() {
            let Some(value) = series.values[step] else { continue };
            if let Some((_, other)) = found[*signature].replace((value, at)) {
                let group = series.labels.retained(|name| self.binary.matching.keeps(name));
                let (side, other) =
                    (if self.is_left_one { "left" } else { "right" }, &self.ones[other].labels);
                return Err(Error::Execution(format!(
                    "found duplicate series for the match group {group} on the {side} hand-side of the operation: \
                     [{}, {other}];many-to-many matching not allowed: matching labels must be unique on one side",
                    series.labels
                )));
            }
        }
        Ok(())
    }

    fn value(&self, one: f64, many: f64) -> Option<f64> {
        let (left, right) = if self.is_left_one { (one, many) } else { (many, one) };
        let (value, holds) = apply(self.binary.op, left, right);
        if self.binary.gives_bool { Some(f64::from(u8::from(holds))) } else { holds.then_some(value) }
    }

    fn put(&mut self, step: usize, many: usize, one: usize, value: f64) -> Result<()> {
        let place = if let Some(place) = self.labels.get(&(many, one)) {
            *place
        } else {
            let labels = result_labels(self.binary, &self.many[many].labels, &self.ones[one].labels);
            let place = self.joined.place(&labels);
            self.labels.insert((many, one), place);
            place
        };
        let put = self.joined.put(place, step, value);
        if self.binary.matching.many.is_none() {
            return put;
        }
        let rule = "multiple matches for labels: grouping labels must ensure unique matches";
        put.map_err(|_| Error::execution(rule))
    }
}

fn result_labels(binary: &Binary, many: &Labels, one: &Labels) -> Labels {
    let Binary { op, gives_bool, matching, .. } = binary;
    let mut labels = if op.renames() || *gives_bool { many.unnamed() } else { many.clone() };
    match &matching.many {
        None if matching.on => labels = labels.retained(|name| matching.keeps(name)),
        None => {
            let ignored: HashSet<&str> = matching.labels.iter().map(String::as_str).collect();
            labels = labels.retained(|name| !ignored.contains(name));
        }
        Some(Many { include, .. }) => {
            for name in include {
                labels = labels.with(name, one.get(name));
            }
        }
    }
    labels
}
