//! What agents say of themselves, kept as documents of type `agent` that the daemon writes.

use std::time::Duration;

use serde_json::{Map, Value};

use super::document::AGENT;
use super::matcher::Matcher;
use super::query::{Points, PointsQuery, QueryError};
use super::sealed::past_damage;
use super::steps::StepFunction;
use super::{Metrics, Number, Series};
use crate::clock::Timestamp;
use crate::ids::CollectorId;

/// The figures that are charted, in the order in which they are answered.
pub const AGENT_SERIES: [&str; 6] = [
    "agent.cpu_usage",
    "agent.memory_usage",
    "agent.network_sent_bytes",
    "agent.network_received_bytes",
    "agent.collection_time_ms",
    "agent.queries_per_collection",
];
const UPTIME: &str = "agent.uptime_seconds";

/// The figures of one heartbeat; what the agent did not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AgentFigures {
    /// Percent of the agent's host.
    pub cpu_usage: Option<f64>,
    /// Percent of the agent's host.
    pub memory_usage: Option<f64>,
    /// Since the agent's host started.
    pub network_sent_bytes: Option<u64>,
    pub network_received_bytes: Option<u64>,
    /// Of the last collection.
    pub collection_time_ms: Option<f64>,
    /// Of the last collection.
    pub queries_per_collection: Option<u64>,
    pub uptime_seconds: Option<u64>,
}

impl AgentFigures {
    /// The JSON text of the document.
    pub(super) fn document(&self, timestamp: Timestamp) -> String {
        let mut members = Map::new();
        members.insert("type".to_owned(), AGENT.into());
        members.insert("timestamp".to_owned(), timestamp.to_string().into());
        let figures = [
            ("cpu_usage", self.cpu_usage.map(Value::from)),
            ("memory_usage", self.memory_usage.map(Value::from)),
            ("network_sent_bytes", self.network_sent_bytes.map(Value::from)),
            ("network_received_bytes", self.network_received_bytes.map(Value::from)),
            ("collection_time_ms", self.collection_time_ms.map(Value::from)),
            ("queries_per_collection", self.queries_per_collection.map(Value::from)),
            ("uptime_seconds", self.uptime_seconds.map(Value::from)),
        ];
        for (name, figure) in figures {
            if let Some(figure) = figure {
                members.insert(name.to_owned(), figure);
            }
        }
        Value::Object(members).to_string()
    }
}

/// A figure over a range of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub last: f64,
    pub mean: f64,
    pub max: f64,
}

/// What a range of time says of an agent; what was never said in it is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AgentSummary {
    /// As the agent last said it.
    pub uptime: Option<Duration>,
    pub cpu: Option<Summary>,
    pub memory: Option<Summary>,
    /// Bytes within the range; a counter that began again counts from zero.
    pub sent_bytes: Option<f64>,
    pub received_bytes: Option<f64>,
    pub collection_time_ms: Option<Summary>,
}

/// The agent's own series, always all six of them, and their summary.
#[derive(Debug)]
pub struct AgentPoints {
    pub series: Vec<Points>,
    pub summary: AgentSummary,
}

impl Metrics {
    /// What an agent said of itself between two moments.
    pub fn agent_points(
        &self,
        collector: CollectorId,
        from: Timestamp,
        to: Timestamp,
        step: Option<Duration>,
    ) -> Result<AgentPoints, QueryError> {
        let matchers = || AGENT_SERIES.iter().map(|name| Matcher::named(name));
        let mut found = self.points(&PointsQuery {
            collector,
            from,
            to,
            step,
            function: StepFunction::Last,
            matchers: matchers().collect(),
        })?;
        let series = AGENT_SERIES.iter().map(|name| take_or_empty(&mut found, name)).collect();
        let all: Vec<_> = matchers().chain([Matcher::named(UPTIME)]).collect();
        let mut numbers = past_damage(|| {
            let mut numbers = Vec::new();
            self.visit((collector, (from, to)), &mut all.as_slice(), |_, series: &Series, place, number| {
                let name = AGENT_SERIES.iter().chain([&UPTIME]).find(|name| **name == &*series.name);
                numbers.extend(name.map(|name| (place, *name, number)));
                Ok(())
            })?;
            Ok(numbers)
        })?;
        numbers.sort_by_key(|(place, ..)| *place);
        let mut tallies = Tallies::default();
        for (_, name, number) in numbers {
            tallies.add(name, number);
        }
        Ok(AgentPoints { series, summary: tallies.summary() })
    }
}

fn take_or_empty(found: &mut Vec<Points>, name: &str) -> Points {
    let place = found.iter().position(|points| &*points.series.name == name);
    place.map_or_else(
        || Points {
            series: Series { name: name.into(), labels: std::sync::Arc::default() },
            points: Vec::new(),
        },
        |place| found.swap_remove(place),
    )
}

/// Sums over all documents of the range, whatever the step.
#[derive(Default)]
struct Tallies {
    uptime: Tally,
    cpu: Tally,
    memory: Tally,
    sent: Tally,
    received: Tally,
    collection_time: Tally,
}

impl Tallies {
    fn add(&mut self, name: &str, number: Number) {
        let tally = match name {
            UPTIME => &mut self.uptime,
            "agent.cpu_usage" => &mut self.cpu,
            "agent.memory_usage" => &mut self.memory,
            "agent.network_sent_bytes" => &mut self.sent,
            "agent.network_received_bytes" => &mut self.received,
            "agent.collection_time_ms" => &mut self.collection_time,
            _ => return,
        };
        tally.add(number.as_f64());
    }

    fn summary(&self) -> AgentSummary {
        let uptime = self.uptime.summary().and_then(|uptime| Duration::try_from_secs_f64(uptime.last).ok());
        AgentSummary {
            uptime,
            cpu: self.cpu.summary(),
            memory: self.memory.summary(),
            sent_bytes: self.sent.growth(),
            received_bytes: self.received.growth(),
            collection_time_ms: self.collection_time.summary(),
        }
    }
}

#[derive(Default)]
struct Tally {
    count: u32,
    sum: f64,
    max: f64,
    last: f64,
    growth: f64,
}

impl Tally {
    fn add(&mut self, value: f64) {
        if self.count > 0 {
            self.growth += if value >= self.last { value - self.last } else { value };
        }
        self.max = if self.count == 0 { value } else { self.max.max(value) };
        self.sum += value;
        self.last = value;
        self.count += 1;
    }

    fn summary(&self) -> Option<Summary> {
        let mean = self.sum / f64::from(self.count);
        (self.count > 0).then_some(Summary { last: self.last, mean, max: self.max })
    }

    fn growth(&self) -> Option<f64> {
        (self.count > 0).then_some(self.growth)
    }
}
