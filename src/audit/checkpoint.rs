//! Signed heads of the chain: whoever rewrites the whole log cannot sign what was published before.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::chain::{self, AuditLog};
use super::verify::Head;
use crate::clock::Timestamp;
use crate::crypto::Hash;
use crate::jobs::Job;
use crate::storage;

/// A head, signed.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub head: Head,
    pub signed_at: Timestamp,
    pub key_id: String,
    pub signature: Vec<u8>,
}

/// Whoever holds the signing keys.
pub trait Signer: Send + Sync {
    /// The id of the key and its signature over `message`.
    fn sign(&self, message: &[u8]) -> (String, Vec<u8>);
    fn verifies(&self, key_id: &str, message: &[u8], signature: &[u8]) -> bool;
}

impl AuditLog {
    /// Signs the head, unless nothing was added since the last time.
    pub fn sign_head(&self, signer: &dyn Signer) -> storage::Result<Option<Checkpoint>> {
        let head = self.db.read(chain::head)?;
        let newest = self.db.read(|tx| Ok::<_, storage::StoreError>(all(tx)?.into_iter().last()))?;
        if head.seq == 0 || newest.is_some_and(|newest| newest.head == head) {
            return Ok(None);
        }
        let signed_at = self.clock.now();
        let (key_id, signature) = signer.sign(&message(head, signed_at));
        let checkpoint = Checkpoint { head, signed_at, key_id, signature };
        self.db.write(|tx| insert(tx, &checkpoint))?;
        Ok(Some(checkpoint))
    }
}

/// Signs the head now and then.
pub struct CheckpointJob {
    pub log: AuditLog,
    pub signer: Arc<dyn Signer>,
}

impl Job for CheckpointJob {
    fn name(&self) -> &'static str {
        "audit-checkpoint"
    }

    fn about(&self) -> &'static str {
        "signs the newest entry of the audit log, so that it cannot be rewritten unnoticed"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        match self.log.sign_head(&*self.signer) {
            Ok(Some(checkpoint)) => Ok(format!("signed entry {}", checkpoint.head.seq)),
            Ok(None) => Ok("nothing new to sign".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn message(head: Head, signed_at: Timestamp) -> Vec<u8> {
    let mut bytes = b"pganalytics audit checkpoint 1".to_vec();
    bytes.extend_from_slice(&head.seq.to_be_bytes());
    bytes.extend_from_slice(&head.hash);
    bytes.extend_from_slice(&signed_at.as_millis().to_be_bytes());
    bytes
}

/// The entry at the first checkpoint that the log does not extend, or whose signature does not hold.
pub(super) fn first_broken(
    tx: &Transaction<'_>,
    checkpoints: &[Checkpoint],
    signer: &dyn Signer,
) -> storage::Result<Option<u64>> {
    for Checkpoint { head, signed_at, key_id, signature } in checkpoints {
        let there = hash_of(tx, head.seq)?;
        if there != Some(head.hash) || !signer.verifies(key_id, &message(*head, *signed_at), signature) {
            return Ok(Some(head.seq));
        }
    }
    Ok(None)
}

fn hash_of(tx: &Transaction<'_>, seq: u64) -> storage::Result<Option<Hash>> {
    let mut statement = tx.prepare_cached("SELECT hash FROM audit_log WHERE seq = ?")?;
    Ok(statement.query_row([seq], |row| row.get(0)).optional()?)
}

pub(super) fn all(tx: &Transaction<'_>) -> storage::Result<Vec<Checkpoint>> {
    let mut statement = tx.prepare_cached(
        "SELECT seq, hash, signed_at, key_id, signature FROM audit_checkpoints ORDER BY seq",
    )?;
    let checkpoints = statement.query_map([], from_row)?;
    Ok(checkpoints.collect::<Result<_, _>>()?)
}

fn insert(tx: &Transaction<'_>, checkpoint: &Checkpoint) -> storage::Result<()> {
    let Checkpoint { head, signed_at, key_id, signature } = checkpoint;
    tx.execute(
        "INSERT OR IGNORE INTO audit_checkpoints(seq, hash, signed_at, key_id, signature)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![head.seq, head.hash, signed_at, key_id, signature],
    )?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint {
        head: Head { seq: row.get(0)?, hash: row.get(1)? },
        signed_at: row.get(2)?,
        key_id: row.get(3)?,
        signature: row.get(4)?,
    })
}
