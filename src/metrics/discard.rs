//! Removing all metrics of one collector.
//!
//! It guarantees: who reads meanwhile sees whole hours; what is being sealed of them does not come back.

use std::ops::Range;

use redb::{ReadableTable, WriteTransaction};

use super::dictionary;
use super::feed;
use super::hot::{self, Hour};
use super::slices::oldest;
use super::{Metrics, SealError};
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;

impl Metrics {
    /// Removes everything of one collector, and says how many documents there were.
    pub fn discard(&self, collector: CollectorId) -> Result<u64, SealError> {
        let discarded = self.discard_of(collector);
        // also where only a part of it went
        self.note_removal();
        discarded
    }

    fn discard_of(&self, collector: CollectorId) -> Result<u64, SealError> {
        // what was read of the hot store before it went is listed by now, or does not become a segment any more
        let hot = self.discard_hot(collector)?;
        let sealed = self.segments.discard(collector)?;
        self.hot.file.write(|tx| feed::note_discarded(tx, collector))?;
        Ok(hot + sealed)
    }

    fn discard_hot(&self, collector: CollectorId) -> Result<u64, RedbError> {
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
                    remove_range(tx, table, &keys, limits::DISCARD_STEP)
                };
                if self.hot.file.write(remove)? < limits::DISCARD_STEP {
                    break;
                }
            }
        }
        self.senders.forget(collector);
        self.hot.counters.lock().remove(&collector);
        Ok(documents)
    }
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
    dictionary::shorten(tx, known, collector, || oldest(tx, collector))?;
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
