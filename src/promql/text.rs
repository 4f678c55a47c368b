//! What is checked in the text of a query before it is parsed.
//!
//! The parser builds a tree that is walked on the stack, compiles every pattern whatever it costs, and knows a
//! newer language than Prometheus 2.42. So the parts are counted here, the patterns are tried with a bound, and
//! what is newer is refused.

use regex::{Regex, RegexBuilder};

use super::error::{Error, Result};
use crate::limits;

/// Words after which a duration must come.
const OFFSET: &str = "offset";
/// Words after which labels stand in brackets.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// A number or a duration.
    Number(&'a str),
    /// With its quotes.
    Text(&'a str),
    Sign(&'a str),
}

/// Refuses what must not reach the parser.
pub fn check(query: &str) -> Result<()> {
    if query.len() > limits::PROMQL_BYTES {
        return Err(Error::Parse(format!("a query may have {} bytes", limits::PROMQL_BYTES)));
    }
    let mut checked = Checked::default();
    for token in Tokens(query) {
        checked.take(token)?;
    }
    Ok(())
}

/// Where a token stands.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Open,
    Braces,
    Brackets,
    /// Among labels that something is grouped or matched by.
    Labels,
}

#[derive(Default)]
struct Checked<'a> {
    parts: usize,
    patterns: usize,
    place: Place,
    before: Option<Token<'a>>,
    /// Whether a duration must come next.
    after_offset: bool,
}

impl<'a> Checked<'a> {
    fn take(&mut self, token: Token<'a>) -> Result<()> {
        let after_offset = std::mem::take(&mut self.after_offset);
        match token {
            Token::Sign(sign) => {
                self.count()?;
                match sign {
                    "{" => self.place = Place::Braces,
                    "[" => self.place = Place::Brackets,
                    "(" if self.before.is_some_and(is_before_labels) => self.place = Place::Labels,
                    "}" | "]" => self.place = Place::Open,
                    ")" if self.place == Place::Labels => self.place = Place::Open,
                    "+" | "-" => self.after_offset = after_offset,
                    _ => {}
                }
            }
            Token::Word(word) if self.place == Place::Braces => {
                let is_label = matches!(self.before, Some(Token::Sign("{" | ",")));
                if !is_label && word.eq_ignore_ascii_case("or") {
                    return Err(parse("unexpected \"or\" in label matching"));
                }
            }
            // `Inf` and `NaN` are numbers, and no durations
            Token::Word(word) if self.place == Place::Brackets || after_offset => {
                return Err(parse(format!("unexpected {word:?}, expected duration")));
            }
            Token::Word(word) => {
                self.count()?;
                self.after_offset = word.eq_ignore_ascii_case(OFFSET);
            }
            Token::Number(number) if self.place != Place::Braces => {
                check_number(number, self.place == Place::Brackets || after_offset)?;
            }
            Token::Text(text) if self.place == Place::Braces => self.check_label_text(text)?,
            Token::Text(text) if self.place == Place::Labels => {
                return Err(parse(format!("unexpected string {text} in grouping opts, expected label")));
            }
            Token::Number(_) | Token::Text(_) => {}
        }
        self.before = Some(token);
        Ok(())
    }

    fn count(&mut self) -> Result<()> {
        self.parts += 1;
        let most = limits::PROMQL_PARTS;
        let too_many = || parse(format!("a query may have {most} operators, brackets and names"));
        if self.parts > most { Err(too_many()) } else { Ok(()) }
    }

    fn check_label_text(&mut self, text: &str) -> Result<()> {
        match self.before {
            Some(Token::Sign("=" | "!=")) => Ok(()),
            Some(Token::Sign("=~" | "!~")) => {
                self.patterns += 1;
                if self.patterns > limits::PROMQL_PATTERNS {
                    return Err(parse(format!("a query may have {} patterns", limits::PROMQL_PATTERNS)));
                }
                let pattern = text.get(1..text.len() - 1).unwrap_or_default();
                check_pattern(pattern).map_err(|error| parse(error.to_string()))
            }
            _ => Err(parse(format!(
                "unexpected string {text} in label matching, expected identifier or \"}}\""
            ))),
        }
    }
}

fn is_before_labels(token: Token<'_>) -> bool {
    matches!(token, Token::Word(word) if BEFORE_LABELS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

fn parse(text: impl Into<String>) -> Error {
    Error::Parse(text.into())
}

/// In brackets and after `offset` there is a duration, and nowhere else. A number fits into 64 bits.
fn check_number(number: &str, is_duration: bool) -> Result<()> {
    let hexadecimal = number.len() > 1 && number[1..].starts_with(['x', 'X']);
    let has_unit = !hexadecimal && number.ends_with(['s', 'm', 'h', 'd', 'w', 'y']);
    match (is_duration, has_unit) {
        (true, false) => Err(parse(format!("missing unit character in duration: {number:?}"))),
        (false, true) => Err(parse(format!("unexpected duration {number:?}"))),
        (false, false) if number.parse().is_ok_and(f64::is_infinite) => {
            Err(parse(format!("error parsing number {number:?}: value out of range")))
        }
        _ => Ok(()),
    }
}

/// Whether a pattern is not too large to be compiled. One of letters, dots, alternatives and plain repetitions is known
/// not to be by its length.
fn check_pattern(text: &str) -> std::result::Result<(), regex::Error> {
    let is_simple = !text.contains(['\\', '[', '{', '(', ')']);
    if is_simple && text.len() * limits::PROMQL_LETTER_BYTES <= limits::PROMQL_PATTERN_BYTES {
        return Ok(());
    }
    pattern_of(text).map(drop)
}

/// A pattern that matches a whole value, if it is not too large.
pub fn pattern_of(text: &str) -> std::result::Result<Regex, regex::Error> {
    let build = |text: &str| RegexBuilder::new(text).size_limit(limits::PROMQL_PATTERN_BYTES).build();
    // escapes of the string may still be in it, so that only its size is certain here
    match build(&format!("^(?:{text})$")) {
        Err(regex::Error::Syntax(_)) if text.contains(['\\', '{']) => build(""),
        compiled => compiled,
    }
}

/// Cuts a text into tokens. What is no token of the language comes as a sign, for the parser to refuse.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            self.0 = self.0.trim_start();
            match self.0.strip_prefix('#') {
                Some(comment) => self.0 = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]),
                None => break,
            }
        }
        let first = self.0.chars().next()?;
        let followed_by_digit = self.0[first.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
        Some(match first {
            'a'..='z' | 'A'..='Z' | '_' | ':' if !self.is_colon() => {
                let end = self.end(|letter| letter.is_ascii_alphanumeric() || "_:".contains(letter));
                Token::Word(self.cut(end))
            }
            '0'..='9' => Token::Number(self.number()),
            '.' if followed_by_digit => Token::Number(self.number()),
            '"' | '\'' | '`' => {
                let end = self.end_of_text(first);
                Token::Text(self.cut(end))
            }
            _ => {
                let two = ["=~", "!~", "!=", "==", ">=", "<="].iter().any(|two| self.0.starts_with(two));
                Token::Sign(self.cut(if two { 2 } else { first.len_utf8() }))
            }
        })
    }
}

impl<'a> Tokens<'a> {
    /// The colon of a subquery, and not of a name.
    fn is_colon(&self) -> bool {
        let rest = self.0.strip_prefix(':');
        rest.is_some_and(|rest| {
            !rest.starts_with(|next: char| next.is_ascii_alphabetic() || "_:".contains(next))
        })
    }

    fn cut(&mut self, end: usize) -> &'a str {
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        token
    }

    fn end(&self, is_part: impl Fn(char) -> bool) -> usize {
        self.0.find(|letter| !is_part(letter)).unwrap_or(self.0.len())
    }

    fn number(&mut self) -> &'a str {
        let end = self.end(|letter| letter.is_ascii_alphanumeric() || letter == '.');
        let is_power = self.0[..end].ends_with(['e', 'E']) && !self.0.starts_with("0x");
        if is_power && self.0[end..].starts_with(['+', '-']) {
            let rest = &self.0[end + 1..];
            let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
            return self.cut(end + 1 + digits);
        }
        self.cut(end)
    }

    /// Behind the closing quote; at the end where there is none, which the parser tells.
    fn end_of_text(&self, quote: char) -> usize {
        let mut letters = self.0.char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            if letter == quote {
                return at + 1;
            }
            if letter == '\\' && quote != '`' {
                letters.next();
            }
        }
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_has_passes() {
        for query in [
            "",
            "1 + .5e-3 * 0x1F - Inf",
            r#"rate(a:b{c="d",or!~"x|y{2}"}[5m:] offset -1h30m) # [5]"#,
            "sum by (a) (x[1d:5s] @ 1.5)",
            r#"count_values by (a) ("b", label_join(c, "d", "")) + 1e308"#,
            r"{a='it\'s'} or `raw\`",
            "\"no end",
        ] {
            assert!(check(query).is_ok(), "{query}: {:?}", check(query));
        }
    }

    #[test]
    fn simple_patterns_are_as_small_as_their_length_tells() {
        for part in ["a", ".", ".+", ".*?", "é?", "|", "a|.", "^.$"] {
            let most = limits::PROMQL_PATTERN_BYTES / limits::PROMQL_LETTER_BYTES / part.len();
            assert!(pattern_of(&part.repeat(most)).is_ok(), "{part}");
        }
        assert!(check_pattern(&".".repeat(limits::PROMQL_BYTES)).is_err());
    }

    #[test]
    fn what_is_too_large_or_too_new_is_told() {
        let deep = "(".repeat(limits::PROMQL_PARTS + 1);
        let long = " ".repeat(limits::PROMQL_BYTES + 1);
        let patterns = format!("{{{}}}", r#"a=~"b","#.repeat(limits::PROMQL_PATTERNS + 1));
        for (query, told) in [
            (deep.as_str(), "operators"),
            (long.as_str(), "bytes"),
            (patterns.as_str(), "patterns"),
            (r#"{a=~"(((x{100}){100}){100}){100}"}"#, "size limit"),
            (r#"{a=~"(b"}"#, "unclosed"),
            ("a[5]", "missing unit"),
            ("a offset - 5", "missing unit"),
            ("a[Inf]", "expected duration"),
            ("a offset -NaN", "expected duration"),
            ("1m + 2", "unexpected duration"),
            (r#"{"a.b"}"#, "unexpected string"),
            (r#"{a="b" or c="d"}"#, "unexpected \"or\""),
            (r#"sum by ("a") (b)"#, "expected label"),
            (r#"a * ON(b) Group_Left ("c") d"#, "expected label"),
            ("-1e1000", "out of range"),
        ] {
            let error = check(query).unwrap_err().to_string();
            assert!(error.contains(told), "{query}: {error}");
        }
    }
}
