//! Hours of the hot store as slices, and their removal once a slice is kept elsewhere.
//!
//! It guarantees: a slice has every document of its hours, or it is an error; an hour is removed only when it is still
//! the one that was read.

use redb::{ReadableTable, WriteTransaction};

use super::hot::{self, Hour};
use super::hours::Hours;
use super::layouts::Layouts;
use super::{Hot, Metrics, dictionary, gather};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Slice, Table, merge};

/// Hours of one collector as they were read.
pub(super) struct ReadHours {
    pub(super) slice: Slice,
    pub(super) hours: Vec<(Timestamp, Hour)>,
}

impl Metrics {
    /// The collectors that have something in the hot store, in the order of their ids.
    pub(super) fn hot_collectors(&self) -> Result<Vec<CollectorId>, RedbError> {
        self.hot.file.read(|tx| hot::collectors_in(&tx.open_table(hot::HOURS)?))
    }

    /// The first hour that a collector has in the hot store.
    pub(super) fn first_hour(&self, collector: CollectorId) -> Result<Option<Timestamp>, RedbError> {
        self.hot.file.read(|tx| Ok(Hours::all(tx, collector)?.next()?.map(|(hour, _)| hour)))
    }

    /// Reads the hours that begin between two moments, up to the one with which there are `most` samples.
    pub(super) fn read_hours(
        &self,
        collector: CollectorId,
        (from, before): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<ReadHours, RedbError> {
        self.hot.file.read(|tx| {
            let (mut slices, mut read, mut samples) = (Vec::new(), Vec::new(), 0);
            let mut layouts = Layouts::new(tx, collector)?;
            let mut hours = Hours::new(tx, collector, from, Timestamp::from_millis(before.as_millis() - 1))?;
            while let Some((hour, counts)) = hours.next()? {
                let slice = gather::slice(tx, (collector, hour, counts), &mut layouts)?;
                samples += slice.tables.iter().map(Table::samples).sum::<usize>();
                slices.push(slice);
                read.push((hour, counts));
                if samples >= most {
                    break;
                }
            }
            Ok::<_, RedbError>(ReadHours { slice: merge(slices), hours: read })
        })
    }

    /// Removes hours, but for those to which something was added since they were read: says how many went.
    pub(super) fn remove_hours(
        &self,
        collector: CollectorId,
        hours: &[(Timestamp, Hour)],
    ) -> Result<usize, RedbError> {
        self.hot.file.write(|tx| remove_hours(tx, &self.hot, collector, hours))
    }
}

fn remove_hours(
    tx: &WriteTransaction,
    store: &Hot,
    collector: CollectorId,
    hours: &[(Timestamp, Hour)],
) -> Result<usize, RedbError> {
    let mut removed = 0;
    for (hour, counts) in hours {
        let key = hot::hour_key(collector, *hour);
        let mut rows = tx.open_table(hot::HOURS)?;
        if hot::get(&rows, &key, Hour::open)? != Some(*counts) {
            continue;
        }
        rows.remove(key.as_slice())?;
        for table in [hot::BATCHES, hot::IMAGES] {
            hot::remove_all(&mut tx.open_table(table)?, &key)?;
        }
        removed += 1;
    }
    dictionary::shorten(tx, &store.dictionaries, collector, || oldest(tx, collector))?;
    Ok(removed)
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
