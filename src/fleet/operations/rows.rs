//! The rows of operations and of their items: one function per statement.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::news::Tally;
use super::operation::{Counts, Item, Operation, OperationState, Page};
use super::task::{Task, TaskKind};
use crate::audit::{Actor, Origin};
use crate::clock::Timestamp;
use crate::fleet::{Action, Progress};
use crate::ids::OperationId;
use crate::storage;

const COLUMNS: &str = "id, kind, params, reason, actor_id, actor_name, actor_role, ip_address, user_agent, \
     request_id, created_at, schedule_at, started_at, cancelled_at, completed_at, state, error_message, begun, \
     total, done, failed, cancelled";

pub(super) fn insert(tx: &Transaction<'_>, operation: &Operation) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO operations({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
             ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)"
    );
    let Operation { task, origin, counts, .. } = operation;
    tx.prepare_cached(&sql)?.execute(params![
        operation.id,
        task.kind(),
        task.params().to_string(),
        operation.reason,
        origin.actor.id,
        origin.actor.name,
        origin.actor.role,
        origin.ip_address,
        origin.user_agent,
        origin.request_id,
        operation.created_at,
        operation.schedule_at,
        operation.started_at,
        operation.cancelled_at,
        operation.completed_at,
        operation.state,
        operation.error_message,
        operation.begun,
        counts.total,
        counts.done,
        counts.failed,
        counts.cancelled,
    ])?;
    Ok(())
}

pub(super) fn by_id(tx: &Transaction<'_>, id: OperationId) -> storage::Result<Option<Operation>> {
    let sql = format!("SELECT {COLUMNS} FROM operations WHERE id = ?");
    Ok(tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

/// The newest first.
pub(super) fn list(
    tx: &Transaction<'_>,
    states: &[OperationState],
    page: Page,
) -> storage::Result<Vec<Operation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operations
         WHERE ?1 = '[]' OR state IN (SELECT value FROM json_each(?1))
         ORDER BY rowid DESC LIMIT ?2 OFFSET ?3"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![as_json(states), page.limit, page.skip], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many are in one of the states; without a state, all of them.
pub(super) fn count_in(tx: &Transaction<'_>, states: &[OperationState]) -> storage::Result<usize> {
    let sql = "SELECT count(*) FROM operations
         WHERE ?1 = '[]' OR state IN (SELECT value FROM json_each(?1))";
    Ok(tx.prepare_cached(sql)?.query_row([as_json(states)], |row| row.get(0))?)
}

fn as_json(states: &[OperationState]) -> String {
    let names: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    serde_json::json!(names).to_string()
}

/// Scheduled ones whose time has come, that of the longest first.
pub(super) fn due(tx: &Transaction<'_>, now: Timestamp, most: usize) -> storage::Result<Vec<OperationId>> {
    let sql = "SELECT id FROM operations WHERE state = 'scheduled' AND schedule_at <= ?1
         ORDER BY schedule_at, rowid LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![now, most], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Running ones that the daemon itself has something to do for, the oldest first.
pub(super) fn unfinished(tx: &Transaction<'_>) -> storage::Result<Vec<Operation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM operations
         WHERE state = 'running' AND (begun < total OR cancelled_at IS NOT NULL) ORDER BY rowid"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn set_begun(tx: &Transaction<'_>, id: OperationId, begun: usize) -> storage::Result<()> {
    tx.prepare_cached("UPDATE operations SET begun = ?2 WHERE id = ?1")?.execute(params![id, begun])?;
    Ok(())
}

/// Moves an operation to another state, with the times and the words that belong to it.
pub(super) fn update(tx: &Transaction<'_>, operation: &Operation) -> storage::Result<()> {
    let Operation { id, state, started_at, cancelled_at, completed_at, error_message, begun, .. } = operation;
    let sql = "UPDATE operations SET state = ?2, started_at = ?3, cancelled_at = ?4, completed_at = ?5,
             error_message = ?6, begun = ?7 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        id,
        state,
        started_at,
        cancelled_at,
        completed_at,
        error_message,
        begun
    ])?;
    Ok(())
}

/// Adds to what has ended. When that is all, a running operation is over.
pub(super) fn count(
    tx: &Transaction<'_>,
    id: OperationId,
    more: Counts,
    now: Timestamp,
) -> storage::Result<Tally> {
    let sql = "UPDATE operations SET done = done + ?2, failed = failed + ?3, cancelled = cancelled + ?4
         WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, more.done, more.failed, more.cancelled])?;
    let sql = "UPDATE operations SET completed_at = ?2,
             state = CASE WHEN cancelled_at IS NULL THEN 'completed' ELSE 'cancelled' END
         WHERE id = ?1 AND state = 'running' AND done + failed + cancelled = total";
    tx.prepare_cached(sql)?.execute(params![id, now])?;
    let sql = "SELECT state, total, done, failed, cancelled FROM operations WHERE id = ?";
    let read = |row: &Row<'_>| Ok(Tally { operation: id, state: row.get(0)?, counts: counts(row, 1)? });
    Ok(tx.prepare_cached(sql)?.query_row([id], read)?)
}

/// Notes who asked for an early end.
pub(super) fn insert_cancel(tx: &Transaction<'_>, id: OperationId, origin: &Origin) -> storage::Result<()> {
    let sql = "INSERT INTO operation_cancels(operation_id, actor_id, actor_name, actor_role, ip_address, user_agent,
             request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Origin { actor, ip_address, user_agent, request_id } = origin;
    let Actor { id: actor_id, name, role } = actor;
    tx.prepare_cached(sql)?.execute(params![id, actor_id, name, role, ip_address, user_agent, request_id])?;
    Ok(())
}

/// Who asked for an early end.
pub(super) fn cancelled_by(tx: &Transaction<'_>, id: OperationId) -> storage::Result<Option<Origin>> {
    let sql =
        "SELECT actor_id, actor_name, actor_role, ip_address, user_agent, request_id FROM operation_cancels
         WHERE operation_id = ?";
    Ok(tx.prepare_cached(sql)?.query_row([id], |row| origin(row, 0)).optional()?)
}

/// Deletes operations that were over before that time, with their items. Returns how many.
pub(super) fn delete_old(tx: &Transaction<'_>, before: Timestamp, most: usize) -> storage::Result<usize> {
    let sql = "DELETE FROM operations WHERE rowid IN
             (SELECT rowid FROM operations WHERE completed_at < ?1 LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![before, most])?)
}

// -- items

const ITEM_COLUMNS: &str =
    "position, collector_id, collector_name, status, action_id, error_message, completed_at";

pub(super) fn insert_item(tx: &Transaction<'_>, id: OperationId, item: &Item) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO operation_items(operation_id, {ITEM_COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    );
    let Item { position, collector, name, status, action, error_message, completed_at } = item;
    tx.prepare_cached(&sql)?.execute(params![
        id,
        position,
        collector,
        name,
        status,
        action,
        error_message,
        completed_at
    ])?;
    Ok(())
}

/// Items from a position on.
pub(super) fn items_from(
    tx: &Transaction<'_>,
    id: OperationId,
    position: usize,
    most: usize,
) -> storage::Result<Vec<Item>> {
    let sql = format!(
        "SELECT {ITEM_COLUMNS} FROM operation_items WHERE operation_id = ?1 AND position >= ?2
         ORDER BY position LIMIT ?3"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![id, position, most], item_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Items that were taken back.
pub(super) fn cancelled_items(tx: &Transaction<'_>, id: OperationId) -> storage::Result<Vec<Item>> {
    let sql = format!(
        "SELECT {ITEM_COLUMNS} FROM operation_items WHERE operation_id = ?1 AND status = 'cancelled'
         ORDER BY position"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([id], item_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn update_item(tx: &Transaction<'_>, id: OperationId, item: &Item) -> storage::Result<()> {
    let sql = "UPDATE operation_items SET status = ?3, action_id = ?4, error_message = ?5, completed_at = ?6
         WHERE operation_id = ?1 AND position = ?2";
    let Item { position, status, action, error_message, completed_at, .. } = item;
    tx.prepare_cached(sql)?.execute(params![id, position, status, action, error_message, completed_at])?;
    Ok(())
}

/// Ends the items that were not begun. Returns how many.
pub(super) fn end_waiting(
    tx: &Transaction<'_>,
    operation: &Operation,
    status: Progress,
    why: &str,
    now: Timestamp,
) -> storage::Result<usize> {
    let sql = "UPDATE operation_items SET status = ?3, error_message = ?4, completed_at = ?5
         WHERE operation_id = ?1 AND position >= ?2 AND status = 'pending'";
    let Operation { id, begun, .. } = operation;
    Ok(tx.prepare_cached(sql)?.execute(params![id, begun, status, why, now])?)
}

/// How many items were not begun.
pub(super) fn waiting(tx: &Transaction<'_>, operation: &Operation) -> storage::Result<usize> {
    let sql = "SELECT count(*) FROM operation_items
         WHERE operation_id = ?1 AND position >= ?2 AND status = 'pending'";
    let waiting = |row: &Row<'_>| row.get(0);
    Ok(tx.prepare_cached(sql)?.query_row(params![operation.id, operation.begun], waiting)?)
}

/// An item goes where its action went, in the action's transaction. When the item is over, its operation counts
/// it, once.
pub(in crate::fleet) fn follow(
    tx: &Transaction<'_>,
    action: &Action,
    now: Timestamp,
) -> storage::Result<Option<Tally>> {
    let Some(operation) = action.operation else { return Ok(None) };
    let Action { id, progress, error_message, completed_at, .. } = action;
    let sql = "UPDATE operation_items SET status = ?2, error_message = ?3, completed_at = ?4
         WHERE action_id = ?1 AND status IN ('pending', 'in_progress')";
    let moved = tx.prepare_cached(sql)?.execute(params![id, progress, error_message, completed_at])?;
    let one = match progress {
        Progress::Pending | Progress::InProgress => return Ok(None),
        Progress::Completed => Counts { done: moved, ..Counts::default() },
        Progress::Failed | Progress::Expired => Counts { failed: moved, ..Counts::default() },
        Progress::Cancelled => Counts { cancelled: moved, ..Counts::default() },
    };
    if moved == 0 { Ok(None) } else { count(tx, operation, one, now).map(Some) }
}

fn item_from_row(row: &Row<'_>) -> rusqlite::Result<Item> {
    Ok(Item {
        position: row.get(0)?,
        collector: row.get(1)?,
        name: row.get(2)?,
        status: row.get(3)?,
        action: row.get(4)?,
        error_message: row.get(5)?,
        completed_at: row.get(6)?,
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Operation> {
    let kind: TaskKind = row.get(1)?;
    let params: String = row.get(2)?;
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error));
    Ok(Operation {
        id: row.get(0)?,
        task: Task::stored(kind, &params).map_err(unreadable)?,
        reason: row.get(3)?,
        origin: origin(row, 4)?,
        created_at: row.get(10)?,
        schedule_at: row.get(11)?,
        started_at: row.get(12)?,
        cancelled_at: row.get(13)?,
        completed_at: row.get(14)?,
        state: row.get(15)?,
        error_message: row.get(16)?,
        begun: row.get(17)?,
        counts: counts(row, 18)?,
    })
}

/// Who asked, and how, in six columns from one on.
fn origin(row: &Row<'_>, first: usize) -> rusqlite::Result<Origin> {
    Ok(Origin {
        actor: Actor { id: row.get(first)?, name: row.get(first + 1)?, role: row.get(first + 2)? },
        ip_address: row.get(first + 3)?,
        user_agent: row.get(first + 4)?,
        request_id: row.get(first + 5)?,
    })
}

/// Four counts from a column on; that of the total stands first.
fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        total: row.get(first)?,
        done: row.get(first + 1)?,
        failed: row.get(first + 2)?,
        cancelled: row.get(first + 3)?,
    })
}
