//! `pganalytics serve`: the daemon, until a signal or a write with unknown outcome ends it.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web::Data;

use super::daemon::{Daemon, listen};
use super::signals::{Asked, Signals};
use super::{Common, FAILED};
use crate::config::Settings;
use crate::node::Node;
use crate::settings::Environment;
use crate::{logging, service};

/// A second signal ends the process within this.
pub(super) const SECOND_SIGNAL: Duration = Duration::from_millis(500);

pub(super) fn serve(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let settings = common.load(environment)?;
    logging::start(&settings.log_filter, settings.log_format).map_err(|error| error.to_string())?;
    actix_web::rt::System::new().block_on(run(settings))
}

async fn run(settings: Settings) -> Result<ExitCode, String> {
    let daemon = Daemon::open(listen(settings.listen)?, &settings)?;
    let stop = stop(daemon.node.clone(), Signals::catch()?);
    say_listening(&daemon.url())?;
    daemon.run(stop).await
}

fn say_listening(url: &str) -> Result<(), String> {
    let mut out = io::stdout();
    writeln!(out, "listening on {url}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot print the address: {error}"))?;
    service::ready();
    service::status(&format!("listening on {url}"));
    Ok(())
}

/// Waits for what ends the daemon. Meanwhile systemd is told that it lives.
async fn stop(node: Data<Node>, mut signals: Signals) {
    let reason = loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop(signal) => break signal.to_owned(),
                Asked::HangUp => reload(&node).await,
            },
            reason = node.poison.wait() => break reason,
            () = watchdog(&node) => {}
        }
    };
    tracing::info!(reason, "stopping");
    actix_web::rt::spawn(async move {
        while let Asked::HangUp = signals.next().await {}
        tracing::warn!("asked a second time: stopping at once");
        tokio::time::sleep(SECOND_SIGNAL).await;
        std::process::exit(i32::from(FAILED));
    });
}

/// Reads the certificates again. The rest of the configuration is read at the start.
async fn reload(node: &Data<Node>) {
    let Some(certificate) = node.certificate.clone() else {
        return tracing::info!("there is no certificate to reload: restart to apply another configuration");
    };
    match actix_web::web::block(move || certificate.reload()).await {
        Ok(Ok(facts)) => {
            tracing::info!(serial = facts.serial, expires_at = %facts.not_after, "the certificate was reloaded");
        }
        Ok(Err(error)) => tracing::error!(%error, "the certificate was not reloaded, and the old one stays"),
        Err(_) => {}
    }
}

/// Waits until the next sign of life is due, and gives it only when the stores answer.
async fn watchdog(node: &Data<Node>) {
    let Some(pause) = service::watchdog_interval() else { return std::future::pending().await };
    tokio::time::sleep(pause).await;
    let node = node.clone();
    if matches!(actix_web::web::block(move || node.ready()).await, Ok(Ok(()))) {
        service::alive();
    }
}
