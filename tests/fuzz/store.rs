//! A store of metrics for the targets, and what they make of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pganalytics::archive::Segments;
use pganalytics::audit::MIGRATIONS;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::ids::CollectorId;
use pganalytics::jobs::Job;
use pganalytics::metrics::{
    Accepted, Batch, DocumentsQuery, Matcher, Metrics, Options, PointsQuery, Seal, StepFunction,
};
use pganalytics::storage::segment::Slice;
use pganalytics::storage::{Poison, Sqlite};
use serde_json::Value;
use serde_json::value::RawValue;

/// 2026-11-20T15:00:00Z
pub const NOW: Timestamp = Timestamp::from_millis(1_795_186_800_000);
/// A range of points that is taken.
const PAST: Duration = Duration::from_secs(5 * 86_400);
const MATCHERS: usize = 5;

pub struct Store {
    pub metrics: Arc<Metrics>,
    pub segments: Arc<Segments>,
    _folder: tempfile::TempDir,
}

pub fn collector() -> CollectorId {
    CollectorId::from(uuid::Uuid::from_u128(1))
}

impl Default for Store {
    /// In memory where there is such a file system: nothing of it has to survive.
    fn default() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder");
        let (clock, poison) = (Clock::manual(NOW), Poison::default());
        let db = Sqlite::open(&folder.path().join("registry.sqlite"), MIGRATIONS, poison.clone());
        let db = Arc::new(db.expect("a registry"));
        let segments = Segments::open(db, &folder.path().join("segments"), poison.clone(), clock.clone());
        let segments = Arc::new(segments.expect("segments"));
        let hot = folder.path().join("hot.redb");
        let metrics = Metrics::open(&hot, Arc::clone(&segments), poison, clock, Options::default());
        Self { metrics: Arc::new(metrics.expect("metrics")), segments, _folder: folder }
    }
}

impl Store {
    pub fn push(&self, documents: Vec<&RawValue>) -> Accepted {
        let batch = Batch { collector: collector(), idempotency_key: None, timestamp: None, documents };
        self.metrics.accept(&batch).expect("a push is taken")
    }

    /// Reads all that there is in every way, and says which documents there are.
    pub fn read(&self) -> Option<Vec<Value>> {
        let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        let query = DocumentsQuery { collector: collector(), kind: None, from, to, limit: 1000, after: None };
        let page = self.metrics.documents(&query);
        let listed = self.metrics.series(collector(), &[]).unwrap_or_default();
        let names: BTreeSet<&str> = listed.iter().map(|listed| &*listed.series.name).collect();
        let (from, to) = (NOW.minus(PAST), NOW.plus(PAST));
        let matchers = names.iter().take(MATCHERS).map(|name| Matcher::named(name)).collect();
        let (step, function) = (Some(Duration::from_secs(60)), StepFunction::Last);
        let query = PointsQuery { collector: collector(), from, to, step, function, matchers };
        let _ = self.metrics.points(&query);
        // a number that has no place in a value of this library is no finding
        let values = page.ok()?.documents;
        Some(values.iter().filter_map(|found| serde_json::from_str(&found.text).ok()).collect())
    }

    /// What a collector's documents look like as a slice.
    pub fn sample() -> Slice {
        let store = Self::default();
        let text = include_str!("../it/data/v3-push.json");
        let at = NOW.minus(Duration::from_secs(3 * 86_400)).to_string();
        let mut push: Value = serde_json::from_str(text).expect("the sample is JSON");
        for document in push["metrics"].as_array_mut().expect("documents") {
            document["timestamp"] = at.clone().into();
        }
        let texts: Vec<Box<RawValue>> = serde_json::from_value(push["metrics"].take()).expect("documents");
        store.push(texts.iter().map(AsRef::as_ref).collect());
        Seal::new(Arc::clone(&store.metrics)).step(NOW).expect("it seals");
        let sealed = store.segments.of(collector()).expect("a catalog").remove(0);
        store.segments.image(&sealed).expect("an image").slice().expect("a slice")
    }
}
