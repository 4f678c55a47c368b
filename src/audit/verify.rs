//! Checking the whole chain.

use rusqlite::Transaction;

use super::chain::{self, AuditLog, GENESIS};
use super::checkpoint::{self, Checkpoint, Signer};
use super::read;
use crate::crypto::Hash;
use crate::storage;

/// Entries that are held in memory at once.
const STEP: usize = 1000;

/// The newest entry of a chain; seq 0 where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub seq: u64,
    pub hash: Hash,
}

#[derive(Clone, Debug)]
pub struct Verification {
    pub entries: u64,
    /// The number of the first entry that was edited, is missing, or was put in.
    pub first_bad_entry: Option<u64>,
    pub head: Head,
    /// The newest signed head.
    pub checkpoint: Option<Checkpoint>,
}

impl AuditLog {
    /// Recomputes every hash, on one snapshot. `signer` tells whether a checkpoint's signature holds.
    pub fn verify(&self, signer: &dyn Signer) -> storage::Result<Verification> {
        self.db.read(|tx| {
            let mut walk = Walk { entries: 0, last: Head { seq: 0, hash: GENESIS }, first_bad: None };
            walk.run(tx)?;
            let head = chain::head(tx)?;
            if walk.first_bad.is_none() && walk.last != head {
                walk.first_bad = Some(walk.last.seq.min(head.seq) + 1);
            }
            let checkpoints = checkpoint::all(tx)?;
            let broken = checkpoint::first_broken(tx, &checkpoints, signer)?;
            let first_bad_entry = match (walk.first_bad, broken) {
                (Some(bad), Some(broken)) => Some(bad.min(broken)),
                (bad, broken) => bad.or(broken),
            };
            let checkpoint = checkpoints.into_iter().last();
            Ok(Verification { entries: walk.entries, first_bad_entry, head, checkpoint })
        })
    }
}

struct Walk {
    entries: u64,
    last: Head,
    first_bad: Option<u64>,
}

impl Walk {
    fn run(&mut self, tx: &Transaction<'_>) -> storage::Result<()> {
        let mut next = 0;
        loop {
            let entries = read::ascending_from(tx, next, STEP)?;
            for entry in &entries {
                self.entries += 1;
                let expected = self.last.seq + 1;
                let sound = entry.seq == expected
                    && entry.prev_hash == self.last.hash
                    && chain::hash(entry) == entry.hash;
                if !sound && self.first_bad.is_none() {
                    self.first_bad = Some(expected);
                }
                self.last = Head { seq: entry.seq, hash: entry.hash };
            }
            if entries.len() < STEP {
                return Ok(());
            }
            next = self.last.seq + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::audit::{Action, Change, MIGRATIONS, Origin, Target};
    use crate::clock::{Clock, Timestamp};
    use crate::ids::IdSource;
    use crate::storage::{Poison, Sqlite};

    /// Signs by hashing with a text that only the tests know.
    struct TestSigner;

    impl Signer for TestSigner {
        fn sign(&self, message: &[u8]) -> (String, Vec<u8>) {
            ("test".to_owned(), crate::crypto::sha256(&[b"key", message].concat()).to_vec())
        }

        fn verifies(&self, _: &str, message: &[u8], signature: &[u8]) -> bool {
            self.sign(message).1 == signature
        }
    }

    struct Fixture {
        _folder: tempfile::TempDir,
        path: std::path::PathBuf,
        log: AuditLog,
    }

    fn log_of(entries: u64) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.sqlite");
        let db = Arc::new(Sqlite::open(&path, MIGRATIONS, Poison::default()).unwrap());
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let log = AuditLog::new(db, clock.clone(), IdSource::seeded(1));
        for number in 1..=entries {
            clock.advance(Duration::from_secs(1));
            let target = Target::new("group", number, &format!("group {number}"));
            let change = Change::new(Action::GroupCreate, target)
                .because(Some("why not".to_owned()))
                .from_to(&serde_json::json!({}), &serde_json::json!({"name": number}));
            log.note(&Origin::system(), change).unwrap();
        }
        Fixture { _folder: folder, path, log }
    }

    fn first_bad_after(entries: u64, sql: &str) -> Option<u64> {
        let Fixture { _folder, path, log } = log_of(entries);
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        log.verify(&TestSigner).unwrap().first_bad_entry
    }

    #[test]
    fn a_log_that_nobody_touched_verifies() {
        for entries in [0, 1, 2, 1000, 1001] {
            let Fixture { _folder, log, .. } = log_of(entries);
            let verification = log.verify(&TestSigner).unwrap();
            assert_eq!((verification.entries, verification.first_bad_entry), (entries, None));
            assert_eq!(verification.head.seq, entries);
        }
    }

    #[test]
    fn every_edited_column_is_found_by_number() {
        for column in [
            "time = time + 1",
            "id = 'aud_00000000-0000-7000-8000-000000000000'",
            "actor_id = 'x'",
            "actor_name = 'x'",
            "actor_role = 'x'",
            "action = 'x'",
            "target_kind = 'x'",
            "target_id = 'x'",
            "target_name = 'x'",
            "reason = NULL",
            "old_values = '{}'",
            "new_values = '{}'",
            "ip_address = 'x'",
            "user_agent = 'x'",
            "request_id = 'x'",
            "result = 'x'",
            "prev_hash = zeroblob(32)",
            "hash = zeroblob(32)",
        ] {
            let sql = format!("UPDATE audit_log SET {column} WHERE seq = 3");
            assert_eq!(first_bad_after(5, &sql), Some(3), "{column}");
        }
    }

    #[test]
    fn a_deleted_or_inserted_entry_is_found_by_number() {
        assert_eq!(first_bad_after(5, "DELETE FROM audit_log WHERE seq = 1"), Some(1));
        assert_eq!(first_bad_after(5, "DELETE FROM audit_log WHERE seq = 3"), Some(3));
        assert_eq!(first_bad_after(5, "DELETE FROM audit_log WHERE seq = 5"), Some(5));
        assert_eq!(first_bad_after(5, "DELETE FROM audit_log"), Some(1));
        let copy_of_4 = "INSERT INTO audit_log SELECT 6, 'aud_00000000-0000-7000-8000-000000000000', time,
            actor_id, actor_name, actor_role, action, target_kind, target_id, target_name, reason, old_values,
            new_values, ip_address, user_agent, request_id, result, prev_hash, hash
            FROM audit_log WHERE seq = 4";
        assert_eq!(first_bad_after(5, copy_of_4), Some(6));
    }

    #[test]
    fn a_log_that_was_cut_back_in_order_breaks_its_checkpoint() {
        let Fixture { _folder, path, log } = log_of(5);
        log.sign_head(&TestSigner).unwrap().unwrap();
        let cut = "DELETE FROM audit_log WHERE seq = 5;
            UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit_log WHERE seq = 4)";
        rusqlite::Connection::open(&path).unwrap().execute_batch(cut).unwrap();
        assert_eq!(log.verify(&TestSigner).unwrap().first_bad_entry, Some(5));
    }

    #[test]
    fn a_checkpoint_that_somebody_else_signed_is_found() {
        let Fixture { _folder, path, log } = log_of(2);
        log.sign_head(&TestSigner).unwrap().unwrap();
        assert!(log.sign_head(&TestSigner).unwrap().is_none(), "nothing was added since");
        let forged = "UPDATE audit_checkpoints SET signature = zeroblob(32)";
        rusqlite::Connection::open(&path).unwrap().execute_batch(forged).unwrap();
        assert_eq!(log.verify(&TestSigner).unwrap().first_bad_entry, Some(2));
    }
}
