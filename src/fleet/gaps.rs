//! What was measured and is lost, on record: what agents had to drop, what was refused of their pushes, and what was stored
//! and cannot be read any more. The last is what the catalog of segments says now, and goes when they are whole again.
//!
//! It guarantees: a gap that is told again, as after a reply that got lost, stands once, as it was told last; only its
//! own collector changes it. It does not know what was in the documents.

use std::sync::Arc;

use rusqlite::{Row, Transaction, params};

use super::PresenceError;
use crate::clock::{Clock, Timestamp};
use crate::ids::CollectorId;
use crate::limits::GAPS_KEPT;
use crate::registry::Collectors;
use crate::storage::{self, Sqlite, StoreError, stored_as_text};
use crate::wire::{Gap, GapReason};

stored_as_text!(GapReason);

/// A gap that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    pub id: String,
    pub reason: GapReason,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    pub batches: u64,
    pub documents: u64,
    pub recorded_at: Timestamp,
}

/// Gaps that touch a range, the newest first, with the sums over all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GapPage {
    pub gaps: Vec<Recorded>,
    pub total: usize,
    pub documents: u64,
}

/// The gaps of all collectors.
#[derive(Clone)]
pub struct Gaps {
    pub(super) db: Arc<Sqlite>,
    pub(super) collectors: Collectors,
    pub(super) clock: Clock,
}

impl Gaps {
    /// Puts on record what an agent declares. It is durable when this returns.
    pub fn declare(&self, collector: CollectorId, gaps: &[Gap]) -> storage::Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        self.db.write(|tx| gaps.iter().try_for_each(|gap| put(tx, collector, gap, now)))
    }

    /// Puts on record that documents of a push were refused while the others of it were kept: one gap a day.
    pub fn reject(&self, collector: CollectorId, documents: u64) -> storage::Result<()> {
        let now = self.clock.now();
        let id = format!("{}-{collector}-{}", GapReason::Rejected, &now.to_string()[..10]);
        self.db.write(|tx| {
            let sql = "INSERT INTO gaps(id, collector_id, reason, first_at, last_at, batches, documents, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?4, 1, ?5, ?4)
                 ON CONFLICT(id) DO UPDATE SET last_at = excluded.last_at, batches = batches + 1,
                     documents = documents + excluded.documents, recorded_at = excluded.recorded_at";
            tx.prepare_cached(sql)?.execute(params![id, collector, GapReason::Rejected, now, documents])?;
            forget_oldest(tx, collector)
        })
    }

    /// The gaps of a collector that touch a range.
    pub fn of(
        &self,
        collector: CollectorId,
        (from, to): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<GapPage, PresenceError> {
        self.collectors.get(collector)?;
        let read = self.db.read(|tx| {
            let sql = "SELECT count(*), ifnull(sum(documents), 0) FROM losses
                 WHERE collector_id = ?1 AND last_at >= ?2 AND first_at <= ?3";
            let sums = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let (total, documents) = tx.prepare_cached(sql)?.query_row(params![collector, from, to], sums)?;
            let sql = "SELECT id, reason, first_at, last_at, batches, documents, recorded_at FROM losses
                 WHERE collector_id = ?1 AND last_at >= ?2 AND first_at <= ?3
                 ORDER BY last_at DESC, recorded_at DESC, id LIMIT ?4";
            let mut statement = tx.prepare_cached(sql)?;
            let rows = statement.query_map(params![collector, from, to, most], from_row)?;
            Ok::<_, StoreError>(GapPage { gaps: rows.collect::<Result<_, _>>()?, total, documents })
        });
        Ok(read?)
    }
}

/// What is told again may have grown, and never shrinks.
fn put(tx: &Transaction<'_>, collector: CollectorId, gap: &Gap, now: Timestamp) -> storage::Result<()> {
    let sql = "INSERT INTO gaps(id, collector_id, reason, first_at, last_at, batches, documents, recorded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT(id) DO UPDATE SET first_at = excluded.first_at, last_at = excluded.last_at,
             batches = excluded.batches, documents = excluded.documents, recorded_at = excluded.recorded_at
         WHERE collector_id = excluded.collector_id AND batches <= excluded.batches";
    let Gap { id, reason, first_at, last_at, batches, documents } = gap;
    tx.prepare_cached(sql)?.execute(params![
        id.to_string(),
        collector,
        reason,
        first_at,
        last_at,
        batches,
        documents,
        now
    ])?;
    forget_oldest(tx, collector)
}

fn forget_oldest(tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<()> {
    let sql = "DELETE FROM gaps WHERE rowid IN (SELECT rowid FROM gaps WHERE collector_id = ?1
             ORDER BY recorded_at DESC, rowid DESC LIMIT -1 OFFSET ?2)";
    tx.prepare_cached(sql)?.execute(params![collector, GAPS_KEPT])?;
    Ok(())
}

/// Deletes what was recorded before that time. Returns how many.
pub(super) fn delete_old(tx: &Transaction<'_>, before: Timestamp, most: usize) -> storage::Result<usize> {
    let sql = "DELETE FROM gaps WHERE rowid IN (SELECT rowid FROM gaps WHERE recorded_at < ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![before, most])?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    Ok(Recorded {
        id: row.get(0)?,
        reason: row.get(1)?,
        first_at: row.get(2)?,
        last_at: row.get(3)?,
        batches: row.get(4)?,
        documents: row.get(5)?,
        recorded_at: row.get(6)?,
    })
}
