//! `pganalytics demo`: the product at work on this machine, without a trace afterwards.
//!
//! A daemon in this process on stores of its own, one agent as a process of its own, and where PostgreSQL is
//! installed a throwaway server with a small load. It listens on loopback only, so it needs no TLS.

mod agent;
mod folder;
mod load;
mod parts;
mod postgres;
mod process;

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use actix_web::web::Data;
use clap::Args;
use serde::Serialize;

use super::daemon::{Daemon, listen};
use super::serve::SECOND_SIGNAL;
use super::signals::{Asked, Signals};
use super::{FAILED, Output};
use crate::access::{NewPassword, Role, Username};
use crate::audit::{Actor, Origin};
use crate::config;
use crate::crypto::{Secret, random_hex};
use crate::logging::{self, Format};
use crate::node::Node;
use crate::settings::Environment;
use folder::Folder;
use parts::Parts;

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const USER: &str = "admin";
/// The programs of a build are slower than those of a package, on a machine that has just built them: what would
/// be slow at a site is usual here.
const SLOW_COLLECTION_MS: f64 = 5000.0;
/// A terminal shows what needs attention; that a setup code exists does not, as the demo uses it up.
const LOG_FILTER: &str = "warn,pganalytics::access::setup=error";

#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Loopback address and port; without it 127.0.0.1:8080, or a free port when that one is taken
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Empty folder for the stores, emptied again at the end; without it, a temporary one
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// How it says where it is and what it watches
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What opens the dashboard.
#[derive(Serialize)]
struct Door<'a> {
    address: &'a str,
    user: &'static str,
    password: &'a str,
}

#[derive(Serialize)]
struct Watched<'a> {
    watched: &'a str,
}

pub(super) fn demo(wanted: Demo, environment: &Environment) -> Result<ExitCode, String> {
    let filter = environment.get("PGANALYTICS_LOG").unwrap_or(LOG_FILTER);
    logging::start(filter, Format::Text).map_err(|error| error.to_string())?;
    // said before anything is started
    agent::program()?;
    let listener = take_address(wanted.listen, wanted.output)?;
    let folder = Rc::new(Folder::open(wanted.data_dir)?);
    actix_web::rt::System::new().block_on(run(listener, folder, wanted.output))
}

async fn run(listener: TcpListener, folder: Rc<Folder>, output: Output) -> Result<ExitCode, String> {
    let mut signals = Signals::catch()?;
    let mut settings =
        config::load(None, &environment(&listener, &folder)?).map_err(|problems| problems.to_string())?;
    settings.node.slow_collection_ms = SLOW_COLLECTION_MS;
    let daemon = Daemon::open(listener, &settings)?;
    let password = create_administrator(&daemon.node)?;
    let (node, url) = (daemon.node.clone(), daemon.url());
    let failure = RefCell::new(None);
    let work = Box::pin(async {
        let door = Door { address: &url, user: USER, password: password.expose() };
        say(output, &door, |Door { address, user, password }| {
            format!("address:  {address}\nuser:     {user}\npassword: {password}")
        });
        *failure.borrow_mut() = at_work(&node, &url, &folder, &mut signals, output).await.err();
        exit_when_asked_again(signals, Rc::clone(&folder));
    });
    let code = daemon.run(work).await?;
    failure.into_inner().map_or(Ok(code), Err)
}

/// Everything that happens while the daemon serves, from the first agent to the last signal.
async fn at_work(
    node: &Data<Node>,
    url: &str,
    folder: &Folder,
    signals: &mut Signals,
    output: Output,
) -> Result<(), String> {
    let parts = tokio::select! {
        parts = Parts::start(node, url, folder) => parts,
        () = asked(signals) => return Ok(()),
    };
    let mut parts = parts?;
    say(output, &Watched { watched: &parts.watched }, |Watched { watched }| {
        format!("\n{watched}\nCtrl-C ends the demo, and nothing of it is left.")
    });
    loop {
        tokio::select! {
            () = asked(signals) => break,
            reason = node.poison.wait() => {
                tracing::error!(reason, "the demo ends");
                break;
            }
            ended = parts.ended() => tracing::error!("{ended}"),
        }
    }
    // whoever asks again does not wait for anybody: dropping the parts kills them
    tokio::select! {
        () = parts.stop() => {}
        () = asked(signals) => {}
    }
    Ok(())
}

/// Ctrl-C, SIGTERM, and a terminal that was closed.
async fn asked(signals: &mut Signals) {
    match signals.next().await {
        Asked::Stop(signal) => tracing::info!(signal, "stopping"),
        Asked::HangUp => tracing::info!("stopping, as the terminal is gone"),
    }
}

/// A second wish while the daemon closes.
fn exit_when_asked_again(mut signals: Signals, folder: Rc<Folder>) {
    actix_web::rt::spawn(async move {
        asked(&mut signals).await;
        tokio::time::sleep(SECOND_SIGNAL).await;
        folder.remove();
        std::process::exit(i32::from(FAILED));
    });
}

/// The address that was asked for; the usual one, and another when somebody has it.
fn take_address(wanted: Option<SocketAddr>, output: Output) -> Result<TcpListener, String> {
    let address = wanted.unwrap_or(DEFAULT_LISTEN);
    if !address.ip().is_loopback() {
        let ip = address.ip();
        return Err(format!("a demo listens on this machine only, such as on 127.0.0.1, not on {ip}"));
    }
    match TcpListener::bind(address) {
        Err(error) if wanted.is_none() && error.kind() == io::ErrorKind::AddrInUse => {
            if output == Output::Text {
                tell(&format!("{address} is taken, so the demo listens on another port"));
            }
            listen(SocketAddr::new(address.ip(), 0))
        }
        bound => bound.map_err(|error| format!("cannot listen on {address}: {error}")),
    }
}

/// What a site would set, as the configuration reads it.
fn environment(listener: &TcpListener, folder: &Folder) -> Result<Environment, String> {
    let address = listener.local_addr().map_err(|error| format!("cannot tell the address: {error}"))?;
    Ok(Environment::of([
        ("PGANALYTICS_LISTEN", address.to_string()),
        ("PGANALYTICS_DATA_DIR", folder.stores().display().to_string()),
        ("PGANALYTICS_TLS", "off".to_owned()),
    ]))
}

fn create_administrator(node: &Node) -> Result<Secret, String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot make the administrator: {error}");
    let password = Secret::new(random_hex::<10>());
    let username = Username::new(USER.to_owned()).map_err(|error| failed(&error))?;
    let new = NewPassword::new(password.clone(), USER).map_err(|error| failed(&error))?;
    let origin = Origin::local(Actor::command_line());
    node.access.create_user(&origin, &username, &new, Role::Admin).map_err(|error| failed(&error))?;
    Ok(password)
}

fn say<T: Serialize>(output: Output, what: &T, text: impl FnOnce(&T) -> String) {
    match output.shown(what, text) {
        Ok(line) => tell(&line),
        Err(error) => tracing::error!(error, "cannot say where the demo is"),
    }
}

fn tell(text: &str) {
    let mut out = io::stdout();
    // a reader that went away has read enough; the demo goes on until it is told to end
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
