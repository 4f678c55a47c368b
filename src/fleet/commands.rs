//! What agents are told: kept until it is answered or overdue, and told again and again until then.
//!
//! Parameters stand encrypted, as they may hold a token.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use super::channels::Channels;
use super::lifecycle::Progress;
use crate::clock::{Clock, Timestamp};
use crate::crypto::KeyRing;
use crate::ids::{ActionId, CollectorId, CommandId, IdSource, OperationId};
use crate::limits::{COMMAND_TIME, COMMANDS_AT_ONCE};
use crate::storage::{self, Sqlite, StoreError, sealed};
use crate::wire::{self, CommandKind};

#[derive(Clone)]
pub struct Commands {
    db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    clock: Clock,
    ids: IdSource,
    pub channels: Channels,
}

/// A command without its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) id: CommandId,
    pub(super) collector: CollectorId,
    pub(super) action: Option<ActionId>,
    pub(super) kind: CommandKind,
    pub(super) progress: Progress,
    /// From when on nobody waits for it.
    pub(super) due_at: Timestamp,
}

/// A command to be given.
pub(super) struct NewCommand {
    pub(super) collector: CollectorId,
    pub(super) action: Option<ActionId>,
    pub(super) kind: CommandKind,
    pub(super) params: Value,
    pub(super) expires_at: Timestamp,
}

impl Commands {
    pub fn new(db: Arc<Sqlite>, ring: Arc<KeyRing>, clock: Clock, ids: IdSource) -> Self {
        Self { db, ring, clock, ids, channels: Channels::default() }
    }

    /// Gives a command in the caller's transaction. The channel is woken by the caller, after its commit.
    pub(super) fn give(&self, tx: &Transaction<'_>, new: &NewCommand) -> storage::Result<()> {
        let now = self.clock.now();
        let id: CommandId = self.ids.next(now);
        let row = id.to_string();
        let params_sealed = self.ring.seal(sealed::COMMAND.at(&row), new.params.to_string().as_bytes());
        let sql = "INSERT INTO commands(id, collector_id, action_id, kind, params_sealed, status, created_at,
                 expires_at, due_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
        tx.prepare_cached(sql)?.execute(params![
            id,
            new.collector,
            new.action,
            new.kind.as_str(),
            params_sealed,
            Progress::Pending,
            now,
            new.expires_at,
        ])?;
        Ok(())
    }

    /// Ends everything that the agent was told and has not done.
    pub(super) fn cancel(tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<()> {
        let sql = "UPDATE commands SET status = 'cancelled'
             WHERE collector_id = ?1 AND status IN ('pending', 'in_progress')";
        tx.prepare_cached(sql)?.execute([collector])?;
        Ok(())
    }

    /// Gives a command in the place of those of its kind that the agent has not taken yet.
    pub(super) fn replace(&self, tx: &Transaction<'_>, new: &NewCommand) -> storage::Result<()> {
        let sql = "UPDATE commands SET status = 'cancelled'
             WHERE collector_id = ?1 AND kind = ?2 AND status IN ('pending', 'in_progress')";
        tx.prepare_cached(sql)?.execute(params![new.collector, new.kind.as_str()])?;
        self.give(tx, new)
    }

    /// What the agent has to be told now, oldest first: what it has not begun in time, and what it began and
    /// did not end, in case it has forgotten.
    ///
    /// That it is told is noted first: what was not noted can still be taken back.
    pub fn to_tell(&self, collector: CollectorId) -> storage::Result<Vec<wire::Command>> {
        let now = self.clock.now();
        let open = self.db.read(|tx| open_of(tx, collector, now))?;
        let open = if open.iter().all(|row| row.was_told) {
            open
        } else {
            let noted = self.db.write(|tx| {
                note_told(tx, collector, now)?;
                open_of(tx, collector, now)
            });
            match noted {
                // an agent that is alive is answered nevertheless, with what it knows already
                Err(StoreError::Full) => open.into_iter().filter(|row| row.was_told).collect(),
                noted => noted?,
            }
        };
        open.into_iter().map(|row| self.readable(row)).collect()
    }

    fn readable(
        &self,
        Open { id, kind, params_sealed, expires_at, .. }: Open,
    ) -> storage::Result<wire::Command> {
        let row = id.to_string();
        let damaged = |what: &dyn std::fmt::Display| StoreError::Damaged(format!("command {row}: {what}"));
        let text = self.ring.open_text(sealed::COMMAND.at(&row), &params_sealed);
        let text = text.map_err(|error| damaged(&error))?;
        let params = serde_json::from_str(text.expose()).map_err(|error| damaged(&error))?;
        let kind = kind.parse().map_err(|error| damaged(&error))?;
        Ok(wire::Command { id: row.clone(), kind, params, expires_at })
    }

    /// Notes how far a command has come. One that has begun gets the time to end.
    pub(super) fn advance(&self, tx: &Transaction<'_>, given: &Given, to: Progress) -> storage::Result<()> {
        let due_at = (given.progress == Progress::Pending && to == Progress::InProgress)
            .then(|| self.clock.now().plus(COMMAND_TIME));
        let sql = "UPDATE commands SET status = ?2, due_at = coalesce(?3, due_at) WHERE id = ?1";
        tx.prepare_cached(sql)?.execute(params![given.id, to, due_at])?;
        Ok(())
    }
}

/// A command as it stands in its row, to be told.
struct Open {
    id: CommandId,
    kind: String,
    params_sealed: Vec<u8>,
    expires_at: Timestamp,
    was_told: bool,
}

fn open_of(tx: &Transaction<'_>, collector: CollectorId, now: Timestamp) -> storage::Result<Vec<Open>> {
    let sql = "SELECT id, kind, params_sealed, expires_at, told_at IS NOT NULL FROM commands
         WHERE collector_id = ?1 AND due_at > ?2 AND status IN ('pending', 'in_progress')
         ORDER BY rowid LIMIT ?3";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![collector, now, COMMANDS_AT_ONCE], |row| {
        Ok(Open {
            id: row.get(0)?,
            kind: row.get(1)?,
            params_sealed: row.get(2)?,
            expires_at: row.get(3)?,
            was_told: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn note_told(tx: &Transaction<'_>, collector: CollectorId, now: Timestamp) -> storage::Result<()> {
    let sql = "UPDATE commands SET told_at = ?2
         WHERE collector_id = ?1 AND told_at IS NULL AND status IN ('pending', 'in_progress')";
    tx.prepare_cached(sql)?.execute(params![collector, now])?;
    Ok(())
}

const COLUMNS: &str = "id, collector_id, action_id, kind, status, due_at";

/// The command of that id, if it was given to that collector.
pub(super) fn given_to(
    tx: &Transaction<'_>,
    collector: CollectorId,
    id: CommandId,
) -> storage::Result<Option<Given>> {
    let sql = format!("SELECT {COLUMNS} FROM commands WHERE id = ?1 AND collector_id = ?2");
    Ok(tx.prepare_cached(&sql)?.query_row(params![id, collector], from_row).optional()?)
}

/// Commands that nobody waits for any more, and that nobody has said so of.
pub(super) fn overdue(tx: &Transaction<'_>, now: Timestamp, most: usize) -> storage::Result<Vec<Given>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM commands WHERE due_at <= ?1 AND status IN ('pending', 'in_progress')
         ORDER BY due_at LIMIT ?2"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![now, most], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes commands that are over and that nobody had to wait for any more at that time. Returns how many.
pub(super) fn delete_old(tx: &Transaction<'_>, before: Timestamp, most: usize) -> storage::Result<usize> {
    let sql = "DELETE FROM commands WHERE rowid IN (SELECT rowid FROM commands
             WHERE due_at < ?1 AND status NOT IN ('pending', 'in_progress') LIMIT ?2)";
    Ok(tx.prepare_cached(sql)?.execute(params![before, most])?)
}

/// Commands of an operation that no agent can know of yet.
pub(super) fn untold(
    tx: &Transaction<'_>,
    operation: OperationId,
    most: usize,
) -> storage::Result<Vec<Given>> {
    let sql = "SELECT commands.id, commands.collector_id, commands.action_id, commands.kind, commands.status, due_at
         FROM operation_items AS item CROSS JOIN commands ON commands.action_id = item.action_id
         WHERE operation_id = ?1 AND item.status = 'pending' AND commands.status = 'pending'
             AND told_at IS NULL
         ORDER BY position LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![operation, most], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Given> {
    let kind: String = row.get(3)?;
    Ok(Given {
        id: row.get(0)?,
        collector: row.get(1)?,
        action: row.get(2)?,
        kind: kind.parse().map_err(rusqlite::types::FromSqlError::other)?,
        progress: row.get(4)?,
        due_at: row.get(5)?,
    })
}
