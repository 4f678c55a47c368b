//! How far registry and metrics had come, each noted in the other: an older copy of one of them is known by it.
//!
//! It guarantees: what is noted in one file is durable in the other before, so that no crash and no power cut is taken
//! for an older copy. What a file gained since the last note is not missed. A copy of the whole directory is as it was.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Transaction, params};

use super::NodeError;
use super::open::OpenError;
use crate::audit::{AuditLog, Head};
use crate::clock::{Clock, Timestamp};
use crate::jobs::Job;
use crate::metrics::{self, Metrics, RegistryMark};
use crate::storage::data_dir::Layout;
use crate::storage::{self, Sqlite, StoreError};

/// How far the metrics had come at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MetricsMark {
    /// The number that the next document was to get.
    pub(super) next_seq: u64,
    pub(super) noted_at: Timestamp,
}

/// A file that ends before what the other one knows of it.
#[derive(Debug, thiserror::Error)]
pub enum Older {
    #[error(
        "the registry {path} is an older copy: its audit log ends with entry {found}, and the metrics beside it knew entry {noted} at {noted_at}: put the newer file back, or go on without what is missing by `pganalytics audit accept-loss`"
    )]
    Registry { path: PathBuf, found: u64, noted: u64, noted_at: Timestamp },
    #[error(
        "the metrics {path} are an older copy: their next document is number {found}, and the registry beside them knew of number {noted} at {noted_at}: put the newer file back, or go on without what is missing by `pganalytics metrics accept-loss`"
    )]
    Metrics { path: PathBuf, found: u64, noted: u64, noted_at: Timestamp },
}

/// Refuses a registry that ends before what the metrics have noted of it.
pub(super) fn check_registry(
    layout: &Layout,
    audit: &AuditLog,
    mark: Option<RegistryMark>,
) -> Result<(), Older> {
    // a log whose end cannot be read is damaged, which is told where it is read
    let (Some(RegistryMark { head, noted_at }), Ok(Head { seq, hash })) = (mark, audit.head()) else {
        return Ok(());
    };
    if seq < head.seq {
        let (path, found, noted) = (layout.registry(), seq, head.seq);
        return Err(Older::Registry { path, found, noted, noted_at });
    }
    if seq == head.seq && hash != head.hash {
        tracing::error!(entry = seq, "the audit log ends with another entry than the metrics have noted");
    }
    Ok(())
}

/// Refuses metrics that end before what the registry has noted of them.
pub(super) fn check_metrics(layout: &Layout, next_seq: u64, mark: Option<MetricsMark>) -> Result<(), Older> {
    match mark {
        Some(MetricsMark { next_seq: noted, noted_at }) if next_seq < noted => {
            Err(Older::Metrics { path: layout.hot(), found: next_seq, noted, noted_at })
        }
        _ => Ok(()),
    }
}

/// Both, when a daemon opens its directory.
pub(super) fn check(
    layout: &Layout,
    db: &Sqlite,
    audit: &AuditLog,
    metrics: &Metrics,
) -> Result<(), OpenError> {
    let mark = metrics.registry_mark().map_err(metrics::OpenError::from)?;
    check_registry(layout, audit, mark)?;
    let next_seq = metrics.next_seq().map_err(metrics::OpenError::from)?;
    Ok(check_metrics(layout, next_seq, of_metrics(db)?)?)
}

/// What the registry has noted of the metrics.
pub(super) fn of_metrics(db: &Sqlite) -> storage::Result<Option<MetricsMark>> {
    db.read(|tx| {
        let row = tx.query_row("SELECT next_seq, noted_at FROM metrics_mark", [], |row| {
            Ok(MetricsMark { next_seq: row.get(0)?, noted_at: row.get(1)? })
        });
        Ok::<_, StoreError>(row.optional()?)
    })
}

fn put(tx: &Transaction<'_>, mark: MetricsMark) -> storage::Result<()> {
    tx.execute(
        "INSERT INTO metrics_mark(one, next_seq, noted_at) VALUES (1, ?1, ?2)
         ON CONFLICT(one) DO UPDATE SET next_seq = excluded.next_seq, noted_at = excluded.noted_at",
        params![mark.next_seq, mark.noted_at],
    )?;
    Ok(())
}

/// Who notes it.
pub(super) struct Marks {
    db: Arc<Sqlite>,
    audit: AuditLog,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Marks {
    pub(super) fn new(db: &Arc<Sqlite>, audit: &AuditLog, metrics: &Arc<Metrics>, clock: &Clock) -> Self {
        Self { db: Arc::clone(db), audit: audit.clone(), metrics: Arc::clone(metrics), clock: clock.clone() }
    }

    /// Notes in each file how far the other one is, where that has changed.
    pub(super) fn note(&self) -> Result<(), NodeError> {
        let (head, next_seq, noted_at) = (self.audit.head()?, self.metrics.next_seq()?, self.clock.now());
        if self.metrics.registry_mark()?.is_none_or(|mark| mark.head != head) {
            self.metrics.note_registry(RegistryMark { head, noted_at })?;
        }
        if of_metrics(&self.db)?.is_none_or(|mark| mark.next_seq != next_seq) {
            self.db.write(|tx| put(tx, MetricsMark { next_seq, noted_at }))?;
        }
        Ok(())
    }
}

impl Job for Marks {
    fn name(&self) -> &'static str {
        "marks"
    }

    fn about(&self) -> &'static str {
        "notes how far registry and metrics have come, so that an older copy of one of them is known"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        self.note().map_err(|error| error.to_string())?;
        Ok("noted".to_owned())
    }
}
