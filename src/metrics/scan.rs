//! Looks into JSON text that a parser has already found valid, without building a tree of it.
//!
//! It guarantees: no panic on any text, and no allocation but for strings with escapes. Numbers come as their
//! own digits.

use std::borrow::Cow;

/// What a value is, by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false` or `null`.
    Other,
}

pub(super) fn kind(value: &str) -> Kind {
    match value.as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        _ => Kind::Other,
    }
}

/// The text that a JSON string stands for.
pub(super) fn string(value: &str) -> Cow<'_, str> {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(value).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// How deep objects and arrays are nested: 1 for `{}`.
pub(super) fn depth(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut deepest) = (0, 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The members of an object in their order: key and value.
pub(super) fn members(object: &str) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
    let mut items = Items::of(object);
    std::iter::from_fn(move || Some((string(items.next()?), items.next()?)))
}

/// The values of an array in their order.
pub(super) fn elements(array: &str) -> impl Iterator<Item = &str> {
    Items::of(array)
}

/// The values between two brackets, and the keys among them.
struct Items<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Items<'a> {
    fn of(text: &'a str) -> Self {
        // behind the opening bracket
        Self { text, at: 1 }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at)?, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') {
            self.at += 1;
        }
        let start = self.at;
        if matches!(bytes[start], b'}' | b']') {
            return None;
        }
        self.at = end_of_value(bytes, start);
        self.text.get(start..self.at)
    }
}

/// The place behind the value that begins at `start`.
fn end_of_value(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(bytes, at + 1);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    at
}

/// The place behind the closing quote of the string whose first letter is at `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn members_and_elements_are_found_whatever_stands_in_strings() {
        let text = r#"{ "a" : [1, -2.50e3 ,{"b":"}]\"\\"}] , "c\u0064":"x\ny","e":null,"f":{} }"#;
        let found: Vec<_> = members(text).map(|(key, value)| (key.into_owned(), value)).collect();
        let keys: Vec<&str> = found.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "cd", "e", "f"]);
        assert_eq!(elements(found[0].1).collect::<Vec<_>>(), ["1", "-2.50e3", r#"{"b":"}]\"\\"}"#]);
        assert_eq!(string(found[1].1), "x\ny");
        assert_eq!(kind(found[2].1), Kind::Other);
        assert_eq!(members(found[3].1).count(), 0);
        assert_eq!(depth(text), 3);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}", json in r#"[{}\[\]",:\\0-9a ]{0,80}"#) {
            for text in [text, json] {
                depth(&text);
                prop_assert!(members(&text).count() <= text.len());
                prop_assert!(elements(&text).count() <= text.len());
            }
        }
    }
}
