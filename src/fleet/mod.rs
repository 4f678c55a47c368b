//! The fleet: how the collectors are doing, and what an administrator does with them.
//!
//! It joins what the nouns know one by one: a registration is a registry row, a token and an audit entry in
//! one transaction; a status is what the registry says and what the agent last said.

pub mod actions;
pub mod archive;
pub mod availability;
pub mod channels;
pub mod commands;
pub mod connection_test;
pub mod expiry;
pub mod gaps;
pub mod import;
pub mod lifecycle;
pub mod log_retention;
pub mod losses;
pub mod open;
pub mod operations;
pub mod presence;
pub mod pulse;
mod recent;
pub mod register;
pub mod status;

mod action_rows;
mod archive_rows;
mod certificates;
mod change;
mod presence_rows;
mod seen;
#[cfg(test)]
mod tests;

pub use actions::{Action, ActionError, Actions, Wish};
pub use archive::{Archive, ArchiveError, Archived, Farewell, Keep, Return, Returned};
pub use availability::{Day, Total};
pub use channels::{Channel, Channels};
pub use commands::Commands;
pub use connection_test::{Connection, ConnectionTest, ConnectionTestError, ConnectionTests};
pub use gaps::{GapPage, Gaps, Recorded as RecordedGap};
pub use import::{Candidate, Counts, Fault, Import, Imported, Outcome};
pub use lifecycle::{Progress, Refusal};
pub use log_retention::LogRetention;
pub use open::{Fleet, Ground};
pub use operations::{Operation, OperationError, Operations};
pub use presence::{Presence, PresenceError};
pub use pulse::Pulse;
pub use recent::{RecentHour, Usage};
pub use register::{RegisterError, Registered, Registrar};
pub use seen::{Seen, Sender};
pub use status::{Status, Verdict};
