//! What agents and the daemon say to each other, as pure data. It knows neither of them.

mod command;
mod heartbeat;
mod problem;
mod push;
mod registration;

pub use command::{Command, CommandKind, CommandOutcome, CommandStatus};
pub use heartbeat::{AgentStatus, Heartbeat, HeartbeatReply, Network};
pub use problem::{FieldError, Problem};
pub use push::{Push, PushReply, Rejected};
pub use registration::{AccessToken, Registration, RegistrationReply};
