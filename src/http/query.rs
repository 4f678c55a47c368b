//! Reads the query of a request key by key, with the same strictness as a body: an unknown key or a value that
//! breaks a rule is told, never ignored.

use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::{HttpRequest, web};

use super::problem::Problem;
use crate::clock::Timestamp;
use crate::names::Named;

pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let pairs = pairs.map_err(|_| Problem::invalid_field("query", "format", "is not a valid query"))?;
        Ok(Self(pairs.into_inner()))
    }

    /// The value, if every key was taken.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Problem> {
        match self.0.first() {
            None => Ok(value),
            Some((key, _)) => Err(Problem::invalid_field(key, "unknown", "is not a key of this request")),
        }
    }

    /// All values of a repeatable key; empty ones do not count.
    pub(super) fn all(&mut self, key: &str) -> Vec<String> {
        let mut values = Vec::new();
        self.0.retain_mut(|(name, value)| {
            let is_key = name == key;
            if is_key && !value.is_empty() {
                values.push(std::mem::take(value));
            }
            !is_key
        });
        values
    }

    pub(super) fn text(&mut self, key: &str, most: usize) -> Result<Option<String>, Problem> {
        match self.all(key).into_iter().next_back() {
            Some(text) if text.chars().count() > most => {
                Err(Problem::invalid_field(key, "length", format!("must have at most {most} characters")))
            }
            text => Ok(text),
        }
    }

    pub(super) fn any_of<T: Named>(&mut self, key: &str) -> Result<Vec<T>, Problem> {
        let values = self.all(key);
        let known = |value: &String| T::ALL.iter().copied().find(|known| known.name() == value);
        let words = || T::ALL.iter().map(|known| known.name()).collect::<Vec<_>>().join(", ");
        let unknown = || Problem::invalid_field(key, "choice", format!("must be one of {}", words()));
        values.iter().map(|value| known(value).ok_or_else(unknown)).collect()
    }

    pub(super) fn one_of<T: Named>(&mut self, key: &str) -> Result<Option<T>, Problem> {
        Ok(self.any_of(key)?.into_iter().next_back())
    }

    pub(super) fn number(
        &mut self,
        key: &str,
        range: RangeInclusive<usize>,
    ) -> Result<Option<usize>, Problem> {
        let (least, most) = (range.start(), range.end());
        let rule = format!("must be a whole number from {least} to {most}");
        match self.parsed::<usize>(key, &rule)? {
            Some(number) if !range.contains(&number) => Err(Problem::invalid_field(key, "range", rule)),
            number => Ok(number),
        }
    }

    pub(super) fn time(&mut self, key: &str) -> Result<Option<Timestamp>, Problem> {
        self.parsed(key, "must be an RFC 3339 time with a zone, such as 2026-11-20T14:02:11Z")
    }

    fn parsed<T: FromStr>(&mut self, key: &str, rule: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.all(key).into_iter().next_back() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Problem::invalid_field(key, "format", rule))
    }
}
