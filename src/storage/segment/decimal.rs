//! Reals of few digits as whole numbers: what a server measures has so many digits behind its point.
//!
//! It guarantees: reals that were taken come back bit by bit.

use crate::storage::bytes::POWERS_OF_TEN;

/// Digits behind the point: nanoseconds of a number of seconds.
const MOST_DIGITS: usize = 9;
/// Below it every whole number is a double.
const EXACT: u64 = 1 << 53;

/// How many digits the reals have behind their points, and what they are without them. `None` when one has too many.
pub(super) fn wholes(reals: &[f64]) -> Option<(u8, Vec<i64>)> {
    let mut digits = 0;
    for real in reals {
        while whole(*real, digits).is_none() {
            digits += 1;
            if digits > MOST_DIGITS {
                return None;
            }
        }
    }
    let wholes = reals.iter().map(|real| whole(*real, digits)).collect::<Option<_>>()?;
    Some((u8::try_from(digits).ok()?, wholes))
}

/// The reals that are these whole numbers with so many digits behind the point.
pub(super) fn reals(wholes: &[i64], digits: u8) -> Option<Vec<f64>> {
    let digits = usize::from(digits);
    (digits <= MOST_DIGITS).then(|| wholes.iter().map(|whole| real(*whole, digits)).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "what does not fit is not exact")]
fn whole(value: f64, digits: usize) -> Option<i64> {
    let scaled = value * POWERS_OF_TEN[digits];
    let whole = (scaled + 0.5_f64.copysign(scaled)) as i64;
    let is_exact = whole.unsigned_abs() < EXACT && real(whole, digits).to_bits() == value.to_bits();
    is_exact.then_some(whole)
}

#[expect(clippy::cast_precision_loss, reason = "the writer took none that a double does not hold")]
fn real(whole: i64, digits: usize) -> f64 {
    whole as f64 / POWERS_OF_TEN[digits]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_comes_back_is_taken() {
        assert_eq!(wholes(&[7.147, -0.5, 12.0]), Some((3, vec![7147, -500, 12_000])));
        for real in [-0.0, 1.0 / 3.0, 1e300, 1e-10, 9_007_199_254_740_993.0, f64::MAX, f64::MIN_POSITIVE] {
            assert_eq!(wholes(&[0.25, real]), None, "{real}");
        }
        assert_eq!(reals(&[1], 10), None);
    }

    proptest! {
        #[test]
        fn what_is_taken_comes_back(
            wholes_of in prop::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 1..50),
            digits in 0_usize..=MOST_DIGITS,
            others in prop::collection::vec(any::<f64>(), 0..2),
        ) {
            let decimals: Vec<f64> = wholes_of.iter().map(|whole| real(*whole, digits)).collect();
            prop_assert!(wholes(&decimals).is_some());
            let all = [decimals, others].concat();
            if let Some((digits, taken)) = wholes(&all) {
                let back = reals(&taken, digits).unwrap();
                prop_assert!(back.iter().map(|real| real.to_bits()).eq(all.iter().map(|real| real.to_bits())));
            }
        }
    }
}
