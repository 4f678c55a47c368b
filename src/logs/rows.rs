//! The rows of logs: one function per statement.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::entry::{Entry, NewEntry, bytes_of, checksum};
use super::read::{Filter, Place};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::LOG_BATCHES_REMEMBERED;
use crate::storage;

/// An entry that is to go, and what it counts for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    id: i64,
    pub(super) bytes: usize,
}

pub(super) fn number(tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<Option<i64>> {
    let sql = "SELECT number FROM collectors WHERE id = ?";
    Ok(tx.prepare_cached(sql)?.query_row([collector], |row| row.get(0)).optional()?)
}

pub(super) fn number_or_new(tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<i64> {
    if let Some(number) = number(tx, collector)? {
        return Ok(number);
    }
    let sql = "INSERT INTO collectors(id, entries, bytes) VALUES (?, 0, 0)";
    tx.prepare_cached(sql)?.execute([collector])?;
    Ok(tx.last_insert_rowid())
}

/// Whether the batch is a new one. Of the names of a collector the last ones are remembered.
pub(super) fn note_batch(tx: &Transaction<'_>, number: i64, name: &str) -> storage::Result<bool> {
    let sql = "INSERT OR IGNORE INTO batches(collector, name) VALUES (?1, ?2)";
    let is_new = tx.prepare_cached(sql)?.execute(params![number, name])? > 0;
    if is_new {
        let sql = "DELETE FROM batches WHERE collector = ?1 AND id <= (SELECT id FROM batches
             WHERE collector = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
        tx.prepare_cached(sql)?.execute(params![number, LOG_BATCHES_REMEMBERED])?;
    }
    Ok(is_new)
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    number: i64,
    received_at: Timestamp,
    entry: &NewEntry,
) -> storage::Result<()> {
    let NewEntry { time, level, message, fields } = entry;
    let sum = checksum(number, *time, level.as_str(), message, fields);
    let sql = "INSERT INTO entries(collector, time, received_at, level, message, fields, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    tx.prepare_cached(sql)?.execute(params![number, time, received_at, level, message, fields, sum])?;
    Ok(())
}

pub(super) fn grow(tx: &Transaction<'_>, number: i64, entries: usize, bytes: usize) -> storage::Result<()> {
    let sql = "UPDATE collectors SET entries = entries + ?2, bytes = bytes + ?3 WHERE number = ?1";
    tx.prepare_cached(sql)?.execute(params![number, entries, bytes])?;
    Ok(())
}

const COUNTED: &str = "id, length(CAST(message AS BLOB)) + length(CAST(fields AS BLOB)) + ";

/// The oldest entries of a collector by their time.
pub(super) fn oldest(tx: &Transaction<'_>, number: i64, most: usize) -> storage::Result<Vec<Counted>> {
    let sql = format!("SELECT {COUNTED} ?3 FROM entries WHERE collector = ?1 ORDER BY time, id LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![number, most, bytes_of("", "")], |row| {
        Ok(Counted { id: row.get(0)?, bytes: row.get(1)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Of the entries that came first, those that came before a moment, by their collectors.
pub(super) fn received_before(
    tx: &Transaction<'_>,
    before: Timestamp,
    most: usize,
) -> storage::Result<BTreeMap<i64, Vec<Counted>>> {
    let sql = format!("SELECT {COUNTED} ?2, collector, received_at FROM entries ORDER BY id LIMIT ?1");
    let mut statement = tx.prepare_cached(&sql)?;
    let mut rows = statement.query(params![most, bytes_of("", "")])?;
    let mut old: BTreeMap<i64, Vec<Counted>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, Timestamp>(3)? < before {
            old.entry(row.get(2)?).or_default().push(Counted { id: row.get(0)?, bytes: row.get(1)? });
        }
    }
    Ok(old)
}

pub(super) fn remove(tx: &Transaction<'_>, number: i64, entries: &[Counted]) -> storage::Result<()> {
    let mut statement = tx.prepare_cached("DELETE FROM entries WHERE id = ?")?;
    for entry in entries {
        statement.execute([entry.id])?;
    }
    let bytes: usize = entries.iter().map(|entry| entry.bytes).sum();
    let sql = "UPDATE collectors SET entries = entries - ?2, bytes = bytes - ?3 WHERE number = ?1";
    tx.prepare_cached(sql)?.execute(params![number, entries.len(), bytes])?;
    Ok(())
}

/// Removes a collector that has no entries.
pub(super) fn forget(tx: &Transaction<'_>, number: i64) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM batches WHERE collector = ?")?.execute([number])?;
    tx.prepare_cached("DELETE FROM collectors WHERE number = ?")?.execute([number])?;
    Ok(())
}

/// Collectors that have more than their share: number, entries, bytes.
pub(super) fn too_large(
    tx: &Transaction<'_>,
    entries: usize,
    bytes: usize,
) -> storage::Result<Vec<(i64, usize, usize)>> {
    let sql = "SELECT number, entries, bytes FROM collectors WHERE entries > ?1 OR bytes > ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows =
        statement.query_map(params![entries, bytes], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The number of the newest entry of a collector.
pub(super) fn last_id(tx: &Transaction<'_>, number: i64) -> storage::Result<Option<i64>> {
    let sql = "SELECT max(id) FROM entries WHERE collector = ?";
    Ok(tx.prepare_cached(sql)?.query_row([number], |row| row.get(0))?)
}

/// Shows the entries of a range, newest first, until `visit` has enough. A damaged one is reported and left out.
pub(super) fn scan(
    tx: &Transaction<'_>,
    number: i64,
    filter: &Filter,
    behind: Option<Place>,
    mut visit: impl FnMut(Entry) -> bool,
) -> storage::Result<()> {
    let sql = "SELECT id, time, level, message, fields, checksum FROM entries
         WHERE collector = ?1 AND time >= ?2 AND time <= ?3 AND id > ?4 AND (time, id) < (?5, ?6)
         ORDER BY time DESC, id DESC";
    let from = filter.from.unwrap_or(Timestamp::from_millis(i64::MIN));
    let to = filter.to.unwrap_or(Timestamp::from_millis(i64::MAX));
    let after = filter.after.unwrap_or(0);
    let (time, id) = behind.map_or((i64::MAX, i64::MAX), |place| (place.time.as_millis(), place.id));
    let mut statement = tx.prepare_cached(sql)?;
    let mut rows = statement.query(params![number, from, to, after, time, id])?;
    while let Some(row) = rows.next()? {
        let Some(entry) = sound(number, row)? else {
            tracing::error!(id = row.get::<_, i64>(0)?, "a log entry is damaged; it is not served");
            continue;
        };
        if !visit(entry) {
            break;
        }
    }
    Ok(())
}

/// The entry of a row, unless it is not what was written.
fn sound(number: i64, row: &Row<'_>) -> storage::Result<Option<Entry>> {
    let text = |column| row.get_ref(column).map(|value| value.as_str().ok());
    let time: Timestamp = row.get(1)?;
    let (Some(level), Some(message), Some(fields)) = (text(2)?, text(3)?, text(4)?) else { return Ok(None) };
    let sum: i64 = row.get(5)?;
    let known =
        level.parse().ok().filter(|_| i64::from(checksum(number, time, level, message, fields)) == sum);
    let id = row.get(0)?;
    Ok(known.map(|level| Entry { id, time, level, message: message.to_owned(), fields: fields.to_owned() }))
}

/// Reads every entry and every count. Returns how many entries there are, or the first thing that is wrong.
pub(super) fn verify(tx: &Transaction<'_>) -> storage::Result<Result<u64, String>> {
    let sql = "SELECT id, time, level, message, fields, checksum, collector FROM entries ORDER BY id";
    let mut statement = tx.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut entries: u64 = 0;
    while let Some(row) = rows.next()? {
        if sound(row.get(6)?, row)?.is_none() {
            return Ok(Err(format!("log entry {} is damaged", row.get::<_, i64>(0)?)));
        }
        entries += 1;
    }
    let counted: u64 =
        tx.query_row("SELECT coalesce(sum(entries), 0) FROM collectors", [], |row| row.get(0))?;
    let wrong = || format!("there are {entries} log entries, and {counted} are counted");
    Ok(if counted == entries { Ok(entries) } else { Err(wrong()) })
}
