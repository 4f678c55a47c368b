//! The rows of the catalog: one function per statement.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::Segment;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage;

/// What a segment has of one type. It stands in the catalog as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kind {
    pub kind: String,
    pub first: Timestamp,
    pub last: Timestamp,
    pub documents: u64,
}

/// What all segments have together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub segments: u64,
    pub bytes: u64,
    pub documents: u64,
    pub samples: u64,
    pub damaged: u64,
    pub missing: u64,
    /// The time of the oldest document.
    pub first: Option<Timestamp>,
}

/// Where the life of a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Live,
    Damaged,
    Leaving,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Damaged => "damaged",
            Self::Leaving => "leaving",
        }
    }
}

const SELECT: &str =
    "SELECT id, file, collector_id, first_at, last_at, documents, samples, bytes, sha256, kinds,
     sealed_at, damage, lost_at FROM segments";

/// Lists a segment, whose id is given now.
pub(super) fn insert(tx: &Transaction<'_>, segment: &Segment) -> storage::Result<i64> {
    let sql = "INSERT INTO segments(file, collector_id, first_at, last_at, documents, samples, bytes, sha256, kinds,
             sealed_at, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'live')";
    tx.prepare_cached(sql)?.execute(params![
        segment.file,
        segment.collector,
        segment.first,
        segment.last,
        segment.documents,
        segment.samples,
        segment.bytes,
        segment.sha256,
        serde_json::json!(segment.kinds).to_string(),
        segment.sealed_at,
    ])?;
    Ok(tx.last_insert_rowid())
}

/// Live and damaged ones, by time.
pub(super) fn between(
    tx: &Transaction<'_>,
    collector: CollectorId,
    from: Timestamp,
    to: Timestamp,
) -> storage::Result<Vec<Segment>> {
    let sql = format!(
        "{SELECT} WHERE collector_id = ?1 AND last_at >= ?2 AND first_at <= ?3 AND state <> 'leaving'
         ORDER BY first_at, id"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![collector, from, to], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The segments in a state, at most so many, those behind an id.
pub(super) fn in_state(
    tx: &Transaction<'_>,
    state: State,
    behind: i64,
    most: usize,
) -> storage::Result<Vec<Segment>> {
    let sql = format!("{SELECT} WHERE state = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![state.name(), behind, most], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Collectors with live segments, in the order of their ids.
pub(super) fn collectors(
    tx: &Transaction<'_>,
    behind: Option<CollectorId>,
    most: usize,
) -> storage::Result<Vec<CollectorId>> {
    let sql = "SELECT DISTINCT collector_id FROM segments
         WHERE state = 'live' AND collector_id > coalesce(?1, '') ORDER BY collector_id LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![behind, most], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn state_of(tx: &Transaction<'_>, file: &str) -> storage::Result<Option<State>> {
    let state = tx
        .prepare_cached("SELECT state FROM segments WHERE file = ?")?
        .query_row([file], |row| row.get::<_, String>(0))
        .optional()?;
    Ok(state.map(|state| match state.as_str() {
        "damaged" => State::Damaged,
        "leaving" => State::Leaving,
        _ => State::Live,
    }))
}

/// Whether it was live, and is not any more.
pub(super) fn set_damaged(
    tx: &Transaction<'_>,
    id: i64,
    damage: &str,
    now: Timestamp,
) -> storage::Result<bool> {
    let sql =
        "UPDATE segments SET state = 'damaged', damage = ?2, lost_at = ?3 WHERE id = ?1 AND state = 'live'";
    Ok(tx.prepare_cached(sql)?.execute(params![id, damage, now])? > 0)
}

/// Whether it is live and was not lost yet. It stays live: it may be on a disk that is not mounted.
pub(super) fn set_missing(tx: &Transaction<'_>, id: i64, now: Timestamp) -> storage::Result<bool> {
    let sql = "UPDATE segments SET lost_at = ?2 WHERE id = ?1 AND state = 'live' AND lost_at IS NULL";
    Ok(tx.prepare_cached(sql)?.execute(params![id, now])? > 0)
}

/// Whether it was lost.
pub(super) fn set_found(tx: &Transaction<'_>, id: i64) -> storage::Result<bool> {
    let sql = "UPDATE segments SET state = 'live', damage = NULL, lost_at = NULL
         WHERE id = ? AND state <> 'leaving' AND lost_at IS NOT NULL";
    Ok(tx.prepare_cached(sql)?.execute([id])? > 0)
}

pub(super) fn set_leaving(tx: &Transaction<'_>, id: i64) -> storage::Result<()> {
    tx.prepare_cached("UPDATE segments SET state = 'leaving' WHERE id = ?")?.execute([id])?;
    Ok(())
}

pub(super) fn delete(tx: &Transaction<'_>, id: i64) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM segments WHERE id = ?")?.execute([id])?;
    Ok(())
}

pub(super) fn totals(tx: &Transaction<'_>) -> storage::Result<Totals> {
    let sql =
        "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(documents), 0), coalesce(sum(samples), 0),
             count(damage), count(lost_at) - count(damage), min(first_at) FROM segments WHERE state <> 'leaving'";
    let totals = tx.prepare_cached(sql)?.query_row([], |row| {
        Ok(Totals {
            segments: row.get(0)?,
            bytes: row.get(1)?,
            documents: row.get(2)?,
            samples: row.get(3)?,
            damaged: row.get(4)?,
            missing: row.get(5)?,
            first: row.get(6)?,
        })
    })?;
    Ok(totals)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Segment> {
    let kinds: String = row.get(9)?;
    let kinds = serde_json::from_str(&kinds).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(9, rusqlite::types::Type::Text, Box::new(error))
    })?;
    Ok(Segment {
        id: row.get(0)?,
        file: row.get(1)?,
        collector: row.get(2)?,
        first: row.get(3)?,
        last: row.get(4)?,
        documents: row.get(5)?,
        samples: row.get(6)?,
        bytes: row.get(7)?,
        sha256: row.get(8)?,
        kinds,
        sealed_at: row.get(10)?,
        damage: row.get(11)?,
        lost_at: row.get(12)?,
    })
}
