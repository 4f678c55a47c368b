//! Arithmetic as Prometheus does it, where the usual one differs.

use std::fmt::Write as _;

/// Adds with the error that the sum has had so far, by the improvement of Neumaier.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    sum: f64,
    error: f64,
}

impl Sum {
    pub fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        self.error +=
            if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        self.sum = sum;
    }

    /// Without its error, as some formulas go on with it.
    pub fn rough(&self) -> f64 {
        self.sum
    }

    pub fn exact(&self) -> f64 {
        self.sum + self.error
    }

    /// The error of a sum that left the numbers is none.
    pub fn finite_or_rough(&self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.exact() }
    }
}

/// The language compares exactly.
#[expect(clippy::float_cmp, reason = "that is what is asked for")]
pub fn equal(one: f64, other: f64) -> bool {
    one == other
}

/// The larger one. Infinity wins over no number, and no number over the rest.
pub fn max(one: f64, other: f64) -> f64 {
    if one == f64::INFINITY || other == f64::INFINITY {
        f64::INFINITY
    } else if one.is_nan() || other.is_nan() {
        f64::NAN
    } else {
        one.max(other)
    }
}

/// The smaller one, by the same rule.
pub fn min(one: f64, other: f64) -> f64 {
    -max(-one, -other)
}

/// Whether a mean that is infinite stays as it is when a value joins it.
pub fn mean_stays(mean: f64, value: f64) -> bool {
    mean.is_infinite() && if value.is_infinite() { (mean > 0.0) == (value > 0.0) } else { !value.is_nan() }
}

/// The value at `q` of the way through the values in their order, between two of them by weight.
pub fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_by(|one, other| ascending(*one, *other));
    let rank = q * (count(values.len()) - 1.0);
    let lower = index(rank.floor().max(0.0)).min(values.len() - 1);
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

/// What is no number comes first.
pub fn ascending(one: f64, other: f64) -> std::cmp::Ordering {
    one.partial_cmp(&other).unwrap_or_else(|| other.is_nan().cmp(&one.is_nan()))
}

#[expect(clippy::cast_precision_loss, reason = "nothing is counted beyond what a double holds exactly")]
pub fn count(count: usize) -> f64 {
    count as f64
}

/// Seconds of a time or a duration in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "times of this age in milliseconds are exact in a double")]
pub fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// The place that a whole, positive number names.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and positive by contract")]
pub fn index(number: f64) -> usize {
    number as usize
}

/// A number as Prometheus writes it in an answer.
pub fn write(value: f64) -> String {
    let mut text = String::new();
    put(&mut text, value);
    text
}

/// Appends the same.
pub fn put(text: &mut String, value: f64) {
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        let mut buffer = zmij::Buffer::new();
        let short = buffer.format_finite(value);
        if short.contains('e') {
            // all digits, as many as there are; writing to a string does not fail
            let _ = write!(text, "{value}");
        } else {
            text.push_str(short.strip_suffix(".0").unwrap_or(short));
        }
    }
}

/// Reads a number as it stands in labels.
pub fn read(text: &str) -> Option<f64> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// In the fewest digits that read back as the same number, and never with an exponent.
        #[test]
        fn numbers_are_written_in_full_and_short(bits in proptest::num::u64::ANY, whole in 0..1_usize << 53, places in 0..18) {
            let real = f64::from_bits(bits);
            let every = [real, real.trunc(), count(whole), count(whole) / 10_f64.powi(places), -0.0];
            for value in every.into_iter().filter(|value| value.is_finite()) {
                let written = write(value);
                proptest::prop_assert_eq!(written.len(), value.to_string().len());
                proptest::prop_assert_eq!(written.parse(), Ok(value));
                proptest::prop_assert!(!written.contains('e'));
            }
        }
    }

    #[test]
    fn a_sum_keeps_what_a_double_loses() {
        let mut sum = Sum::default();
        for value in [1e100, 1.0, -1e100] {
            sum.add(value);
        }
        assert!((sum.exact() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn infinity_wins_over_no_number() {
        assert!(equal(max(f64::NAN, f64::INFINITY), f64::INFINITY));
        assert!(equal(min(f64::NAN, f64::NEG_INFINITY), f64::NEG_INFINITY));
        assert!(max(f64::NAN, 1.0).is_nan() && min(1.0, f64::NAN).is_nan());
    }

    #[test]
    fn a_quantile_lies_between_values() {
        assert!((quantile(0.5, &mut [4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
        assert!(quantile(0.0, &mut [1.0, f64::NAN]).is_nan());
        assert!(equal(quantile(1.5, &mut [1.0]), f64::INFINITY));
        assert!(equal(quantile(-0.5, &mut [1.0]), f64::NEG_INFINITY));
        assert!(quantile(0.5, &mut []).is_nan());
    }

    #[test]
    fn numbers_are_written_with_all_their_digits() {
        for (value, text) in [(0.1, "0.1"), (1e21, "1000000000000000000000"), (-0.0, "-0"), (f64::NAN, "NaN")]
        {
            assert_eq!(write(value), text);
        }
        assert_eq!(write(f64::NEG_INFINITY), "-Inf");
    }
}
