//! The tokens of JSON text: what a value is by its first byte, and where it ends.
//!
//! It guarantees: no panic on any text; what it takes for a string, number or word is a valid one.

use std::borrow::Cow;

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false` or `null`.
    Word,
}

impl Kind {
    pub(super) fn of(first: u8) -> Option<Self> {
        Some(match first {
            b'{' => Self::Object,
            b'[' => Self::Array,
            b'"' => Self::String,
            b'-' | b'0'..=b'9' => Self::Number,
            b't' | b'f' | b'n' => Self::Word,
            _ => return None,
        })
    }
}

/// The text that stands between the quotes of a JSON string, escapes read.
pub(super) fn unescaped(inner: &str) -> Cow<'_, str> {
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    // a lonely half of a pair of surrogates is no letter: then it stays as it is written
    serde_json::from_str(&format!("\"{inner}\"")).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// The text that a JSON string stands for; of a number its digits.
pub(super) fn string(value: &str) -> Cow<'_, str> {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.map_or(Cow::Borrowed(value), unescaped)
}

pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The place behind the closing quote of the string whose first letter is at `at`.
pub(super) fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += escape(bytes.get(at + 1..)?)?,
            0..0x20 => return None,
            _ => {}
        }
        at += 1;
    }
}

/// Bytes behind the backslash.
fn escape(rest: &[u8]) -> Option<usize> {
    match rest.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => rest.get(1..5)?.iter().all(u8::is_ascii_hexdigit).then_some(5),
        _ => None,
    }
}

/// The place behind the number that begins at `at`.
pub(super) fn end_of_number(bytes: &[u8], mut at: usize) -> Option<usize> {
    let digits =
        |from: usize| from + bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    at += usize::from(bytes.get(at) == Some(&b'-'));
    let mut end = digits(at);
    if end == at || (end > at + 1 && bytes[at] == b'0') {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        at = end + 1;
        end = digits(at);
        if end == at {
            return None;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        at = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = digits(at);
        if end == at {
            return None;
        }
    }
    Some(end)
}

/// The place behind the word that begins at `at`.
pub(super) fn end_of_word(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word.as_bytes()))?;
    Some(at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_read_with_its_escapes_and_a_broken_one_as_it_is_written() {
        assert_eq!(string(r#""x\ny""#), "x\ny");
        assert_eq!(string("-5"), "-5");
        assert_eq!(string(r#""\ud800""#), r"\ud800");
    }

    #[test]
    fn only_what_is_valid_has_an_end() {
        assert_eq!(end_of_string(br#"a\"b\u00e9" "#, 0), Some(11));
        for wrong in ["", "a", "\\", "\\x\"", "\\u00g0\"", "a\u{1}\""] {
            assert_eq!(end_of_string(wrong.as_bytes(), 0), None, "{wrong}");
        }
        assert_eq!(end_of_number(b"-1.5e+3,", 0), Some(7));
        assert_eq!(end_of_word(b"nullx", 0), Some(4));
        assert_eq!(end_of_word(b"nul", 0), None);
    }
}
