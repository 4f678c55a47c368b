//! The worker process: it collects when it is time and hands everything up the pipe.
//!
//! It ends on SIGTERM, and when its supervisor is gone, which it sees by the end of its standard input. It
//! has no token, no spool and no connection to the daemon.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use super::collection::{Sources, cycle_limit};
use super::config::Settings;
use super::log::Lines;
use super::pipe::{Message, write};
use super::schedule::{Schedule, random_fraction};
use super::stop::{Stop, stop};
use crate::clock::Clock;
use crate::limits::{LOG_LINES_AT_ONCE, LOG_LINES_BATCH_BYTES};

#[derive(Debug, thiserror::Error)]
pub(super) enum WorkerError {
    #[error("the worker is started by the supervisor, not by hand: {0}")]
    NotAChild(io::Error),
    #[error("cannot watch for signals: {0}")]
    Signals(io::Error),
    #[error("cannot start collecting: {0}")]
    Sources(#[from] super::postgres::PostgresError),
    #[error("cannot hand a document to the supervisor: {0}")]
    Pipe(io::Error),
}

pub(super) async fn run(settings: &Settings, lines: &Lines, clock: Clock) -> Result<(), WorkerError> {
    let up = pipe::Sender::from_owned_fd(own(io::stdout())?).map_err(WorkerError::NotAChild)?;
    let down = pipe::Receiver::from_owned_fd(own(io::stdin())?).map_err(WorkerError::NotAChild)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(WorkerError::Signals)?;
    // a terminal sends Ctrl-C to both; the supervisor is the one who decides
    let mut interrupt = signal(SignalKind::interrupt()).map_err(WorkerError::Signals)?;
    let (switch, ordered) = stop();
    let told = async {
        tokio::select! {
            _ = terminate.recv() => tracing::debug!("worker stops: SIGTERM"),
            () = end_of(down) => tracing::debug!("worker stops: its supervisor is gone"),
            () = async { while interrupt.recv().await.is_some() {} } => {}
        }
        switch.give();
    };
    let (result, ()) = tokio::join!(collect_in_time(settings, lines, clock, up, &ordered), told);
    result
}

fn own(stream: impl AsFd) -> Result<OwnedFd, WorkerError> {
    stream.as_fd().try_clone_to_owned().map_err(WorkerError::NotAChild)
}

/// Returns when the other end of the pipe is closed.
async fn end_of(mut pipe: pipe::Receiver) {
    let mut ignored = [0; 64];
    while pipe.read(&mut ignored).await.is_ok_and(|read| read > 0) {}
}

/// What was logged since the last time.
async fn hand_up(up: &mut pipe::Sender, lines: &Lines) -> io::Result<()> {
    match lines.take(LOG_LINES_AT_ONCE, LOG_LINES_BATCH_BYTES) {
        none if none.is_empty() => Ok(()),
        taken => write(up, &Message::Log(taken)).await,
    }
}

async fn collect_in_time(
    settings: &Settings,
    lines: &Lines,
    clock: Clock,
    mut up: pipe::Sender,
    ordered: &Stop,
) -> Result<(), WorkerError> {
    let mut sources = Sources::new(settings, settings.postgres.as_ref(), clock)?;
    let started = Instant::now();
    let mut schedule =
        Schedule::new(settings.probes.iter().map(|probe| (probe.kind, probe.interval)), random_fraction());
    let limit = cycle_limit(&settings.probes);
    while let Some(due_at) = schedule.next() {
        if ordered.or(sleep_until(started + due_at)).await.is_none() {
            return Ok(());
        }
        let due = schedule.take_due(started.elapsed());
        let collecting =
            sources.collect(&due, limit, async |document| write(&mut up, &Message::Document(document)).await);
        // an order to stop ends the collection where it is; what was handed up stays handed up
        let Some(collected) = ordered.or(Box::pin(collecting)).await else { return Ok(()) };
        let collected = collected.map_err(WorkerError::Pipe)?;
        for failure in &collected.failures {
            tracing::warn!(source = failure.source, reason = failure.message, "nothing collected");
        }
        hand_up(&mut up, lines).await.map_err(WorkerError::Pipe)?;
        write(&mut up, &Message::Collected(collected)).await.map_err(WorkerError::Pipe)?;
    }
    tracing::warn!("no probe is enabled: nothing to collect");
    hand_up(&mut up, lines).await.map_err(WorkerError::Pipe)?;
    ordered.ordered().await;
    Ok(())
}
