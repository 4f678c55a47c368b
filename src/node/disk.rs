//! What the stores take of the disk, and how long it lasts at the present rate.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, params};

use super::{Node, NodeError};
use crate::archive::{Found, Segments, Totals};
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::limits;
use crate::storage::data_dir::Layout;
use crate::storage::{Sqlite, StoreError};

/// Sizes in bytes.
#[derive(Clone, Debug)]
pub struct StorageReport {
    pub data_dir: PathBuf,
    pub registry_bytes: u64,
    pub logs_bytes: u64,
    pub hot_bytes: u64,
    pub segments: Totals,
    /// What did not belong together when the segments were opened.
    pub segments_found: Found,
    pub disk_total_bytes: u64,
    pub disk_free_bytes: u64,
    /// Absent before enough was seen.
    pub forecast: Option<Forecast>,
}

/// How it goes on when it goes on as in the last days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    pub bytes_per_day: i64,
    /// Absent when nothing grows.
    pub days_left: Option<u64>,
}

/// Where the stores lie.
#[derive(Clone)]
pub struct Sizes {
    layout: Layout,
    segments: Arc<Segments>,
}

/// All that is measured at once.
struct Measured {
    registry: u64,
    logs: u64,
    hot: u64,
    segments: Totals,
    total: u64,
    free: u64,
}

impl Measured {
    fn bytes(&self) -> u64 {
        self.registry + self.logs + self.hot + self.segments.bytes
    }
}

impl Sizes {
    pub(super) fn of(layout: &Layout, segments: &Arc<Segments>) -> Self {
        Self { layout: layout.clone(), segments: Arc::clone(segments) }
    }

    fn measure(&self) -> Result<Measured, NodeError> {
        let root = self.layout.root();
        let failed = |source: io::Error| NodeError::Size { path: root.to_owned(), source };
        let disk = nix::sys::statvfs::statvfs(root).map_err(|errno| failed(errno.into()))?;
        let log = size_of(&self.layout.registry_log()).unwrap_or(0);
        Ok(Measured {
            registry: size_of(&self.layout.registry()).map_err(failed)? + log,
            logs: size_of(&self.layout.logs()).map_err(failed)?,
            hot: size_of(&self.layout.hot()).map_err(failed)?,
            segments: self.segments.totals()?,
            total: disk.blocks() * disk.fragment_size(),
            free: disk.blocks_available() * disk.fragment_size(),
        })
    }
}

fn size_of(path: &Path) -> io::Result<u64> {
    Ok(path.metadata()?.len())
}

impl Node {
    pub fn storage_report(&self) -> Result<StorageReport, NodeError> {
        let sizes = Sizes::of(&self.data_dir.layout, &self.segments);
        let measured = sizes.measure()?;
        Ok(StorageReport {
            data_dir: self.data_dir.layout.root().to_owned(),
            registry_bytes: measured.registry,
            logs_bytes: measured.logs,
            hot_bytes: measured.hot,
            segments: measured.segments,
            segments_found: self.segments.found().clone(),
            disk_total_bytes: measured.total,
            disk_free_bytes: measured.free,
            forecast: self.db.read(|tx| forecast(tx, measured.free))?,
        })
    }
}

/// The job that notes, hour by hour, how much the stores take, and says so when the disk is short.
pub(super) struct DiskWatch {
    pub(super) db: Arc<Sqlite>,
    pub(super) sizes: Sizes,
}

impl DiskWatch {
    fn watch(&self, now: Timestamp) -> Result<Option<Forecast>, NodeError> {
        let Measured { free, .. } = self.sizes.measure()?;
        let is_due = |last: Option<Timestamp>| last.is_none_or(|last| now.since(last) >= limits::DISK_PERIOD);
        if !is_due(self.db.read(last_noted)?) {
            return Ok(self.db.read(|tx| forecast(tx, free))?);
        }
        let bytes = self.sizes.measure()?.bytes();
        let forecast = self.db.write(|tx| {
            note(tx, now, bytes)?;
            forecast(tx, free)
        })?;
        if let Some(days) = forecast.and_then(|forecast| forecast.days_left)
            && days < limits::DISK_SHORT_DAYS
        {
            tracing::warn!(days, free, "at the present rate the disk is full in a few days");
        }
        Ok(forecast)
    }
}

impl Job for DiskWatch {
    fn name(&self) -> &'static str {
        "disk-watch"
    }

    fn about(&self) -> &'static str {
        "notes how much the stores grow, and how long the disk lasts"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let forecast = self.watch(now).map_err(|error| error.to_string())?;
        Ok(match forecast {
            None => "not enough was seen for a forecast".to_owned(),
            Some(Forecast { days_left: None, .. }) => "the stores do not grow".to_owned(),
            Some(Forecast { days_left: Some(days), .. }) => format!("the disk lasts for {days} days"),
        })
    }
}

fn last_noted(tx: &Transaction<'_>) -> Result<Option<Timestamp>, StoreError> {
    Ok(tx.query_row("SELECT max(at) FROM disk_usage", [], |row| row.get(0))?)
}

fn note(tx: &Transaction<'_>, now: Timestamp, bytes: u64) -> Result<(), StoreError> {
    tx.execute("INSERT OR REPLACE INTO disk_usage(at, bytes) VALUES (?, ?)", params![now, bytes])?;
    tx.execute("DELETE FROM disk_usage WHERE at < ?", params![now.minus(limits::DISK_SEEN)])?;
    Ok(())
}

/// From the first and the last figure, when they lie far enough apart.
fn forecast(tx: &Transaction<'_>, free: u64) -> Result<Option<Forecast>, StoreError> {
    let at_end = |order: &str| {
        let sql = format!("SELECT at, bytes FROM disk_usage ORDER BY at {order} LIMIT 1");
        let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Timestamp>(0)?, row.get::<_, i64>(1)?));
        tx.query_row(&sql, [], row).optional()
    };
    let Some(((first, before), (last, after))) = at_end("ASC")?.zip(at_end("DESC")?) else { return Ok(None) };
    let seen = last.since(first);
    if seen < limits::DISK_LEAST_SEEN {
        return Ok(None);
    }
    let day = i128::from(24 * 60 * 60);
    let per_day = i128::from(after - before) * day / i128::from(seen.as_secs().max(1));
    let bytes_per_day = i64::try_from(per_day).unwrap_or(i64::MAX);
    let room = free.saturating_sub(limits::FREE_BYTES);
    let days_left = u64::try_from(bytes_per_day).ok().and_then(|rate| room.checked_div(rate));
    Ok(Some(Forecast { bytes_per_day, days_left }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::audit::MIGRATIONS;
    use crate::storage::Poison;

    #[test]
    fn the_disk_lasts_as_long_as_what_grows_leaves_room() {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("db"), MIGRATIONS, Poison::default()).unwrap();
        let at =
            |hours: u64| Timestamp::from_millis(1_795_186_800_000).plus(Duration::from_secs(hours * 3600));
        let room = limits::FREE_BYTES + 1_000_000;
        let noted = |hours, bytes| {
            let noted = |tx: &Transaction<'_>| {
                note(tx, at(hours), bytes)?;
                forecast(tx, room)
            };
            db.write(noted).unwrap()
        };
        assert_eq!(noted(0, 500), None);
        assert_eq!(noted(1, 999), None);
        let day = noted(24, 100_500).unwrap();
        assert_eq!(day, Forecast { bytes_per_day: 100_000, days_left: Some(10) });
        // what is older than a week does not count any more
        let still = noted(24 * 9, 100_500).unwrap_or(Forecast { bytes_per_day: 0, days_left: None });
        assert_eq!(still.days_left, None);
        assert_eq!(noted(24 * 10, 500).unwrap(), Forecast { bytes_per_day: -100_000, days_left: None });
    }
}
