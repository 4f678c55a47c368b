//! The audit trail: who did what, when, to which thing, provably.
//!
//! It guarantees: an entry commits in the transaction of the change that it tells of, or neither does; each
//! entry is hashed over the one before, so that an edited, deleted or inserted row is found by its number.
//! It does not know what the nouns mean.

mod chain;
mod checkpoint;
mod entry;
mod read;
mod reading;
mod schema;
mod verify;

pub use chain::AuditLog;
pub use checkpoint::{Checkpoint, CheckpointJob, Signer};
pub use entry::{Action, Actor, Change, Entry, Origin, Outcome, Target};
pub use read::{Filter, Page};
pub use schema::MIGRATIONS;
pub use verify::{Head, Verification};
