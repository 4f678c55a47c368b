//! The equal parts of a range, and what stands for the numbers in each of them.
//!
//! It guarantees: a step in which nothing was pushed has no value, whatever lies before and behind it.

use std::time::Duration;

use super::hot::Place;
use super::number::Number;
use crate::clock::Timestamp;
use crate::names::named;

named!(
    /// What stands for the numbers of a step.
    StepFunction, "a function of a step", {
    Last = "last",
    Min = "min",
    Max = "max",
    Avg = "avg",
    /// Of a counter: what it grew by in a second. One that fell began again from zero.
    Rate = "rate",
});

/// Two numbers that lie farther apart than so many times the usual distance have a gap between them, over which no
/// rate is known.
const GAP: u64 = 5;

/// The equal parts of a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) from: Timestamp,
    /// In milliseconds.
    pub(super) step: u64,
    pub(super) count: usize,
}

impl Steps {
    pub(super) fn of(self, timestamp: Timestamp) -> usize {
        let behind = timestamp.as_millis().abs_diff(self.from.as_millis());
        usize::try_from(behind / self.step).unwrap_or(usize::MAX)
    }

    pub(super) fn begin(self, step: usize) -> Timestamp {
        self.from.plus(Duration::from_millis(self.step.saturating_mul(step as u64)))
    }

    /// One value for each step, from numbers in the order of time.
    pub(super) fn reduce(self, function: StepFunction, numbers: &[(Place, Number)]) -> Vec<Option<Number>> {
        if function == StepFunction::Rate {
            return self.rates(numbers);
        }
        let mut values = vec![None; self.count];
        for of_step in numbers.chunk_by(|left, right| self.of(left.0.timestamp) == self.of(right.0.timestamp))
        {
            if let Some(value) = values.get_mut(self.of(of_step[0].0.timestamp)) {
                *value = one(function, of_step);
            }
        }
        values
    }

    fn rates(self, numbers: &[(Place, Number)]) -> Vec<Option<Number>> {
        let longest = usual_distance(numbers).saturating_mul(GAP);
        let mut grown = vec![(0.0, 0); self.count];
        for pair in numbers.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            let distance = distance(before.0, after.0);
            if let Some((growth, time)) = grown.get_mut(self.of(after.0.timestamp))
                && (1..=longest).contains(&distance)
            {
                *growth += growth_between(before.1, after.1);
                *time += distance;
            }
        }
        let rate = |(growth, time): (f64, u64)| {
            (time > 0).then(|| Number::Real(growth / Duration::from_millis(time).as_secs_f64()))
        };
        grown.into_iter().map(rate).collect()
    }
}

fn one(function: StepFunction, numbers: &[(Place, Number)]) -> Option<Number> {
    let values = numbers.iter().map(|(_, number)| *number);
    let by_size = |left: &Number, right: &Number| left.as_f64().total_cmp(&right.as_f64());
    match function {
        StepFunction::Last | StepFunction::Rate => numbers.last().map(|(_, number)| *number),
        StepFunction::Min => values.min_by(by_size),
        StepFunction::Max => values.max_by(by_size),
        StepFunction::Avg => {
            let count = f64::from(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
            Some(Number::Real(values.map(Number::as_f64).sum::<f64>() / count))
        }
    }
}

/// Whole numbers are subtracted as such: a double would lose the small growth of a large counter.
#[expect(clippy::cast_precision_loss, reason = "a growth is charted as the nearest double")]
fn growth_between(before: Number, after: Number) -> f64 {
    match (before, after) {
        (Number::Whole(before), Number::Whole(after)) if after >= before => {
            (i128::from(after) - i128::from(before)) as f64
        }
        (before, after) if after.as_f64() >= before.as_f64() => after.as_f64() - before.as_f64(),
        (_, after) => after.as_f64(),
    }
}

fn distance(before: Place, after: Place) -> u64 {
    after.timestamp.as_millis().abs_diff(before.timestamp.as_millis())
}

/// The median, in milliseconds.
fn usual_distance(numbers: &[(Place, Number)]) -> u64 {
    let mut distances: Vec<_> = numbers.windows(2).map(|pair| distance(pair[0].0, pair[1].0)).collect();
    let middle = distances.len() / 2;
    if distances.is_empty() { 0 } else { *distances.select_nth_unstable(middle).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers by their seconds.
    fn numbers(pairs: &[(i64, Number)]) -> Vec<(Place, Number)> {
        let place = |second: i64| Place { timestamp: Timestamp::from_millis(second * 1000), seq: 0 };
        pairs.iter().map(|(second, number)| (place(*second), *number)).collect()
    }

    fn reduce(function: StepFunction, pairs: &[(i64, Number)]) -> Vec<Option<Number>> {
        let steps = Steps { from: Timestamp::from_millis(0), step: 60_000, count: 5 };
        steps.reduce(function, &numbers(pairs))
    }

    #[test]
    fn a_step_without_a_number_has_no_value() {
        let pairs = [(0, Number::Whole(4)), (30, Number::Whole(8)), (130, Number::Real(-0.5))];
        let whole = |number| Some(Number::Whole(number));
        let real = |number| Some(Number::Real(number));
        assert_eq!(reduce(StepFunction::Last, &pairs), [whole(8), None, real(-0.5), None, None]);
        assert_eq!(reduce(StepFunction::Min, &pairs), [whole(4), None, real(-0.5), None, None]);
        assert_eq!(reduce(StepFunction::Max, &pairs), [whole(8), None, real(-0.5), None, None]);
        assert_eq!(reduce(StepFunction::Avg, &pairs), [real(6.0), None, real(-0.5), None, None]);
        assert_eq!(reduce(StepFunction::Avg, &[]), [None; 5]);
    }

    #[test]
    fn a_rate_goes_on_over_a_reset_and_stops_at_a_gap() {
        let large = i64::MAX - 100;
        let pairs = [(0, large), (30, large + 60), (60, 30), (90, 30), (290, 90)];
        let pairs = pairs.map(|(second, number)| (second, Number::Whole(number)));
        let rates = reduce(StepFunction::Rate, &pairs);
        let rate = |number| Some(Number::Real(number));
        // 60 in 30 s; from zero to 30, and nothing more, in 60 s; behind the gap nothing is known
        assert_eq!(rates, [rate(2.0), rate(0.5), None, None, None]);
        assert_eq!(reduce(StepFunction::Rate, &pairs[..1]), [None; 5]);
    }
}
