//! What the daemon tells an agent to do, and what the agent answers.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// One order to an agent. It is repeated until it is answered or has expired, and is done once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub id: String,
    pub kind: CommandKind,
    #[serde(default)]
    pub params: serde_json::Value,
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandKind {
    Stop,
    Restart,
    Resume,
    UpdateConfig,
    TestConnection,
    RotateToken,
}

/// How far an agent has come with a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandOutcome {
    pub id: String,
    pub status: CommandStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandStatus {
    InProgress,
    Completed,
    Failed,
}
