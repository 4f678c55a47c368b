//! The job that keeps logs within their bounds. It trusts the clock as far as the retention of metrics does.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::logs::Logs;
use crate::metrics::Metrics;

/// Removes what is too old or too much.
pub struct LogRetention {
    pub logs: Arc<Logs>,
    pub metrics: Arc<Metrics>,
}

impl Job for LogRetention {
    fn name(&self) -> &'static str {
        "logs-retention"
    }

    fn about(&self) -> &'static str {
        "removes log entries that are older than the retention, or more than a collector's share"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let is_clock_sure = !self.metrics.doubts_clock(now).map_err(|error| error.to_string())?;
        let removed = self.logs.prune(is_clock_sure).map_err(|error| error.to_string())?;
        Ok(format!("removed {removed} entries"))
    }
}
