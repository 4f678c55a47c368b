//! The supervisor process: it keeps a worker at work, what that collects in the spool, and the daemon told.
//!
//! Everything runs on one thread, as loops side by side: the worker's keeper, the sender, the heartbeat, the
//! daemon's commands and systemd's watchdog. They share the spool and the figures, and end by one order. A
//! second signal ends everything at once.

mod beat;
mod figures;
mod gather;
mod keeper;
mod process;
mod restart;

use std::cell::RefCell;
use std::ffi::OsString;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::VERSION;
use super::config::Settings;
use super::control::Control;
use super::log::{Lines, LogSender};
use super::spool::{Spool, SpoolError};
use super::stop::{Signals, Stop, stop};
use super::uplink::{Client, ClientError, Sender};
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::limits::{CERTIFICATE_CHECK, SHUTDOWN_PUSH};
use crate::service;

use beat::Beat;
pub(super) use figures::Figures;
use gather::Author;
use keeper::Keeper;

#[derive(Debug, thiserror::Error)]
pub(super) enum SupervisorError {
    #[error("the agent is not registered: it has no id, token or address")]
    NotRegistered,
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("cannot read which commands were done: {0}")]
    Control(std::io::Error),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("cannot watch for signals: {0}")]
    Signals(std::io::Error),
}

/// Runs until SIGTERM or SIGINT. `worker` is how the worker is started: its arguments after the program.
pub(super) async fn run(
    settings: &Settings,
    worker: Vec<OsString>,
    lines: Arc<Lines>,
    clock: Clock,
) -> Result<(), SupervisorError> {
    let uplink = settings.uplink.as_ref().ok_or(SupervisorError::NotRegistered)?;
    let spool = Rc::new(RefCell::new(Spool::open(&settings.spool.directory, settings.spool.max_bytes)?));
    let control = Control::open(settings, clock.clone()).map_err(SupervisorError::Control)?;
    let client = Rc::new(Client::new(uplink, &settings.spool.directory, clock.clone())?);
    let figures = Rc::new(RefCell::new(Figures::new(&clock)));
    let author = Author {
        collector_id: uplink.id,
        hostname: settings.hostname.clone(),
        compression: uplink.backend.compression,
        clock: clock.clone(),
        ids: IdSource::Random,
    };
    let wait = Some(settings.push_interval).filter(|push| *push > settings.collection_interval);
    let mut sender = Sender::new(Rc::clone(&client), Rc::clone(&spool), Rc::clone(&figures), wait);
    let folder = settings.spool.directory.clone();
    let mut log = LogSender::open(Rc::clone(&client), Arc::clone(&lines), folder, clock.clone());
    let (has_more, has_news) = (Notify::new(), Notify::new());
    let (switch, ordered) = stop();
    let keeper = Keeper {
        settings,
        worker,
        author,
        control: &control,
        lines: &lines,
        spool: &spool,
        figures: &figures,
        has_more: &has_more,
        has_news: &has_news,
    };
    let beat = Beat {
        settings,
        client: &client,
        spool: &spool,
        figures: &figures,
        control: &control,
        clock: &clock,
    };
    let mut signals = Signals::watch().map_err(SupervisorError::Signals)?;
    let work = async {
        tokio::join!(
            keeper.run(&ordered),
            sender.run(&ordered, &has_more),
            log.run(&ordered),
            beat.run(&ordered, &has_news),
            control.run(settings, &client, &ordered),
            keep_certificate(&client, &ordered),
            sign_of_life(&ordered),
        );
        let last = async { tokio::join!(sender.flush(), log.flush()) };
        if timeout(SHUTDOWN_PUSH, last).await.is_err() {
            tracing::warn!("the last push took too long: what is left stays in the spool");
        }
    };
    let told_twice = async {
        // waited for outside of the macro, which looks at nothing when its level is off
        let signal = signals.next().await;
        tracing::info!(signal, "stopping");
        service::stopping();
        switch.give();
        signals.next().await
    };

    service::ready();
    tracing::info!(collector_id = %uplink.id, backend = %uplink.backend.url, version = VERSION, "started");
    tokio::select! {
        () = work => {}
        // the worker is killed with its handle; what the spool holds is safe
        signal = told_twice => tracing::warn!(signal, "told again: leaving at once"),
    }
    tracing::info!(spool_bytes = spool.borrow().bytes(), "stopped");
    log.keep();
    Ok(())
}

/// Has the own certificate renewed before it ends. It is judged by this machine's clock, which may be set any time.
async fn keep_certificate(client: &Client, ordered: &Stop) {
    while ordered.or(renew_certificate(client)).await.is_some() {
        if ordered.or(tokio::time::sleep(CERTIFICATE_CHECK)).await.is_none() {
            return;
        }
    }
}

async fn renew_certificate(client: &Client) {
    match client.renew_certificate().await {
        Ok(None) => {}
        Ok(Some(expires_at)) => tracing::info!(%expires_at, "the certificate was renewed"),
        Err(error) => tracing::warn!(%error, "the certificate is about to end and was not renewed"),
    }
}

/// systemd's watchdog, where there is one.
async fn sign_of_life(ordered: &Stop) {
    let Some(interval) = service::watchdog_interval() else { return };
    while ordered.or(tokio::time::sleep(interval.max(Duration::from_millis(100)))).await.is_some() {
        service::alive();
    }
}
