//! Parameters as clients of Prometheus send them: in the address, in a form, or in both. Unknown ones do not count.

use std::time::Duration;

use actix_web::{HttpRequest, web};

use super::refusal::bad_data;
use crate::clock::Timestamp;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::limits;
use crate::promql::{Selector, parse_selector};

pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Those of the form come first.
    pub(super) fn of(request: &HttpRequest, body: &Body) -> Result<Self, Problem> {
        let form = std::str::from_utf8(&body.0).map_err(|_| bad_data("the form is not UTF-8"))?;
        let mut pairs = read(form)?;
        pairs.extend(read(request.query_string())?);
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| bad_data(format!("invalid parameter {name:?}: it is missing")))
    }

    /// A moment in milliseconds.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Problem> {
        let read = |text| time(text).ok_or_else(|| wrong(name, text, "timestamp"));
        self.get(name).map(read).transpose()
    }

    /// A duration in milliseconds.
    pub(super) fn duration(&self, name: &str) -> Result<Option<i64>, Problem> {
        let read = |text| duration(text).ok_or_else(|| wrong(name, text, "duration"));
        self.get(name).map(read).transpose()
    }

    /// How long a query may run.
    pub(super) fn timeout(&self) -> Result<Duration, Problem> {
        let asked = self.duration("timeout")?.and_then(|milliseconds| u64::try_from(milliseconds).ok());
        Ok(asked.map_or(limits::PROMQL_TIME, Duration::from_millis).min(limits::PROMQL_TIME))
    }

    /// How many entries are wanted at most; 0 is as many as there are.
    pub(super) fn limit(&self, name: &str) -> Result<usize, Problem> {
        let Some(text) = self.get(name) else { return Ok(usize::MAX) };
        let limit = text.parse().map_err(|_| wrong(name, text, "number"))?;
        Ok(if limit == 0 { usize::MAX } else { limit })
    }

    /// A range of time; by default the last day.
    pub(super) fn range(&self, now: Timestamp) -> Result<(i64, i64), Problem> {
        let end = self.time("end")?.unwrap_or(now.as_millis());
        let start = self.time("start")?;
        let start =
            start.unwrap_or_else(|| Timestamp::from_millis(end).minus(limits::QUERY_RANGE).as_millis());
        if end < start {
            return Err(bad_data("invalid parameter \"end\": end timestamp must not be before start time"));
        }
        Ok((start, end))
    }

    /// Which series, any of several selectors.
    pub(super) fn selectors(&self) -> Result<Vec<Selector>, Problem> {
        let texts: Vec<_> = self.0.iter().filter(|(name, _)| name == "match[]").collect();
        if texts.len() > limits::QUERY_MATCHERS {
            return Err(bad_data(format!("there may be {} selectors", limits::QUERY_MATCHERS)));
        }
        let read = |(_, text): &(String, String)| {
            parse_selector(text).map_err(|error| bad_data(format!("invalid parameter \"match[]\": {error}")))
        };
        texts.into_iter().map(read).collect()
    }
}

fn read(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text);
    pairs.map(web::Query::into_inner).map_err(|_| bad_data("the parameters are no form"))
}

fn wrong(name: &str, text: &str, what: &str) -> Problem {
    bad_data(format!("invalid parameter {name:?}: cannot parse {text:?} to a valid {what}"))
}

/// Seconds since 1970, or RFC 3339.
fn time(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(seconds) => milliseconds(seconds),
        Err(_) => text.parse::<Timestamp>().ok().map(Timestamp::as_millis),
    }
}

/// Seconds, or numbers with their units as in the language.
fn duration(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return milliseconds(seconds);
    }
    let duration = promql_parser::util::parse_duration(text).ok()?;
    i64::try_from(duration.as_millis()).ok()
}

/// Of the range that a moment can have.
#[expect(clippy::cast_possible_truncation, reason = "within the bounds it is whole and fits")]
fn milliseconds(seconds: f64) -> Option<i64> {
    const MOST: f64 = 9_000_000_000_000_000.0;
    let milliseconds = (seconds * 1000.0).round();
    (milliseconds.abs() <= MOST).then_some(milliseconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_rfc_3339() {
        for (text, expected) in [
            ("4", Some(4000)),
            ("1435781451.781", Some(1_435_781_451_781)),
            ("2015-07-01T20:10:51.781Z", Some(1_435_781_451_781)),
            ("2015-07-01T22:10:51+02:00", Some(1_435_781_451_000)),
            ("NaN", None),
            ("1e300", None),
            ("yesterday", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_are_seconds_or_have_units() {
        for (text, expected) in
            [("15", Some(15_000)), ("0.5", Some(500)), ("1m30s", Some(90_000)), ("1x", None), ("Inf", None)]
        {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
