//! Empties the spool into the daemon, without end and without haste where the daemon is in trouble.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use tokio::time::{Instant, sleep_until};

use super::order::{Order, Pick};
use super::{Backoff, Client, ClientError};
use crate::collector::schedule::random_fraction;
use crate::collector::spool::{Batch, Spool, SpoolError};
use crate::collector::stop::Stop;
use crate::collector::supervisor::Figures;
use crate::limits::PUSH_TIME;
use crate::wire::{PRIORITY, PRIORITY_OF_BACKLOG, PushReply};

pub(crate) struct Sender {
    client: Rc<Client>,
    spool: Rc<RefCell<Spool>>,
    figures: Rc<RefCell<Figures>>,
    order: Order,
    backoff: Backoff,
    /// The backlog goes at half speed: it rests as long as its last batch took.
    backlog_rests_until: Instant,
    /// `None`: a push follows each collection at once.
    wait_for_company: Option<Duration>,
    next_release: Instant,
}

impl Sender {
    pub(crate) fn new(
        client: Rc<Client>,
        spool: Rc<RefCell<Spool>>,
        figures: Rc<RefCell<Figures>>,
        wait_for_company: Option<Duration>,
    ) -> Self {
        let order = Order::new(spool.borrow().newest());
        let now = Instant::now();
        Self {
            client,
            spool,
            figures,
            order,
            backoff: Backoff::default(),
            backlog_rests_until: now,
            wait_for_company,
            next_release: now,
        }
    }

    /// Sends until the order to stop.
    pub(crate) async fn run(&mut self, ordered: &Stop, has_more: &tokio::sync::Notify) {
        while !ordered.is_ordered() {
            self.release();
            let pick = self.order.next(&self.spool.borrow(), Instant::now() < self.backlog_rests_until);
            match pick {
                Some(pick) => {
                    // a push that is under way may be ended by the order: it is sent again under the same id
                    let Some(pause) = ordered.or(self.push(pick)).await else { return };
                    if let Some(pause) = pause {
                        ordered.or(sleep_until(Instant::now() + pause)).await;
                    }
                }
                None => {
                    ordered.or(self.something_to_do(has_more)).await;
                }
            }
        }
    }

    /// One last attempt to send what is there; it ends with the first failure.
    pub(crate) async fn flush(&mut self) {
        self.order.release(self.spool.borrow().newest());
        loop {
            let Some(pick) = self.order.next(&self.spool.borrow(), false) else { return };
            if self.push(pick).await.is_some() {
                return;
            }
        }
    }

    fn release(&mut self) {
        let spool = self.spool.borrow();
        if !self.order.is_holding(&spool) || Instant::now() < self.next_release {
            return;
        }
        self.order.release(spool.newest());
        if let Some(interval) = self.wait_for_company {
            self.next_release = Instant::now() + interval;
        }
    }

    async fn something_to_do(&self, has_more: &tokio::sync::Notify) {
        let (has_backlog, is_holding) = {
            let spool = self.spool.borrow();
            (self.order.has_backlog(&spool), self.order.is_holding(&spool))
        };
        tokio::select! {
            () = has_more.notified() => {}
            () = sleep_until(self.backlog_rests_until), if has_backlog => {}
            () = sleep_until(self.next_release), if is_holding => {}
        }
    }

    /// Sends one batch. Returns how long to wait when the daemon did not take it.
    async fn push(&mut self, pick: Pick) -> Option<Duration> {
        let batch = self.spool.borrow_mut().read(pick.sequence);
        let batch = match batch {
            Ok(Some(batch)) => batch,
            Ok(None) => return None,
            Err(error @ SpoolError::Damaged { .. }) => {
                tracing::error!(%error, "a batch is lost");
                self.figures.borrow_mut().uplink_error = Some(error.to_string());
                return None;
            }
            Err(error) => return Some(self.failed(&error.to_string(), None)),
        };
        if batch.header.collector_id != self.client.id {
            self.give_up(pick.sequence, &format!("it belongs to {}", batch.header.collector_id));
            return None;
        }
        let started = Instant::now();
        let result = self.send(batch, pick.is_backlog).await;
        if pick.is_backlog {
            self.backlog_rests_until = Instant::now() + started.elapsed();
        }
        match result {
            Ok(reply) => self.taken(pick, reply.as_ref()),
            Err(ClientError::Never(reason)) => {
                self.give_up(pick.sequence, &reason);
                None
            }
            Err(ClientError::Refused(reason)) => {
                let reason =
                    format!("the daemon refuses this agent: {reason}; collecting goes on into the spool");
                self.failed(&reason, None);
                Some(Backoff::refused_pause(random_fraction()))
            }
            Err(ClientError::Later { reason, retry_after }) => Some(self.failed(&reason, retry_after)),
            Err(error) => Some(self.failed(&error.to_string(), None)),
        }
    }

    async fn send(&self, batch: Batch, is_backlog: bool) -> Result<Option<PushReply>, ClientError> {
        let mut headers = vec![
            (CONTENT_TYPE, "application/json".to_owned()),
            (CONTENT_ENCODING, batch.header.encoding),
            (HeaderName::from_static("idempotency-key"), batch.header.id.to_string()),
            (HeaderName::from_static("x-collector-id"), batch.header.collector_id.to_string()),
        ];
        if is_backlog {
            headers.push((HeaderName::from_static(PRIORITY), PRIORITY_OF_BACKLOG.to_owned()));
        }
        let reply = self.client.post("metrics/push", &headers, batch.body, PUSH_TIME).await?;
        // the status alone decides: a daemon of another version may say more or less in its body
        Ok(serde_json::from_slice(&reply.body).ok())
    }

    fn taken(&mut self, pick: Pick, reply: Option<&PushReply>) -> Option<Duration> {
        for rejected in reply.iter().flat_map(|reply| &reply.rejected) {
            let crate::wire::Rejected { index, field, code, message } = rejected;
            tracing::warn!(index, field, code, message, "the daemon rejected a document");
        }
        self.backoff.succeeded();
        if self.figures.borrow_mut().uplink_error.take().is_some() {
            tracing::info!(
                backlog_bytes = self.spool.borrow().bytes(),
                "the daemon takes what is pushed again"
            );
        }
        let acknowledged = self.spool.borrow_mut().acknowledged(pick.sequence);
        if let Err(error) = acknowledged {
            // it would be sent again at once and for ever; the daemon keeps it once, but patience helps both
            return Some(self.failed(&error.to_string(), None));
        }
        None
    }

    fn give_up(&mut self, sequence: u64, reason: &str) {
        tracing::error!(sequence, reason, "a batch will never be taken: set aside in the spool");
        self.figures.borrow_mut().uplink_error = Some(format!("a batch was set aside: {reason}"));
        let set_aside = self.spool.borrow_mut().set_aside(sequence);
        if let Err(error) = set_aside {
            tracing::error!(%error, "cannot set a batch aside");
        }
    }

    /// Says an outage once, not at each attempt.
    fn failed(&mut self, reason: &str, retry_after: Option<Duration>) -> Duration {
        let newest = self.spool.borrow().newest();
        self.order.outage(newest);
        let before = self.figures.borrow_mut().uplink_error.replace(reason.to_owned());
        if before.as_deref() == Some(reason) {
            tracing::debug!(reason, "cannot push");
        } else {
            tracing::warn!(reason, "cannot push: collecting goes on into the spool");
        }
        self.backoff.pause(retry_after, random_fraction())
    }
}
