//! The rows of actions: one function per statement.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::actions::Action;
use crate::clock::Timestamp;
use crate::ids::{ActionId, CollectorId};
use crate::storage;

const COLUMNS: &str = "id, collector_id, kind, actor_name, reason, stopped_until, status, requested_at, \
     started_at, completed_at, error_message, detail, operation_id";

pub(super) fn insert(tx: &Transaction<'_>, action: &Action) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO actions({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    );
    tx.prepare_cached(&sql)?.execute(params![
        action.id,
        action.collector,
        action.kind,
        action.initiated_by,
        action.reason,
        action.stopped_until,
        action.progress,
        action.requested_at,
        action.started_at,
        action.completed_at,
        action.error_message,
        action.detail,
        action.operation,
    ])?;
    Ok(())
}

pub(super) fn update(tx: &Transaction<'_>, action: &Action) -> storage::Result<()> {
    let sql = "UPDATE actions SET status = ?2, started_at = ?3, completed_at = ?4, error_message = ?5,
             detail = ?6 WHERE id = ?1";
    let Action { id, progress, started_at, completed_at, error_message, detail, .. } = action;
    tx.prepare_cached(sql)?.execute(params![
        id,
        progress,
        started_at,
        completed_at,
        error_message,
        detail
    ])?;
    Ok(())
}

/// The action of a collector that is not over; there is one at most.
pub(super) fn under_way(tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<Option<Action>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM actions WHERE collector_id = ? AND status IN ('pending', 'in_progress')"
    );
    Ok(tx.prepare_cached(&sql)?.query_row([collector], from_row).optional()?)
}

pub(super) fn by_id(tx: &Transaction<'_>, id: ActionId) -> storage::Result<Option<Action>> {
    let sql = format!("SELECT {COLUMNS} FROM actions WHERE id = ?");
    Ok(tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

/// Whether the agent has done something that it was asked for after that.
pub(super) fn has_newer_done(tx: &Transaction<'_>, action: &Action) -> storage::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM actions WHERE collector_id = ?1 AND status = 'completed'
             AND rowid > (SELECT rowid FROM actions WHERE id = ?2))";
    Ok(tx.prepare_cached(sql)?.query_row(params![action.collector, action.id], |row| row.get(0))?)
}

/// The newest first.
pub(super) fn of_collector(
    tx: &Transaction<'_>,
    collector: CollectorId,
    most: usize,
) -> storage::Result<Vec<Action>> {
    let sql = format!("SELECT {COLUMNS} FROM actions WHERE collector_id = ?1 ORDER BY rowid DESC LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![collector, most], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes actions that were over before that time, with their commands. Returns how many.
pub(super) fn delete_old(tx: &Transaction<'_>, before: Timestamp, most: usize) -> storage::Result<usize> {
    let sql = "DELETE FROM actions WHERE rowid IN
             (SELECT rowid FROM actions WHERE completed_at < ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![before, most])?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Action> {
    Ok(Action {
        id: row.get(0)?,
        collector: row.get(1)?,
        kind: row.get(2)?,
        initiated_by: row.get(3)?,
        reason: row.get(4)?,
        stopped_until: row.get(5)?,
        progress: row.get(6)?,
        requested_at: row.get(7)?,
        started_at: row.get(8)?,
        completed_at: row.get(9)?,
        error_message: row.get(10)?,
        detail: row.get(11)?,
        operation: row.get(12)?,
    })
}
