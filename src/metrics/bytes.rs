//! The few encodings of stored values: LEB128 numbers, texts after their length, little-endian integers.

use super::number::Number;

/// Appends an unsigned number, seven bits a byte, the lowest first.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// Appends how many numbers there are, a bit for each that is set for reals, and the numbers: whole ones as
/// zigzag varints, reals as their eight bytes.
pub(super) fn put_numbers(out: &mut Vec<u8>, numbers: &[Number]) {
    put_varint(out, numbers.len() as u64);
    for eight in numbers.chunks(8) {
        let bits = eight.iter().enumerate();
        out.push(
            bits.fold(0, |byte, (bit, number)| byte | (u8::from(matches!(number, Number::Real(_))) << bit)),
        );
    }
    for number in numbers {
        match number {
            Number::Whole(whole) => put_varint(out, zigzag(*whole)),
            Number::Real(real) => out.extend(real.to_le_bytes()),
        }
    }
}

/// Small negative numbers become small unsigned ones.
const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Reads what the functions above wrote. `None` means that the bytes are something else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The numbers at the given places, which ascend. A place behind the last number is damage.
    pub(super) fn numbers_at(&mut self, places: impl IntoIterator<Item = usize>) -> Option<Vec<Number>> {
        let count = usize::try_from(self.varint()?).ok()?;
        let (kinds, rest) = self.0.split_at_checked(count.div_ceil(8))?;
        self.0 = rest;
        let is_real = |place: usize| kinds.get(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0);
        let mut found = Vec::new();
        let mut next = 0;
        for place in places {
            if place >= count {
                return None;
            }
            while next < place {
                self.number(is_real(next))?;
                next += 1;
            }
            found.push(self.number(is_real(place))?);
            next += 1;
        }
        Some(found)
    }

    fn number(&mut self, is_real: bool) -> Option<Number> {
        if is_real {
            return self.array().map(f64::from_le_bytes).map(Number::Real);
        }
        self.varint().map(unzigzag).map(Number::Whole)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers() -> impl Strategy<Value = Vec<Number>> {
        let number = prop_oneof![any::<i64>().prop_map(Number::Whole), (-1e9..1e9).prop_map(Number::Real)];
        prop::collection::vec(number, 0..40)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(numbers in numbers(), text in ".{0,200}", count in any::<u64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, count);
            put_text(&mut out, &text);
            put_numbers(&mut out, &numbers);
            let mut reader = Reader(&out);
            prop_assert_eq!(reader.varint(), Some(count));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert_eq!(reader.clone().numbers_at([numbers.len()]), None);
            let every_third: Vec<_> = numbers.iter().copied().step_by(3).collect();
            prop_assert_eq!(reader.clone().numbers_at((0..numbers.len()).step_by(3)), Some(every_third));
            prop_assert_eq!(reader.numbers_at(0..numbers.len()), Some(numbers));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn other_bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Reader(&bytes).varint();
            let _ = Reader(&bytes).text();
            let _ = Reader(&bytes).numbers_at([0, 3, 9]);
        }
    }
}
