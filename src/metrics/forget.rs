//! Forgetting which pushes and documents came, once nobody sends them again.
//!
//! It guarantees: what came within the memory of [`limits::KEYS_KNOWN`] and [`limits::CONTENTS_KNOWN`] is known again; a
//! clock that jumps makes nothing forgotten.

use std::sync::Arc;

use redb::ReadTransaction;

use super::Metrics;
use super::hot::{self, PushRecord};
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::limits;
use crate::storage::RedbError;

/// The job that forgets.
pub struct Forgetting {
    metrics: Arc<Metrics>,
    /// Where the next steps go on: among the keys, and among the contents.
    next_push: Vec<u8>,
    next_content: Vec<u8>,
}

impl Forgetting {
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, next_push: Vec::new(), next_content: Vec::new() }
    }

    fn forget(&mut self, now: Timestamp) -> Result<String, RedbError> {
        if self.metrics.doubts_clock(now)? {
            return Ok("forgets nothing: the clock jumped ahead".to_owned());
        }
        let Self { metrics, next_push, next_content } = self;
        let came = |key: &[u8], sealed: &[u8]| PushRecord::open(key, sealed).map(|record| record.received_at);
        let pushes = metrics.forget(hot::PUSHES, now.minus(limits::KEYS_KNOWN), next_push, came)?;
        let came = |key: &[u8], sealed: &[u8]| hot::open_contents(key, sealed).map(|(came, _)| came);
        let contents =
            metrics.forget(hot::CONTENTS, now.minus(limits::CONTENTS_KNOWN), next_content, came)?;
        Ok(format!("forgot {pushes} keys and the contents of {contents} minutes"))
    }
}

impl Job for Forgetting {
    fn name(&self) -> &'static str {
        "metrics-forget"
    }

    fn about(&self) -> &'static str {
        "forgets which pushes came long ago"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        self.forget(now).map_err(|error| error.to_string())
    }
}

impl Metrics {
    /// Looks at the next rows of a table and removes those that came before a moment.
    fn forget(
        &self,
        table: hot::Definition,
        before: Timestamp,
        next: &mut Vec<u8>,
        came: impl Fn(&[u8], &[u8]) -> Result<Timestamp, RedbError>,
    ) -> Result<usize, RedbError> {
        let (old, behind) = self.hot.file.read(|tx| old(tx, table, before, next, came))?;
        *next = behind;
        if old.is_empty() {
            return Ok(0);
        }
        self.hot.file.write(|tx| {
            let mut rows = tx.open_table(table)?;
            for key in &old {
                rows.remove(key.as_slice())?;
            }
            Ok(old.len())
        })
    }
}

/// The keys of the old ones among the next rows, and where to go on.
fn old(
    tx: &ReadTransaction,
    table: hot::Definition,
    before: Timestamp,
    next: &[u8],
    came: impl Fn(&[u8], &[u8]) -> Result<Timestamp, RedbError>,
) -> Result<(Vec<Vec<u8>>, Vec<u8>), RedbError> {
    let mut old = Vec::new();
    for (looked_at, row) in tx.open_table(table)?.range(next..)?.enumerate() {
        let (key, sealed) = row?;
        if looked_at == limits::FORGET_STEP {
            return Ok((old, key.value().to_vec()));
        }
        if came(key.value(), sealed.value())? < before {
            old.push(key.value().to_vec());
        }
    }
    Ok((old, Vec::new()))
}
