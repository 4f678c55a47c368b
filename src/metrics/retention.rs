//! Removing what is older than the retention, a bounded step at a time.
//!
//! It guarantees: a clock that jumps ahead by more than a day removes nothing; removal goes on when the jump was
//! confirmed, or when the clock has gone steadily for a day since.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::Metrics;
use super::dictionary::Naming;
use super::feed;
use super::hot::{self, Hour, PushRecord};
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
        self.hot.file.read(|tx| hot::collectors_in(&tx.open_table(table)?))
    }

    /// Removes the hours that ended before a moment, and says how many documents were in them.
    fn remove_documents(&self, before: Timestamp) -> Result<u64, RedbError> {
        let mut removed = 0;
        for collector in self.collectors_in(hot::HOURS)? {
            let keys = before_hour(collector, before);
            while !self.hot.file.read(|tx| is_empty(&tx.open_table(hot::HOURS)?, &keys))? {
                removed +=
                    self.hot.file.write(|tx| remove_hour(tx, &self.hot.dictionaries, collector, &keys))?;
                if removed >= limits::PRUNE_STEP as u64 {
                    return Ok(removed);
                }
            }
        }
        Ok(removed)
    }

    fn remove_contents(&self, before: Timestamp) -> Result<usize, RedbError> {
        let mut removed = 0;
        for collector in self.collectors_in(hot::CONTENTS)? {
            let first = hot::of_collector(collector).to_vec();
            let keys = first..hot::hour_key(collector, hot::minute_of(before)).to_vec();
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
    pub fn discard(&self, collector: CollectorId) -> Result<u64, RedbError> {
        let first = hot::of_collector(collector).to_vec();
        let Some(end) = hot::first_behind(&first) else { return Ok(0) };
        let keys = first..end;
        let mut documents = 0;
        // hour by hour, so that a collector that is half gone is whole for its readers
        while !self.hot.file.read(|tx| is_empty(&tx.open_table(hot::HOURS)?, &keys))? {
            documents +=
                self.hot.file.write(|tx| remove_hour(tx, &self.hot.dictionaries, collector, &keys))?;
        }
        for table in [hot::CONTENTS, hot::PUSHES, hot::DICTIONARY, hot::DICTIONARIES, hot::COUNTERS] {
            loop {
                let remove = |tx: &WriteTransaction| {
                    self.hot.dictionaries.forget();
                    remove_range(tx, table, &keys, limits::PRUNE_STEP)
                };
                if self.hot.file.write(remove)? < limits::PRUNE_STEP {
                    break;
                }
            }
        }
        self.hot.file.write(|tx| feed::note_discarded(tx, collector))?;
        self.senders.forget(collector);
        self.hot.counters.lock().remove(&collector);
        Ok(documents)
    }
}

/// The keys of the hours of a collector that ended before a moment.
fn before_hour(collector: CollectorId, before: Timestamp) -> Range<Vec<u8>> {
    hot::of_collector(collector).to_vec()..hot::hour_key(collector, hot::hour_of(before)).to_vec()
}

/// Removes the first hour among some, and says how many documents were in it.
fn remove_hour(
    tx: &WriteTransaction,
    known: &super::dictionary::Dictionaries,
    collector: CollectorId,
    keys: &Range<Vec<u8>>,
) -> Result<u64, RedbError> {
    let mut hours = tx.open_table(hot::HOURS)?;
    let Some((key, counts)) = first_hour(&hours, keys)? else { return Ok(0) };
    for table in [hot::BATCHES, hot::IMAGES] {
        hot::remove_all(&mut tx.open_table(table)?, &key)?;
    }
    hours.remove(key.as_slice())?;
    drop(hours);
    Naming::open(tx, known)?.shorten(collector, || oldest(tx, collector))?;
    Ok(counts.documents + counts.folded)
}

fn first_hour(
    hours: &impl ReadableTable<&'static [u8], &'static [u8]>,
    keys: &Range<Vec<u8>>,
) -> Result<Option<(Vec<u8>, Hour)>, RedbError> {
    let first = hours.range(keys.start.as_slice()..keys.end.as_slice())?.next();
    let Some((key, sealed)) = first.transpose()? else { return Ok(None) };
    Ok(Some((key.value().to_vec(), Hour::open(key.value(), sealed.value())?)))
}

/// The first sequence number of the batches that a collector has.
pub(super) fn oldest(tx: &WriteTransaction, collector: CollectorId) -> Result<Option<u64>, RedbError> {
    let prefix = hot::of_collector(collector);
    let mut oldest = None;
    for row in tx.open_table(hot::BATCHES)?.range(prefix.as_slice()..)? {
        let (key, _) = row?;
        let Some(rest) = key.value().strip_prefix(prefix.as_slice()) else { break };
        let seq = rest.get(8..).and_then(|rest| rest.first_chunk::<8>());
        let seq = u64::from_be_bytes(*seq.ok_or_else(|| damaged("batch", key.value()))?);
        oldest = Some(oldest.map_or(seq, |oldest: u64| oldest.min(seq)));
    }
    Ok(oldest)
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
