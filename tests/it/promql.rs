//! `PromQL` beside a real Prometheus 2.42 that holds the same samples: the same answers, and the same refusals.

mod corners;
pub(crate) mod data;
mod expressions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pganalytics::promql::{Answer, Budget, Error, Labels, Query};
use serde_json::Value;

use crate::support::prometheus::Prometheus;
use data::{HOUR, Memory, START};

/// The most that two numbers may differ, measured by themselves.
const TOLERANCE: f64 = 1e-9;

/// What was said, in a form that both can be brought into.
#[derive(Debug)]
enum Said {
    /// Labels as JSON, with moments and values; in the order of the labels.
    Series(BTreeMap<String, Vec<(f64, f64)>>),
    Text(String),
    /// `bad_data` or `execution`.
    Refused(String),
}

#[derive(Clone, Copy, Debug)]
enum When {
    At(i64),
    /// Start, end and step.
    Between(i64, i64, i64),
}

/// A query of one moment, one of many, and one whose steps fit to nothing.
const TIMES: [When; 4] = [
    When::At(START + HOUR + 13_370),
    When::At(START + 2 * HOUR + 240_000),
    When::Between(START + 600_000, START + 2 * HOUR + 600_000, 97_300),
    When::Between(START - 60_000, START + 1_200_000, 15_000),
];

fn ours(memory: &Memory, text: &str, when: When) -> Said {
    let query = match when {
        When::At(at) => Query::at(text, at),
        When::Between(start, end, step) => Query::between(text, start, end, step),
    };
    let budget = Budget::new(Duration::from_secs(60), Arc::default());
    let seconds = |(at, value): (i64, f64)| (Duration::from_millis(at.unsigned_abs()).as_secs_f64(), value);
    let json = |labels: &Labels| {
        let labels: BTreeMap<_, _> = labels.iter().collect();
        serde_json::to_string(&labels).unwrap()
    };
    let one = |labels: &Labels, point| (json(labels), vec![seconds(point)]);
    match query.and_then(|query| query.evaluate(memory, &budget)) {
        Ok(Answer::Scalar(point)) => Said::Series([one(&Labels::default(), point)].into()),
        Ok(Answer::Text(_, text)) => Said::Text(text),
        Ok(Answer::Vector(all)) => {
            Said::Series(all.iter().map(|(labels, point)| one(labels, *point)).collect())
        }
        Ok(Answer::Matrix(all)) => {
            let series = all.into_iter();
            let points = |points: Vec<(i64, f64)>| points.into_iter().map(seconds).collect();
            Said::Series(series.map(|(labels, of)| (json(&labels), points(of))).collect())
        }
        Err(Error::Parse(_) | Error::Parameter(_)) => Said::Refused("bad_data".to_owned()),
        Err(Error::Execution(_)) => Said::Refused("execution".to_owned()),
        Err(error) => panic!("{text}: {error}"),
    }
}

fn theirs(prometheus: &Prometheus, text: &str, when: When) -> Said {
    let seconds = |millis: i64| format!("{}.{:03}", millis / 1000, millis % 1000);
    let reply = match when {
        When::At(at) => prometheus.call("query", &[("query", text), ("time", &seconds(at))]),
        When::Between(start, end, step) => {
            let (start, end, step) = (seconds(start), seconds(end), seconds(step));
            prometheus
                .call("query_range", &[("query", text), ("start", &start), ("end", &end), ("step", &step)])
        }
    };
    if reply.status != 200 {
        return Said::Refused(reply.string("errorType"));
    }
    let data = &reply.body["data"];
    let result = &data["result"];
    match data["resultType"].as_str().unwrap() {
        "string" => Said::Text(result[1].as_str().unwrap().to_owned()),
        "scalar" => Said::Series([("{}".to_owned(), vec![point(result)])].into()),
        _ => {
            let series = result.as_array().unwrap().iter().map(|series| {
                let labels: BTreeMap<String, String> =
                    serde_json::from_value(series["metric"].clone()).unwrap();
                let points = match series.get("value") {
                    Some(value) => vec![point(value)],
                    None => series["values"].as_array().unwrap().iter().map(point).collect(),
                };
                (serde_json::to_string(&labels).unwrap(), points)
            });
            Said::Series(series.collect())
        }
    }
}

fn point(value: &Value) -> (f64, f64) {
    let number = match value[1].as_str().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        text => text.parse().unwrap(),
    };
    (value[0].as_f64().unwrap(), number)
}

pub(crate) fn is_close(one: f64, other: f64) -> bool {
    if !one.is_finite() || !other.is_finite() {
        return one.total_cmp(&other).is_eq() || (one.is_nan() && other.is_nan());
    }
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs()).max(1e-12)
}

/// What differs first, if anything does.
fn difference(ours: &Said, theirs: &Said) -> Option<String> {
    let (ours, theirs) = match (ours, theirs) {
        (Said::Refused(one), Said::Refused(other)) | (Said::Text(one), Said::Text(other)) => {
            return (one != other).then(|| format!("{one} and {other}"));
        }
        (Said::Series(ours), Said::Series(theirs)) => (ours, theirs),
        (ours, theirs) => return Some(format!("{} and {}", short(ours), short(theirs))),
    };
    if let Some(labels) = ours.keys().find(|labels| !theirs.contains_key(*labels)) {
        return Some(format!("only we have {labels} of {} and {}", ours.len(), theirs.len()));
    }
    for (labels, points) in theirs {
        let Some(own) = ours.get(labels) else {
            return Some(format!("we lack {labels} of {} and {}", ours.len(), theirs.len()));
        };
        if own.len() != points.len() {
            return Some(format!("{labels} has {} and {} points", own.len(), points.len()));
        }
        for (one, other) in own.iter().zip(points) {
            if (one.0 - other.0).abs() > 1e-6 || !is_close(one.1, other.1) {
                return Some(format!("{labels}: {one:?} and {other:?}"));
            }
        }
    }
    None
}

fn short(said: &Said) -> String {
    format!("{said:?}").chars().take(300).collect()
}

#[test]
fn every_expression_gives_what_prometheus_gives() {
    let memory = data::memory();
    let prometheus = Prometheus::with(&data::open_metrics(&memory));
    let expressions = expressions::all();
    assert!(expressions.len() >= 500, "{} expressions", expressions.len());
    let mut differences = Vec::new();
    let mut answered = 0;
    for text in &expressions {
        for when in TIMES {
            let (own, other) = (ours(&memory, text, when), theirs(&prometheus, text, when));
            answered += usize::from(matches!(&other, Said::Series(series) if !series.is_empty()));
            if let Some(difference) = difference(&own, &other) {
                differences.push(format!("{text}\n  {when:?}: {difference}"));
            }
        }
    }
    assert!(answered > 2 * expressions.len(), "only {answered} of the answers have series");
    assert!(
        differences.is_empty(),
        "{} of {} answers differ\n{}",
        differences.len(),
        expressions.len() * TIMES.len(),
        differences.join("\n")
    );
}
