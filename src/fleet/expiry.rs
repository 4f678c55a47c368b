//! The job that keeps metrics as long as they are to be kept, and no longer. Those of unregistered collectors live as
//! long as their archives.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::json;

use super::{Archive, ArchiveError};
use crate::archive::SegmentError;
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::metrics::{Expired, Metrics};
use crate::storage::{RedbError, StoreError};

#[derive(Debug, thiserror::Error)]
enum ExpiryError {
    #[error(transparent)]
    Clock(#[from] RedbError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Segments(#[from] SegmentError),
}

/// Removes metrics that are older than the retention.
pub struct Expiry {
    metrics: Arc<Metrics>,
    archive: Arc<Archive>,
    audit: AuditLog,
    /// The segment behind which the next step goes on.
    next: i64,
}

impl Expiry {
    pub fn new(metrics: Arc<Metrics>, archive: Arc<Archive>, audit: AuditLog) -> Self {
        Self { metrics, archive, audit, next: 0 }
    }

    fn expire(&mut self, now: Timestamp) -> Result<String, ExpiryError> {
        if let Some(jumped_at) = self.metrics.look_at_clock(now)? {
            return Ok(format!("removes nothing: the clock jumped ahead to {jumped_at}"));
        }
        let kept: HashSet<_> = self.archive.list()?.into_iter().map(|archived| archived.id).collect();
        let Self { metrics, audit, next, .. } = self;
        let gone = metrics.expire(now, next, &kept, |tx, gone| tell(audit, tx, gone))?;
        Ok(format!("removed {} documents of {} segments", gone.documents, gone.segments))
    }
}

/// What is removed on purpose is on record, so that a gap can be told from a loss.
fn tell(audit: &AuditLog, tx: &Transaction<'_>, gone: &Expired) -> Result<(), StoreError> {
    let Expired { documents, segments, span } = gone;
    let (first, last) = span.unzip();
    let after = json!({ "documents": documents, "segments": segments, "first": first, "last": last });
    let change = Change::new(Action::MetricsExpire, Target::new("store", "metrics", "metrics"));
    audit.append(tx, &Origin::system(), change.from_to(&json!({}), &after))
}

impl Job for Expiry {
    fn name(&self) -> &'static str {
        "metrics-retention"
    }

    fn about(&self) -> &'static str {
        "removes metrics that are older than the retention"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        self.expire(now).map_err(|error| error.to_string())
    }
}
