//! The heartbeat: at once after the start, then in its interval, and soon again after a failure.

use std::cell::RefCell;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
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

pub(super) async fn run(
    settings: &Settings,
    client: &Client,
    spool: &RefCell<Spool>,
    figures: &RefCell<Figures>,
    control: &Control,
    clock: &Clock,
    ordered: &Stop,
) {
    let interval = settings.heartbeat_interval;
    let mut schedule = Schedule::new([((), interval)], random_fraction());
    let mut backoff = Backoff::default();
    // a moment, so that the first heartbeat knows how busy the processor is
    let started = Instant::now();
    ordered.or(sleep(CPU_SAMPLE_GAP)).await;
    while let Some(due) = schedule.next() {
        let due_or_asked_for = async {
            tokio::select! {
                () = sleep_until(started + due) => {}
                () = control.beat_is_due() => {}
            }
        };
        if ordered.or(due_or_asked_for).await.is_none() {
            return;
        }
        loop {
            let heartbeat = figures.borrow_mut().heartbeat(settings, &spool.borrow(), clock.now());
            service::status(&figures.borrow().line());
            let Some(result) = ordered.or(send(client, &heartbeat)).await else { return };
            let error = match result {
                Ok(reply) => {
                    if let Some(reply) = reply {
                        control.daemon_time(reply.server_time);
                        control.take(reply.commands);
                    }
                    break;
                }
                Err(error) => error,
            };
            tracing::debug!(%error, "a heartbeat did not arrive");
            if ordered.or(sleep(pause(&mut backoff, &error).min(interval))).await.is_none() {
                return;
            }
        }
        backoff.succeeded();
        schedule.take_due(started.elapsed());
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
