//! What PostgreSQL's `jsonb` can hold of a JSON text.
//!
//! It guarantees: every text becomes one that `jsonb` takes, and where that says less than the text, this is told.
//! `jsonb` has no U+0000 in strings, no numbers beyond its decimals, no sign of zero, and one member of a name.

use std::borrow::Cow;

/// Digits before or behind the point, and the exponent, that surely fit: the limits of `numeric` lie far beyond.
const DIGITS: usize = 1000;

/// A text as `jsonb` takes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted<'a> {
    pub(super) text: Cow<'a, str>,
    /// Nothing of the text is lost.
    pub(super) is_whole: bool,
}

/// Makes a valid JSON text fit. U+0000 becomes U+FFFD, a number that does not fit becomes a string of its digits; of
/// several members of one name `jsonb` keeps the last.
pub(super) fn fit(text: &str) -> Fitted<'_> {
    let mut walk = Walk { text, at: 0, copied: 0, changed: None, is_whole: true, names: Vec::new() };
    while let Some(byte) = walk.byte() {
        match byte {
            b'"' => walk.string(),
            b'-' | b'0'..=b'9' => walk.number(),
            b'{' => {
                walk.names.push(Vec::new());
                walk.at += 1;
            }
            b'}' => walk.end_of_object(),
            _ => walk.at += 1,
        }
    }
    walk.fitted()
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
    /// Up to here the text is in `changed`.
    copied: usize,
    changed: Option<String>,
    is_whole: bool,
    /// The names of the members of the objects that are open.
    names: Vec<Vec<&'a str>>,
}

impl<'a> Walk<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn replace(&mut self, from: usize, with: &str) {
        let changed = self.changed.get_or_insert_default();
        changed.push_str(self.text.get(self.copied..from).unwrap_or_default());
        changed.push_str(with);
        self.copied = self.at;
        self.is_whole = false;
    }

    fn string(&mut self) {
        let start = self.at + 1;
        self.at = start;
        let mut has_escapes = false;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => break,
                b'\\' if self.text.get(self.at..self.at + 6) == Some("\\u0000") => {
                    self.at += 6;
                    self.replace(self.at - 6, "\\ufffd");
                }
                b'\\' => {
                    has_escapes = true;
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        let content = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        let behind = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_name = behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        if is_name {
            // two names may be written in two ways and be one
            self.is_whole &= !has_escapes;
            if let Some(names) = self.names.last_mut() {
                names.push(content);
            }
        }
    }

    fn end_of_object(&mut self) {
        self.at += 1;
        let mut names = self.names.pop().unwrap_or_default();
        names.sort_unstable();
        self.is_whole &= names.windows(2).all(|pair| pair[0] != pair[1]);
    }

    fn number(&mut self) {
        let start = self.at;
        let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        while self.byte().is_some_and(is_part) {
            self.at += 1;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        if is_minus_zero(number) {
            self.is_whole = false;
        } else if !is_decimal(number) {
            self.replace(start, &format!("\"{number}\""));
        }
    }

    fn fitted(self) -> Fitted<'a> {
        let Self { text, copied, changed, is_whole, .. } = self;
        let text = match changed {
            None => Cow::Borrowed(text),
            Some(changed) => Cow::Owned(changed + text.get(copied..).unwrap_or_default()),
        };
        Fitted { text, is_whole }
    }
}

fn is_minus_zero(number: &str) -> bool {
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    digits.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|byte| byte == b'0' || byte == b'.'))
}

fn is_decimal(number: &str) -> bool {
    let (digits, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX);
    digits.len() <= DIGITS && exponent.unsigned_abs() <= DIGITS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        for text in [
            r#"{"a":1,"b":[{"a":-2.5e10},{"a":0}],"c":{"a":"1","d":null},"e":""}"#,
            r#"{"a":"\\u0000 is a backslash","b":"\"{-0}","c":"a:b"}"#,
        ] {
            assert_eq!(fit(text), Fitted { text: Cow::Borrowed(text), is_whole: true }, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told_and_becomes_something_that_does() {
        for (text, fitted) in [
            (r#"{"a":"x\u0000y\u0000"}"#, r#"{"a":"x\ufffdy\ufffd"}"#),
            (r#"{"a":[1e400000,2]}"#, r#"{"a":["1e400000",2]}"#),
            ("[-0.0e5,-0]", "[-0.0e5,-0]"),
            (r#"{"a":1,"b":{"a":2},"a":3}"#, r#"{"a":1,"b":{"a":2},"a":3}"#),
            (r#"{"\u0061":1}"#, r#"{"\u0061":1}"#),
        ] {
            let found = fit(text);
            assert_eq!((&*found.text, found.is_whole), (fitted, false), "{text}");
        }
    }
}
