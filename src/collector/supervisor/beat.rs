//! The heartbeat: at once after the start and when there is news, then in its interval, and soon again after
//! a failure.

use std::cell::RefCell;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use super::Figures;
use crate::clock::Clock;
use crate::collector::config::Settings;
use crate::collector::control::Control;
use crate::collector::schedule::{Schedule, random_fraction};
use crate::collector::spool::Spool;
use crate::collector::stop::Stop;
use crate::collector::uplink::{Backoff, Client, ClientError};
use crate::limits::{CPU_SAMPLE_GAP, REQUEST_TIME};
use crate::service;
use crate::wire::{Heartbeat, HeartbeatReply};

pub(super) struct Beat<'a> {
    pub(super) settings: &'a Settings,
    pub(super) client: &'a Client,
    pub(super) spool: &'a RefCell<Spool>,
    pub(super) figures: &'a RefCell<Figures>,
    pub(super) control: &'a Control,
    pub(super) clock: &'a Clock,
}

impl Beat<'_> {
    pub(super) async fn run(&self, ordered: &Stop, has_news: &Notify) {
        let mut interval = self.interval();
        let mut schedule = Schedule::new([((), interval)], random_fraction());
        let mut backoff = Backoff::default();
        // a moment, so that the first heartbeat knows how busy the processor is
        let started = Instant::now();
        ordered.or(sleep(CPU_SAMPLE_GAP)).await;
        while let Some(due) = schedule.next() {
            let wanted = async {
                tokio::select! {
                    () = sleep_until(started + due) => {}
                    () = has_news.notified() => {}
                    () = self.control.beat_is_due() => {}
                }
            };
            if ordered.or(wanted).await.is_none() || !self.arrive(ordered, &mut backoff).await {
                return;
            }
            if interval != self.interval() {
                interval = self.interval();
                schedule = Schedule::new([((), interval)], random_fraction());
            }
            schedule.take_due(started.elapsed());
        }
    }

    fn interval(&self) -> Duration {
        self.control.tuned().heartbeat_interval
    }

    /// Beats until it has arrived; `false` when the order to stop came first.
    async fn arrive(&self, ordered: &Stop, backoff: &mut Backoff) -> bool {
        loop {
            let mut heartbeat =
                self.figures.borrow_mut().heartbeat(self.settings, &self.spool.borrow(), self.clock.now());
            heartbeat.config_version = self.control.applied_version();
            (heartbeat.refused_config_version, heartbeat.refused_config_reason) =
                self.control.refused().unzip();
            service::status(&self.figures.borrow().line());
            let Some(result) = ordered.or(send(self.client, &heartbeat)).await else { return false };
            let error = match result {
                Ok(reply) => {
                    if let Some(reply) = reply {
                        self.spool.borrow_mut().gaps_recorded(&heartbeat.gaps, &reply.recorded_gaps);
                        self.control.answered(reply);
                    }
                    backoff.succeeded();
                    return true;
                }
                Err(error) => error,
            };
            tracing::debug!(%error, "a heartbeat did not arrive");
            let pause = pause(backoff, &error).min(self.interval());
            if ordered.or(sleep(pause)).await.is_none() {
                return false;
            }
        }
    }
}

async fn send(client: &Client, heartbeat: &Heartbeat) -> Result<Option<HeartbeatReply>, ClientError> {
    let body = serde_json::to_vec(heartbeat).map_err(|error| ClientError::Answer(error.to_string()))?;
    let path = format!("collectors/{}/heartbeat", client.id);
    let headers = [(CONTENT_TYPE, "application/json".to_owned())];
    let reply = client.post(&path, &headers, body, REQUEST_TIME).await?;
    // the status alone decides: a daemon of another release may say more or less
    Ok(serde_json::from_slice(&reply.body).ok())
}

fn pause(backoff: &mut Backoff, error: &ClientError) -> Duration {
    match error {
        ClientError::Refused(_) => Backoff::refused_pause(random_fraction()),
        ClientError::Later { retry_after, .. } => backoff.pause(*retry_after, random_fraction()),
        _ => backoff.pause(None, random_fraction()),
    }
}
