//! Which series a reader asks for: `name{label="value", other!="x", third=~"a|b", fourth!~"c.*"}`.
//!
//! A label that a series does not have counts as empty. Patterns match the whole value.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::piece::SeriesLabels;
use super::visit::Wanted;
use crate::limits;

/// The text was no matcher.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("cannot read the matcher at character {at}: {what}")]
pub struct BadMatcher {
    /// From 1.
    pub at: usize,
    pub what: String,
}

#[derive(Debug)]
pub struct Matcher {
    pub name: String,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    label: String,
    negated: bool,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Exact(String),
    Pattern(Regex),
}

impl Matcher {
    /// The series of one name, whatever its labels.
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), conditions: Vec::new() }
    }

    /// Whether documents of this type can hold such series.
    fn concerns(&self, kind: &str) -> bool {
        self.name.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    fn wants(&self, name: &str, labels: &SeriesLabels) -> bool {
        self.name == name && self.conditions.iter().all(|condition| condition.holds(labels))
    }
}

/// What any of several matchers wants.
impl Wanted for &[Matcher] {
    fn concerns(&self, kind: &str) -> bool {
        self.iter().any(|matcher| matcher.concerns(kind))
    }

    fn can_want(&self, name: &str) -> bool {
        self.iter().any(|matcher| matcher.name == name)
    }

    fn can_have(&self, is_value: &dyn Fn(&str) -> bool) -> bool {
        self.iter().any(|matcher| matcher.conditions.iter().all(|condition| condition.can_hold(is_value)))
    }

    fn wants(&mut self, name: &Arc<str>, labels: &Arc<SeriesLabels>) -> bool {
        self.iter().any(|matcher| matcher.wants(name, labels))
    }
}

impl Condition {
    /// Whether it can hold for labels, of which is asked whether this is the value of one.
    fn can_hold(&self, is_value: &dyn Fn(&str) -> bool) -> bool {
        match &self.value {
            Value::Exact(value) if !self.negated && !value.is_empty() => is_value(value),
            Value::Exact(_) | Value::Pattern(_) => true,
        }
    }

    fn holds(&self, labels: &SeriesLabels) -> bool {
        let actual = labels.get(&self.label).map_or("", String::as_str);
        let equal = match &self.value {
            Value::Exact(value) => actual == value,
            Value::Pattern(pattern) => pattern.is_match(actual),
        };
        equal != self.negated
    }
}

impl std::str::FromStr for Matcher {
    type Err = BadMatcher;

    fn from_str(text: &str) -> Result<Self, BadMatcher> {
        let mut parser = Parser { text, at: 0 };
        if text.len() > limits::MATCHER_BYTES {
            return Err(parser.failed(format!("it may have {} bytes", limits::MATCHER_BYTES)));
        }
        parser.skip_space();
        let name = parser.until(|letter| letter == '{').trim_end().to_owned();
        if name.is_empty() {
            return Err(parser.failed("a series name must come first"));
        }
        let conditions = if parser.take("{") { parser.conditions()? } else { Vec::new() };
        parser.skip_space();
        if parser.rest().is_empty() {
            Ok(Self { name, conditions })
        } else {
            Err(parser.failed("nothing may follow"))
        }
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(limits::PATTERN_BYTES).build()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn conditions(&mut self) -> Result<Vec<Condition>, BadMatcher> {
        let mut conditions = Vec::new();
        loop {
            self.skip_space();
            if self.take("}") {
                return Ok(conditions);
            }
            conditions.push(self.condition()?);
            self.skip_space();
            if !self.take(",") && !self.rest().starts_with('}') {
                return Err(self.failed("a comma or } must follow"));
            }
        }
    }

    fn condition(&mut self) -> Result<Condition, BadMatcher> {
        let label = self.until(|letter| "=!~{},\"".contains(letter)).trim_end().to_owned();
        if label.is_empty() {
            return Err(self.failed("a label must come here"));
        }
        let operators = [("=~", false, true), ("!~", true, true), ("!=", true, false), ("=", false, false)];
        let operator = operators.into_iter().find(|(text, ..)| self.take(text));
        let Some((_, negated, is_pattern)) = operator else {
            return Err(self.failed("one of = != =~ !~ must come here"));
        };
        self.skip_space();
        let start = self.at;
        let value = self.quoted()?;
        if !is_pattern {
            return Ok(Condition { label, negated, value: Value::Exact(value) });
        }
        // alone first: a bracket too many must not end the one that is put around it
        let pattern = build(&value).and_then(|_| build(&format!("^(?s:{value})$")));
        let pattern =
            pattern.map_err(|error| Parser { text: self.text, at: start }.failed(error.to_string()))?;
        Ok(Condition { label, negated, value: Value::Pattern(pattern) })
    }

    fn quoted(&mut self) -> Result<String, BadMatcher> {
        if !self.take("\"") {
            return Err(self.failed("a value in double quotes must come here"));
        }
        let mut value = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => match letters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                    // a pattern's own escape, such as \d or \.
                    Some((_, other)) => value.extend(['\\', other]),
                    None => break,
                },
                _ => value.push(letter),
            }
        }
        Err(self.failed("the closing quote is missing"))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn until(&mut self, stop: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(stop).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn skip_space(&mut self) {
        self.until(|letter| !letter.is_whitespace());
    }

    fn failed(&self, what: impl Into<String>) -> BadMatcher {
        let before = self.text.get(..self.at).unwrap_or_default();
        BadMatcher { at: before.chars().count() + 1, what: what.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(matcher: &str) -> bool {
        let labels = [("database", "app"), ("name", "or\"ders")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        matcher.parse::<Matcher>().unwrap().wants("pg_stats.tables.size", &SeriesLabels::from(labels))
    }

    #[test]
    fn all_four_conditions_hold_and_a_missing_label_is_empty() {
        for yes in [
            "pg_stats.tables.size",
            "pg_stats.tables.size{}",
            r#" pg_stats.tables.size { database = "app" , name="or\"ders", } "#,
            r#"pg_stats.tables.size{database!="b",schema=""}"#,
            r#"pg_stats.tables.size{database=~"a.+|b",name!~"ord"}"#,
            r#"pg_stats.tables.size{database=~"\w+",schema!~".+"}"#,
        ] {
            assert!(matches(yes), "{yes}");
        }
        for no in [
            "pg_stats.tables",
            r#"pg_stats.tables.size{database="ap"}"#,
            r#"pg_stats.tables.size{database=~"ap"}"#,
            r#"pg_stats.tables.size{schema!=""}"#,
        ] {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn an_error_tells_the_place() {
        for (text, at) in [
            ("", 1),
            ("{a=\"b\"}", 1),
            ("x{a}", 4),
            ("x{a=b}", 5),
            ("x{a=\"b}", 6),
            ("x{a=\"b\"", 8),
            ("x{a=\"b\"} y", 10),
            ("x{a=~\"(\"}", 6),
            ("x{a=~\"b)|(c\"}", 6),
        ] {
            assert_eq!(text.parse::<Matcher>().unwrap_err().at, at, "{text}");
        }
    }

    #[test]
    fn a_type_with_a_dot_is_found_by_the_names_of_its_series() {
        let matcher = Matcher::named("my.type.count");
        assert!(matcher.concerns("my") && matcher.concerns("my.type"));
        assert!(!matcher.concerns("my.ty") && !matcher.concerns("other"));
    }
}
