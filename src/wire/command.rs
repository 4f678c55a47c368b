//! What the daemon tells an agent to do, and what the agent answers.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::names::{named, serialized_by_name};

/// One order to an agent. It is repeated until it is answered or has expired, and is done once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub id: String,
    pub kind: CommandKind,
    #[serde(default)]
    pub params: serde_json::Value,
    pub expires_at: Timestamp,
}

named!(CommandKind, "a kind of command", {
    Stop = "stop",
    Restart = "restart",
    Resume = "resume",
    UpdateConfig = "update-config",
    TestConnection = "test-connection",
    RotateToken = "rotate-token",
});

/// How far an agent has come with a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutcome {
    pub id: String,
    pub status: CommandStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

named!(CommandStatus, "what can be said of a command", {
    InProgress = "in_progress",
    Completed = "completed",
    Failed = "failed",
});

serialized_by_name!(CommandKind, CommandStatus);
