//! The values of documents as bytes, and as JSON text.
//!
//! It guarantees: equal scalars have equal bytes, and every scalar is read back as the same string or number. A
//! text is kept as it stood between its quotes, escapes included; `1.50` is kept as the number `1.5`.

use std::io::Write;

use super::number::Number;
use crate::storage::bytes::{POWERS_OF_TEN, Reader, put_bytes, put_varint, unzigzag, zigzag};
use crate::storage::segment::Value;

/// What the two lowest bits of a value's first varint say of it.
const WHOLE: u64 = 0;
const DECIMAL: u64 = 1;
const TEXT: u64 = 2;
const OTHER: u64 = 3;

const NULL: u64 = 0;
const FALSE: u64 = 1;
const TRUE: u64 = 2;
const RAW_WHOLE: u64 = 3;
const RAW_REAL: u64 = 4;
const DIGITS: u64 = 5;

/// Digits that a whole number may have to be read without a look at overflow.
const SAFE_DIGITS: usize = 18;
/// A decimal number with no more digits than this is given back by the shortest digits of its double.
const DECIMAL_MOST: u64 = 1_000_000_000_000_000;
const DECIMAL_DIGITS: usize = 15;
/// Digits behind the point that a decimal number may have.
const FRACTION_DIGITS: usize = POWERS_OF_TEN.len() - 1;

/// A value as it is read back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Packed<'a> {
    Null,
    False,
    True,
    Whole(i64),
    Real(f64),
    Digits(&'a str),
    Text(&'a str),
}

/// Appends the JSON number that begins at `start` and gives the place behind it; `None` where there is none.
pub(super) fn put_number(out: &mut Vec<u8>, text: &[u8], start: usize) -> Option<usize> {
    let is_negative = text.get(start) == Some(&b'-');
    let first = start + usize::from(is_negative);
    let mut mantissa = 0_u64;
    let point = digits(text, first, &mut mantissa);
    if point == first || (point > first + 1 && text.get(first) == Some(&b'0')) {
        return None;
    }
    let (mut end, mut fraction) = (point, 0);
    if text.get(point) == Some(&b'.') {
        end = digits(text, point + 1, &mut mantissa);
        fraction = end - point - 1;
        if fraction == 0 {
            return None;
        }
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        end = digits(text, exponent, &mut 0);
        if end == exponent {
            return None;
        }
    } else if end - first <= SAFE_DIGITS && put_short(out, is_negative, mantissa, fraction) {
        return Some(end);
    }
    put_digits(out, std::str::from_utf8(text.get(start..end)?).ok()?);
    Some(end)
}

/// Reads digits into `value` and gives the place behind them.
fn digits(text: &[u8], start: usize, value: &mut u64) -> usize {
    let mut at = start;
    while let Some(byte @ b'0'..=b'9') = text.get(at) {
        *value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    at
}

/// Appends a number of few digits, `fraction` of them behind the point, if that is how it is kept.
fn put_short(out: &mut Vec<u8>, is_negative: bool, mut mantissa: u64, mut fraction: usize) -> bool {
    if is_negative && mantissa == 0 {
        return false;
    }
    while fraction > 1 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        fraction -= 1;
    }
    let magnitude = mantissa.cast_signed();
    let value = if is_negative { -magnitude } else { magnitude };
    if fraction == 0 {
        put_whole(out, value);
        return true;
    }
    if mantissa >= DECIMAL_MOST || fraction > FRACTION_DIGITS {
        return false;
    }
    put_varint(out, (zigzag(value) << 2) | DECIMAL);
    out.push(fraction.to_le_bytes()[0]);
    true
}

pub(super) fn put_whole(out: &mut Vec<u8>, value: i64) {
    let turned = zigzag(value);
    if turned >> 62 == 0 {
        put_varint(out, (turned << 2) | WHOLE);
    } else {
        put_varint(out, (RAW_WHOLE << 2) | OTHER);
        out.extend(value.to_le_bytes());
    }
}

/// Appends any number by its digits.
fn put_digits(out: &mut Vec<u8>, digits: &str) {
    let is_whole = !digits.contains(['.', 'e', 'E']);
    if is_whole
        && digits != "-0"
        && let Ok(value) = digits.parse()
    {
        return put_whole(out, value);
    }
    if !is_whole
        && let Ok(value) = digits.parse::<f64>()
        && value.is_finite()
    {
        // where two texts are equally short and near, not every writer takes the same
        let written = written(value);
        let shortest = significant(&written);
        if digits == written || significant(digits) == shortest {
            return put_shortest(out, value, &shortest);
        }
    }
    put_varint(out, (DIGITS << 2) | OTHER);
    put_bytes(out, digits.as_bytes());
}

/// A double as it is written.
fn written(value: f64) -> String {
    let mut written = Vec::with_capacity(24);
    Packed::Real(value).write(&mut written);
    String::from_utf8(written).unwrap_or_default()
}

/// The digits of a number without zeros at either end, and the power of ten of the last one. Zero has none.
fn significant(digits: &str) -> (Vec<u8>, i64) {
    let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let mut found: Vec<u8> =
        mantissa.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').collect();
    let length = found.len();
    while found.last() == Some(&b'0') {
        found.pop();
    }
    if found.is_empty() {
        return (found, 0);
    }
    // an exponent beyond all bounds is no double anyway
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 2);
    let power = exponent - i64::try_from(fraction).unwrap_or(i64::MAX / 4)
        + i64::try_from(length - found.len()).unwrap_or(0);
    (found, power)
}

/// Appends a double by its shortest digits where they are few: those, and the power of ten of the last one.
fn put_shortest(out: &mut Vec<u8>, value: f64, (digits, power): &(Vec<u8>, i64)) {
    let power = *power;
    let whole = digits.iter().fold(0_u64, |whole, digit| whole.wrapping_mul(10) + u64::from(digit - b'0'));
    // a whole number gets the zeros before its point, and one behind it
    let (zeros, fraction) =
        if power >= 0 { (power.unsigned_abs() + 1, 1) } else { (0, power.unsigned_abs()) };
    let (zeros, fraction) = (usize::try_from(zeros), usize::try_from(fraction));
    let is_short = value.is_finite() && digits.len() <= DECIMAL_DIGITS;
    if let (true, Ok(zeros @ 0..=DECIMAL_DIGITS), Ok(fraction)) = (is_short, zeros, fraction) {
        let mantissa = (0..zeros).try_fold(whole, |mantissa, _| mantissa.checked_mul(10));
        if mantissa.is_some_and(|mantissa| put_short(out, value.is_sign_negative(), mantissa, fraction)) {
            return;
        }
    }
    put_varint(out, (RAW_REAL << 2) | OTHER);
    out.extend(value.to_le_bytes());
}

/// Appends what stands between the quotes of a JSON string.
pub(super) fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_varint(out, ((text.len() as u64) << 2) | TEXT);
    out.extend(text);
}

/// Appends `null`, `false` or `true` by its first letter.
pub(super) fn put_word(out: &mut Vec<u8>, first: u8) {
    let word = match first {
        b't' => TRUE,
        b'f' => FALSE,
        _ => NULL,
    };
    put_varint(out, (word << 2) | OTHER);
}

/// Reads the next value. `None` means that the bytes are something else.
pub(super) fn read<'a>(reader: &mut Reader<'a>) -> Option<Packed<'a>> {
    let first = reader.varint()?;
    let rest = first >> 2;
    Some(match first & 3 {
        WHOLE => Packed::Whole(unzigzag(rest)),
        DECIMAL => {
            let [fraction] = reader.array()?;
            Packed::Real(decimal(unzigzag(rest), fraction)?)
        }
        TEXT => Packed::Text(reader.text_of(rest)?),
        _ => match rest {
            NULL => Packed::Null,
            FALSE => Packed::False,
            TRUE => Packed::True,
            RAW_WHOLE => Packed::Whole(reader.i64()?),
            RAW_REAL => Packed::Real(f64::from_le_bytes(reader.array()?)),
            DIGITS => Packed::Digits(reader.text()?),
            _ => return None,
        },
    })
}

#[expect(clippy::cast_precision_loss, reason = "it has so few digits that a double holds it exactly")]
fn decimal(mantissa: i64, fraction: u8) -> Option<f64> {
    let is_exact = mantissa.unsigned_abs() < DECIMAL_MOST && usize::from(fraction) <= FRACTION_DIGITS;
    is_exact.then(|| mantissa as f64 / POWERS_OF_TEN[usize::from(fraction)])
}

impl Packed<'_> {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::False => Value::False,
            Self::True => Value::True,
            Self::Whole(value) => Value::Whole(value),
            Self::Real(value) => Value::Real(value),
            Self::Digits(digits) => Value::Digits(digits.into()),
            Self::Text(text) => Value::Text(text.into()),
        }
    }

    pub(super) fn of(value: &Value) -> Packed<'_> {
        match value {
            Value::Null => Packed::Null,
            Value::False => Packed::False,
            Value::True => Packed::True,
            Value::Whole(value) => Packed::Whole(*value),
            Value::Real(value) => Packed::Real(*value),
            Value::Digits(digits) => Packed::Digits(digits),
            Value::Text(text) => Packed::Text(text),
        }
    }

    /// The number, as it is charted.
    pub(super) fn number(self) -> Option<Number> {
        match self {
            Self::Whole(value) => Some(Number::Whole(value)),
            Self::Real(value) => Some(Number::Real(value)),
            Self::Digits(digits) => Some(Number::read(digits)),
            _ => None,
        }
    }

    /// Appends the value as JSON.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend(b"null"),
            Self::False => out.extend(b"false"),
            Self::True => out.extend(b"true"),
            // writing to memory does not fail
            Self::Whole(value) => drop(write!(out, "{value}")),
            Self::Real(value) => drop(serde_json::to_writer(out, &value)),
            Self::Digits(digits) => out.extend(digits.as_bytes()),
            Self::Text(text) => {
                out.push(b'"');
                out.extend(text.as_bytes());
                out.push(b'"');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(digits: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let end = put_number(&mut out, digits.as_bytes(), 0)?;
        (end == digits.len()).then_some(out)
    }

    fn written(digits: &str) -> String {
        let bytes = packed(digits).unwrap();
        let mut reader = Reader(&bytes);
        let mut out = Vec::new();
        read(&mut reader).unwrap().write(&mut out);
        assert!(reader.is_empty());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_number_keeps_its_worth() {
        for same in [
            "0",
            "-1",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "1.0",
            "0.0",
            "-0",
            "-0.0",
            "1e400",
            "0.1",
            "201.865744",
            "123456789012345678901234567890.10",
            "-7.147",
            "1234567890.12345678901",
            "4611686018427387904",
            "100000000000000.62",
            "100000000000000.63",
        ] {
            assert_eq!(written(same), same);
        }
        for (digits, same) in [
            ("1.50", "1.5"),
            ("1e5", "100000.0"),
            ("1.5E-7", "1.5e-7"),
            ("100000.00", "100000.0"),
            ("0.10000000000000000", "0.1"),
        ] {
            assert_eq!(written(digits), same);
        }
        // a double would change them
        for digits in ["0.10000000000000000555", "1.7976931348623157e309", "9007199254740993.0"] {
            assert_eq!(written(digits), digits);
        }
        for wrong in ["", "-", "01", "1.", ".5", "+1", "1e", "1e+", "--1", "1x", "Infinity", "NaN"] {
            assert_eq!(packed(wrong), None, "{wrong}");
        }
    }

    fn put_real(out: &mut Vec<u8>, value: f64) {
        put_shortest(out, value, &significant(&format!("{value:e}")));
    }

    proptest! {
        #[test]
        fn a_real_has_the_same_bytes_however_it_comes(value in any::<f64>(), short in -1e6_f64..1e6) {
            for value in [value, (short * 1e4).round() / 1e4, short] {
                if value.is_finite() {
                    let mut bytes = Vec::new();
                    put_real(&mut bytes, value);
                    let read_back = read(&mut Reader(&bytes)).unwrap();
                    let Packed::Real(read_back) = read_back else { panic!("{read_back:?}") };
                    prop_assert_eq!(read_back.to_bits(), value.to_bits());
                    prop_assert_eq!(packed(&serde_json::to_string(&value).unwrap()), Some(bytes.clone()));
                    prop_assert_eq!(packed(&format!("{value:e}")).is_some(), true);
                }
            }
        }

        #[test]
        fn what_serde_takes_for_a_number_is_one(digits in r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?") {
            let taken = serde_json::from_str::<&serde_json::value::RawValue>(&digits).is_ok();
            prop_assert_eq!(packed(&digits).is_some(), taken);
            if taken {
                prop_assert_eq!(packed(&written(&digits)), packed(&digits));
                if digits.contains(['.', 'e', 'E']) && digits.parse::<f64>().unwrap().is_finite() {
                    let (one, other): (f64, f64) = (digits.parse().unwrap(), written(&digits).parse().unwrap());
                    prop_assert_eq!(one.to_bits(), other.to_bits());
                }
            }
        }

        #[test]
        fn other_bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut reader = Reader(&bytes);
            while read(&mut reader).is_some() {}
        }
    }
}
