//! Telling the daemon what became of its commands, until it has heard it.

use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use tokio::time::sleep;

use super::Control;
use crate::collector::schedule::random_fraction;
use crate::collector::stop::Stop;
use crate::collector::uplink::{Backoff, Client, ClientError};
use crate::limits::REQUEST_TIME;
use crate::wire::{CommandOutcome, CommandStatus};

pub(super) async fn run(control: &Control, client: &Client, ordered: &Stop) {
    let mut backoff = Backoff::default();
    loop {
        let Some(outcome) = control.next_report() else {
            match ordered.or(control.has_report.notified()).await {
                Some(()) => continue,
                None => return,
            }
        };
        let Some(result) = ordered.or(send(client, &outcome)).await else { return };
        let error = match result {
            Ok(()) => {
                backoff.succeeded();
                control.reported(&outcome);
                continue;
            }
            // over, or never given by this daemon: nobody waits for it
            Err(ClientError::Never(reason)) => {
                tracing::debug!(id = outcome.id, reason, "a result is not wanted");
                control.reported(&outcome);
                continue;
            }
            Err(error) => error,
        };
        tracing::debug!(id = outcome.id, %error, "a result did not arrive");
        let pause = match &error {
            ClientError::Refused(_) => Backoff::refused_pause(random_fraction()),
            ClientError::Later { retry_after, .. } => backoff.pause(*retry_after, random_fraction()),
            _ => backoff.pause(None, random_fraction()),
        };
        if ordered.or(sleep(pause)).await.is_none() {
            return;
        }
    }
}

async fn send(client: &Client, outcome: &CommandOutcome) -> Result<(), ClientError> {
    let path = format!("collectors/{}/commands/{}/result", client.id, outcome.id);
    let body = json!({ "status": outcome.status, "detail": outcome.detail });
    let headers = [(CONTENT_TYPE, "application/json".to_owned())];
    client.post(&path, &headers, body.to_string().into_bytes(), REQUEST_TIME).await.map(|_| ())
}

impl Control {
    /// Steps go before the end that follows them.
    fn next_report(&self) -> Option<CommandOutcome> {
        let step = self.steps.borrow().front().cloned();
        step.or_else(|| self.journal.borrow().unheard())
    }

    fn reported(&self, outcome: &CommandOutcome) {
        if outcome.status == CommandStatus::InProgress {
            let mut steps = self.steps.borrow_mut();
            // a full queue may have dropped it meanwhile
            if steps.front() == Some(outcome) {
                steps.pop_front();
            }
            return;
        }
        if let Err(error) = self.journal.borrow_mut().heard(&outcome.id) {
            tracing::error!(id = outcome.id, %error, "cannot note that a result was heard");
        }
    }
}
