//! What agents log of their own work: taken in, kept within bounds, searched.
//!
//! It guarantees: what was accepted is durable and is there once, however often its batch is sent; no collector
//! keeps more than its share for longer than a job takes. It does not know which collectors there are.

mod allowance;
mod entry;
mod read;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use parking_lot::Mutex;

use crate::clock::{Clock, Timestamp};
use crate::crypto::Hash;
use crate::ids::CollectorId;
use crate::limits::{
    FREE_BYTES, LOG_BYTES_KEPT, LOG_ENTRIES_KEPT, LOG_ENTRIES_REMOVED_AT_ONCE, LOG_RETENTION,
};
use crate::storage::{FreeSpace, Poison, Sqlite, StoreError};
use allowance::Allowance;

pub use entry::{Entry, NewEntry};
pub use read::{Counts, Filter, Page, Place};

const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Where the file says to which registry it belongs: 31 bits, in its header.
const REGISTRY: &str = "application_id";

/// What stands there; 0 stands where nothing was said yet.
fn short(registry: Hash) -> i32 {
    let [a, b, c, d, ..] = registry;
    i32::from_le_bytes([a, b, c, d]) | 1
}

#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    #[error("this collector logs more than it may: come again later")]
    TooMany { retry_after: Duration },
    #[error("no space left for logs: {free_bytes} bytes are free, {needed_bytes} stay free")]
    Full { free_bytes: u64, needed_bytes: u64 },
    #[error("cannot read how much space is left: {0}")]
    FreeSpace(io::Error),
    #[error("logs: {0}")]
    Store(#[from] StoreError),
}

/// The logs of all collectors, in one file.
pub struct Logs {
    db: Sqlite,
    clock: Clock,
    free: FreeSpace,
    allowances: Mutex<HashMap<CollectorId, Allowance>>,
}

impl Logs {
    pub fn open(path: &Path, poison: Poison, clock: Clock) -> Result<Self, LogsError> {
        let free = FreeSpace::around(path);
        Self::open_with(path, poison, clock, free)
    }

    fn open_with(path: &Path, poison: Poison, clock: Clock, free: FreeSpace) -> Result<Self, LogsError> {
        let db = Sqlite::open(path, MIGRATIONS, poison)?;
        Ok(Self { db, clock, free, allowances: Mutex::default() })
    }

    /// Whether the log belongs to this registry. One that does not say yet belongs to it from now on.
    pub fn belongs_to(&self, registry: Hash) -> Result<bool, LogsError> {
        let said = self.registry()?;
        let ours = short(registry);
        if said.is_none() {
            self.db.write(|tx| tx.pragma_update(None, REGISTRY, ours).map_err(StoreError::from))?;
        }
        Ok(said.is_none_or(|said| said == ours))
    }

    fn registry(&self) -> Result<Option<i32>, LogsError> {
        let said: i32 = self
            .db
            .read(|tx| tx.pragma_query_value(None, REGISTRY, |row| row.get(0)).map_err(StoreError::from))?;
        Ok(Some(said).filter(|said| *said != 0))
    }

    /// Whether the log says that it belongs to another registry.
    pub fn belongs_to_another(&self, registry: Hash) -> Result<bool, LogsError> {
        Ok(self.registry()?.is_some_and(|said| said != short(registry)))
    }

    /// Keeps entries of one collector. A batch that has a name is kept once. Returns how many were added.
    pub fn append(
        &self,
        collector: CollectorId,
        name: Option<&str>,
        entries: &[NewEntry],
    ) -> Result<usize, LogsError> {
        self.allow(collector, entries.len())?;
        let free_bytes = self.free.bytes().map_err(LogsError::FreeSpace)?;
        if free_bytes < FREE_BYTES {
            return Err(LogsError::Full { free_bytes, needed_bytes: FREE_BYTES });
        }
        let received_at = self.clock.now();
        self.db.write(|tx| {
            let number = rows::number_or_new(tx, collector)?;
            if name.map(|name| rows::note_batch(tx, number, name)).transpose()? == Some(false) {
                return Ok(0);
            }
            let mut bytes = 0;
            for entry in entries {
                rows::insert(tx, number, received_at, entry)?;
                bytes += entry.bytes();
            }
            rows::grow(tx, number, entries.len(), bytes)?;
            Ok(entries.len())
        })
    }

    fn allow(&self, collector: CollectorId, entries: usize) -> Result<(), LogsError> {
        let mut allowances = self.allowances.lock();
        let now = self.clock.steady();
        let allowance = allowances.entry(collector).or_insert_with(|| Allowance::full(now));
        allowance.take(now, entries).map_err(|retry_after| LogsError::TooMany { retry_after })
    }

    /// Removes all that is kept of a collector. Returns how many entries that were.
    pub fn remove(&self, collector: CollectorId) -> Result<usize, LogsError> {
        self.allowances.lock().remove(&collector);
        let mut removed = 0;
        loop {
            let step = self.db.write(|tx| {
                let Some(number) = rows::number(tx, collector)? else { return Ok(0) };
                let oldest = rows::oldest(tx, number, LOG_ENTRIES_REMOVED_AT_ONCE)?;
                rows::remove(tx, number, &oldest)?;
                if oldest.is_empty() {
                    rows::forget(tx, number)?;
                }
                Ok::<_, StoreError>(oldest.len())
            })?;
            removed += step;
            if step == 0 {
                return Ok(removed);
            }
        }
    }

    /// One bounded step: what is older than the retention goes, unless the clock is in doubt, and so does what one
    /// collector has beyond its share. Returns how many entries went.
    pub fn prune(&self, is_clock_sure: bool) -> Result<usize, LogsError> {
        let mut left = LOG_ENTRIES_REMOVED_AT_ONCE;
        if is_clock_sure {
            left -= self.prune_old(self.clock.now().minus(LOG_RETENTION))?;
        }
        for (number, entries, bytes) in
            self.db.read(|tx| rows::too_large(tx, LOG_ENTRIES_KEPT, LOG_BYTES_KEPT))?
        {
            let entries = entries.saturating_sub(LOG_ENTRIES_KEPT);
            let bytes = bytes.saturating_sub(LOG_BYTES_KEPT);
            left -= self.prune_excess(number, entries, bytes, left)?;
        }
        Ok(LOG_ENTRIES_REMOVED_AT_ONCE - left)
    }

    fn prune_old(&self, before: Timestamp) -> Result<usize, LogsError> {
        self.db.write(|tx| {
            let old = rows::received_before(tx, before, LOG_ENTRIES_REMOVED_AT_ONCE)?;
            for (number, removed) in &old {
                rows::remove(tx, *number, removed)?;
            }
            Ok(old.values().map(Vec::len).sum())
        })
    }

    fn prune_excess(
        &self,
        number: i64,
        entries: usize,
        bytes: usize,
        most: usize,
    ) -> Result<usize, LogsError> {
        self.db.write(|tx| {
            let mut bytes_left = bytes;
            let mut gone = 0;
            let oldest = rows::oldest(tx, number, most)?;
            while gone < oldest.len() && (gone < entries || bytes_left > 0) {
                bytes_left = bytes_left.saturating_sub(oldest[gone].bytes);
                gone += 1;
            }
            rows::remove(tx, number, &oldest[..gone])?;
            Ok(gone)
        })
    }

    /// Reads everything back. Returns how many entries there are, or what is wrong.
    pub fn verify(&self) -> Result<Result<u64, String>, LogsError> {
        if let Some(damage) = self.db.integrity()? {
            return Ok(Err(damage));
        }
        self.db.read(|tx| Ok(rows::verify(tx)?))
    }
}
