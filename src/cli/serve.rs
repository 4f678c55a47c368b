//! `pganalytics serve`: opens the node, listens, and ends in order.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web::Data;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Common, FAILED, tls};
use crate::clock::Clock;
use crate::config::{Settings, Tls};
use crate::http;
use crate::ids::IdSource;
use crate::node::Node;
use crate::settings::Environment;
use crate::{logging, service};

/// A second signal ends the process within this.
const SECOND_SIGNAL: Duration = Duration::from_millis(500);

pub(super) fn serve(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let settings = common.load(environment)?;
    logging::start(&settings.log_filter, settings.log_format).map_err(|error| error.to_string())?;
    let address = actix_web::rt::System::new().block_on(run(settings))?;
    Ok(address)
}

async fn run(settings: Settings) -> Result<ExitCode, String> {
    let listener = TcpListener::bind(settings.listen)
        .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| format!("cannot tell the address: {error}"))?;
    let node =
        Node::open(&settings.node, Clock::System, IdSource::Random).map_err(|error| error.to_string())?;
    let node = Data::new(node);
    let tls = tls::server_config(&settings.tls, &node.authority, address.ip())?;
    let scheme = if settings.tls == Tls::Off { "http" } else { "https" };
    let options = http::Options { workers: settings.workers, tls };

    let stop = stop(node.clone())?;
    say_listening(scheme, address)?;
    let served = http::serve(listener, node.clone(), options, stop).await;
    service::stopping();
    let poisoned = node.poison.check().err();
    let closing = node.clone();
    // closing blocks on threads and disks; nothing else runs here any more
    let _ = actix_web::web::block(move || closing.close()).await;
    served.map_err(|error| format!("cannot serve: {error}"))?;
    match poisoned {
        None => Ok(ExitCode::SUCCESS),
        Some(poisoned) => {
            tracing::error!(%poisoned, "ended, so that the next start recovers");
            Ok(ExitCode::from(FAILED))
        }
    }
}

fn say_listening(scheme: &str, address: SocketAddr) -> Result<(), String> {
    let mut out = io::stdout();
    writeln!(out, "listening on {scheme}://{address}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot print the address: {error}"))?;
    service::ready();
    service::status(&format!("listening on {scheme}://{address}"));
    Ok(())
}

/// What ends the daemon: a signal, or a write with unknown outcome. Meanwhile systemd is told that it lives.
fn stop(node: Data<Node>) -> Result<impl Future<Output = ()>, String> {
    let catch = |kind: SignalKind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
    let mut terminate = catch(SignalKind::terminate())?;
    let mut interrupt = catch(SignalKind::interrupt())?;
    let mut hangup = catch(SignalKind::hangup())?;
    // caught, so that a file-size limit is an error of the write and not the end of the process
    let file_size = catch(SignalKind::from_raw(nix::sys::signal::Signal::SIGXFSZ as i32))?;
    Ok(async move {
        let _file_size = file_size;
        let reason = loop {
            tokio::select! {
                reason = asked(&mut terminate, &mut interrupt) => break reason,
                reason = node.poison.wait() => break reason,
                _ = hangup.recv() => tracing::info!("the configuration is read at the start: restart to apply it"),
                () = watchdog(&node) => {}
            }
        };
        tracing::info!(reason, "stopping");
        actix_web::rt::spawn(async move {
            let reason = asked(&mut terminate, &mut interrupt).await;
            tracing::warn!(reason, "stopping at once");
            tokio::time::sleep(SECOND_SIGNAL).await;
            std::process::exit(i32::from(FAILED));
        });
    })
}

async fn asked(terminate: &mut Signal, interrupt: &mut Signal) -> String {
    tokio::select! {
        _ = terminate.recv() => "SIGTERM".to_owned(),
        _ = interrupt.recv() => "SIGINT".to_owned(),
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
