//! What agents and the daemon say to each other, as pure data. It knows neither of them.

mod command;
mod gap;
mod heartbeat;
mod log;
mod problem;
mod push;
mod registration;

pub use command::{Command, CommandKind, CommandOutcome, CommandStatus};
pub use gap::{Gap, GapReason};
pub use heartbeat::{AgentStatus, Heartbeat, HeartbeatReply, Network};
pub use log::{LogBatch, LogEntry, LogLevel, LogReply};
pub use problem::{FieldError, Problem};
pub use push::{PRIORITY, PRIORITY_OF_BACKLOG, Push, PushReply, Rejected};
pub use registration::{
    AccessToken, CertificateRequest, Registration, RegistrationReply, RenewedCertificate,
};
