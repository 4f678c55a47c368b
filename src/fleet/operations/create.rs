//! Taking an operation: everything of it that can be wrong is told before anything happens.

use std::collections::HashSet;

use rusqlite::Transaction;
use serde_json::json;

use super::operation::{Counts, Item, Operation, OperationError, OperationState, Operations};
use super::rows;
use super::task::Task;
use crate::audit::{Action, Change, Origin};
use crate::clock::Timestamp;
use crate::fleet::Progress;
use crate::ids::{CollectorId, OperationId};
use crate::limits::{OPERATION_COLLECTORS, OPERATIONS_OPEN};

/// A checked request.
#[derive(Clone, Debug)]
pub struct Order {
    pub task: Task,
    pub reason: Option<String>,
    /// Ids as they were sent. One that stands there again does not count again; one that is nobody's fails.
    pub collectors: Vec<String>,
    /// Otherwise it begins at once.
    pub schedule_at: Option<Timestamp>,
}

impl Operations {
    /// Takes an operation. It is durable when this returns, and nothing of it has begun.
    pub fn create(&self, origin: &Origin, mut order: Order) -> Result<OperationId, OperationError> {
        let mut seen = HashSet::new();
        order.collectors.retain(|collector| seen.insert(collector.clone()));
        let count = order.collectors.len();
        if !(1..=OPERATION_COLLECTORS).contains(&count) {
            return Err(OperationError::Collectors(count));
        }
        let (id, tally) = self.db.write(|tx| {
            if rows::count_in(tx, &[OperationState::Scheduled, OperationState::Running])? >= OPERATIONS_OPEN {
                return Err(OperationError::TooMany);
            }
            if let Some(group) = order.task.group().filter(|group| !group.is_empty()) {
                // by its id, which stays when the name changes before the operation begins
                *group = self.collectors.group_in(tx, group)?.to_string();
            }
            let items = self.items(tx, &order.collectors)?;
            let unknown = items.iter().filter(|item| item.status.is_over()).count();
            let operation = self.operation(origin, order, unknown);
            rows::insert(tx, &operation)?;
            items.iter().try_for_each(|item| rows::insert_item(tx, operation.id, item))?;
            self.audit.append(tx, origin, created(&operation, unknown))?;
            let more = Counts { failed: unknown, ..Counts::default() };
            let tally = rows::count(tx, operation.id, more, operation.created_at)?;
            Ok((operation.id, tally))
        })?;
        self.news.tell(Some(tally));
        Ok(id)
    }

    fn operation(&self, origin: &Origin, order: Order, unknown: usize) -> Operation {
        let now = self.clock.now();
        let total = order.collectors.len();
        // with nobody to wait for it is over at once
        let schedule_at = order.schedule_at;
        let waits = schedule_at.is_some() && unknown < total;
        Operation {
            id: self.ids.next(now),
            task: order.task,
            reason: order.reason,
            origin: origin.clone(),
            created_at: now,
            schedule_at,
            started_at: (!waits).then_some(now),
            cancelled_at: None,
            completed_at: None,
            state: if waits { OperationState::Scheduled } else { OperationState::Running },
            error_message: None,
            counts: Counts { total, ..Counts::default() },
            begun: 0,
        }
    }

    fn items(&self, tx: &Transaction<'_>, collectors: &[String]) -> Result<Vec<Item>, OperationError> {
        let item = |(position, collector): (usize, &String)| {
            let name = match collector.parse::<CollectorId>() {
                Ok(id) => self.collectors.name_in(tx, id)?,
                Err(_) => None,
            };
            let is_known = name.is_some();
            Ok(Item {
                position,
                collector: collector.clone(),
                name,
                status: if is_known { Progress::Pending } else { Progress::Failed },
                action: None,
                error_message: (!is_known).then(|| format!("there is no collector {collector}")),
                completed_at: (!is_known).then(|| self.clock.now()),
            })
        };
        collectors.iter().enumerate().map(item).collect()
    }
}

fn created(operation: &Operation, unknown: usize) -> Change {
    let after = json!({
        "action": operation.task.kind().as_str(),
        "params": operation.task.params(),
        "collectors": operation.counts.total,
        "unknown": unknown,
        "schedule_at": operation.schedule_at,
    });
    Change::new(Action::OperationCreate, operation.target())
        .because(operation.reason.clone())
        .from_to(&json!({}), &after)
}
