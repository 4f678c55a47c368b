//! Sends the lines: a batch at a time, no faster than the daemon takes them, and the same batch under the same name
//! until it is answered.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName};
use tokio::time::sleep;

use super::Lines;
use super::kept::{Batch, Kept};
use crate::clock::Clock;
use crate::collector::schedule::random_fraction;
use crate::collector::stop::Stop;
use crate::collector::uplink::{Backoff, Client, ClientError};
use crate::ids::{IdSource, RequestId};
use crate::limits::{LOG_LINE_PAUSE, LOG_LINES_AT_ONCE, LOG_LINES_BATCH_BYTES, LOG_LINGER, REQUEST_TIME};
use crate::wire::LogBatch;

pub(in crate::collector) struct LogSender {
    client: Rc<Client>,
    lines: Arc<Lines>,
    folder: PathBuf,
    clock: Clock,
    under_way: Option<Batch>,
    backoff: Backoff,
    /// Whether there is a file of lines.
    is_kept: bool,
}

impl LogSender {
    /// Takes up what an earlier run left in `folder`.
    pub(in crate::collector) fn open(
        client: Rc<Client>,
        lines: Arc<Lines>,
        folder: PathBuf,
        clock: Clock,
    ) -> Self {
        let kept = Kept::read(&folder).unwrap_or_else(|error| {
            tracing::warn!(%error, "forgot lines of the log that do not read");
            Kept::default()
        });
        lines.put_back(kept.waiting);
        let backoff = Backoff::default();
        Self { client, lines, folder, clock, under_way: kept.under_way, backoff, is_kept: true }
    }

    /// Sends until the order to stop.
    pub(in crate::collector) async fn run(&mut self, ordered: &Stop) {
        while !ordered.is_ordered() {
            if self.under_way.is_none() {
                let gathered = async {
                    self.lines.some().await;
                    sleep(LOG_LINGER).await;
                };
                if ordered.or(gathered).await.is_none() {
                    return;
                }
                self.begin();
            }
            let Some(pause) = ordered.or(self.send()).await else { return };
            ordered.or(sleep(pause)).await;
        }
    }

    /// One last attempt to send what is there.
    pub(in crate::collector) async fn flush(&mut self) {
        self.begin();
        if self.under_way.is_some() {
            self.send().await;
        }
    }

    /// Writes down what was not sent.
    pub(in crate::collector) fn keep(&mut self) {
        let kept = Kept { under_way: self.under_way.clone(), waiting: self.lines.copy() };
        let nothing = kept == Kept::default();
        let done = match nothing {
            true if self.is_kept => Kept::remove(&self.folder),
            true => Ok(()),
            false => kept.write(&self.folder),
        };
        match done {
            Ok(()) => self.is_kept = !nothing,
            Err(error) => tracing::warn!(%error, "cannot keep the lines of the log"),
        }
    }

    fn begin(&mut self) {
        if self.under_way.is_none() {
            let entries = self.lines.take(LOG_LINES_AT_ONCE, LOG_LINES_BATCH_BYTES);
            let name: RequestId = IdSource::Random.next(self.clock.now());
            let batch = Batch { name: name.to_string(), entries };
            self.under_way = Some(batch).filter(|batch| !batch.entries.is_empty());
        }
    }

    /// Sends the batch that is under way. Returns how long to wait before the next.
    async fn send(&mut self) -> Duration {
        let Some(batch) = &self.under_way else { return LOG_LINGER };
        let lines = u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
        let error = match post(&self.client, batch).await {
            Ok(()) => None,
            Err(ClientError::Never(reason)) => {
                tracing::warn!(
                    lines,
                    reason,
                    "the daemon will never take lines of the log: they are dropped"
                );
                None
            }
            Err(error) => Some(error),
        };
        let Some(error) = error else {
            self.under_way = None;
            self.backoff.succeeded();
            if self.is_kept {
                self.keep();
            }
            return LOG_LINE_PAUSE * lines;
        };
        tracing::debug!(%error, "lines of the log did not arrive");
        self.keep();
        match error {
            ClientError::Refused(_) => Backoff::refused_pause(random_fraction()),
            ClientError::Later { retry_after, .. } => self.backoff.pause(retry_after, random_fraction()),
            _ => self.backoff.pause(None, random_fraction()),
        }
    }
}

async fn post(client: &Client, batch: &Batch) -> Result<(), ClientError> {
    let body = serde_json::to_vec(&LogBatch { entries: batch.entries.as_slice().to_vec() });
    let body = body.map_err(|error| ClientError::Answer(error.to_string()))?;
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (HeaderName::from_static("idempotency-key"), batch.name.clone()),
    ];
    let path = format!("collectors/{}/logs", client.id);
    client.post(&path, &headers, body, REQUEST_TIME).await.map(|_| ())
}
