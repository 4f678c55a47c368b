//! Operations: one action on many collectors, now or at a set time.
//!
//! It guarantees: an operation that was taken survives whatever happens to the daemon; each of its items is begun
//! once, as its effect, its audit entry and its place in the operation are one transaction; other writers get
//! their turn between two steps; what browsers are told of the progress ends with the last word.
//!
//! What one action is, and whether it is possible, it leaves to `actions`, `archive` and `change`.

mod begin;
mod cancel;
mod create;
mod history;
mod news;
mod operation;
mod rows;
mod schedule;
mod task;

pub use cancel::Cancelled;
pub use create::Order;
pub use history::HistoryJob;
pub use news::News;
pub use operation::{Counts, Item, Operation, OperationError, OperationState, Operations, Page};
pub use schedule::OperationsJob;
pub use task::{Configuration, Leaving, TagChange, Task, TaskKind, Timing};

pub(super) use news::Tally;
pub(super) use rows::follow;
