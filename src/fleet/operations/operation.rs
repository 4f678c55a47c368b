//! What an operation is, and reading it.

use std::sync::Arc;

use super::news::News;
use super::rows;
use super::task::Task;
use crate::access::Access;
use crate::audit::{AuditLog, Origin, Target};
use crate::clock::{Clock, Timestamp};
use crate::fleet::{Actions, Archive, Progress, Registrar};
use crate::ids::{ActionId, IdSource, OperationId};
use crate::limits::{OPERATION_COLLECTORS, OPERATIONS_OPEN};
use crate::names::named;
use crate::registry::{Collectors, CollectorsError};
use crate::storage::{Sqlite, StoreError, stored_as_text};

#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    #[error("there is no operation {0}")]
    NotFound(OperationId),
    #[error("operation {id} is over: it is {state}")]
    Over { id: OperationId, state: OperationState },
    #[error("operation {0} was cancelled already: what had begun still ends by itself")]
    CancelledAlready(OperationId),
    #[error("operation {0} has begun on all of its collectors: there is nothing left to cancel")]
    AllBegun(OperationId),
    #[error("{OPERATIONS_OPEN} operations are scheduled or running: wait until one is over, or cancel one")]
    TooMany,
    #[error("an operation needs 1 to {OPERATION_COLLECTORS} collectors, and has {0}")]
    Collectors(usize),
    #[error("there is no group {0}")]
    NoSuchGroup(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What can go wrong with a group is that there is none.
impl From<CollectorsError> for OperationError {
    fn from(error: CollectorsError) -> Self {
        match error {
            CollectorsError::NoSuchGroup(group) => Self::NoSuchGroup(group),
            CollectorsError::Store(error) => Self::Store(error),
            error @ (CollectorsError::NameTaken(_)
            | CollectorsError::NotFound(_)
            | CollectorsError::ChangedMeanwhile(_)
            | CollectorsError::Credentials { .. }) => Self::Store(StoreError::Damaged(error.to_string())),
        }
    }
}

named!(
    /// How far an operation has come.
    OperationState, "an operation state", {
    /// It waits for its time.
    Scheduled = "scheduled",
    /// Some of its items are not over.
    Running = "running",
    /// All of its items are over, however each of them ended.
    Completed = "completed",
    /// It was asked to end early, or refused at its time, and nothing of it is under way any more.
    Cancelled = "cancelled",
    /// Its time passed while no daemon ran.
    Expired = "expired",
});

stored_as_text!(OperationState);

impl OperationState {
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Running)
    }
}

/// How many items of an operation ended how; the others are still to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub total: usize,
    /// Ended well.
    pub done: usize,
    /// Refused, failed or expired.
    pub failed: usize,
    /// Taken back.
    pub cancelled: usize,
}

impl Counts {
    pub const fn over(&self) -> usize {
        self.done + self.failed + self.cancelled
    }
}

/// What was asked for on many collectors at once.
#[derive(Clone, Debug)]
pub struct Operation {
    pub id: OperationId,
    pub task: Task,
    pub reason: Option<String>,
    /// Whoever asked for it: what it does is written down as coming from there.
    pub origin: Origin,
    pub created_at: Timestamp,
    /// When it is to begin, where that is not at once.
    pub schedule_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    /// When it was asked to end early.
    pub cancelled_at: Option<Timestamp>,
    /// When it was over, however it ended.
    pub completed_at: Option<Timestamp>,
    pub state: OperationState,
    /// Why it did not come about.
    pub error_message: Option<String>,
    pub counts: Counts,
    /// Items that were begun, in the order in which they were asked for.
    pub(super) begun: usize,
}

impl Operation {
    pub(super) fn target(&self) -> Target {
        let name = match self.counts.total {
            1 => format!("{} 1 collector", self.task.kind()),
            total => format!("{} {total} collectors", self.task.kind()),
        };
        Target::new("operation", self.id, &name)
    }
}

/// One collector of an operation, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub position: usize,
    /// As it was asked for: it may be nobody's id.
    pub collector: String,
    /// Nothing where there was no such collector.
    pub name: Option<String>,
    pub status: Progress,
    /// What the agent is asked for, where it is asked for something.
    pub action: Option<ActionId>,
    pub error_message: Option<String>,
    pub completed_at: Option<Timestamp>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub skip: usize,
    pub limit: usize,
}

pub struct Operations {
    pub(crate) db: Arc<Sqlite>,
    pub(crate) audit: AuditLog,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) access: Arc<Access>,
    pub(crate) collectors: Collectors,
    pub(crate) registrar: Arc<Registrar>,
    pub(crate) actions: Arc<Actions>,
    pub(crate) archive: Arc<Archive>,
    pub(crate) news: News,
}

impl Operations {
    /// The newest operations in one of the states, and how many there are; without a state, of all of them.
    pub fn list(
        &self,
        states: &[OperationState],
        page: Page,
    ) -> Result<(Vec<Operation>, usize), OperationError> {
        self.db.read(|tx| Ok((rows::list(tx, states, page)?, rows::count_in(tx, states)?)))
    }

    /// An operation with some of its items, in the order in which they were asked for.
    pub fn get(&self, id: OperationId, page: Page) -> Result<(Operation, Vec<Item>), OperationError> {
        self.db.read(|tx| {
            let operation = rows::by_id(tx, id)?.ok_or(OperationError::NotFound(id))?;
            Ok((operation, rows::items_from(tx, id, page.skip, page.limit)?))
        })
    }
}
