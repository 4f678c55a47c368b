//! The signals that a daemon obeys.

use nix::sys::signal::Signal::SIGXFSZ;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    /// Caught, so that a file-size limit is an error of the write and not the end of the process.
    _file_size: Signal,
}

impl Signals {
    pub(super) fn catch() -> Result<Self, String> {
        let catch =
            |kind: SignalKind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
        Ok(Self {
            terminate: catch(SignalKind::terminate())?,
            interrupt: catch(SignalKind::interrupt())?,
            hangup: catch(SignalKind::hangup())?,
            _file_size: catch(SignalKind::from_raw(SIGXFSZ as i32))?,
        })
    }

    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop("SIGTERM"),
            _ = self.interrupt.recv() => Asked::Stop("SIGINT"),
            _ = self.hangup.recv() => Asked::HangUp,
        }
    }
}

/// What a signal asks for.
pub(super) enum Asked {
    /// By the signal of this name.
    Stop(&'static str),
    /// A daemon reads its files again; what runs at a terminal ends with it.
    HangUp,
}
