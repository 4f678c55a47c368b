//! Folding: the batches of an hour that is over become one image of columns, a bounded step at a time.
//!
//! It guarantees: an image replaces the batches in the transaction that stores it, after it was read back and found
//! equal. What comes late for a folded hour waits as batches and is folded with the image later.

use std::sync::Arc;

use redb::{ReadTransaction, WriteTransaction};

use super::Metrics;
use super::dictionary::{self, Dictionaries};
use super::gather;
use super::hot::{self, Hour};
use super::slices::oldest;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Effort, Image, Slice, WriteError, write};

/// An hour of a collector, and what it had when it was looked at.
pub(super) type Found = (CollectorId, Timestamp, Hour);

/// The job that folds hours.
pub struct Folding {
    metrics: Arc<Metrics>,
    /// Where the next step goes on.
    next: Vec<u8>,
}

impl Folding {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, next: Vec::new() }
    }
}

impl Job for Folding {
    fn name(&self) -> &'static str {
        "metrics-fold"
    }

    fn about(&self) -> &'static str {
        "turns the metrics of hours that are over into columns"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let mut folded = 0;
        for _ in 0..limits::FOLD_STEP {
            let is_one = self.metrics.fold_next(now, &mut self.next).map_err(|error| error.to_string())?;
            if !is_one {
                break;
            }
            folded += 1;
        }
        Ok(format!("folded {folded} hours"))
    }
}

#[derive(Debug, thiserror::Error)]
enum FoldError {
    #[error(transparent)]
    Store(#[from] RedbError),
    #[error("cannot fold an hour: {0}")]
    Write(#[from] WriteError),
    #[error("the image of an hour does not read back equal")]
    Differs,
}

impl From<redb::TableError> for FoldError {
    fn from(error: redb::TableError) -> Self {
        Self::Store(error.into())
    }
}

impl Metrics {
    /// Folds the next hour that is over, and says whether there was one.
    fn fold_next(&self, now: Timestamp, next: &mut Vec<u8>) -> Result<bool, FoldError> {
        let over = now.minus(limits::FOLD_GRACE);
        let found = self.hot.file.read(|tx| next_hour(tx, over, next))?;
        let Some((collector, hour, counts)) = found else {
            next.clear();
            return Ok(false);
        };
        // one that can't be folded does not keep the others from it
        *next = hot::hour_key(collector, hot::behind(hour)).to_vec();
        self.fold((collector, hour, counts))?;
        Ok(true)
    }

    fn fold(&self, found: Found) -> Result<(), FoldError> {
        let slice = self.hot.file.read(|tx| gather::slice(tx, found))?;
        let mut image = Vec::new();
        write(&slice, Effort::Fast, &mut image)?;
        let read_back = Image::open(image.as_slice()).and_then(|image| image.slice());
        if !read_back.is_ok_and(|read_back| read_back == slice) {
            return Err(FoldError::Differs);
        }
        let documents = rows(&slice);
        self.hot.file.write(|tx| put(tx, &self.hot.dictionaries, found, &image, documents))?;
        Ok(())
    }
}

fn rows(slice: &Slice) -> u64 {
    slice.tables.iter().map(|table| table.rows.len() as u64).sum()
}

/// The next hour that is over and has batches, and not more of them than can be folded at once.
fn next_hour(tx: &ReadTransaction, over: Timestamp, next: &[u8]) -> Result<Option<Found>, RedbError> {
    for row in tx.open_table(hot::HOURS)?.range(next..)? {
        let (key, sealed) = row?;
        let counts = Hour::open(key.value(), sealed.value())?;
        let hour = hot::hour_in(key.value()).ok_or_else(|| damaged("hour", key.value()))?;
        let is_small = counts.documents + counts.folded <= limits::FOLD_DOCUMENTS;
        if counts.batches > 0 && is_small && hot::behind(hour) <= over {
            let collector = key.value().first_chunk::<16>().ok_or_else(|| damaged("hour", key.value()))?;
            return Ok(Some((CollectorId::from(uuid::Uuid::from_bytes(*collector)), hour, counts)));
        }
    }
    Ok(None)
}

/// Puts the image in the place of the batches, unless something came meanwhile.
fn put(
    tx: &WriteTransaction,
    known: &Dictionaries,
    (collector, hour, counts): Found,
    image: &[u8],
    documents: u64,
) -> Result<(), RedbError> {
    let key = hot::hour_key(collector, hour);
    let mut hours = tx.open_table(hot::HOURS)?;
    if hot::get(&hours, &key, Hour::open)? != Some(counts) {
        return Ok(());
    }
    hot::remove_all(&mut tx.open_table(hot::BATCHES)?, &key)?;
    let mut images = tx.open_table(hot::IMAGES)?;
    hot::remove_all(&mut images, &key)?;
    let chunks = hot::put_chunks(&mut images, &key, image)?;
    let folded = Hour { batches: 0, documents: 0, chunks, folded: documents };
    hot::put(&mut hours, &key, &folded.bytes())?;
    dictionary::shorten(tx, known, collector, || oldest(tx, collector))
}
