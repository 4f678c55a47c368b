//! The pulse of the fleet: from moment to moment, how many collectors have which status, and what their agents
//! last said, taken together.
//!
//! It guarantees that only agents that are there count, each once, and that what is kept stays bounded. It lives
//! in memory and begins with the daemon: a chart of the fleet has no points from before.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::presence::Presence;
use super::recent::{Recent, RecentHour};
use super::seen::Seen;
use super::status::Status;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits::PULSE_MOMENTS;
use crate::metrics::{Number, Points, Series};
use crate::registry::{Collectors, CollectorsError};
use crate::wire::Heartbeat;

type Figure = fn(&Heartbeat) -> Option<f64>;

/// What agents say, over all of them.
const FIGURES: [(&str, Figure); 4] = [
    ("fleet.cpu_usage", |said| said.cpu_usage),
    ("fleet.memory_usage", |said| said.memory_usage),
    ("fleet.collection_time_ms", |said| said.collection_time_ms),
    ("fleet.queries_per_collection", |said| said.last_collection_count.map(as_f64)),
];
const RATES: [&str; 2] = ["fleet.network_sent_bytes_per_second", "fleet.network_received_bytes_per_second"];

#[expect(clippy::cast_precision_loss, reason = "a chart does not need 64 bits")]
fn as_f64(whole: u64) -> f64 {
    whole as f64
}

/// The moments that are kept, oldest first.
pub struct Pulse {
    collectors: Collectors,
    presence: Arc<Presence>,
    beats: Mutex<Beats>,
}

#[derive(Default)]
struct Beats {
    moments: VecDeque<Moment>,
    links: HashMap<CollectorId, Link>,
    recent: Recent,
}

/// Values in the order of [`series`].
struct Moment {
    at: Timestamp,
    values: Vec<Option<f64>>,
}

/// The network of one agent's host: its counters when the agent last said them, and how fast they grew until then.
struct Link {
    said_at: Timestamp,
    bytes: [u64; 2],
    per_second: Option<[f64; 2]>,
}

impl Link {
    fn follow(before: Option<Self>, said: &Heartbeat) -> Option<Self> {
        let network = said.network.as_ref()?;
        let (said_at, bytes) = (said.timestamp, [network.sent_bytes, network.received_bytes]);
        let Some(before) = before else { return Some(Self { said_at, bytes, per_second: None }) };
        if before.said_at >= said_at {
            return Some(before);
        }
        let seconds = said_at.since(before.said_at).as_secs_f64();
        // a host that started again counts from zero
        let grown = |side: usize| bytes[side].checked_sub(before.bytes[side]).unwrap_or(bytes[side]);
        let per_second = Some([0, 1].map(|side| as_f64(grown(side)) / seconds));
        Some(Self { said_at, bytes, per_second })
    }
}

/// What a value of a moment is, one by one.
fn series() -> Vec<Series> {
    let one = |name: &str, label: Option<(&str, &str)>| Series {
        name: name.into(),
        labels: Arc::new(label.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
    };
    let counts = Status::ALL.iter().map(|status| one("fleet.collectors", Some(("status", status.as_str()))));
    let figures =
        FIGURES.iter().flat_map(|(name, _)| ["mean", "highest"].map(|which| one(name, Some(("of", which)))));
    counts.chain(figures).chain(RATES.map(|name| one(name, None))).collect()
}

impl Pulse {
    pub fn new(collectors: Collectors, presence: Arc<Presence>) -> Self {
        Self { collectors, presence, beats: Mutex::default() }
    }

    /// Looks at all collectors once.
    pub fn beat(&self, now: Timestamp) -> Result<usize, CollectorsError> {
        let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
        let mut there: Vec<(CollectorId, Seen)> = Vec::new();
        let collectors = self.collectors.list()?;
        for collector in &collectors {
            let seen = self.presence.seen(collector.id);
            let status = self.presence.verdict(collector, seen.as_ref()).status;
            *counts.entry(status.as_str()).or_default() += 1;
            let is_there = matches!(status, Status::Online | Status::Slow | Status::Error);
            there.extend(seen.filter(|_| is_there).map(|seen| (collector.id, seen)));
        }
        let counted = |status: &Status| Some(f64::from(counts.get(status.as_str()).copied().unwrap_or(0)));
        let mut values: Vec<Option<f64>> = Status::ALL.iter().map(counted).collect();
        let said: Vec<&Heartbeat> = there.iter().filter_map(|(_, seen)| seen.said.as_ref()).collect();
        for (_, figure) in FIGURES {
            values.extend(spread(said.iter().filter_map(|said| figure(said))));
        }
        let mut beats = self.beats.lock();
        beats.recent.note(now, &there);
        values.extend(beats.rates(&there));
        beats.moments.push_back(Moment { at: now, values });
        while beats.moments.len() > PULSE_MOMENTS {
            beats.moments.pop_front();
        }
        Ok(collectors.len())
    }

    /// What the agents that are there said within the last hour, one by one.
    pub fn recent(&self) -> RecentHour {
        self.beats.lock().recent.hour()
    }

    /// The series of the fleet between two moments, both included; with a step, the last value of each.
    pub fn points(&self, from: Timestamp, to: Timestamp, step: Option<Duration>) -> Vec<Points> {
        let beats = self.beats.lock();
        let asked = beats.moments.iter().filter(|moment| (from..=to).contains(&moment.at));
        let mut chosen: Vec<(u128, &Moment)> = Vec::new();
        for (place, moment) in asked.enumerate() {
            let part = step
                .map_or(place as u128, |step| moment.at.since(from).as_millis() / step.as_millis().max(1));
            if chosen.last().is_some_and(|(before, _)| *before == part) {
                chosen.pop();
            }
            chosen.push((part, moment));
        }
        let value =
            |moment: &Moment, place: usize| moment.values.get(place).copied().flatten().map(Number::Real);
        let points = |place| chosen.iter().map(|(_, moment)| (moment.at, value(moment, place))).collect();
        series()
            .into_iter()
            .enumerate()
            .map(|(place, series)| Points { series, points: points(place) })
            .collect()
    }
}

impl Beats {
    /// What all networks carry together; nothing while that is known of none.
    fn rates(&mut self, there: &[(CollectorId, Seen)]) -> [Option<f64>; 2] {
        let mut before = std::mem::take(&mut self.links);
        for (id, seen) in there {
            let link = seen.said.as_ref().and_then(|said| Link::follow(before.remove(id), said));
            self.links.extend(link.map(|link| (*id, link)));
        }
        let known: Vec<[f64; 2]> = self.links.values().filter_map(|link| link.per_second).collect();
        [0, 1].map(|side| (!known.is_empty()).then(|| known.iter().map(|rates| rates[side]).sum()))
    }
}

/// The mean and the highest of what is known.
fn spread(values: impl Iterator<Item = f64>) -> [Option<f64>; 2] {
    let (mut count, mut sum, mut highest) = (0_u32, 0.0, f64::MIN);
    for value in values {
        count += 1;
        sum += value;
        highest = highest.max(value);
    }
    let known = count > 0;
    [known.then(|| sum / f64::from(count)), known.then_some(highest)]
}

/// Takes the pulse of the fleet.
pub struct PulseJob(pub Arc<Pulse>);

impl Job for PulseJob {
    fn name(&self) -> &'static str {
        "fleet-pulse"
    }

    fn about(&self) -> &'static str {
        "counts the collectors by status, and sums what their agents say, for the charts of the fleet"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let looked = self.0.beat(now).map_err(|error| error.to_string())?;
        Ok(format!("looked at {looked} collectors"))
    }
}
