//! What systemd is told: ready, alive, and a line about how things are; and the socket that it hands over. Elsewhere it
//! is nothing.

use std::net::TcpListener;
use std::time::Duration;

/// What systemd handed over cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error(
        "systemd handed over {0} sockets, and the daemon listens on one: leave one ListenStream= in pganalytics-listen.socket"
    )]
    Several(usize),
    #[error(
        "what systemd handed over is no TCP socket that listens: pganalytics-listen.socket needs a ListenStream= with a port, and Accept=no"
    )]
    NotTcp,
    #[error("cannot take the socket of systemd: {0}; start the daemon by its unit, or without LISTEN_FDS")]
    Refused(std::io::Error),
}

/// The socket that systemd has opened for this process, if it has.
#[cfg(feature = "systemd")]
pub fn listener() -> Result<Option<TcpListener>, SocketError> {
    let handed = systemd::daemon::listen_fds().map_err(|error| SocketError::Refused(error.into()))?;
    let sockets: Vec<_> = handed.iter().collect();
    match sockets[..] {
        [] => Ok(None),
        [socket] => systemd::daemon::tcp_listener(socket).map(Some).map_err(|_| SocketError::NotTcp),
        _ => Err(SocketError::Several(sockets.len())),
    }
}

#[cfg(not(feature = "systemd"))]
pub fn listener() -> Result<Option<TcpListener>, SocketError> {
    Ok(None)
}
/// How often systemd wants a sign of life, if it does.
pub fn watchdog_interval() -> Option<Duration> {
    #[cfg(feature = "systemd")]
    {
        let microseconds =
            systemd::daemon::watchdog_enabled().ok().filter(|microseconds| *microseconds > 0)?;
        Some(Duration::from_micros(microseconds) / 3)
    }
    #[cfg(not(feature = "systemd"))]
    None
}

pub fn ready() {
    tell(&[("READY", "1")]);
}

pub fn alive() {
    tell(&[("WATCHDOG", "1")]);
}

pub fn stopping() {
    tell(&[("STOPPING", "1")]);
}

pub fn status(line: &str) {
    tell(&[("STATUS", line)]);
}

#[cfg(feature = "systemd")]
fn tell(states: &[(&str, &str)]) {
    if let Err(error) = systemd::daemon::notify(states.iter()) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}

#[cfg(not(feature = "systemd"))]
fn tell(_: &[(&str, &str)]) {}
