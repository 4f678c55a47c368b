//! How collectors are doing, beside what the registry says of them: brought up to date at every interval.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::session::Session;
use super::{MirrorError, Source};
use crate::clock::Timestamp;
use crate::crypto::{Hash, sha256};
use crate::ids::CollectorId;
use crate::limits::MIRROR_ROWS_AT_ONCE;

/// How one collector is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub collector: CollectorId,
    pub status: String,
    pub status_reason: String,
    pub last_heartbeat: Option<Timestamp>,
    pub hostname: Option<String>,
    pub agent_version: Option<String>,
    pub database_version: Option<String>,
    pub cpu_usage: Option<f64>,
    pub memory_usage: Option<f64>,
    pub avg_collection_time_ms: Option<f64>,
    pub uptime_percentage: Option<f64>,
    pub success_count: Option<u64>,
    pub error_count: Option<u64>,
    pub last_error: Option<String>,
    pub metrics_collected: u64,
}

/// Asks for all of them, those in service.
pub type Standings = Box<dyn Fn() -> Result<Vec<Standing>, String> + Send>;

const COLUMNS: [&str; 14] = [
    "status",
    "status_reason",
    "last_heartbeat",
    "hostname",
    "agent_version",
    "database_version",
    "cpu_usage",
    "memory_usage",
    "avg_collection_time_ms",
    "uptime_percentage",
    "success_count",
    "error_count",
    "last_error",
    "metrics_collected",
];

impl Standing {
    fn row(&self) -> Value {
        json!({
            "id": self.collector.as_uuid().to_string(),
            "status": self.status,
            "status_reason": self.status_reason,
            "last_heartbeat": self.last_heartbeat.map(|time| time.to_string()),
            "hostname": self.hostname,
            "agent_version": self.agent_version,
            "database_version": self.database_version,
            "cpu_usage": self.cpu_usage,
            "memory_usage": self.memory_usage,
            "avg_collection_time_ms": self.avg_collection_time_ms,
            "uptime_percentage": self.uptime_percentage,
            "success_count": self.success_count,
            "error_count": self.error_count,
            "last_error": self.last_error,
            "metrics_collected": self.metrics_collected,
        })
    }
}

/// What was last sent of each collector, as hashes.
#[derive(Default)]
pub(super) struct Sent(HashMap<CollectorId, Hash>);

impl Session {
    /// Brings those up to date that have changed.
    pub(super) async fn copy_standings(&mut self, source: &Source) -> Result<(), MirrorError> {
        let standings = (source.standings)().map_err(MirrorError::Standings)?;
        let mut changed = Vec::new();
        let mut now = HashMap::with_capacity(standings.len());
        for standing in standings {
            let row = standing.row().to_string();
            let hash = sha256(row.as_bytes());
            if self.standings.0.get(&standing.collector) != Some(&hash) {
                changed.push(row);
            }
            now.insert(standing.collector, hash);
        }
        let pairs: Vec<_> = COLUMNS.iter().map(|column| format!("{column} = new.{column}")).collect();
        let sql = format!(
            "UPDATE collectors SET {} FROM json_populate_recordset(NULL::collectors, $2::text::json) AS new
                 WHERE collectors.id = new.id AND collectors.site_id = $1::text",
            pairs.join(", ")
        );
        for rows in changed.chunks(MIRROR_ROWS_AT_ONCE) {
            let rows = format!("[{}]", rows.join(","));
            let rows = super::exact::fit(&rows).text.into_owned();
            self.client.execute(&sql, &[&self.site_id, &rows]).await?;
        }
        self.standings = Sent(now);
        Ok(())
    }

    /// Sends these again at the next interval: their rows may have been made anew.
    pub(super) fn forget_standing(&mut self, collector: CollectorId) {
        self.standings.0.remove(&collector);
    }
}
