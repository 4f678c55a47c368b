//! Removing what is older than the retention, a bounded step at a time.
//!
//! It guarantees: a clock that jumps ahead by more than a day removes nothing; removal goes on when the jump was
//! confirmed, or when the clock has gone steadily for a day since.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::hot::{self, Place, PushRecord, StoredDocument};
use super::index::{self, Index, first_behind};
use super::shape::ShapeHash;
use super::{Metrics, kinds};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// In `META`: when the retention last looked at the clock.
const LAST_LOOK: &[u8] = b"retention_last_look";
/// In `META`: when the clock was found to have jumped.
const JUMPED_AT: &[u8] = b"retention_jumped_at";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The job that removes expired metrics.
pub struct Retention {
    metrics: Arc<Metrics>,
    /// The push record behind which the next step goes on.
    next_push: Vec<u8>,
}

impl Retention {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, next_push: Vec::new() }
    }
}

impl Job for Retention {
    fn name(&self) -> &'static str {
        "metrics-retention"
    }

    fn about(&self) -> &'static str {
        "removes metrics that are older than the retention"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let Self { metrics, next_push } = self;
        let mut step = || -> Result<String, RedbError> {
            if let Some(jumped_at) = metrics.look_at_clock(now)? {
                return Ok(format!("removes nothing: the clock jumped ahead to {jumped_at}"));
            }
            let before = now.minus(metrics.retention);
            let documents = metrics.remove_documents(before)?;
            let contents = metrics.remove_contents(before)?;
            let pushes = metrics.remove_pushes(before, next_push)?;
            Ok(format!("removed {documents} documents and {} dedup entries", contents + pushes))
        };
        step().map_err(|error| error.to_string())
    }
}

impl Metrics {
    /// Lets the retention go on after the clock jumped ahead and is right.
    pub fn confirm_clock(&self) -> Result<(), RedbError> {
        self.hot.file.write(|tx| {
            tx.open_table(hot::META)?.remove(JUMPED_AT)?;
            Ok(())
        })
    }

    /// Whether the clock jumped ahead and nobody has confirmed it: other retentions wait as well.
    pub fn doubts_clock(&self, now: Timestamp) -> Result<bool, RedbError> {
        self.hot.file.read(|tx| {
            let meta = tx.open_table(hot::META)?;
            let last_look = hot::get(&meta, LAST_LOOK, open_moment)?;
            let jumped_at = hot::get(&meta, JUMPED_AT, open_moment)?;
            Ok(jumped_at.is_some() || last_look.is_none_or(|last_look| now.since(last_look) > DAY))
        })
    }

    /// Notes the time. When the clock has jumped ahead and nobody has confirmed it, says to when.
    fn look_at_clock(&self, now: Timestamp) -> Result<Option<Timestamp>, RedbError> {
        self.hot.file.write(|tx| {
            let mut meta = tx.open_table(hot::META)?;
            let last_look = hot::get(&meta, LAST_LOOK, open_moment)?;
            let mut jumped_at = hot::get(&meta, JUMPED_AT, open_moment)?;
            if last_look.is_some_and(|last_look| now.since(last_look) > DAY) {
                tracing::warn!(%now, "the clock jumped ahead by more than a day; the retention waits");
                jumped_at = Some(now);
                hot::put(&mut meta, JUMPED_AT, &now.as_millis().to_le_bytes())?;
            } else if jumped_at.is_some_and(|jumped_at| now < jumped_at || now.since(jumped_at) > DAY) {
                jumped_at = None;
                meta.remove(JUMPED_AT)?;
            }
            hot::put(&mut meta, LAST_LOOK, &now.as_millis().to_le_bytes())?;
            Ok(jumped_at)
        })
    }

    /// The collectors that have rows in a table.
    fn collectors_in(&self, table: hot::Definition) -> Result<Vec<CollectorId>, RedbError> {
        self.hot.file.read(|tx| index::collectors_in(tx, table))
    }

    /// Removes documents from before a moment, and the shapes that nothing has any more.
    fn remove_documents(&self, before: Timestamp) -> Result<usize, RedbError> {
        let mut removed = 0;
        for collector in self.collectors_in(hot::KINDS)? {
            let kinds = self.hot.file.read(|tx| kinds(tx, collector))?;
            for kind in kinds {
                removed += self.remove_kind(collector, &kind, before, limits::PRUNE_STEP - removed)?;
                if removed >= limits::PRUNE_STEP {
                    return Ok(removed);
                }
            }
        }
        Ok(removed)
    }

    fn remove_kind(
        &self,
        collector: CollectorId,
        kind: &str,
        before: Timestamp,
        most: usize,
    ) -> Result<usize, RedbError> {
        let of_kind = hot::of_kind(collector, kind);
        let end = Place { timestamp: before, seq: 0 };
        let keys = hot::document_key(&of_kind, Place::FIRST)..hot::document_key(&of_kind, end);
        if self.hot.file.read(|tx| is_empty(&tx.open_table(hot::DOCUMENTS)?, &keys))? {
            return Ok(0);
        }
        self.hot.file.write(|tx| {
            let mut index = Index::open(tx)?;
            let mut removed = 0;
            for hour in index.hours_before(&of_kind, before, limits::PRUNE_HOURS)? {
                let begin = Place { timestamp: hour, seq: 0 };
                let end = hot::behind_hour(hour).min(end);
                let keys = hot::document_key(&of_kind, begin)..hot::document_key(&of_kind, end);
                let gone = remove_documents(tx, collector, &keys, most - removed)?;
                for (shape, count) in gone {
                    index.remove_documents(&of_kind, hour, shape, count as u64)?;
                    removed += count;
                }
            }
            if is_empty(&tx.open_table(hot::DOCUMENTS)?, &keys)? {
                let mut shapes = tx.open_table(hot::SHAPES)?;
                for shape in index.shorten(collector, &of_kind, before)? {
                    shapes.remove(hot::shape_key(collector, shape).as_slice())?;
                }
                self.hot.known.forget();
            }
            Ok(removed)
        })
    }

    fn remove_contents(&self, before: Timestamp) -> Result<usize, RedbError> {
        let mut removed = 0;
        for collector in self.collectors_in(hot::CONTENTS)? {
            let first = hot::content_key(collector, Place::FIRST.timestamp, [0; 16]);
            let keys = first..hot::content_key(collector, before, [0; 16]);
            if self.hot.file.read(|tx| is_empty(&tx.open_table(hot::CONTENTS)?, &keys))? {
                continue;
            }
            let most = limits::PRUNE_STEP - removed;
            removed += self.hot.file.write(|tx| remove_range(tx, hot::CONTENTS, &keys, most))?;
            if removed >= limits::PRUNE_STEP {
                break;
            }
        }
        Ok(removed)
    }

    /// Looks at a step of the push records and removes the old ones among them.
    fn remove_pushes(&self, before: Timestamp, next: &mut Vec<u8>) -> Result<usize, RedbError> {
        let (old, behind) = self.hot.file.read(|tx| old_pushes(tx, before, next))?;
        *next = behind;
        if old.is_empty() {
            return Ok(0);
        }
        self.hot.file.write(|tx| {
            let mut pushes = tx.open_table(hot::PUSHES)?;
            for key in &old {
                pushes.remove(key.as_slice())?;
            }
            Ok(old.len())
        })
    }

    /// Removes everything of one collector, in steps, and says how many documents there were.
    pub fn discard(&self, collector: CollectorId) -> Result<usize, RedbError> {
        let first = hot::of_collector(collector).to_vec();
        let Some(end) = first_behind(&first) else { return Ok(0) };
        let keys = first..end;
        let mut documents = 0;
        // the documents last, so that a collector that is half gone is still found
        for table in [hot::CONTENTS, hot::PUSHES, hot::NUMBERS, hot::DOCUMENTS] {
            loop {
                let removed = self.hot.file.write(|tx| remove_range(tx, table, &keys, limits::PRUNE_STEP))?;
                documents += if redb::TableHandle::name(&table) == "documents" { removed } else { 0 };
                if removed < limits::PRUNE_STEP {
                    break;
                }
            }
        }
        self.hot.file.write(|tx| {
            for table in [hot::HOURS, hot::SPANS, hot::SHAPES, hot::KINDS, hot::COUNTERS] {
                remove_range(tx, table, &keys, usize::MAX)?;
            }
            self.hot.known.forget();
            Ok(())
        })?;
        self.hot.counters.lock().remove(&collector);
        Ok(documents)
    }
}

fn open_moment(key: &[u8], sealed: &[u8]) -> Result<Timestamp, RedbError> {
    hot::words("moment", key, sealed).map(|[moment]| Timestamp::from_millis(moment.cast_signed()))
}

/// The keys of the old ones among the next push records, and where to go on.
fn old_pushes(
    tx: &ReadTransaction,
    before: Timestamp,
    next: &[u8],
) -> Result<(Vec<Vec<u8>>, Vec<u8>), RedbError> {
    let mut old = Vec::new();
    for (looked_at, row) in tx.open_table(hot::PUSHES)?.range(next..)?.enumerate() {
        let (key, sealed) = row?;
        if looked_at == limits::PRUNE_STEP {
            return Ok((old, key.value().to_vec()));
        }
        if PushRecord::open(key.value(), sealed.value())?.received_at < before {
            old.push(key.value().to_vec());
        }
    }
    Ok((old, Vec::new()))
}

fn is_empty(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    keys: &Range<Vec<u8>>,
) -> Result<bool, RedbError> {
    Ok(table.range(keys.start.as_slice()..keys.end.as_slice())?.next().is_none())
}

/// Removes at most so many documents with their numbers, and says how many of each shape.
fn remove_documents(
    tx: &WriteTransaction,
    collector: CollectorId,
    keys: &Range<Vec<u8>>,
    most: usize,
) -> Result<HashMap<ShapeHash, usize>, RedbError> {
    let (mut documents, mut numbers) = (tx.open_table(hot::DOCUMENTS)?, tx.open_table(hot::NUMBERS)?);
    let mut found = Vec::new();
    for row in documents.range(keys.start.as_slice()..keys.end.as_slice())?.take(most) {
        let (key, sealed) = row?;
        let place = Place::of(key.value()).ok_or_else(|| damaged("document", key.value()))?;
        found.push((key.value().to_vec(), place, StoredDocument::open(key.value(), sealed.value())?.shape));
    }
    let mut gone = HashMap::new();
    for (key, place, shape) in found {
        documents.remove(key.as_slice())?;
        numbers.remove(hot::numbers_key(collector, shape, place).as_slice())?;
        *gone.entry(shape).or_default() += 1;
    }
    Ok(gone)
}

/// Removes at most so many rows and says how many.
fn remove_range(
    tx: &WriteTransaction,
    table: hot::Definition,
    keys: &Range<Vec<u8>>,
    most: usize,
) -> Result<usize, RedbError> {
    let mut rows = tx.open_table(table)?;
    let mut found = Vec::new();
    for row in rows.range(keys.start.as_slice()..keys.end.as_slice())?.take(most) {
        found.push(row?.0.value().to_vec());
    }
    for key in &found {
        rows.remove(key.as_slice())?;
    }
    Ok(found.len())
}
