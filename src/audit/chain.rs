//! Appending to the chain, and the bytes that are hashed.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{OptionalExtension, Transaction, params};

use super::entry::{Change, Entry, Origin};
use super::read;
use super::reading::Readers;
use super::verify::Head;
use crate::clock::Clock;
use crate::crypto::{Hash, sha256};
use crate::ids::{AuditEntryId, IdSource};
use crate::storage::{self, Sqlite, StoreError};

/// The first line of every hashed entry. Another layout of bytes gets another number.
const LAYOUT: &[u8] = b"pganalytics audit entry 1";

/// The hash that the first entry follows.
pub(super) const GENESIS: Hash = [0; 32];

/// The trail in its database.
#[derive(Clone)]
pub struct AuditLog {
    pub(super) db: Arc<Sqlite>,
    pub(super) clock: Clock,
    ids: IdSource,
    /// Who was written down as a reader, and when.
    pub(super) readers: Arc<Mutex<Readers>>,
}

impl AuditLog {
    pub fn new(db: Arc<Sqlite>, clock: Clock, ids: IdSource) -> Self {
        Self { db, clock, ids, readers: Arc::default() }
    }

    /// The hash of the first entry, by which a registry is told from any other. `None`: there is none, or it is not
    /// what was written.
    pub fn first_hash(&self) -> storage::Result<Option<Hash>> {
        let first = self.db.read(|tx| read::ascending_from(tx, 1, 1))?.pop();
        Ok(first.filter(|first| first.seq == 1 && hash(first) == first.hash).map(|first| first.hash))
    }

    /// The newest entry.
    pub fn head(&self) -> storage::Result<Head> {
        self.db.read(head)
    }

    /// Adds an entry to the transaction of the change that it tells of.
    pub fn append(&self, tx: &Transaction<'_>, origin: &Origin, change: Change) -> storage::Result<()> {
        let head = head(tx)?;
        let time = self.clock.now();
        let json = |values: serde_json::Map<_, _>| serde_json::Value::Object(values).to_string();
        let mut entry = Entry {
            seq: head.seq + 1,
            id: self.ids.next::<AuditEntryId>(time),
            time,
            actor: origin.actor.clone(),
            action: change.action.to_string(),
            target: change.target,
            reason: change.reason,
            old_values: change.old_values.map(json),
            new_values: change.new_values.map(json),
            ip_address: origin.ip_address.clone(),
            user_agent: origin.user_agent.clone(),
            request_id: origin.request_id.clone(),
            result: change.outcome.to_string(),
            prev_hash: head.hash,
            hash: GENESIS,
        };
        entry.hash = hash(&entry);
        read::insert(tx, &entry)?;
        set_head(tx, Head { seq: entry.seq, hash: entry.hash })
    }

    /// Adds an entry of its own, for what changes nothing else: a refused call, a read of the trail.
    pub fn note(&self, origin: &Origin, change: Change) -> storage::Result<()> {
        self.db.write(|tx| self.append(tx, origin, change))
    }
}

pub(super) fn head(tx: &Transaction<'_>) -> storage::Result<Head> {
    let head = tx
        .prepare_cached("SELECT seq, hash FROM audit_head")?
        .query_row([], |row| Ok(Head { seq: row.get(0)?, hash: row.get(1)? }))
        .optional()?;
    Ok(head.unwrap_or(Head { seq: 0, hash: GENESIS }))
}

fn set_head(tx: &Transaction<'_>, head: Head) -> storage::Result<()> {
    tx.prepare_cached(
        "INSERT INTO audit_head(one, seq, hash) VALUES (1, ?1, ?2)
         ON CONFLICT(one) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
    )?
    .execute(params![head.seq, head.hash])
    .map_err(StoreError::from)?;
    Ok(())
}

/// SHA-256 over the layout's name, the previous hash and the fields, each with its length before it. Free
/// text enters as its own hash, so that it could be erased without breaking the chain.
pub(super) fn hash(entry: &Entry) -> Hash {
    let mut bytes = Vec::with_capacity(1024);
    let mut push = |field: &[u8]| {
        bytes.extend_from_slice(&(field.len() as u64).to_be_bytes());
        bytes.extend_from_slice(field);
    };
    push(LAYOUT);
    push(&entry.prev_hash);
    push(&entry.seq.to_be_bytes());
    push(entry.id.to_string().as_bytes());
    push(&entry.time.as_millis().to_be_bytes());
    for text in [
        &entry.actor.id,
        &entry.actor.name,
        &entry.actor.role,
        &entry.action,
        &entry.target.kind,
        &entry.target.id,
        &entry.target.name,
        &entry.ip_address,
        &entry.request_id,
        &entry.result,
    ] {
        push(text.as_bytes());
    }
    push(&sha256(entry.user_agent.as_bytes()));
    for text in [&entry.reason, &entry.old_values, &entry.new_values] {
        match text {
            Some(text) => push(&sha256(text.as_bytes())),
            None => push(b""),
        }
    }
    sha256(&bytes)
}
