//! The Ed25519 keys that sign tokens and the checkpoints of the audit log.
//!
//! The first start makes one. Its private part lies sealed in the registry. The public part is derived from
//! it, so that a key which somebody else put into the table is refused at the start.

use std::collections::HashMap;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use rusqlite::{Transaction, params};
use zeroize::Zeroizing;

use crate::audit::Signer;
use crate::clock::{Clock, Timestamp};
use crate::crypto::{KeyRing, Place, sha256};
use crate::storage::{self, Sqlite, StoreError};

/// The newest key signs, all of them verify.
pub struct SigningKeys {
    newest: String,
    keys: HashMap<String, Key>,
}

struct Key {
    pair: Ed25519KeyPair,
    encoding: EncodingKey,
    decoding: DecodingKey,
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
        let mut keys = HashMap::new();
        let mut newest = String::new();
        for row in rows {
            newest.clone_from(&row.id);
            keys.insert(row.id.clone(), row.open(ring)?);
        }
        Ok(Self { newest, keys })
    }

    pub(super) fn newest(&self) -> (&str, &EncodingKey) {
        (&self.newest, &self.keys[&self.newest].encoding)
    }

    pub(super) fn decoding(&self, key_id: &str) -> Option<&DecodingKey> {
        self.keys.get(key_id).map(|key| &key.decoding)
    }
}

#[cfg(test)]
impl SigningKeys {
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.keys[&self.newest].pair.public_key().as_ref().to_vec()
    }
}

impl Signer for SigningKeys {
    fn sign(&self, message: &[u8]) -> (String, Vec<u8>) {
        let signature = self.keys[&self.newest].pair.sign(message);
        (self.newest.clone(), signature.as_ref().to_vec())
    }

    fn verifies(&self, key_id: &str, message: &[u8], signature: &[u8]) -> bool {
        self.keys.get(key_id).is_some_and(|key| {
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
        let private_sealed = ring.seal(place(&id), private.as_ref());
        Ok(Self { id, created_at: now, public_key, private_sealed })
    }

    fn open(self, ring: &KeyRing) -> storage::Result<Key> {
        let damaged = |why: &str| StoreError::Damaged(format!("signing key {}: {why}", self.id));
        let private: Zeroizing<Vec<u8>> =
            ring.open(place(&self.id), &self.private_sealed).map_err(|error| damaged(&error.to_string()))?;
        let pair = Ed25519KeyPair::from_pkcs8(&private).map_err(|_| damaged("it is not an Ed25519 key"))?;
        if pair.public_key().as_ref() != self.public_key {
            return Err(damaged("its public part belongs to another key"));
        }
        let encoding = EncodingKey::from_ed_der(&private);
        let decoding = DecodingKey::from_ed_der(&self.public_key);
        Ok(Key { pair, encoding, decoding })
    }
}

fn place(id: &str) -> Place<'_> {
    Place { table: "signing_keys", column: "private_sealed", row: id }
}

fn all(tx: &Transaction<'_>) -> storage::Result<Vec<Row>> {
    let mut statement = tx.prepare_cached(
        "SELECT id, created_at, public_key, private_sealed FROM signing_keys ORDER BY created_at, id",
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
        assert_eq!(again.keys.len(), 1);
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
