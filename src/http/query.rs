//! Reads the query of a request key by key, with the same strictness as a body: an unknown key, one that stands
//! twice and a value that breaks a rule are told, all at once, and never ignored.

use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::{HttpRequest, web};

use super::problem::Problem;
use crate::clock::Timestamp;
use crate::names::Named;
use crate::wire::FieldError;

/// The keys of a query, each to be taken once.
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    problems: Vec<FieldError>,
}

impl Query {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| Problem::invalid_field("query", "format", "is not a valid query"))?;
        Ok(Self { pairs: pairs.into_inner(), problems: Vec::new() })
    }

    /// The value, if every key was taken and there was nothing to complain about.
    pub(super) fn finish<T>(mut self, value: T) -> Result<T, Problem> {
        for (key, _) in std::mem::take(&mut self.pairs) {
            self.complain(&key, "unknown", "is not a key of this request");
        }
        if self.problems.is_empty() { Ok(value) } else { Err(Problem::validation(self.problems)) }
    }

    /// All values of a repeatable key; empty ones do not count.
    pub(super) fn all(&mut self, key: &str) -> Vec<String> {
        let mut values = self.taken(key);
        values.retain(|value| !value.is_empty());
        values
    }

    pub(super) fn text(&mut self, key: &str, most: usize) -> Option<String> {
        let text = self.one(key)?;
        self.fits(key, &text, most).then_some(text)
    }

    /// The same of a repeatable key.
    pub(super) fn texts(&mut self, key: &str, most: usize) -> Vec<String> {
        let mut texts = self.all(key);
        texts.retain(|text| self.fits(key, text, most));
        texts
    }

    pub(super) fn any_of<T: Named>(&mut self, key: &str) -> Vec<T> {
        let values = self.all(key);
        values.iter().filter_map(|value| self.known(key, value)).collect()
    }

    pub(super) fn one_of<T: Named>(&mut self, key: &str) -> Option<T> {
        let value = self.one(key)?;
        self.known(key, &value)
    }

    pub(super) fn number(&mut self, key: &str, range: RangeInclusive<usize>) -> Option<usize> {
        let (least, most) = (range.start(), range.end());
        let rule = format!("must be a whole number from {least} to {most}");
        let number = self.parsed::<usize>(key, &rule)?;
        if !range.contains(&number) {
            self.complain(key, "range", rule);
            return None;
        }
        Some(number)
    }

    pub(super) fn time(&mut self, key: &str) -> Option<Timestamp> {
        self.parsed(key, "must be an RFC 3339 time with a zone, such as 2026-11-20T14:02:11Z")
    }

    /// Whether it is so; without the key it is not. A key without a value is no answer.
    pub(super) fn flag(&mut self, key: &str) -> bool {
        match self.taken(key).as_slice() {
            [] => false,
            [one] if one == "true" || one == "false" => one == "true",
            _ => {
                self.complain(key, "choice", "must be true or false");
                false
            }
        }
    }

    /// What something else has read of it, or its complaint.
    pub(super) fn read<T>(&mut self, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.problems.extend_from_slice(problem.errors())).ok()
    }

    pub(super) fn complain(&mut self, key: &str, code: &str, message: impl Into<String>) {
        let (field, code) = (key.to_owned(), code.to_owned());
        self.problems.push(FieldError { field, code, message: message.into() });
    }

    fn taken(&mut self, key: &str) -> Vec<String> {
        self.pairs.extract_if(.., |(name, _)| name == key).map(|(_, value)| value).collect()
    }

    /// The value of a key that counts once.
    fn one(&mut self, key: &str) -> Option<String> {
        let mut values = self.all(key);
        if values.len() > 1 {
            self.complain(key, "duplicate", "stands more than once");
            return None;
        }
        values.pop()
    }

    fn fits(&mut self, key: &str, text: &str, most: usize) -> bool {
        let fits = text.chars().count() <= most;
        if !fits {
            self.complain(key, "length", format!("must have at most {most} characters"));
        }
        fits
    }

    fn known<T: Named>(&mut self, key: &str, value: &str) -> Option<T> {
        let known = T::ALL.iter().copied().find(|known| known.name() == value);
        if known.is_none() {
            let words = T::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
            self.complain(key, "choice", format!("must be one of {words}"));
        }
        known
    }

    fn parsed<T: FromStr>(&mut self, key: &str, rule: &str) -> Option<T> {
        let parsed = self.one(key)?.parse().ok();
        if parsed.is_none() {
            self.complain(key, "format", rule);
        }
        parsed
    }
}
