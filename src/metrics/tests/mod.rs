//! The store as its callers see it.

mod accept;
mod body;
mod crash;
mod damage;
mod feed;
mod fold;
mod lossless;
mod model;
mod naming;
mod read;
mod retention;
mod seal;
mod select;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::{
    AcceptError, Accepted, Batch, CheckedPush, Counter, DocumentsQuery, ListedSeries, Matcher, Metrics,
    Options, Points, PointsQuery, ReadDocument, StepFunction,
};
use crate::archive::Segments;
use crate::audit::MIGRATIONS;
use crate::clock::{Clock, Timestamp};
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::{FreeSpace, Poison, Sqlite};

/// 2026-11-20T15:00:00Z
const START: Timestamp = Timestamp::from_millis(1_795_186_800_000);
const PLENTY: u64 = 1 << 40;

/// A store in a folder of its own, with a clock and a disk that tests set.
struct Store {
    folder: Arc<tempfile::TempDir>,
    clock: Clock,
    free: Arc<AtomicU64>,
    poison: Poison,
    options: Options,
    metrics: Arc<Metrics>,
}

impl Store {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        Self::on(&Arc::new(tempfile::tempdir().unwrap()), options)
    }

    fn on(folder: &Arc<tempfile::TempDir>, options: Options) -> Self {
        let folder = Arc::clone(folder);
        let (clock, free) = (Clock::manual(START), Arc::new(AtomicU64::new(PLENTY)));
        let poison = Poison::default();
        let options = Options { free_space: Some(FreeSpace::Manual(Arc::clone(&free))), ..options };
        let metrics = Arc::new(open(folder.path(), &clock, options.clone(), &poison));
        Self { folder, clock, free, poison, options, metrics }
    }

    /// Closes the store and opens it again.
    fn reopen(self) -> Self {
        let Self { folder, clock, free, poison, options, metrics } = self;
        drop(metrics);
        let metrics = Arc::new(open(folder.path(), &clock, options.clone(), &poison));
        Self { folder, clock, free, poison, options, metrics }
    }

    fn push(&self, collector: u128, key: Option<&str>, documents: &[Value]) -> Result<Accepted, AcceptError> {
        let texts: Vec<_> = documents.iter().map(|document| to_raw_value(document).unwrap()).collect();
        self.push_texts(collector, key, &texts)
    }

    fn push_texts(
        &self,
        collector: u128,
        key: Option<&str>,
        texts: &[Box<RawValue>],
    ) -> Result<Accepted, AcceptError> {
        self.metrics.accept(&Batch {
            collector: id(collector),
            idempotency_key: key,
            timestamp: None,
            documents: texts.iter().map(AsRef::as_ref).collect(),
        })
    }

    /// How many documents a collector sent in all.
    fn stored(&self, collector: CollectorId) -> u64 {
        self.metrics.counter(collector).map_or(0, |counter| counter.documents)
    }

    /// All documents of a collector but the agent's own.
    fn documents(&self, collector: u128) -> Vec<ReadDocument> {
        let mut all = Vec::new();
        let mut query = DocumentsQuery {
            collector: id(collector),
            kind: None,
            from: Timestamp::from_millis(i64::MIN),
            to: Timestamp::from_millis(i64::MAX),
            limit: 7,
            after: None,
        };
        loop {
            let page = self.metrics.documents(&query).unwrap();
            all.extend(page.documents);
            query.after = page.next;
            if query.after.is_none() {
                return all;
            }
        }
    }

    fn values(&self, collector: u128) -> Vec<Value> {
        let documents = self.documents(collector);
        documents.iter().map(|document| serde_json::from_str(&document.text).unwrap()).collect()
    }

    fn points(&self, collector: u128, matcher: &str) -> Vec<Points> {
        self.metrics
            .points(&PointsQuery {
                collector: id(collector),
                from: START.minus(limits::RETENTION),
                to: START.plus(limits::RETENTION),
                step: None,
                function: StepFunction::Last,
                matchers: vec![matcher.parse().unwrap()],
            })
            .unwrap()
    }
}

fn open(folder: &Path, clock: &Clock, options: Options, poison: &Poison) -> Metrics {
    let segments = segments(folder, clock, poison);
    Metrics::open(&folder.join("hot"), segments, poison.clone(), clock.clone(), options).unwrap()
}

fn segments(folder: &Path, clock: &Clock, poison: &Poison) -> Arc<Segments> {
    let db = Sqlite::open(&folder.join("registry.sqlite"), MIGRATIONS, poison.clone()).unwrap();
    let folder = folder.join("segments");
    Arc::new(Segments::open(Arc::new(db), &folder, poison.clone(), clock.clone()).unwrap())
}

fn id(collector: u128) -> CollectorId {
    CollectorId::from(uuid::Uuid::from_u128(collector))
}

/// A document of type `x` that stands so many seconds after the start.
fn document(seconds: u64, value: i64) -> Value {
    json!({"type": "x", "timestamp": at(seconds), "host": "h", "n": value})
}

fn at(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}
