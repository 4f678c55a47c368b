//! Deleting what has long been dead: sessions, tokens and secrets.
//!
//! They are dead without it; this keeps the tables small. A month passes first, but for kept replies, which are
//! large and of which nobody asks why they are gone. Nothing is deleted after the clock has leapt forward, as it may
//! be set back.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Transaction, params};

use super::Access;
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::limits::{KEPT_REPLY_LIFE, PRUNED_AT_ONCE};
use crate::storage::{self, StoreError};

/// How long a dead row is kept: it tells a revoked or expired token from one that never was.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// A step of the clock beyond this is not taken for the passing of time.
const LEAP: Duration = Duration::from_secs(24 * 3600);

/// One statement a table, and how long its rows are kept. The first parameter is the time before which a row must
/// have died.
const DELETES: [(&str, Duration, &str); 6] = [
    ("replies", KEPT_REPLY_LIFE, "SELECT rowid FROM replies WHERE answered_at < ?1 LIMIT ?2"),
    ("sessions", KEPT, "SELECT rowid FROM sessions WHERE expires_at < ?1 LIMIT ?2"),
    (
        "api_tokens",
        KEPT,
        "SELECT rowid FROM api_tokens WHERE min(expires_at, ifnull(revoked_at, expires_at)) < ?1 LIMIT ?2",
    ),
    (
        "collector_certificates",
        KEPT,
        "SELECT rowid FROM collector_certificates WHERE expires_at < ?1 LIMIT ?2",
    ),
    ("collector_tokens", KEPT, "SELECT rowid FROM collector_tokens WHERE expires_at < ?1 LIMIT ?2"),
    (
        "registration_secrets",
        KEPT,
        "SELECT rowid FROM registration_secrets WHERE min(expires_at, ifnull(revoked_at, expires_at)) < ?1 LIMIT ?2",
    ),
];

pub struct PruneJob {
    access: Arc<Access>,
    last: Timestamp,
}

impl PruneJob {
    pub fn new(access: Arc<Access>) -> Self {
        let last = access.clock.now();
        Self { access, last }
    }
}

impl Job for PruneJob {
    fn name(&self) -> &'static str {
        "access-prune"
    }

    fn about(&self) -> &'static str {
        "deletes sessions, tokens, certificates and registration secrets that ended a month ago, and replies of yesterday"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        if now.since(self.last) > LEAP {
            return Ok("the clock has leapt forward: nothing is deleted until it is set back or the daemon is restarted"
                .to_owned());
        }
        self.last = now;
        let deleted = self.access.prune(now).map_err(|error| error.to_string())?;
        Ok(format!("deleted {deleted} rows"))
    }
}

impl Access {
    fn prune(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.db.write(|tx| {
            DELETES.iter().try_fold(0, |sum, (table, kept, chosen)| {
                Ok(sum + delete(tx, table, chosen, now.minus(*kept))?)
            })
        })
    }
}

fn delete(tx: &Transaction<'_>, table: &str, chosen: &str, dead_before: Timestamp) -> storage::Result<usize> {
    let sql = format!("DELETE FROM {table} WHERE rowid IN ({chosen})");
    Ok(tx.prepare_cached(&sql)?.execute(params![dead_before, PRUNED_AT_ONCE])?)
}
