//! The rows of archives: one function per statement.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::archive::Archived;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage;

const SELECT: &str = "SELECT collectors.id, name, host, archived_at, reason, metrics_count, expires_at
     FROM archives JOIN collectors ON collectors.id = collector_id";

pub(super) fn insert(
    tx: &Transaction<'_>,
    archived: &Archived,
    by: &str,
    notes: Option<&str>,
) -> storage::Result<()> {
    let sql = "INSERT INTO archives(collector_id, archived_at, archived_by, reason, notes, metrics_count,
             expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Archived { id, archived_at, reason, metrics_count, expires_at, .. } = archived;
    tx.prepare_cached(sql)?.execute(params![
        id,
        archived_at,
        by,
        reason,
        notes,
        metrics_count,
        expires_at
    ])?;
    Ok(())
}

pub(super) fn by_id(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Option<Archived>> {
    let sql = format!("{SELECT} WHERE collectors.id = ?");
    Ok(tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

/// Those that have not expired, the newest first.
pub(super) fn all(tx: &Transaction<'_>, now: Timestamp) -> storage::Result<Vec<Archived>> {
    let sql = format!("{SELECT} WHERE expires_at > ? ORDER BY archives.rowid DESC");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([now], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn expired(tx: &Transaction<'_>, now: Timestamp, most: usize) -> storage::Result<Vec<Archived>> {
    let sql = format!("{SELECT} WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![now, most], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn remove(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM archives WHERE collector_id = ?")?.execute([id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Archived> {
    Ok(Archived {
        id: row.get(0)?,
        name: row.get(1)?,
        host: row.get(2)?,
        archived_at: row.get(3)?,
        reason: row.get(4)?,
        metrics_count: row.get(5)?,
        expires_at: row.get(6)?,
    })
}
