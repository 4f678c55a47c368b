//! The Ed25519 keys that sign tokens and the checkpoints of the audit log.
//!
//! The first start makes one. Its private part lies sealed in the registry. The public part is derived from
//! it, so that a key which somebody else put into the table is refused at the start.

use std::sync::Arc;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use parking_lot::RwLock;
use rusqlite::{Transaction, params};
use zeroize::Zeroizing;

use super::Access;
use crate::audit::{Action, Change, Origin, Signer, Target};
use crate::clock::{Clock, Timestamp};
use crate::crypto::{KeyRing, sha256};
use crate::storage::{self, Sqlite, StoreError, sealed};

/// The newest key signs, all of them verify. What one has signed is good until it ends, also after a rotation.
pub struct SigningKeys {
    /// In the order in which they were made.
    keys: RwLock<Vec<Arc<Key>>>,
}

pub(super) struct Key {
    pub(super) id: String,
    pair: Ed25519KeyPair,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) created_at: Timestamp,
    /// When the next key took its place.
    pub(super) retired_at: Option<Timestamp>,
}

/// What an administrator sees of a signing key.
#[derive(Clone, Debug)]
pub struct SigningKey {
    pub id: String,
    pub created_at: Timestamp,
    /// When the next key took its place.
    pub retired_at: Option<Timestamp>,
}

impl SigningKeys {
    /// Reads the keys, and makes the first one where there is none.
    pub(super) fn open(db: &Sqlite, ring: &KeyRing, clock: &Clock) -> storage::Result<Self> {
        let rows = db.write(|tx| {
            let rows = all(tx)?;
            if rows.is_empty() {
                insert(tx, &Row::generate(ring, clock.now())?)?;
                return all(tx);
            }
            Ok::<_, StoreError>(rows)
        })?;
        Ok(Self { keys: RwLock::new(opened(rows, ring)?) })
    }

    /// Takes up keys that were made by another process; whether there were any.
    fn reload(&self, db: &Sqlite, ring: &KeyRing) -> storage::Result<bool> {
        let count = db.read(|tx| {
            let count = tx.query_row("SELECT count(*) FROM signing_keys", [], |row| row.get::<_, usize>(0));
            Ok::<_, StoreError>(count?)
        })?;
        if count == self.keys.read().len() {
            return Ok(false);
        }
        let keys = opened(db.read(all)?, ring)?;
        *self.keys.write() = keys;
        Ok(true)
    }

    /// Of a registry that was opened, there is always one.
    #[expect(
        clippy::expect_used,
        reason = "opening makes a key where there is none, and none is ever deleted"
    )]
    pub(super) fn newest(&self) -> Arc<Key> {
        self.keys.read().last().map(Arc::clone).expect("a registry has a signing key")
    }

    pub(super) fn by_id(&self, key_id: &str) -> Option<Arc<Key>> {
        self.keys.read().iter().find(|key| key.id == key_id).map(Arc::clone)
    }

    /// All of them, the one that signs last.
    pub fn list(&self) -> Vec<SigningKey> {
        let about = |key: &Arc<Key>| SigningKey {
            id: key.id.clone(),
            created_at: key.created_at,
            retired_at: key.retired_at,
        };
        self.keys.read().iter().map(about).collect()
    }
}

impl Access {
    /// Makes another signing key, which signs from now on. What was signed before stays good until it ends.
    pub fn rotate_signing_key(&self, origin: &Origin) -> storage::Result<String> {
        let id = self.db.write(|tx| {
            let row = Row::generate(&self.ring, self.clock.now())?;
            insert(tx, &row)?;
            let target = Target::new("signing-key", &row.id, &row.id);
            self.audit.append(tx, origin, Change::new(Action::KeyRotate, target))?;
            Ok::<_, StoreError>(row.id)
        })?;
        self.keys.reload(&self.db, &self.ring)?;
        Ok(id)
    }

    /// Takes up signing keys that another process has made.
    pub fn reload_signing_keys(&self) -> storage::Result<bool> {
        self.keys.reload(&self.db, &self.ring)
    }
}

fn opened(rows: Vec<Row>, ring: &KeyRing) -> storage::Result<Vec<Arc<Key>>> {
    let begins: Vec<_> = rows.iter().skip(1).map(|row| row.created_at).collect();
    let ends = begins.into_iter().map(Some).chain([None]);
    rows.into_iter().zip(ends).map(|(row, retired_at)| row.open(ring, retired_at).map(Arc::new)).collect()
}

#[cfg(test)]
impl SigningKeys {
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.newest().pair.public_key().as_ref().to_vec()
    }
}

impl Signer for SigningKeys {
    fn sign(&self, message: &[u8]) -> (String, Vec<u8>) {
        let newest = self.newest();
        (newest.id.clone(), newest.pair.sign(message).as_ref().to_vec())
    }

    fn verifies(&self, key_id: &str, message: &[u8], signature: &[u8]) -> bool {
        self.by_id(key_id).is_some_and(|key| {
            UnparsedPublicKey::new(&ED25519, key.pair.public_key()).verify(message, signature).is_ok()
        })
    }
}

struct Row {
    id: String,
    created_at: Timestamp,
    public_key: Vec<u8>,
    private_sealed: Vec<u8>,
}

impl Row {
    fn generate(ring: &KeyRing, now: Timestamp) -> storage::Result<Self> {
        let failed =
            |_| StoreError::Damaged("the cryptographic library cannot make an Ed25519 key".to_owned());
        let pair = Ed25519KeyPair::generate().map_err(failed)?;
        let private = pair.to_pkcs8v1().map_err(failed)?;
        let public_key = pair.public_key().as_ref().to_vec();
        let id = format!("key_{}", hex::encode(&sha256(&public_key)[..8]));
        let private_sealed = ring.seal(sealed::SIGNING_KEY.at(&id), private.as_ref());
        Ok(Self { id, created_at: now, public_key, private_sealed })
    }

    fn open(self, ring: &KeyRing, retired_at: Option<Timestamp>) -> storage::Result<Key> {
        let damaged = |why: &str| StoreError::Damaged(format!("signing key {}: {why}", self.id));
        let private: Zeroizing<Vec<u8>> = ring
            .open(sealed::SIGNING_KEY.at(&self.id), &self.private_sealed)
            .map_err(|error| damaged(&error.to_string()))?;
        let pair = Ed25519KeyPair::from_pkcs8(&private).map_err(|_| damaged("it is not an Ed25519 key"))?;
        if pair.public_key().as_ref() != self.public_key {
            return Err(damaged("its public part belongs to another key"));
        }
        let encoding = EncodingKey::from_ed_der(&private);
        let decoding = DecodingKey::from_ed_der(&self.public_key);
        Ok(Key { id: self.id, pair, encoding, decoding, created_at: self.created_at, retired_at })
    }
}

fn all(tx: &Transaction<'_>) -> storage::Result<Vec<Row>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, created_at, public_key, private_sealed FROM signing_keys ORDER BY rowid",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Row {
            id: row.get(0)?,
            created_at: row.get(1)?,
            public_key: row.get(2)?,
            private_sealed: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn insert(tx: &Transaction<'_>, key: &Row) -> storage::Result<()> {
    tx.execute(
        "INSERT INTO signing_keys(id, created_at, public_key, private_sealed) VALUES (?1, ?2, ?3, ?4)",
        params![key.id, key.created_at, key.public_key, key.private_sealed],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::MIGRATIONS;
    use crate::storage::Poison;

    #[test]
    fn the_key_is_made_once_and_signs_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let ring = KeyRing::generate();
        let clock = Clock::manual(Timestamp::from_millis(1));
        let open =
            || SigningKeys::open(&Sqlite::open(&path, MIGRATIONS, Poison::default()).unwrap(), &ring, &clock);
        let (id, signature) = open().unwrap().sign(b"head");
        let again = open().unwrap();
        assert_eq!(again.keys.read().len(), 1);
        assert!(again.verifies(&id, b"head", &signature));
        assert!(!again.verifies(&id, b"another head", &signature));
        assert!(!again.verifies("key_of_nobody", b"head", &signature));
    }

    #[test]
    fn a_key_under_another_root_key_or_with_a_foreign_public_part_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("db"), MIGRATIONS, Poison::default()).unwrap();
        let ring = KeyRing::generate();
        let clock = Clock::manual(Timestamp::from_millis(1));
        SigningKeys::open(&db, &ring, &clock).unwrap();
        assert!(matches!(SigningKeys::open(&db, &KeyRing::generate(), &clock), Err(StoreError::Damaged(_))));
        let foreign = Ed25519KeyPair::generate().unwrap().public_key().as_ref().to_vec();
        db.write(|tx| Ok::<_, StoreError>(tx.execute("UPDATE signing_keys SET public_key = ?", [foreign])?))
            .unwrap();
        assert!(matches!(SigningKeys::open(&db, &ring, &clock), Err(StoreError::Damaged(_))));
    }
}
