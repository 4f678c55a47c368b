//! Stopping, resuming and restarting collectors: from an administrator's wish to the agent's word.
//!
//! It guarantees: every step is one transaction with its audit entry; requests for one collector happen one
//! after the other; no action stays open, as each command has a time after which nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::channels::Channel;
use super::commands::{self, Commands, Given, NewCommand};
use super::lifecycle::{self, Progress, Refusal, Stop};
use super::operations::{self, News, Tally};
use super::{Presence, action_rows as rows};
use crate::audit::{self, AuditLog, Change, Origin};
use crate::clock::{Clock, Timestamp};
use crate::events::{EventKind, Events};
use crate::ids::{ActionId, CollectorId, CommandId, IdSource, OperationId};
use crate::jobs::Job;
use crate::limits::COMMANDS_SETTLED_AT_ONCE;
use crate::registry::{ActionKind, Collector, Collectors, CollectorsError};
use crate::storage::{Sqlite, StoreError};
use crate::wire::{self, AgentStatus, CommandKind, CommandStatus};

#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    #[error("there is no action {0}")]
    NotFound(ActionId),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("that command was never given to this collector")]
    NeverGiven,
    #[error("command {id} is over: it is {progress}")]
    Over { id: CommandId, progress: Progress },
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was asked for on one collector, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub id: ActionId,
    pub collector: CollectorId,
    pub kind: ActionKind,
    /// A user's name.
    pub initiated_by: String,
    pub reason: Option<String>,
    /// When a stop is expected to end.
    pub stopped_until: Option<Timestamp>,
    pub progress: Progress,
    pub requested_at: Timestamp,
    /// When the agent said that it has begun.
    pub started_at: Option<Timestamp>,
    /// When it was over, however it ended.
    pub completed_at: Option<Timestamp>,
    pub error_message: Option<String>,
    /// What the agent last said of it.
    pub detail: Option<String>,
    pub operation: Option<OperationId>,
}

/// A checked request.
#[derive(Clone, Debug)]
pub struct Wish {
    pub kind: ActionKind,
    pub reason: Option<String>,
    /// How long a stop is expected to last.
    pub duration: Option<Duration>,
    /// How long the agent may take to begin.
    pub expires_in: Duration,
}

pub struct Actions {
    pub(crate) db: Arc<Sqlite>,
    pub(crate) audit: AuditLog,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) collectors: Collectors,
    pub(crate) presence: Arc<Presence>,
    pub(crate) commands: Commands,
    pub(crate) news: News,
}

/// A command that moved, and the collector where its action moved too.
pub(super) struct Moved {
    collector: Collector,
    action: Action,
    /// Whether the agent has done it.
    came_about: bool,
    /// The operation that the action belongs to, where it moved as well.
    tally: Option<Tally>,
}

impl Actions {
    /// Asks the agent of a collector for something. It is durable when this returns, and the agent is told.
    pub fn ask(&self, origin: &Origin, id: CollectorId, wish: Wish) -> Result<Action, ActionError> {
        let (collector, action) = self.db.write(|tx| self.ask_in(tx, origin, id, wish, None))?;
        self.asked(&collector);
        Ok(action)
    }

    /// The same in the caller's transaction, after whose commit it calls [`Actions::asked`].
    pub(super) fn ask_in(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        id: CollectorId,
        wish: Wish,
        operation: Option<OperationId>,
    ) -> Result<(Collector, Action), ActionError> {
        let mut collector = self.collectors.get_in(tx, id)?;
        lifecycle::admit(wish.kind, &collector, self.agent_is_stopped(id))?;
        let now = self.clock.now();
        let action = Action {
            id: self.ids.next(now),
            collector: id,
            kind: wish.kind,
            initiated_by: origin.actor.name.clone(),
            reason: wish.reason,
            stopped_until: wish.duration.map(|duration| now.plus(duration)),
            progress: Progress::Pending,
            requested_at: now,
            started_at: None,
            completed_at: None,
            error_message: None,
            detail: None,
            operation,
        };
        rows::insert(tx, &action)?;
        let command = NewCommand {
            collector: id,
            action: Some(action.id),
            kind: command_of(wish.kind),
            params: json!({ "reason": action.reason }),
            expires_at: now.plus(wish.expires_in),
        };
        self.commands.give(tx, &command)?;
        collector.control.under_way = Some(wish.kind);
        self.collectors.set_control(tx, &collector)?;
        self.audit.append(tx, origin, change(&collector, &action))?;
        Ok((collector, action))
    }

    /// Tells the agent and the browsers of an action that was asked for, after the commit.
    pub(super) fn asked(&self, collector: &Collector) {
        self.commands.channels.wake(collector.id);
        self.presence.look_again(collector);
    }

    pub fn get(&self, id: ActionId) -> Result<Action, ActionError> {
        self.db.read(|tx| rows::by_id(tx, id)?.ok_or(ActionError::NotFound(id)))
    }

    /// The newest actions of a collector.
    pub fn of_collector(&self, id: CollectorId, most: usize) -> Result<Vec<Action>, ActionError> {
        self.db.read(|tx| {
            self.collectors.get_in(tx, id)?;
            Ok(rows::of_collector(tx, id, most)?)
        })
    }

    /// What the agent of a collector has to be told now.
    pub fn commands_for(&self, id: CollectorId) -> Result<Vec<wire::Command>, ActionError> {
        Ok(self.commands.to_tell(id)?)
    }

    /// A way to wake an agent when there is something to tell; `None` when it has too many already.
    pub fn open_channel(&self, id: CollectorId) -> Option<Channel> {
        self.commands.channels.open(id)
    }

    /// Takes the agent's word on a command.
    pub fn answer(
        &self,
        origin: &Origin,
        collector: CollectorId,
        command: &str,
        status: CommandStatus,
        detail: Option<String>,
    ) -> Result<(), ActionError> {
        let command: CommandId = command.parse().map_err(|_| ActionError::NeverGiven)?;
        let mut over = None;
        let moved = self.db.write(|tx| {
            let given = commands::given_to(tx, collector, command)?.ok_or(ActionError::NeverGiven)?;
            over = given.progress.is_over().then_some(given.progress);
            if over.is_some() {
                return self.answer_late(tx, origin, &given, status);
            }
            if given.kind == CommandKind::UpdateConfig && status == CommandStatus::Failed {
                let reason = detail.as_deref().unwrap_or("the agent gave no reason");
                // an older version is not told any more once there is a newer one
                let version = self.collectors.get_in(tx, collector)?.config_version;
                self.collectors.config_refused(tx, collector, version, reason)?;
            }
            self.advance(tx, origin, &given, Progress::said(status), detail)
        })?;
        self.tell(moved);
        over.map_or(Ok(()), |progress| Err(ActionError::Over { id: command, progress }))
    }

    /// An agent did what nobody waited for any more, as when the daemon was down meanwhile. The action has ended as
    /// it has; where the collector stands is what its agent says, unless it has done something else since.
    fn answer_late(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        given: &Given,
        status: CommandStatus,
    ) -> Result<Option<Moved>, ActionError> {
        let Some(id) = given.action.filter(|_| status == CommandStatus::Completed) else { return Ok(None) };
        let action = rows::by_id(tx, id)?.ok_or(ActionError::NotFound(id))?;
        let was_given_up = matches!(action.progress, Progress::Expired | Progress::Failed)
            && action.completed_at.is_some_and(|at| given.due_at <= at);
        let is_known = action.detail.as_deref() == Some(DONE_LATE);
        if !was_given_up || is_known || rows::has_newer_done(tx, &action)? {
            return Ok(None);
        }
        let mut collector = self.collectors.get_in(tx, given.collector)?;
        lifecycle::done(&mut collector, action.kind, stop_of(&action), self.clock.now());
        self.collectors.set_control(tx, &collector)?;
        let action = Action { detail: Some(DONE_LATE.to_owned()), ..action };
        rows::update(tx, &action)?;
        self.audit.append(tx, origin, change(&collector, &action).came_about())?;
        Ok(Some(Moved { collector, action, came_about: true, tally: None }))
    }

    /// Settles commands that nobody waits for any more, a bounded number at a time. Returns how many.
    pub fn settle_overdue(&self) -> Result<usize, ActionError> {
        let (origin, now) = (Origin::system(), self.clock.now());
        // nearly always there are none, and other writers do not wait for that
        if self.db.read(|tx| commands::overdue(tx, now, 1))?.is_empty() {
            return Ok(0);
        }
        let moved: Vec<_> = self.db.write(|tx| {
            let overdue = commands::overdue(tx, now, COMMANDS_SETTLED_AT_ONCE)?;
            let settle = |given: &Given| self.advance(tx, &origin, given, given.progress.overdue(), None);
            overdue.iter().map(settle).collect::<Result<_, _>>()
        })?;
        let count = moved.len();
        for moved in moved {
            self.tell(moved);
        }
        Ok(count)
    }

    /// Takes back what no agent can know of yet, in the caller's transaction.
    pub(super) fn take_back(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        given: &Given,
    ) -> Result<Option<Moved>, ActionError> {
        self.advance(tx, origin, given, Progress::Cancelled, None)
    }

    /// Moves a command, and with it its action and its collector.
    fn advance(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        given: &Given,
        to: Progress,
        detail: Option<String>,
    ) -> Result<Option<Moved>, ActionError> {
        self.commands.advance(tx, given, to)?;
        let Some(id) = given.action else { return Ok(None) };
        let now = self.clock.now();
        let mut action = rows::by_id(tx, id)?.ok_or(ActionError::NotFound(id))?;
        let was_over = action.progress.is_over();
        action.progress = to;
        if matches!(to, Progress::InProgress | Progress::Completed) {
            action.started_at.get_or_insert(now);
        }
        action.detail = detail.or(action.detail);
        if to.is_over() {
            action.completed_at = Some(now);
            action.error_message = error_message(given.progress, to, action.detail.as_deref());
        }
        rows::update(tx, &action)?;
        let mut collector = self.collectors.get_in(tx, given.collector)?;
        if to.is_over() && !was_over {
            lifecycle::end(&mut collector, action.kind, to, stop_of(&action), now);
            self.collectors.set_control(tx, &collector)?;
            self.audit.append(tx, origin, change(&collector, &action))?;
        }
        let tally = operations::follow(tx, &action, now)?;
        let came_about = action.progress == Progress::Completed;
        Ok(Some(Moved { collector, action, came_about, tally }))
    }

    /// Tells the browsers, after the commit.
    pub(super) fn tell(&self, moved: Option<Moved>) {
        let Some(Moved { collector, action, came_about, tally }) = moved else { return };
        if came_about {
            self.presence.acted(&collector);
            let data = json!({
                "action_id": action.id,
                "initiated_by": action.initiated_by,
                "reason": action.reason,
            });
            let kind = match action.kind {
                ActionKind::Stop => EventKind::Stopped,
                ActionKind::Restart => EventKind::Restarted,
                ActionKind::Resume => EventKind::Resumed,
            };
            self.events.publish(kind, Some(collector.id), data);
        }
        self.presence.look_again(&collector);
        self.news.tell(tally);
    }

    fn agent_is_stopped(&self, id: CollectorId) -> bool {
        let said = self.presence.seen(id).and_then(|seen| seen.said);
        said.is_some_and(|said| said.status == AgentStatus::Stopped)
    }
}

/// What is noted of an action that the agent did after nobody waited for it any more.
const DONE_LATE: &str = "the agent said later that it is done";

fn stop_of(action: &Action) -> Stop {
    Stop { reason: action.reason.clone(), until: action.stopped_until }
}

const fn command_of(kind: ActionKind) -> CommandKind {
    match kind {
        ActionKind::Stop => CommandKind::Stop,
        ActionKind::Restart => CommandKind::Restart,
        ActionKind::Resume => CommandKind::Resume,
    }
}

fn error_message(from: Progress, to: Progress, detail: Option<&str>) -> Option<String> {
    match (from, to) {
        (Progress::Pending, Progress::Expired) => {
            Some("the agent did not begin before the command expired".to_owned())
        }
        (Progress::InProgress, Progress::Failed) if detail.is_none() => {
            Some("the agent began and did not say how it ended".to_owned())
        }
        (_, Progress::Cancelled) => Some("it was cancelled before the agent was told".to_owned()),
        (_, Progress::Failed) => Some(detail.unwrap_or("the agent gave no reason").to_owned()),
        _ => None,
    }
}

/// The entry of the audit trail: one for the wish, one for what became of it.
fn change(collector: &Collector, action: &Action) -> Change {
    let kind = match action.kind {
        ActionKind::Stop => audit::Action::CollectorStop,
        ActionKind::Restart => audit::Action::CollectorRestart,
        ActionKind::Resume => audit::Action::CollectorResume,
    };
    let mut after = json!({ "action_id": action.id, "status": action.progress.as_str() });
    let mut add = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            after[name] = value;
        }
    };
    add("operation_id", action.operation.map(|operation| json!(operation)));
    add("stopped_until", action.stopped_until.map(|until| json!(until)));
    add("error_message", action.error_message.as_ref().map(|message| json!(message)));
    if action.progress.is_over() {
        add("state", Some(json!(collector.state.as_str())));
    }
    let change =
        Change::new(kind, collector.target()).because(action.reason.clone()).from_to(&json!({}), &after);
    match action.progress {
        Progress::Failed | Progress::Expired | Progress::Cancelled => change.failed(),
        Progress::Pending | Progress::InProgress | Progress::Completed => change,
    }
}

/// Settles the actions of agents that did not come, or began and fell silent.
pub struct ActionsJob(pub Arc<Actions>);

impl Job for ActionsJob {
    fn name(&self) -> &'static str {
        "actions"
    }

    fn about(&self) -> &'static str {
        "ends actions whose agents did not begin in time, or began and fell silent"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        let done = self.0.settle_overdue();
        done.map(|settled| format!("ended {settled} actions")).map_err(|error| error.to_string())
    }
}
