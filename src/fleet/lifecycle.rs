//! The steps in a collector's life that an administrator may ask for, and where each one leads. Pure.
//!
//! One action at a time. It changes where the collector stands only when the agent says that it is done;
//! whatever else becomes of it leaves everything as it was.

use crate::clock::Timestamp;
use crate::names::named;
use crate::registry::{ActionKind, Collector, State};
use crate::storage::stored_as_text;
use crate::wire::CommandStatus;

named!(
    /// How far an action, or the command that serves it, has come.
    Progress, "a progress", {
    /// Asked for; the agent has not begun.
    Pending = "pending",
    InProgress = "in_progress",
    Completed = "completed",
    /// The agent could not do it, or began and never said how it ended.
    Failed = "failed",
    /// The agent did not begin in time.
    Expired = "expired",
    Cancelled = "cancelled",
});

stored_as_text!(Progress);

impl Progress {
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress)
    }

    /// What the agent's word makes of a command that is not over.
    pub const fn said(status: CommandStatus) -> Self {
        match status {
            CommandStatus::InProgress => Self::InProgress,
            CommandStatus::Completed => Self::Completed,
            CommandStatus::Failed => Self::Failed,
        }
    }

    /// What becomes of a command that nobody waits for any more.
    pub const fn overdue(self) -> Self {
        match self {
            Self::Pending => Self::Expired,
            Self::InProgress => Self::Failed,
            over => over,
        }
    }
}

/// Why an action is not possible now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a {0} of this collector is under way: wait until it is over")]
    UnderWay(ActionKind),
    #[error("the collector is stopped already")]
    AlreadyStopped,
    #[error("the collector is stopped: resume it instead of restarting it")]
    NothingToRestart,
    #[error("the collector is not stopped, so there is nothing to resume")]
    NotStopped,
}

/// Whether the action may be asked for now. `agent_is_stopped` is what the agent last said of itself: an agent
/// that stopped after nobody waited for it any more can be resumed.
pub fn admit(kind: ActionKind, collector: &Collector, agent_is_stopped: bool) -> Result<(), Refusal> {
    if let Some(other) = collector.control.under_way {
        return Err(Refusal::UnderWay(other));
    }
    let is_stopped = collector.state == State::Stopped;
    match kind {
        ActionKind::Stop if is_stopped => Err(Refusal::AlreadyStopped),
        ActionKind::Restart if is_stopped => Err(Refusal::NothingToRestart),
        ActionKind::Resume if !is_stopped && !agent_is_stopped => Err(Refusal::NotStopped),
        ActionKind::Stop | ActionKind::Restart | ActionKind::Resume => Ok(()),
    }
}

/// What a stop leaves behind when it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stop {
    pub reason: Option<String>,
    pub until: Option<Timestamp>,
}

/// Ends the action that is under way.
pub fn end(collector: &mut Collector, kind: ActionKind, progress: Progress, stop: Stop, now: Timestamp) {
    collector.control.under_way = None;
    if progress == Progress::Completed {
        done(collector, kind, stop, now);
    }
}

/// Where a collector stands when its agent has done something.
pub fn done(collector: &mut Collector, kind: ActionKind, stop: Stop, now: Timestamp) {
    let control = &mut collector.control;
    match kind {
        ActionKind::Stop => {
            collector.state = State::Stopped;
            control.stop_reason = stop.reason;
            control.stopped_until = stop.until;
        }
        ActionKind::Resume => {
            collector.state = State::Running;
            control.stop_reason = None;
            control.stopped_until = None;
        }
        ActionKind::Restart => {
            collector.state = State::Running;
            control.last_restart_at = Some(now);
            control.restart_count = control.restart_count.saturating_add(1);
        }
    }
}
