//! A number as it is charted: whole ones exactly, others as the nearest double.

use serde_json::Value;

/// Whether a value can be charted is told by [`Number::to_json`]: what no double can hold is null there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    /// Reads a JSON number. `-0` is real, as the sign of a zero would be lost otherwise.
    pub(super) fn read(digits: &str) -> Self {
        match digits.parse::<i64>() {
            Ok(whole) if digits != "-0" => Self::Whole(whole),
            _ => Self::Real(digits.parse().unwrap_or(f64::NAN)),
        }
    }

    pub fn to_json(self) -> Value {
        match self {
            Self::Whole(whole) => whole.into(),
            Self::Real(real) => serde_json::Number::from_f64(real).map_or(Value::Null, Value::Number),
        }
    }

    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_every_digit_and_what_no_double_holds_is_null() {
        assert_eq!(Number::read("-9223372036854775808").to_json().to_string(), "-9223372036854775808");
        assert_eq!(Number::read("9007199254740993").to_json().to_string(), "9007199254740993");
        assert_eq!(Number::read("0.1").to_json().to_string(), "0.1");
        assert_eq!(Number::read("-0").to_json().to_string(), "-0.0");
        assert_eq!(Number::read("1e400").to_json(), Value::Null);
    }
}
