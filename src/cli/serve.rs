//! `pganalytics serve`: the daemon, until a signal or a write with unknown outcome ends it.

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web::Data;

use super::daemon::{Daemon, listen};
use super::reload::Reload;
use super::signals::{Asked, Signals};
use super::{Common, FAILED, owner};
use crate::config::{self, Settings};
use crate::node::Node;
use crate::settings::{self, Environment};
use crate::{logging, service};

/// A second signal ends the process within this.
pub(super) const SECOND_SIGNAL: Duration = Duration::from_millis(500);

pub(super) fn serve(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let socket = service::listener().map_err(|error| error.to_string())?;
    let environment = listening_on(socket.as_ref(), environment)?;
    let file = settings::read(common.config.as_deref()).map_err(|problems| problems.to_string())?;
    let settings = config::of(file.clone(), &environment).map_err(|problems| problems.to_string())?;
    owner::become_owner(&settings.node.data_dir)?;
    logging::start(&settings.log_filter, settings.log_format).map_err(|error| error.to_string())?;
    let reload = Reload { path: common.config.clone(), environment, at_start: file };
    actix_web::rt::System::new().block_on(run(&settings, socket, reload))
}

/// A socket of systemd's goes before what is configured; whether it may be without TLS is decided by its address.
fn listening_on(socket: Option<&TcpListener>, environment: &Environment) -> Result<Environment, String> {
    let Some(socket) = socket else { return Ok(environment.clone()) };
    let address =
        socket.local_addr().map_err(|error| format!("cannot tell the address of the socket: {error}"))?;
    Ok(environment.with("PGANALYTICS_LISTEN", &address.to_string()))
}

async fn run(settings: &Settings, socket: Option<TcpListener>, reload: Reload) -> Result<ExitCode, String> {
    let listener = match socket {
        Some(socket) => socket,
        None => listen(settings.listen)?,
    };
    let daemon = Daemon::open(listener, settings)?;
    let stop = stop(daemon.node.clone(), Signals::catch()?, reload);
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
async fn stop(node: Data<Node>, mut signals: Signals, reload: Reload) {
    let reason = loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop(signal) => break signal.to_owned(),
                Asked::HangUp => reload.run(&node).await,
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

/// Waits until the next sign of life is due, and gives it only when the stores answer.
async fn watchdog(node: &Data<Node>) {
    let Some(pause) = service::watchdog_interval() else { return std::future::pending().await };
    tokio::time::sleep(pause).await;
    let node = node.clone();
    if matches!(actix_web::web::block(move || node.ready()).await, Ok(Ok(()))) {
        service::alive();
    }
}
