//! `topk` and `bottomk`: the series themselves that have the largest or smallest values of their group.

use std::cmp::Ordering;

use super::Evaluator;
use super::aggregate::Groups;
use crate::promql::error::{Error, Result};
use crate::promql::expr::Grouping;
use crate::promql::float;
use crate::promql::series::{Series, Steps, Vectors};

impl Evaluator<'_> {
    pub(super) fn best(
        &self,
        vector: &[Series],
        grouping: &Grouping,
        (counts, largest): (&[f64], bool),
        steps: Steps,
    ) -> Result<Vec<Series>> {
        let groups = Groups::of(vector, grouping);
        let mut best = Vectors::new(steps.count);
        for (step, count) in counts.iter().enumerate() {
            self.budget.work(vector.len())?;
            let room = count_of(*count)?.min(vector.len());
            let mut heaps = vec![Heap { largest, room, members: Vec::new() }; groups.labels.len()];
            for (at, (series, group)) in vector.iter().zip(&groups.of_series).enumerate() {
                if let Some(value) = series.values[step] {
                    heaps[*group].offer((value, at));
                }
            }
            for (value, at) in heaps.into_iter().flat_map(Heap::ranked) {
                self.budget.keep(1)?;
                let place = best.place(&vector[at].labels);
                best.put(place, step, value)?;
            }
        }
        Ok(best.finish())
    }
}

fn count_of(count: f64) -> Result<usize> {
    // the largest double below 2^63
    const MOST: f64 = 9_223_372_036_854_774_784.0;
    if !(-9_223_372_036_854_775_808.0..=MOST).contains(&count) {
        return Err(Error::Execution(format!("Scalar value {} overflows int64", float::write(count))));
    }
    Ok(if count < 1.0 { 0 } else { float::index(count.floor()) })
}

/// The best so far, the worst of them on top. Which of two equal ones stays is told by the order in which a heap is
/// kept, so this is the heap of Go's library.
#[derive(Clone)]
struct Heap {
    largest: bool,
    room: usize,
    /// Values, and where their series stand.
    members: Vec<(f64, usize)>,
}

impl Heap {
    fn offer(&mut self, member: (f64, usize)) {
        if self.members.len() < self.room {
            self.members.push(member);
            self.up();
        } else if let Some(top) = self.members.first_mut()
            && (top.0.is_nan() || is_worse(top.0, member.0, self.largest))
        {
            *top = member;
            self.down();
        }
    }

    /// What is no number is worse than anything.
    fn less(&self, one: usize, other: usize) -> bool {
        let (one, other) = (self.members[one].0, self.members[other].0);
        one.is_nan() || is_worse(one, other, self.largest)
    }

    fn up(&mut self) {
        let mut at = self.members.len() - 1;
        while at > 0 && self.less(at, (at - 1) / 2) {
            self.members.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self) {
        let (mut at, count) = (0, self.members.len());
        while 2 * at + 1 < count {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let child = if right < count && self.less(right, left) { right } else { left };
            if !self.less(child, at) {
                break;
            }
            self.members.swap(at, child);
            at = child;
        }
    }

    /// The best first.
    fn ranked(mut self) -> Vec<(f64, usize)> {
        let largest = self.largest;
        self.members.sort_by(|(one, _), (other, _)| {
            let by_value = one.partial_cmp(other).unwrap_or(Ordering::Equal);
            one.is_nan().cmp(&other.is_nan()).then(if largest { by_value.reverse() } else { by_value })
        });
        self.members
    }
}

fn is_worse(one: f64, other: f64, largest: bool) -> bool {
    if largest { one < other } else { one > other }
}
