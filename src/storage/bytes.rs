//! The few encodings of stored values: LEB128 numbers, texts after their length, little-endian integers.

/// Powers of ten that are exact doubles, so that a division by them rounds once.
pub(crate) const POWERS_OF_TEN: [f64; 21] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20,
];

/// Appends an unsigned number, seven bits a byte, the lowest first.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

pub(crate) fn put_length(out: &mut Vec<u8>, length: usize) {
    put_varint(out, length as u64);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_length(out, bytes.len());
    out.extend(bytes);
}

/// Appends a signed number; small negative ones become small unsigned ones.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// Small negative numbers become small unsigned ones.
pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(crate) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Reads what the functions above wrote. `None` means that the bytes are something else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        // most numbers have one byte
        let (first, rest) = self.0.split_first()?;
        if *first < 0x80 {
            self.0 = rest;
            return Some(u64::from(*first));
        }
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

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.varint()?;
        self.bytes_of(length)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A text of so many bytes.
    pub(crate) fn text_of(&mut self, length: u64) -> Option<&'a str> {
        std::str::from_utf8(self.bytes_of(length)?).ok()
    }

    pub(crate) fn bytes_of(&mut self, length: u64) -> Option<&'a [u8]> {
        self.take(usize::try_from(length).ok()?)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        self.varint().map(unzigzag)
    }

    /// A number of things, of which there are at most so many.
    pub(crate) fn count(&mut self, most: usize) -> Option<usize> {
        usize::try_from(self.varint()?).ok().filter(|count| *count <= most)
    }

    /// A number of things that take at least a byte each, so that what is left bounds it.
    pub(crate) fn listed(&mut self) -> Option<usize> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_bytes_read_back() {
        let mut out = Vec::new();
        for value in [0, 1, 127, 128, u64::MAX] {
            put_varint(&mut out, value);
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            put_signed(&mut out, value);
        }
        put_bytes(&mut out, b"abc");
        let mut reader = Reader(&out);
        for value in [0, 1, 127, 128, u64::MAX] {
            assert_eq!(reader.varint(), Some(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(reader.signed(), Some(value));
        }
        assert_eq!(reader.text(), Some("abc"));
        assert!(reader.is_empty());
        assert_eq!(Reader(&[0xff; 11]).varint(), None);
        assert_eq!(Reader(&[5, 1]).bytes(), None);
        assert_eq!(Reader(&[5, 1]).listed(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in ".{0,200}", count in any::<u64>(), signed in any::<i64>()) {
            let mut out = Vec::new();
            put_varint(&mut out, count);
            put_text(&mut out, &text);
            put_varint(&mut out, zigzag(signed));
            let mut reader = Reader(&out);
            prop_assert_eq!(reader.varint(), Some(count));
            prop_assert_eq!(reader.text(), Some(text.as_str()));
            prop_assert_eq!(reader.signed(), Some(signed));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn other_bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Reader(&bytes).varint();
            let _ = Reader(&bytes).text();
        }
    }
}
