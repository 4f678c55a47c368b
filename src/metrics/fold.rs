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
use super::layouts::Layouts;
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
        let folded = self.metrics.rounds(|| self.metrics.fold_next(now, &mut self.next));
        let folded = folded.map_err(|error| error.to_string())?;
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

/// What becomes of an hour.
struct Folded {
    found: Found,
    image: Vec<u8>,
    documents: u64,
}

impl Metrics {
    /// Folds the next hours that are over, and says how many there were.
    fn fold_next(&self, now: Timestamp, next: &mut Vec<u8>) -> Result<usize, FoldError> {
        let over = now.minus(limits::FOLD_GRACE);
        let from = std::mem::take(next);
        let mut found = self.hot.file.read(|tx| next_hours(tx, over, &from))?;
        if found.is_empty() && !from.is_empty() {
            found = self.hot.file.read(|tx| next_hours(tx, over, &[]))?;
        }
        if let Some((collector, hour, _)) = found.last() {
            *next = hot::hour_key(*collector, hot::behind(*hour)).to_vec();
        }
        self.fold(&found)?;
        Ok(found.len())
    }

    /// Folds hours in one transaction. One that can't be folded does not keep the others from it.
    fn fold(&self, hours: &[Found]) -> Result<(), FoldError> {
        let (mut folded, mut failed) = (Vec::new(), Ok(()));
        for of_collector in hours.chunk_by(|one, next| one.0 == next.0) {
            self.hot.file.read(|tx| {
                let mut layouts = Layouts::new(tx, of_collector[0].0)?;
                for hour in of_collector {
                    match image(tx, *hour, &mut layouts) {
                        Ok(one) => folded.push(one),
                        Err(error) => failed = Err(error),
                    }
                }
                Ok::<_, FoldError>(())
            })?;
        }
        if !folded.is_empty() {
            let put = |tx: &WriteTransaction| {
                folded.iter().try_for_each(|one| put(tx, &self.hot.dictionaries, one))
            };
            self.hot.file.write(put)?;
        }
        failed
    }
}

/// Makes the image of an hour, and reads it back.
fn image(tx: &ReadTransaction, found: Found, layouts: &mut Layouts) -> Result<Folded, FoldError> {
    let slice = gather::slice(tx, found, layouts)?;
    let mut image = Vec::new();
    write(&slice, Effort::Fast, &mut image)?;
    let is_it = Image::open(image.as_slice()).and_then(|image| image.is_slice(&slice));
    if !is_it.unwrap_or(false) {
        return Err(FoldError::Differs);
    }
    Ok(Folded { found, image, documents: rows(&slice) })
}

fn rows(slice: &Slice) -> u64 {
    slice.tables.iter().map(|table| table.rows.len() as u64).sum()
}

/// The next hours that are over and have batches, and not more of them than can be folded at once.
fn next_hours(tx: &ReadTransaction, over: Timestamp, next: &[u8]) -> Result<Vec<Found>, RedbError> {
    let mut found = Vec::new();
    for row in tx.open_table(hot::HOURS)?.range(next..)? {
        let (key, sealed) = row?;
        let counts = Hour::open(key.value(), sealed.value())?;
        let hour = hot::hour_in(key.value()).ok_or_else(|| damaged("hour", key.value()))?;
        let is_small = counts.documents + counts.folded <= limits::FOLD_DOCUMENTS;
        if counts.batches > 0 && is_small && hot::behind(hour) <= over {
            let collector = key.value().first_chunk::<16>().ok_or_else(|| damaged("hour", key.value()))?;
            found.push((CollectorId::from(uuid::Uuid::from_bytes(*collector)), hour, counts));
        }
        if found.len() == limits::FOLD_STEP {
            break;
        }
    }
    Ok(found)
}

/// Puts the image in the place of the batches, unless something came meanwhile.
fn put(tx: &WriteTransaction, known: &Dictionaries, folded: &Folded) -> Result<(), RedbError> {
    let Folded { found: (collector, hour, counts), image, documents } = folded;
    let key = hot::hour_key(*collector, *hour);
    let mut hours = tx.open_table(hot::HOURS)?;
    if hot::get(&hours, &key, Hour::open)? != Some(*counts) {
        return Ok(());
    }
    hot::remove_all(&mut tx.open_table(hot::BATCHES)?, &key)?;
    let mut images = tx.open_table(hot::IMAGES)?;
    hot::remove_all(&mut images, &key)?;
    let chunks = hot::put_chunks(&mut images, &key, image)?;
    let folded = Hour { batches: 0, documents: 0, chunks, folded: *documents };
    hot::put(&mut hours, &key, &folded.bytes())?;
    dictionary::shorten(tx, known, *collector, || oldest(tx, *collector))
}
