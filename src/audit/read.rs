//! The rows of the trail: one function per statement.

use rusqlite::{Row, ToSql, Transaction, params};

use super::chain::AuditLog;
use super::entry::{Actor, Entry, Target};
use crate::clock::Timestamp;
use crate::storage;

/// Which entries are asked for. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Id or name of the actor.
    pub actor: Option<String>,
    pub action: Option<String>,
    /// Id or name of the target.
    pub target: Option<String>,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Only entries older than this one.
    pub before_seq: Option<u64>,
}

/// Entries, newest first.
#[derive(Clone, Debug)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// Where the next page begins, when there is one.
    pub next_before_seq: Option<u64>,
}

const COLUMNS: &str = "seq, id, time, actor_id, actor_name, actor_role, action, target_kind, target_id, \
     target_name, reason, old_values, new_values, ip_address, user_agent, request_id, result, prev_hash, hash";

impl AuditLog {
    pub fn page(&self, filter: &Filter, limit: usize) -> storage::Result<Page> {
        self.db.read(|tx| {
            let mut entries = select(tx, filter, limit + 1)?;
            let more = entries.len() > limit;
            entries.truncate(limit);
            let next_before_seq = entries.last().filter(|_| more).map(|entry| entry.seq);
            Ok(Page { entries, next_before_seq })
        })
    }
}

pub(super) fn insert(tx: &Transaction<'_>, entry: &Entry) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO audit_log({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
    );
    tx.prepare_cached(&sql)?.execute(params![
        entry.seq,
        entry.id,
        entry.time,
        entry.actor.id,
        entry.actor.name,
        entry.actor.role,
        entry.action,
        entry.target.kind,
        entry.target.id,
        entry.target.name,
        entry.reason,
        entry.old_values,
        entry.new_values,
        entry.ip_address,
        entry.user_agent,
        entry.request_id,
        entry.result,
        entry.prev_hash,
        entry.hash,
    ])?;
    Ok(())
}

fn select(tx: &Transaction<'_>, filter: &Filter, limit: usize) -> storage::Result<Vec<Entry>> {
    let asked: [(&str, Option<&dyn ToSql>); 6] = [
        ("? IN (actor_id, actor_name)", filter.actor.as_ref().map(as_sql)),
        ("action = ?", filter.action.as_ref().map(as_sql)),
        ("? IN (target_id, target_name)", filter.target.as_ref().map(as_sql)),
        ("time >= ?", filter.from.as_ref().map(as_sql)),
        ("time <= ?", filter.to.as_ref().map(as_sql)),
        ("seq < ?", filter.before_seq.as_ref().map(as_sql)),
    ];
    let mut conditions = vec!["TRUE"];
    let mut values: Vec<&dyn ToSql> = Vec::new();
    for (condition, value) in asked {
        if let Some(value) = value {
            conditions.push(condition);
            values.push(value);
        }
    }
    values.push(&limit);
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT {COLUMNS} FROM audit_log WHERE {conditions} ORDER BY seq DESC LIMIT ?");
    let mut statement = tx.prepare_cached(&sql)?;
    let entries = statement.query_map(values.as_slice(), from_row)?;
    Ok(entries.collect::<Result<_, _>>()?)
}

fn as_sql<T: ToSql>(value: &T) -> &dyn ToSql {
    value
}

/// The entries from `seq` on, oldest first.
pub(super) fn ascending_from(tx: &Transaction<'_>, seq: u64, limit: usize) -> storage::Result<Vec<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM audit_log WHERE seq >= ? ORDER BY seq LIMIT ?");
    let mut statement = tx.prepare_cached(&sql)?;
    let entries = statement.query_map(params![seq, limit], from_row)?;
    Ok(entries.collect::<Result<_, _>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        id: row.get(1)?,
        time: row.get(2)?,
        actor: Actor { id: row.get(3)?, name: row.get(4)?, role: row.get(5)? },
        action: row.get(6)?,
        target: Target { kind: row.get(7)?, id: row.get(8)?, name: row.get(9)? },
        reason: row.get(10)?,
        old_values: row.get(11)?,
        new_values: row.get(12)?,
        ip_address: row.get(13)?,
        user_agent: row.get(14)?,
        request_id: row.get(15)?,
        result: row.get(16)?,
        prev_hash: row.get(17)?,
        hash: row.get(18)?,
    })
}
