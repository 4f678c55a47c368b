//! Documents that hold several databases: the parts of one server, put together as long as they are few and
//! young.
//!
//! A server with many databases gives several documents of one type, each with some of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::collection::to_document;
use super::config::{ProbeKind, Settings};
use crate::clock::Timestamp;
use crate::limits::{GATHERED_BYTES, GATHERED_TIME};

/// Who says it, as documents of these types repeat it.
pub(super) struct Sender {
    collector_id: String,
    hostname: String,
}

impl Sender {
    /// An agent that is not registered yet has the empty id.
    pub(super) fn of(settings: &Settings) -> Self {
        let id = settings.uplink.as_ref().map(|uplink| uplink.id.to_string());
        Self { collector_id: id.unwrap_or_default(), hostname: settings.hostname.clone() }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    collector_id: &'a str,
    hostname: &'a str,
    databases: &'a BTreeMap<String, Box<RawValue>>,
}

/// The parts that have not become documents yet.
#[derive(Default)]
pub(super) struct ByDatabase {
    parts: BTreeMap<ProbeKind, Parts>,
}

struct Parts {
    timestamp: Timestamp,
    since: Instant,
    bytes: usize,
    databases: BTreeMap<String, Box<RawValue>>,
}

impl ByDatabase {
    pub(super) fn add(&mut self, kind: ProbeKind, database: &str, part: Box<RawValue>, now: Timestamp) {
        let parts = self.parts.entry(kind).or_insert_with(|| Parts {
            timestamp: now,
            since: Instant::now(),
            bytes: 0,
            databases: BTreeMap::new(),
        });
        parts.bytes += part.get().len();
        parts.databases.insert(database.to_owned(), part);
    }

    /// The documents that should not wait for more databases.
    pub(super) fn take_due(&mut self, sender: &Sender) -> Vec<(ProbeKind, Result<Box<RawValue>, String>)> {
        self.take(sender, GATHERED_BYTES, GATHERED_TIME)
    }

    pub(super) fn take_all(&mut self, sender: &Sender) -> Vec<(ProbeKind, Result<Box<RawValue>, String>)> {
        self.take(sender, 0, Duration::ZERO)
    }

    fn take(
        &mut self,
        sender: &Sender,
        bytes: usize,
        age: Duration,
    ) -> Vec<(ProbeKind, Result<Box<RawValue>, String>)> {
        let due = self.parts.extract_if(.., |_, parts| parts.bytes >= bytes || parts.since.elapsed() >= age);
        due.map(|(kind, parts)| {
            let document = Document {
                r#type: kind.name(),
                timestamp: parts.timestamp,
                collector_id: &sender.collector_id,
                hostname: &sender.hostname,
                databases: &parts.databases,
            };
            (kind, to_document(&document).map_err(|error| error.to_string()))
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(documents: &[(ProbeKind, Result<Box<RawValue>, String>)]) -> Vec<Vec<String>> {
        let names = |text: &str| {
            let document: serde_json::Value = serde_json::from_str(text).unwrap();
            document["databases"].as_object().unwrap().keys().cloned().collect()
        };
        documents.iter().map(|(_, document)| names(document.as_ref().unwrap().get())).collect()
    }

    #[test]
    fn parts_of_one_type_travel_together_until_they_are_too_many() {
        let sender = Sender { collector_id: "c".to_owned(), hostname: "h".to_owned() };
        let mut gathered = ByDatabase::default();
        let part = |text: &str| RawValue::from_string(format!("{{\"a\":\"{text}\"}}")).unwrap();
        let now = Timestamp::from_millis(0);
        gathered.add(ProbeKind::PgLocks, "one", part(""), now);
        gathered.add(ProbeKind::PgLocks, "two", part(""), now);
        gathered.add(ProbeKind::PgCache, "one", part(""), now);
        assert!(gathered.take_due(&sender).is_empty());
        gathered.add(ProbeKind::PgLocks, "three", part(&"x".repeat(GATHERED_BYTES)), now);
        assert_eq!(names(&gathered.take_due(&sender)), [["one", "three", "two"]]);
        assert_eq!(names(&gathered.take_all(&sender)), [["one"]]);
        assert!(gathered.take_all(&sender).is_empty());
    }
}
