//! A push: the documents of one or more collections, and what became of them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Timestamp;

/// The header by which a sender says how urgent a push is (RFC 9218), and its value for what waited in a spool: when
/// it is crowded, what was collected just now goes first.
pub const PRIORITY: &str = "priority";
pub const PRIORITY_OF_BACKLOG: &str = "u=6";

/// The body of `POST /metrics/push`. Only `metrics` is required. Documents stay as their own JSON text, so
/// that numbers keep every digit on their way into the store; a receiver borrows them from the body.
#[derive(Debug, Serialize, Deserialize)]
pub struct Push<Document = Box<RawValue>> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics_count: Option<u64>,
    pub metrics: Vec<Document>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushReply {
    /// Always `success`: whatever else happened is a problem document.
    pub status: String,
    pub collector_id: String,
    /// Documents that this push added.
    pub metrics_inserted: u64,
    /// Documents that were there already.
    pub duplicates: u64,
    /// Bytes of the body as it was sent.
    pub bytes_received: u64,
    pub processing_time_ms: f64,
    pub next_config_version: u64,
    pub next_check_in_seconds: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rejected: Vec<Rejected>,
}

/// A document that was not kept, while the others of its push were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its place in `metrics`, from 0.
    pub index: u64,
    pub field: String,
    pub code: String,
    pub message: String,
}
