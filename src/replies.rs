//! What was answered to requests that bore an idempotency key: a request that comes again gets its first answer,
//! and not its effect a second time.
//!
//! It guarantees: a reply that is kept in the unit of work of its change is there when the change is, also after a
//! crash; it stands encrypted; it is told to its caller and for its request only; it is kept for a day. It does not
//! know what a reply looks like.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension, params};
use zeroize::Zeroizing;

use crate::clock::{Clock, Timestamp};
use crate::crypto::{EnvelopeError, Hash, KeyRing, equal_in_constant_time};
use crate::limits::{KEPT_BYTES_PER_CALLER, KEPT_REPLIES_PER_CALLER, KEPT_REPLY_BYTES, KEPT_REPLY_LIFE};
use crate::storage::{Sqlite, StoreError, sealed};

const LEVEL: i32 = 3;

#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    #[error("the idempotency key was used for another request")]
    Mismatch,
    #[error(
        "{KEPT_REPLIES_PER_CALLER} replies or {} MiB of them are kept for you, each for a day: send the request without \
         an idempotency key, or later",
        KEPT_BYTES_PER_CALLER / (1024 * 1024)
    )]
    TooMany { retry_after: Duration },
    #[error("a reply of {0} bytes is too large to be kept")]
    TooLarge(usize),
    #[error("cannot open the kept reply: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the kept reply is damaged")]
    Damaged,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A key of one caller. Two callers may use the same text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplyKey {
    pub caller: String,
    pub key: String,
}

/// The kept replies.
pub struct Replies {
    db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    clock: Clock,
}

impl Replies {
    pub fn new(db: Arc<Sqlite>, ring: Arc<KeyRing>, clock: Clock) -> Self {
        Self { db, ring, clock }
    }

    /// The reply to the request of this hash, if it was answered within a day.
    pub fn find(
        &self,
        key: &ReplyKey,
        part: usize,
        request: &Hash,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReplyError> {
        let oldest = self.clock.now().minus(KEPT_REPLY_LIFE);
        let found = self.db.read(|tx| {
            let sql = "SELECT reply_sealed FROM replies
                 WHERE caller = ?1 AND key = ?2 AND part = ?3 AND answered_at > ?4";
            let mut statement = tx.prepare_cached(sql)?;
            let found = statement.query_row(params![key.caller, key.key, part, oldest], |row| row.get(0));
            Ok::<Option<Vec<u8>>, StoreError>(found.optional()?)
        })?;
        let Some(sealed) = found else { return Ok(None) };
        let opened = self.ring.open(sealed::REPLY.at(&row(key, part)), &sealed)?;
        let (hash, reply) = opened.split_first_chunk::<32>().ok_or(ReplyError::Damaged)?;
        if !equal_in_constant_time(hash, request) {
            return Err(ReplyError::Mismatch);
        }
        let reply = zstd::bulk::decompress(reply, KEPT_REPLY_BYTES).map_err(|_| ReplyError::Damaged)?;
        Ok(Some(Zeroizing::new(reply)))
    }

    /// Whether another reply to this caller can be kept. It is asked before anything is done.
    pub fn admit(&self, caller: &str) -> Result<(), ReplyError> {
        let oldest = self.clock.now().minus(KEPT_REPLY_LIFE);
        let (count, bytes, first) = self.db.read(|tx| {
            let sql = "SELECT count(*), ifnull(sum(bytes), 0), ifnull(min(answered_at), 0) FROM replies
                 WHERE caller = ?1 AND answered_at > ?2";
            let read = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, usize>(0)?, row.get::<_, usize>(1)?, row.get::<_, Timestamp>(2)?))
            };
            Ok::<_, StoreError>(tx.prepare_cached(sql)?.query_row(params![caller, oldest], read)?)
        })?;
        if count < KEPT_REPLIES_PER_CALLER && bytes < KEPT_BYTES_PER_CALLER {
            return Ok(());
        }
        Err(ReplyError::TooMany { retry_after: first.since(oldest) })
    }

    /// Keeps a reply, in the unit of work of this thread where there is one.
    pub fn keep(&self, key: &ReplyKey, part: usize, request: &Hash, reply: &[u8]) -> Result<(), ReplyError> {
        if reply.len() > KEPT_REPLY_BYTES {
            return Err(ReplyError::TooLarge(reply.len()));
        }
        let compressed = zstd::bulk::compress(reply, LEVEL).map_err(|_| ReplyError::TooLarge(reply.len()))?;
        let compressed = Zeroizing::new(compressed);
        let plain = Zeroizing::new([request.as_slice(), &compressed].concat());
        let sealed = self.ring.seal(sealed::REPLY.at(&row(key, part)), &plain);
        let now = self.clock.now();
        self.db.write(|tx| {
            // what stands there under this key is older than a day
            let sql = "INSERT OR REPLACE INTO replies(caller, key, part, answered_at, bytes, reply_sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let row = params![key.caller, key.key, part, now, sealed.len(), sealed];
            tx.prepare_cached(sql)?.execute(row)?;
            Ok::<_, StoreError>(())
        })?;
        Ok(())
    }
}

/// What names the row, as `sealed::REPLY` has it: an envelope that was moved to another key does not open.
fn row(key: &ReplyKey, part: usize) -> String {
    format!("{} {part} {}", key.caller, key.key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Poison;

    const MIGRATIONS: &[&str] = &[include_str!("audit/schema/0006_replies.sql")];
    const DAY: Duration = Duration::from_secs(24 * 3600);

    struct Kept {
        folder: tempfile::TempDir,
        clock: Clock,
        replies: Replies,
    }

    fn open() -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_000_000_000_000));
        let db = Arc::new(Sqlite::open(&folder.path().join("db"), MIGRATIONS, Poison::default()).unwrap());
        let replies = Replies::new(db, Arc::new(KeyRing::generate()), clock.clone());
        Kept { folder, clock, replies }
    }

    fn key(caller: &str, key: &str) -> ReplyKey {
        ReplyKey { caller: caller.to_owned(), key: key.to_owned() }
    }

    #[test]
    fn a_reply_is_found_by_its_caller_for_its_request_for_a_day() {
        let Kept { folder, clock, replies } = open();
        let (request, other) = ([1; 32], [2; 32]);
        let found = |key: &ReplyKey, part| {
            replies.find(key, part, &request).unwrap().map(|reply| String::from_utf8(reply.to_vec()).unwrap())
        };
        replies.keep(&key("ada", "k"), 0, &request, b"the canary sings").unwrap();
        assert_eq!(found(&key("ada", "k"), 0).as_deref(), Some("the canary sings"));
        assert_eq!(found(&key("ada", "k"), 1), None);
        assert_eq!(found(&key("eve", "k"), 0), None);
        assert!(matches!(replies.find(&key("ada", "k"), 0, &other), Err(ReplyError::Mismatch)));
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(10).any(|window| window == b"the canary"), "a reply stands in clear");
        }

        clock.advance(DAY);
        assert_eq!(found(&key("ada", "k"), 0), None);
        replies.keep(&key("ada", "k"), 0, &other, b"another").unwrap();
        assert!(matches!(replies.find(&key("ada", "k"), 0, &request), Err(ReplyError::Mismatch)));
    }

    #[test]
    fn a_reply_under_another_key_does_not_open() {
        let Kept { folder: _folder, replies, .. } = open();
        replies.keep(&key("ada", "k"), 0, &[1; 32], b"reply").unwrap();
        replies
            .db
            .write(|tx| Ok::<_, StoreError>(tx.execute("UPDATE replies SET caller = 'eve'", [])?))
            .unwrap();
        let moved = replies.find(&key("eve", "k"), 0, &[1; 32]);
        assert!(matches!(moved, Err(ReplyError::Envelope(EnvelopeError::Damaged))));
    }

    #[test]
    fn what_one_caller_has_kept_is_bounded_and_others_are_not_concerned() {
        let Kept { folder: _folder, clock, replies } = open();
        let unit = replies.db.unit();
        for number in 0..KEPT_REPLIES_PER_CALLER {
            if number % 1000 == 999 {
                replies.admit("ada").unwrap();
            }
            replies.keep(&key("ada", &number.to_string()), 0, &[1; 32], b"reply").unwrap();
        }
        unit.commit().unwrap();
        clock.advance(DAY / 2);
        let Err(ReplyError::TooMany { retry_after }) = replies.admit("ada") else { panic!("one too many") };
        assert_eq!(retry_after, DAY / 2);
        replies.admit("eve").unwrap();
        clock.advance(DAY / 2);
        replies.admit("ada").unwrap();
        let noise = vec![b'x'; KEPT_REPLY_BYTES + 1];
        let refused = replies.keep(&key("ada", "large"), 0, &[1; 32], &noise);
        assert!(matches!(refused, Err(ReplyError::TooLarge(_))));
    }
}
