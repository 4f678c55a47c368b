//! Deleting what has long been over: operations, actions, commands with their sealed parameters, and gaps.
//!
//! The audit log keeps who asked for what, and what became of it. Nothing is deleted after the clock has leapt
//! forward, as it may be set back.

use std::sync::Arc;
use std::time::Duration;

use super::operation::{OperationError, Operations};
use super::rows;
use crate::clock::Timestamp;
use crate::fleet::{action_rows, commands, gaps};
use crate::jobs::Job;
use crate::limits::{FLEET_HISTORY, HISTORY_PRUNED_AT_ONCE, OPERATIONS_PRUNED_AT_ONCE};

/// A step of the clock beyond this is not taken for the passing of time.
const LEAP: Duration = Duration::from_secs(24 * 3600);

impl Operations {
    /// Deletes some of what was over before that time. Returns how many rows, items not counted.
    pub fn delete_old(&self, before: Timestamp) -> Result<usize, OperationError> {
        let most = HISTORY_PRUNED_AT_ONCE;
        let commands = self.db.write(|tx| commands::delete_old(tx, before, most))?;
        let actions = self.db.write(|tx| action_rows::delete_old(tx, before, most))?;
        let gaps = self.db.write(|tx| gaps::delete_old(tx, before, most))?;
        let mut operations = 0;
        // one in each transaction, as each may have thousands of items
        while operations < OPERATIONS_PRUNED_AT_ONCE
            && self.db.write(|tx| rows::delete_old(tx, before, 1))? > 0
        {
            operations += 1;
        }
        Ok(commands + actions + gaps + operations)
    }
}

pub struct HistoryJob {
    operations: Arc<Operations>,
    last: Timestamp,
}

impl HistoryJob {
    pub fn new(operations: Arc<Operations>) -> Self {
        let last = operations.clock.now();
        Self { operations, last }
    }
}

impl Job for HistoryJob {
    fn name(&self) -> &'static str {
        "fleet-history"
    }

    fn about(&self) -> &'static str {
        "deletes commands, actions, operations and gaps that were over three months ago"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        if now.since(self.last) > LEAP {
            return Ok("the clock has leapt forward: nothing is deleted until it is set back or the daemon is restarted"
                .to_owned());
        }
        self.last = now;
        let deleted = self.operations.delete_old(now.minus(FLEET_HISTORY));
        deleted.map(|rows| format!("deleted {rows} rows")).map_err(|error| error.to_string())
    }
}
