//! The lines of an agent's own log, on their way to the daemon.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Rejected;
use crate::clock::Timestamp;
use crate::names::{named, serialized_by_name};

named!(
    /// How grave a line is, the least first.
    LogLevel, "a log level", {
    Debug = "DEBUG",
    Info = "INFO",
    Warning = "WARNING",
    Error = "ERROR",
});

serialized_by_name!(LogLevel);

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    pub timestamp: Timestamp,
    pub level: LogLevel,
    pub message: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// The body of `POST /collectors/{id}/logs`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogBatch<Entry = LogEntry> {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReply {
    /// Entries that are kept.
    pub accepted: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Rejected>,
}
