//! What the daemon tells the agent to do: how commands arrive, are done once, and are answered.
//!
//! It guarantees: a command is done at most once, however often it is told; the wish to be stopped outlives the
//! agent; a result is sent until it is answered. Commands come with heartbeats and down the channel; what is
//! done with the worker is the keeper's business, which is told by a wish and answers with what is.

mod channel;
mod execute;
mod journal;
mod pull;
mod report;

use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::io;

use tokio::sync::{Mutex, Notify, watch};

use super::stop::Stop;
use super::uplink::Client;
use crate::clock::Clock;
use crate::collector::config::{Pulled, Settings, Tuned};
use crate::limits::{COMMANDS_WAITING, STEPS_WAITING};
use crate::wire::{Command, CommandOutcome, CommandStatus, HeartbeatReply};
use journal::Journal;

/// What the keeper shall do: each wish has a higher number than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) number: u64,
    pub(super) run: bool,
}

/// What the keeper made of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) number: u64,
    /// The worker's process, if there is to be one; or why there is none.
    pub(super) worker: Result<Option<u32>, String>,
    /// How the worker before it ended.
    pub(super) end: String,
}

/// Shared by all loops of the supervisor, which run on one thread.
pub(super) struct Control {
    journal: RefCell<Journal>,
    wish: watch::Sender<Wish>,
    made: watch::Sender<Made>,
    waiting: RefCell<VecDeque<Command>>,
    has_command: Notify,
    /// The command that is being done.
    current: RefCell<Option<String>>,
    steps: RefCell<VecDeque<CommandOutcome>>,
    has_report: Notify,
    /// The settings in use, the daemon's laid over the agent's own.
    tuned: RefCell<Tuned>,
    applied_version: Cell<Option<u64>>,
    /// The version that was refused last, and why.
    refused: RefCell<Option<(u64, String)>>,
    another_version: Notify,
    pulling: Mutex<()>,
    beat: Notify,
    clock: Clock,
    /// Milliseconds that the daemon's clock is ahead of ours.
    daemon_ahead_ms: Cell<i64>,
}

impl Control {
    /// Reads what an earlier run of the agent wrote beside the spool.
    pub(super) fn open(settings: &Settings, clock: Clock) -> io::Result<Self> {
        let folder = &settings.spool.directory;
        let journal = Journal::open(folder)?;
        let pulled = Pulled::read(folder)?;
        // what was kept made sense to the release that kept it; this one may have another file
        let tuned = pulled.as_ref().and_then(|pulled| settings.tuned(pulled).ok());
        let applied_version = pulled.as_ref().filter(|_| tuned.is_some()).map(|pulled| pulled.version);
        let run = !journal.is_stopped();
        Ok(Self {
            journal: RefCell::new(journal),
            wish: watch::Sender::new(Wish { number: 1, run }),
            made: watch::Sender::new(Made { number: 0, worker: Ok(None), end: String::new() }),
            waiting: RefCell::default(),
            has_command: Notify::new(),
            current: RefCell::default(),
            steps: RefCell::default(),
            has_report: Notify::new(),
            tuned: RefCell::new(tuned.unwrap_or_else(|| settings.untuned())),
            applied_version: Cell::new(applied_version),
            refused: RefCell::default(),
            another_version: Notify::new(),
            pulling: Mutex::new(()),
            beat: Notify::new(),
            clock,
            daemon_ahead_ms: Cell::new(0),
        })
    }

    /// Does commands, answers them and holds the channel, until the order to stop.
    pub(super) async fn run(&self, settings: &Settings, client: &Client, ordered: &Stop) {
        tokio::join!(
            execute::run(self, settings, client, ordered),
            pull::run(self, settings, client, ordered),
            report::run(self, client, ordered),
            channel::run(self, client, ordered),
        );
    }

    /// Takes in commands that were told, new or again.
    fn take(&self, commands: Vec<Command>) {
        let mut waiting = self.waiting.borrow_mut();
        for command in commands {
            if let Some(outcome) = self.journal.borrow_mut().told_again(&command.id) {
                // the daemon has not heard it: the report is due again
                tracing::debug!(id = outcome.id, "a command was told again");
                self.has_report.notify_one();
                continue;
            }
            let is_known = self.current.borrow().as_ref() == Some(&command.id)
                || waiting.iter().any(|other| other.id == command.id);
            // what does not fit is told again by the next heartbeat
            if !is_known && waiting.len() < COMMANDS_WAITING {
                waiting.push_back(command);
                self.has_command.notify_one();
            }
        }
    }

    /// Takes in what a heartbeat was answered.
    pub(super) fn answered(&self, reply: HeartbeatReply) {
        self.daemon_ahead_ms.set(reply.server_time.as_millis() - self.clock.now().as_millis());
        self.take(reply.commands);
        self.daemon_holds(reply.config_version);
    }

    /// The settings in use.
    pub(super) fn tuned(&self) -> Ref<'_, Tuned> {
        self.tuned.borrow()
    }

    /// The version of the daemon's configuration that is applied.
    pub(super) fn applied_version(&self) -> Option<u64> {
        self.applied_version.get()
    }

    /// The version that was refused last, and why.
    pub(super) fn refused(&self) -> Option<(u64, String)> {
        self.refused.borrow().clone()
    }

    /// Returns when there is something that a heartbeat should tell before its time.
    pub(super) async fn beat_is_due(&self) {
        self.beat.notified().await;
    }

    /// Whether the time to begin with a command is over, by the daemon's clock.
    fn has_expired(&self, command: &Command) -> bool {
        let now = self.clock.now().as_millis() + self.daemon_ahead_ms.get();
        command.expires_at.as_millis() <= now
    }

    /// Says how far the current command has come; without one it is nobody's business.
    pub(super) fn step(&self, detail: String) {
        let Some(id) = self.current.borrow().clone() else { return };
        let mut steps = self.steps.borrow_mut();
        if steps.len() == STEPS_WAITING {
            steps.pop_front();
        }
        steps.push_back(CommandOutcome { id, status: CommandStatus::InProgress, detail: Some(detail) });
        self.has_report.notify_one();
    }

    pub(super) fn wishes(&self) -> watch::Receiver<Wish> {
        self.wish.subscribe()
    }

    /// The keeper's word on a wish.
    pub(super) fn made(&self, made: Made) {
        self.made.send_replace(made);
    }
}
