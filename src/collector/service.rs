//! What systemd is told: ready, alive, and a line about how things are. Elsewhere it is nothing.

use std::time::Duration;

/// How often systemd wants a sign of life, if it does.
pub(super) fn watchdog_interval() -> Option<Duration> {
    #[cfg(feature = "systemd")]
    {
        let microseconds =
            systemd::daemon::watchdog_enabled().ok().filter(|microseconds| *microseconds > 0)?;
        Some(Duration::from_micros(microseconds) / 3)
    }
    #[cfg(not(feature = "systemd"))]
    None
}

pub(super) fn ready() {
    tell(&[("READY", "1")]);
}

pub(super) fn alive() {
    tell(&[("WATCHDOG", "1")]);
}

pub(super) fn stopping() {
    tell(&[("STOPPING", "1")]);
}

pub(super) fn status(line: &str) {
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
