//! What must be known after the agent was started again: whether it is stopped, and which commands it has begun
//! and ended. One small file beside the spool, replaced whole.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, Access};
use crate::limits::COMMANDS_REMEMBERED;
use crate::wire::{Command, CommandKind, CommandOutcome, CommandStatus};

const FILE: &str = "control.json";

pub(super) struct Journal {
    path: PathBuf,
    kept: Kept,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    stopped: bool,
    /// The oldest first.
    commands: VecDeque<Known>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    kind: CommandKind,
    #[serde(flatten)]
    outcome: CommandOutcome,
    /// Whether the daemon has heard the outcome.
    is_heard: bool,
}

impl Journal {
    /// Opens the journal. What was begun when the agent ended is over now: a wish for the worker has come
    /// true with the agent's start, and everything else is forgotten, so that it is told and done again.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(error),
        };
        let mut journal = Self { path, kept };
        if journal.kept.commands.iter().any(Known::is_open) {
            journal.kept.commands.retain(|known| !known.is_open() || known.concerns_the_worker());
            for known in journal.kept.commands.iter_mut().filter(|known| known.is_open()) {
                known.outcome.status = CommandStatus::Completed;
                known.outcome.detail = Some("done when the agent itself was started again".to_owned());
            }
            journal.write()?;
        }
        Ok(journal)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.kept.stopped
    }

    /// Notes that a command is begun, and whether the worker is to be stopped from now on.
    pub(super) fn begin(&mut self, command: &Command, stopped: Option<bool>) -> io::Result<()> {
        if self.kept.commands.len() == COMMANDS_REMEMBERED {
            self.kept.commands.pop_front();
        }
        let outcome =
            CommandOutcome { id: command.id.clone(), status: CommandStatus::InProgress, detail: None };
        self.kept.commands.push_back(Known { kind: command.kind, outcome, is_heard: false });
        self.kept.stopped = stopped.unwrap_or(self.kept.stopped);
        self.write()
    }

    pub(super) fn end(&mut self, outcome: &CommandOutcome) -> io::Result<()> {
        for known in self.kept.commands.iter_mut().filter(|known| known.outcome.id == outcome.id) {
            known.outcome = outcome.clone();
        }
        self.write()
    }

    /// The next outcome that the daemon has not heard.
    pub(super) fn unheard(&self) -> Option<CommandOutcome> {
        let unheard = self.kept.commands.iter().find(|known| !known.is_open() && !known.is_heard);
        unheard.map(|known| known.outcome.clone())
    }

    pub(super) fn heard(&mut self, id: &str) -> io::Result<()> {
        for known in self.kept.commands.iter_mut().filter(|known| known.outcome.id == id) {
            known.is_heard = true;
        }
        self.write()
    }

    /// What became of a command that is told again; its outcome has to be reported again.
    pub(super) fn told_again(&mut self, id: &str) -> Option<CommandOutcome> {
        let known = self.kept.commands.iter_mut().find(|known| known.outcome.id == id)?;
        known.is_heard = false;
        Some(known.outcome.clone())
    }

    fn write(&self) -> io::Result<()> {
        files::write_whole(&self.path, &serde_json::to_vec(&self.kept)?, Access::Owner)
    }
}

impl Known {
    fn is_open(&self) -> bool {
        self.outcome.status == CommandStatus::InProgress
    }

    fn concerns_the_worker(&self) -> bool {
        matches!(self.kind, CommandKind::Stop | CommandKind::Resume | CommandKind::Restart)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    fn command(id: &str, kind: CommandKind) -> Command {
        let expires_at = Timestamp::from_millis(1);
        Command { id: id.to_owned(), kind, params: serde_json::Value::Null, expires_at }
    }

    fn completed(id: &str) -> CommandOutcome {
        CommandOutcome { id: id.to_owned(), status: CommandStatus::Completed, detail: None }
    }

    #[test]
    fn an_outcome_is_due_until_it_was_heard_and_again_when_it_is_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.begin(&command("a", CommandKind::Stop), Some(true)).unwrap();
        assert_eq!(journal.unheard(), None);
        journal.end(&completed("a")).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert!(journal.is_stopped());
        assert_eq!(journal.unheard(), Some(completed("a")));
        journal.heard("a").unwrap();
        assert_eq!(journal.unheard(), None);
        assert_eq!(journal.told_again("a"), Some(completed("a")));
        assert_eq!(journal.unheard(), Some(completed("a")));
        assert_eq!(journal.told_again("b"), None);
    }

    /// The agent was killed in the middle of a stop: it comes back stopped, and says that it is done.
    #[test]
    fn what_was_begun_when_the_agent_ended_is_over_or_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.begin(&command("a", CommandKind::Stop), Some(true)).unwrap();
        journal.begin(&command("b", CommandKind::TestConnection), None).unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        assert!(journal.is_stopped());
        let outcome = journal.unheard().unwrap();
        assert_eq!((outcome.id.as_str(), outcome.status), ("a", CommandStatus::Completed));
        assert_eq!(journal.told_again("b"), None);
    }

    #[test]
    fn only_the_newest_commands_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        for number in 0..=COMMANDS_REMEMBERED {
            let id = number.to_string();
            journal.begin(&command(&id, CommandKind::Restart), None).unwrap();
            journal.end(&completed(&id)).unwrap();
        }
        assert_eq!(journal.told_again("0"), None);
        assert_eq!(journal.told_again("1"), Some(completed("1")));
    }
}
