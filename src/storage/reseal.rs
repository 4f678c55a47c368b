//! Encrypting anew what stands under an older root key, or by another algorithm than the site wants now.
//!
//! It goes through the columns in bounded steps, each of them one transaction, and remembers nothing on disk: what is
//! done tells by how an envelope begins, so it goes on after any end. What cannot be opened is left alone and named.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::{Transaction, params};

use super::sealed;
use super::sqlite::{Sqlite, StoreError};
use crate::crypto::{Column, KeyRing};
use crate::limits::RESEALED_AT_ONCE;

/// Where a walk through all columns stands.
#[derive(Clone, Copy, Debug, Default)]
struct At {
    column: usize,
    /// The last row of it that was looked at.
    rowid: i64,
}

/// What a step has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resealed {
    /// Everything stands under the key that seals now.
    All,
    /// There is more to look at.
    More,
    /// The walk is over, and these values could not be opened.
    Unopened(Vec<String>),
}

pub struct Reseal {
    db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    /// How envelopes began when the last walk was over and found all of them so.
    done: Option<[u8; 5]>,
    /// The walk that is under way, and what it is for.
    walk: Option<(At, [u8; 5])>,
    unopened: Vec<String>,
    /// Values that were encrypted anew since the start.
    pub values: u64,
}

impl Reseal {
    pub fn new(db: Arc<Sqlite>, ring: Arc<KeyRing>) -> Self {
        Self { db, ring, done: None, walk: None, unopened: Vec::new(), values: 0 }
    }

    /// Looks at the next rows, in one transaction.
    pub fn step(&mut self) -> Result<Resealed, StoreError> {
        let stamp = self.ring.stamp();
        if self.done == Some(stamp) {
            return Ok(Resealed::All);
        }
        let at = match self.walk {
            Some((at, of)) if of == stamp => at,
            // another key seals since: what was passed already is looked at again
            _ => {
                self.unopened.clear();
                At::default()
            }
        };
        let Some(column) = sealed::ALL.get(at.column) else {
            self.walk = None;
            let unopened = std::mem::take(&mut self.unopened);
            if !unopened.is_empty() {
                return Ok(Resealed::Unopened(unopened));
            }
            self.done = Some(stamp);
            return Ok(Resealed::All);
        };
        let batch = self.db.write(|tx| batch(tx, &self.ring, column, at.rowid, stamp))?;
        self.values += batch.values;
        self.unopened.extend(batch.unopened);
        let next = match batch.last {
            Some(rowid) => At { rowid, ..at },
            None => At { column: at.column + 1, rowid: 0 },
        };
        self.walk = Some((next, stamp));
        Ok(Resealed::More)
    }
}

struct Batch {
    /// The last row, when there may be more behind it.
    last: Option<i64>,
    values: u64,
    unopened: Vec<String>,
}

fn batch(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    column: &Column,
    after: i64,
    stamp: [u8; 5],
) -> Result<Batch, StoreError> {
    let Column { table, name, row } = column;
    let select = format!(
        "SELECT rowid, {row}, CASE WHEN substr({name}, 1, 5) = ?1 THEN NULL ELSE {name} END FROM {table}
         WHERE rowid > ?2 ORDER BY rowid LIMIT ?3"
    );
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
    };
    let mut statement = tx.prepare_cached(&select)?;
    let rows = statement.query_map(params![stamp, after, RESEALED_AT_ONCE], read)?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let mut batch = Batch { last: None, values: 0, unopened: Vec::new() };
    let mut update = tx.prepare_cached(&format!("UPDATE {table} SET {name} = ?2 WHERE rowid = ?1"))?;
    for (rowid, row, envelope) in &rows {
        let Some(envelope) = envelope else { continue };
        match ring.open(column.at(row), envelope) {
            Ok(plain) => {
                update.execute(params![rowid, ring.seal(column.at(row), &plain)])?;
                batch.values += 1;
            }
            Err(error) => batch.unopened.push(format!("{table}.{name} of row {rowid}: {error}")),
        }
    }
    batch.last = rows.last().map(|(rowid, ..)| *rowid).filter(|_| rows.len() == RESEALED_AT_ONCE);
    Ok(batch)
}

/// How many values each root key has sealed that stand now.
pub fn usage(tx: &Transaction<'_>) -> Result<BTreeMap<u32, u64>, StoreError> {
    let mut usage = BTreeMap::new();
    for Column { table, name, .. } in sealed::ALL {
        let sql = format!(
            "SELECT substr({name}, 2, 4), count(*) FROM {table} WHERE {name} IS NOT NULL GROUP BY substr({name}, 2, 4)"
        );
        let mut statement = tx.prepare_cached(&sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, u64>(1)?)))?;
        for row in rows {
            let (id, count) = row?;
            let id = <[u8; 4]>::try_from(id.as_slice()).map(u32::from_be_bytes).unwrap_or_default();
            *usage.entry(id).or_default() += count;
        }
    }
    Ok(usage)
}
