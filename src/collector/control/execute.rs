//! Doing commands, one after the other.

use std::time::Duration;

use tokio::time::timeout;

use super::{Control, Made, Wish};
use crate::collector::check;
use crate::collector::config::Settings;
use crate::collector::stop::Stop;
use crate::collector::uplink::Client;
use crate::crypto::Secret;
use crate::limits::WORKER_START;
use crate::wire::{Command, CommandKind, CommandOutcome, CommandStatus};

pub(super) async fn run(control: &Control, settings: &Settings, client: &Client, ordered: &Stop) {
    loop {
        let next = control.waiting.borrow_mut().pop_front();
        match next {
            Some(command) => {
                // an order to stop ends it in the middle; the journal knows, and the next start finishes it
                if ordered.or(Box::pin(one(control, settings, client, command))).await.is_none() {
                    return;
                }
            }
            None => {
                if ordered.or(control.has_command.notified()).await.is_none() {
                    return;
                }
            }
        }
    }
}

async fn one(control: &Control, settings: &Settings, client: &Client, command: Command) {
    let (id, kind) = (command.id.clone(), command.kind);
    tracing::info!(id, %kind, "a command has come");
    let stopped = match kind {
        CommandKind::Stop => Some(true),
        CommandKind::Resume => Some(false),
        _ => None,
    };
    let stopped = stopped.filter(|_| !control.has_expired(&command));
    if let Err(error) = control.journal.borrow_mut().begin(&command, stopped) {
        // not begun, so it is told again, and the disk may have room by then
        tracing::error!(id, %error, "cannot note a command");
        return;
    }
    control.current.replace(Some(id.clone()));
    let done = if control.has_expired(&command) {
        Err("the command had expired before it could be begun".to_owned())
    } else {
        obey(control, settings, client, &command).await
    };
    control.current.replace(None);
    let (status, detail) = match done {
        Ok(detail) => (CommandStatus::Completed, detail),
        Err(detail) => (CommandStatus::Failed, detail),
    };
    tracing::info!(id, %kind, %status, detail, "a command is done");
    let outcome = CommandOutcome { id, status, detail: Some(detail) };
    if let Err(error) = control.journal.borrow_mut().end(&outcome) {
        tracing::error!(id = outcome.id, %error, "cannot note the end of a command");
    }
    control.has_report.notify_one();
}

/// What was done, or why it was not.
async fn obey(
    control: &Control,
    settings: &Settings,
    client: &Client,
    command: &Command,
) -> Result<String, String> {
    let longest = settings.stop_grace + WORKER_START;
    match command.kind {
        CommandKind::Stop => {
            let made = control.wish_for(false, longest).await?;
            Ok(with_end("the worker is stopped", &made))
        }
        CommandKind::Resume => {
            let made = control.wish_for(true, longest).await?;
            Ok(format!("the worker runs{}", process(&made)))
        }
        CommandKind::Restart => {
            let made = control.wish_for(true, longest).await?;
            Ok(with_end(&format!("a new worker runs{}", process(&made)), &made))
        }
        CommandKind::TestConnection => test_connection(control, settings).await,
        CommandKind::UpdateConfig => control.pull(settings, client).await,
        CommandKind::RotateToken => {
            let token = command.params["token"].as_str().ok_or("the command names no token")?;
            let adopted = client.adopt(Secret::new(token)).await;
            adopted.map(|()| "the new token is in use".to_owned()).map_err(|error| error.to_string())
        }
    }
}

fn with_end(what: &str, made: &Made) -> String {
    if made.end.is_empty() { what.to_owned() } else { format!("{what}; the one before {}", made.end) }
}

fn process(made: &Made) -> String {
    let pid = made.worker.as_ref().ok().copied().flatten();
    pid.map(|pid| format!(" as process {pid}")).unwrap_or_default()
}

/// Every source is tried from where the agent stands.
async fn test_connection(control: &Control, settings: &Settings) -> Result<String, String> {
    let findings = check::run(settings, &control.clock).await;
    let said = |finding: &check::Finding| format!("{}: {}", finding.source, finding.message);
    let bad: Vec<String> = findings.iter().filter(|finding| !finding.ok).map(said).collect();
    if bad.is_empty() {
        Ok(findings.iter().map(said).collect::<Vec<_>>().join("; "))
    } else {
        Err(bad.join("; "))
    }
}

impl Control {
    /// Tells the keeper and waits for what it makes of it.
    pub(super) async fn wish_for(&self, run: bool, longest: Duration) -> Result<Made, String> {
        let mut made = self.made.subscribe();
        let number = self.wish.borrow().number + 1;
        self.wish.send_replace(Wish { number, run });
        let answered = timeout(longest, made.wait_for(|made| made.number == number)).await;
        let seconds = longest.as_secs();
        let made = match answered {
            Ok(Ok(made)) => made.clone(),
            Ok(Err(_)) | Err(_) => return Err(format!("the worker did not follow within {seconds} s")),
        };
        match &made.worker {
            Ok(_) => Ok(made),
            Err(why) => Err(format!("the worker {why}")),
        }
    }
}
