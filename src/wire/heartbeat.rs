//! The sign of life that an agent gives, also while its worker is stopped.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Command, Gap};
use crate::clock::Timestamp;

/// Only `timestamp` and `status` are required; an agent says what it knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub timestamp: Timestamp,
    pub status: AgentStatus,
    /// Documents collected since the agent started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_count: Option<u64>,
    /// Percent of the agent's host, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_usage: Option<f64>,
    /// Percent of the agent's host, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_usage: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections_ok: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections_failed: Option<u64>,
    /// Duration of the last collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection_time_ms: Option<f64>,
    /// Documents of the last collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_collection_count: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool_bytes: Option<u64>,
    /// Batches that the full spool had to drop since the agent's spool was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool_dropped: Option<u64>,
    /// What was lost for good, and is not known to be recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// The configuration version that the agent has applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_version: Option<u64>,
    /// The version that it refused last, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_config_version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_config_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    Active,
    Stopped,
    Error,
}

/// Bytes since the agent's host started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    pub sent_bytes: u64,
    pub received_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatReply {
    pub received_at: Timestamp,
    pub server_time: Timestamp,
    /// The configuration version that the agent should have.
    pub config_version: u64,
    pub commands: Vec<Command>,
    /// The gaps that were told and are on record: they need not be told again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recorded_gaps: Vec<Uuid>,
}
