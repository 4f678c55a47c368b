//! Beginning the items of an operation, a few in each transaction.

use rusqlite::Transaction;

use super::operation::{Counts, Item, Operation, OperationError, OperationState, Operations};
use super::rows;
use super::task::{Task, Timing};
use crate::fleet::archive::Gone;
use crate::fleet::{ActionError, ArchiveError, Progress, RegisterError};
use crate::ids::{ActionId, CollectorId, OperationId};
use crate::limits::{OPERATION_STEP, TAGS};
use crate::registry::{ActionKind, Collector, CollectorsError, ConfigChange};
use crate::storage::{StoreError, sqlite};

/// What is told of an item after the commit.
enum Effect {
    /// The agent is asked for something.
    Asked(Box<Collector>, ActionId),
    /// The agent has another configuration.
    Configured(CollectorId),
    Gone(Box<Gone>),
}

/// Why an item was not begun.
enum ItemError {
    /// The item ends with these words, and the operation goes on.
    Refused(String),
    /// The store takes nothing now: the step is done again later.
    Store(StoreError),
}

impl Operations {
    /// Begins the items of an operation for as long as it may. What is left is the job's.
    pub fn begin(&self, id: OperationId, may_go_on: impl Fn() -> bool) -> Result<(), OperationError> {
        while may_go_on() && self.begin_some(id)? {}
        Ok(())
    }

    /// Begins the next few items in one transaction, and says whether there may be more.
    pub(super) fn begin_some(&self, id: OperationId) -> Result<bool, OperationError> {
        let mut effects = Vec::new();
        let (tally, is_more) = self.db.write(|tx| {
            let Some(operation) = rows::by_id(tx, id)?.filter(|it| it.state == OperationState::Running)
            else {
                return Ok((None, false));
            };
            let items = rows::items_from(tx, id, operation.begun, OPERATION_STEP)?;
            if items.is_empty() {
                return Ok((None, false));
            }
            rows::set_begun(tx, id, operation.begun + items.len())?;
            let waiting = items.iter().filter(|item| item.status == Progress::Pending);
            for item in waiting {
                effects.push(self.begin_item(tx, &operation, item.clone())?);
            }
            // what agents are asked for counts when they have answered
            let at_once = effects.iter().flatten().filter(|effect| !matches!(effect, Effect::Asked(..)));
            let failed = effects.iter().filter(|effect| effect.is_none()).count();
            let more = Counts { done: at_once.count(), failed, ..Counts::default() };
            let tally = rows::count(tx, id, more, self.clock.now())?;
            Ok::<_, OperationError>((Some(tally), items.len() == OPERATION_STEP))
        })?;
        effects.into_iter().flatten().for_each(|effect| self.tell_effect(effect));
        self.news.tell(tally);
        Ok(is_more)
    }

    /// Begins one item, and notes how. Nothing is told of one that was refused.
    fn begin_item(
        &self,
        tx: &Transaction<'_>,
        operation: &Operation,
        mut item: Item,
    ) -> Result<Option<Effect>, OperationError> {
        let effect = match sqlite::part(tx, || self.apply(tx, operation, &item)) {
            Ok(effect) => {
                match &effect {
                    Effect::Asked(_, action) => item.action = Some(*action),
                    Effect::Configured(_) | Effect::Gone(_) => {
                        item.status = Progress::Completed;
                        item.completed_at = Some(self.clock.now());
                    }
                }
                Some(effect)
            }
            Err(ItemError::Refused(why)) => {
                item.status = Progress::Failed;
                item.error_message = Some(why);
                item.completed_at = Some(self.clock.now());
                None
            }
            Err(ItemError::Store(error)) => return Err(error.into()),
        };
        rows::update_item(tx, operation.id, &item)?;
        Ok(effect)
    }

    fn apply(&self, tx: &Transaction<'_>, operation: &Operation, item: &Item) -> Result<Effect, ItemError> {
        let id = item.collector.parse().map_err(|error| ItemError::Refused(format!("{error}")))?;
        match &operation.task {
            Task::Restart(timing) => self.ask(tx, operation, id, ActionKind::Restart, timing),
            Task::Stop(timing) => self.ask(tx, operation, id, ActionKind::Stop, timing),
            Task::Resume(timing) => self.ask(tx, operation, id, ActionKind::Resume, timing),
            Task::Unregister(leaving) => {
                let farewell = leaving.farewell(operation.reason.clone());
                let gone = self.archive.unregister_in(tx, &operation.origin, id, farewell)?;
                Ok(Effect::Gone(Box::new(gone)))
            }
            Task::UpdateGroup { group_id } => {
                let change = ConfigChange { group: Some(group_id.clone()), ..ConfigChange::default() };
                self.configure(tx, operation, id, change)
            }
            Task::UpdateTags(tags) => {
                let tags = tags.of(self.collectors.get_in(tx, id)?.tags);
                let too_many = || ItemError::Refused(format!("it would have more than {TAGS} tags"));
                let tags = Some(tags.ok_or_else(too_many)?);
                self.configure(tx, operation, id, ConfigChange { tags, ..ConfigChange::default() })
            }
            Task::UpdateConfig(configuration) => self.configure(tx, operation, id, configuration.change()?),
        }
    }

    fn ask(
        &self,
        tx: &Transaction<'_>,
        operation: &Operation,
        id: CollectorId,
        kind: ActionKind,
        timing: &Timing,
    ) -> Result<Effect, ItemError> {
        let wish = timing.wish(kind, operation.reason.clone());
        let asked = self.actions.ask_in(tx, &operation.origin, id, wish, Some(operation.id));
        let (collector, action) = asked?;
        Ok(Effect::Asked(Box::new(collector), action.id))
    }

    fn configure(
        &self,
        tx: &Transaction<'_>,
        operation: &Operation,
        id: CollectorId,
        change: ConfigChange,
    ) -> Result<Effect, ItemError> {
        self.registrar.configure_in(tx, &operation.origin, id, change, operation.reason.as_deref())?;
        Ok(Effect::Configured(id))
    }

    fn tell_effect(&self, effect: Effect) {
        match effect {
            Effect::Asked(collector, _) => self.actions.asked(&collector),
            Effect::Configured(id) => self.registrar.configured(id),
            Effect::Gone(gone) => self.archive.unregistered(*gone),
        }
    }
}

impl From<StoreError> for ItemError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full | StoreError::Ended | StoreError::Poisoned(_) => Self::Store(error),
            // of this collector alone: it must not keep the others waiting
            error @ (StoreError::Sqlite(_)
            | StoreError::TooOld(_)
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)) => {
                tracing::error!(%error, "an item of an operation failed");
                Self::Refused("the daemon could not do it; its log has the cause".to_owned())
            }
        }
    }
}

impl From<CollectorsError> for ItemError {
    fn from(error: CollectorsError) -> Self {
        match error {
            CollectorsError::Store(error) => error.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<ActionError> for ItemError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Store(error) => error.into(),
            ActionError::Collectors(error) => error.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<ArchiveError> for ItemError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Store(error) => error.into(),
            ArchiveError::Collectors(error) => error.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}

impl From<RegisterError> for ItemError {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Store(error) => error.into(),
            RegisterError::Collectors(error) => error.into(),
            error => Self::Refused(error.to_string()),
        }
    }
}
