//! Ending an operation early: what has not begun is not begun, and what no agent can know of is taken back.
//! What an agent was told goes on, as nobody could tell what the agent does with it.

use serde_json::json;

use super::operation::{Counts, Item, Operation, OperationError, OperationState, Operations};
use super::rows;
use crate::audit::{Action, Change, Origin};
use crate::fleet::{ActionError, Progress, commands};
use crate::ids::OperationId;
use crate::limits::OPERATION_STEP;
use crate::registry::CollectorsError;
use crate::storage::StoreError;

/// An operation that was asked to end early.
#[derive(Clone, Debug)]
pub struct Cancelled {
    pub operation: Operation,
    /// What was taken back.
    pub items: Vec<Item>,
}

impl Operations {
    /// Ends an operation early. It is durable that it is to end when this returns; its commands are to be taken back.
    pub fn cancel(&self, origin: &Origin, id: OperationId) -> Result<(), OperationError> {
        let tally = self.db.write(|tx| {
            let mut operation = rows::by_id(tx, id)?.ok_or(OperationError::NotFound(id))?;
            if operation.state.is_over() {
                return Err(OperationError::Over { id, state: operation.state });
            }
            if operation.cancelled_at.is_some() {
                return Err(OperationError::CancelledAlready(id));
            }
            let waiting = rows::waiting(tx, &operation)?;
            if waiting == 0 && commands::untold(tx, id, 1)?.is_empty() {
                return Err(OperationError::AllBegun(id));
            }
            let now = self.clock.now();
            let before = operation.state;
            let why = "the operation was cancelled";
            let cancelled = rows::end_waiting(tx, &operation, Progress::Cancelled, why, now)?;
            operation.begun = operation.counts.total;
            operation.cancelled_at = Some(now);
            operation.state = OperationState::Running;
            rows::update(tx, &operation)?;
            rows::insert_cancel(tx, id, origin)?;
            let after = json!({ "state": "cancelled", "not_begun": waiting });
            let entry = Change::new(Action::OperationCancel, operation.target())
                .because(operation.reason.clone())
                .from_to(&json!({ "state": before.as_str() }), &after);
            self.audit.append(tx, origin, entry)?;
            Ok(rows::count(tx, id, Counts { cancelled, ..Counts::default() }, now)?)
        })?;
        self.news.tell(Some(tally));
        Ok(())
    }

    /// Takes back the commands of a cancelled operation for as long as it may. What is left is the job's.
    pub fn take_back(&self, id: OperationId, may_go_on: impl Fn() -> bool) -> Result<(), OperationError> {
        while may_go_on() && self.take_back_some(id)? {}
        Ok(())
    }

    /// What was taken back.
    pub fn cancelled(&self, id: OperationId) -> Result<Cancelled, OperationError> {
        self.db.read(|tx| {
            let operation = rows::by_id(tx, id)?.ok_or(OperationError::NotFound(id))?;
            Ok(Cancelled { operation, items: rows::cancelled_items(tx, id)? })
        })
    }

    /// Takes back the next few commands that no agent can know of, and says whether there may be more. Whoever does it,
    /// it comes from the one who cancelled.
    pub(super) fn take_back_some(&self, id: OperationId) -> Result<bool, OperationError> {
        let moved: Vec<_> = self.db.write(|tx| {
            let untold = commands::untold(tx, id, OPERATION_STEP)?;
            // of one that was cancelled under an earlier release nobody knows
            let origin = rows::cancelled_by(tx, id)?.unwrap_or_else(Origin::system);
            let take_back = |given| self.actions.take_back(tx, &origin, given);
            untold.iter().map(take_back).collect::<Result<_, ActionError>>()
        })?;
        let is_more = moved.len() == OPERATION_STEP;
        for moved in moved {
            self.actions.tell(moved);
        }
        Ok(is_more)
    }
}

/// A command of the registry's own belongs to an action and to a collector: if not, the registry is damaged.
impl From<ActionError> for OperationError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Store(error) | ActionError::Collectors(CollectorsError::Store(error)) => {
                Self::Store(error)
            }
            error => Self::Store(StoreError::Damaged(error.to_string())),
        }
    }
}
