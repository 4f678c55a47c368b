//! Operations at a set time, and those that a reply or a crash left half begun.
//!
//! A scheduled operation begins within seconds of its time. One whose time passed while no daemon ran begins late,
//! or, when that is too late, not at all. Whoever scheduled it must still be an administrator then.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;
use serde_json::json;

use super::news::Tally;
use super::operation::{Counts, Operation, OperationError, OperationState, Operations};
use super::rows;
use crate::audit::{Action, Change, Origin};
use crate::clock::Timestamp;
use crate::fleet::Progress;
use crate::ids::OperationId;
use crate::jobs::Job;
use crate::limits::{OPERATION_REPLY_TIME, OPERATION_STEPS_AT_ONCE, SCHEDULE_LATE, SCHEDULED_AT_ONCE};

impl Operations {
    /// Looks at the scheduled operations whose time has come, a bounded number at a time. Returns how many.
    pub fn begin_due(&self) -> Result<usize, OperationError> {
        let due = self.db.read(|tx| rows::due(tx, self.clock.now(), SCHEDULED_AT_ONCE))?;
        for id in &due {
            let tally = self.db.write(|tx| self.begin_scheduled(tx, *id))?;
            self.news.tell(tally);
        }
        Ok(due.len())
    }

    fn begin_scheduled(
        &self,
        tx: &Transaction<'_>,
        id: OperationId,
    ) -> Result<Option<Tally>, OperationError> {
        let found = rows::by_id(tx, id)?.filter(|found| found.state == OperationState::Scheduled);
        // it was cancelled meanwhile
        let Some(mut operation) = found else { return Ok(None) };
        let now = self.clock.now();
        let late = operation.schedule_at.map(|at| now.since(at)).unwrap_or_default();
        if late > SCHEDULE_LATE {
            let why = format!("no daemon ran at its time, and {} s later it is too late", late.as_secs());
            let end = (OperationState::Expired, Progress::Expired, Action::OperationExpire);
            return self.end_unbegun(tx, operation, end, &why, now).map(Some);
        }
        if !self.access.is_active_admin(tx, &operation.origin.actor.id)? {
            let why = format!("{} is not an active administrator any more", operation.origin.actor.name);
            let end = (OperationState::Cancelled, Progress::Cancelled, Action::OperationRefuse);
            return self.end_unbegun(tx, operation, end, &why, now).map(Some);
        }
        operation.state = OperationState::Running;
        operation.started_at = Some(now);
        rows::update(tx, &operation)?;
        let before = json!({ "state": "scheduled" });
        let entry = Change::new(Action::OperationStart, operation.target())
            .because(operation.reason.clone())
            .from_to(&before, &json!({ "state": "running" }));
        self.audit.append(tx, &Origin::system(), entry)?;
        Ok(Some(rows::count(tx, id, Counts::default(), now)?))
    }

    /// Ends an operation that has not begun, for a reason of the daemon's.
    fn end_unbegun(
        &self,
        tx: &Transaction<'_>,
        mut operation: Operation,
        (state, status, action): (OperationState, Progress, Action),
        why: &str,
        now: Timestamp,
    ) -> Result<Tally, OperationError> {
        let ended = rows::end_waiting(tx, &operation, status, why, now)?;
        operation.state = state;
        operation.completed_at = Some(now);
        operation.error_message = Some(why.to_owned());
        operation.begun = operation.counts.total;
        rows::update(tx, &operation)?;
        let after = json!({ "state": state.as_str(), "error_message": why });
        let entry = Change::new(action, operation.target())
            .because(operation.reason.clone())
            .from_to(&json!({ "state": "scheduled" }), &after)
            .failed();
        self.audit.append(tx, &Origin::system(), entry)?;
        let more = match status {
            Progress::Cancelled => Counts { cancelled: ended, ..Counts::default() },
            _ => Counts { failed: ended, ..Counts::default() },
        };
        Ok(rows::count(tx, operation.id, more, now)?)
    }

    /// Ends the items that were not begun for so long that nobody expects it any more: no daemon ran meanwhile, or its
    /// disk was full.
    fn give_up(&self, id: OperationId, late: Duration) -> Result<bool, OperationError> {
        let tally = self.db.write(|tx| {
            let found = rows::by_id(tx, id)?.filter(|found| found.state == OperationState::Running);
            let Some(mut operation) = found else { return Ok::<_, OperationError>(None) };
            let now = self.clock.now();
            let why = format!("it was interrupted, and {} s later it is too late", late.as_secs());
            let failed = rows::end_waiting(tx, &operation, Progress::Expired, &why, now)?;
            operation.begun = operation.counts.total;
            operation.error_message = Some(why.clone());
            rows::update(tx, &operation)?;
            let after = json!({ "error_message": why, "not_begun": failed });
            let entry = Change::new(Action::OperationExpire, operation.target())
                .because(operation.reason.clone())
                .from_to(&json!({}), &after)
                .failed();
            self.audit.append(tx, &Origin::system(), entry)?;
            Ok(Some(rows::count(tx, id, Counts { failed, ..Counts::default() }, now)?))
        })?;
        self.news.tell(tally);
        Ok(false)
    }

    /// Goes on with operations that a reply did not wait for, or that a crash interrupted, a bounded number of
    /// steps. Returns how many steps it took.
    pub fn go_on(&self) -> Result<usize, OperationError> {
        let mut steps = 0;
        let now = self.clock.now();
        let left = self.db.read(rows::unfinished)?.into_iter().filter(|operation| is_left(operation, now));
        for operation in left {
            loop {
                if steps == OPERATION_STEPS_AT_ONCE {
                    return Ok(steps);
                }
                steps += 1;
                let late = operation.started_at.map(|at| now.since(at)).unwrap_or_default();
                let is_more = match operation.cancelled_at {
                    Some(_) => self.take_back_some(operation.id)?,
                    None if late > SCHEDULE_LATE => self.give_up(operation.id, late)?,
                    None => self.begin_some(operation.id)?,
                };
                if !is_more {
                    break;
                }
            }
        }
        Ok(steps)
    }
}

/// Whether nobody is at it any more: a request that begins or cancels an operation does it itself at first.
fn is_left(operation: &Operation, now: Timestamp) -> bool {
    let asked_at = operation.cancelled_at.or(operation.started_at).unwrap_or(operation.created_at);
    let is_scheduled = operation.schedule_at.is_some() && operation.cancelled_at.is_none();
    is_scheduled || now.since(asked_at) > OPERATION_REPLY_TIME
}

/// Begins what is due, and goes on with what was left.
pub struct OperationsJob(pub Arc<Operations>);

impl Job for OperationsJob {
    fn name(&self) -> &'static str {
        "operations"
    }

    fn about(&self) -> &'static str {
        "begins scheduled operations, and goes on with those that are not begun on all of their collectors"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        let operations = &self.0;
        let done = operations.begin_due().and_then(|due| Ok((due, operations.go_on()?)));
        operations.news.flush();
        let (due, steps) = done.map_err(|error| error.to_string())?;
        Ok(format!("{due} were due, {steps} steps"))
    }
}
