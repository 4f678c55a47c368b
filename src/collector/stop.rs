//! The order to stop, as a value: it is given once and seen by everybody who waits for it.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Told to those who have to stop.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<bool>);

/// Gives the order. When it is dropped, the order counts as given.
#[derive(Debug)]
pub(super) struct StopSwitch(watch::Sender<bool>);

pub(super) fn stop() -> (StopSwitch, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopSwitch(sender), Stop(receiver))
}

impl StopSwitch {
    pub(super) fn give(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns when the order was given.
    pub(super) async fn ordered(&self) {
        // an error means that the switch is gone, which is an order too
        let _ = self.0.clone().wait_for(|given| *given).await;
    }

    pub(super) fn is_ordered(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for `work`, but not past the order: `None` when that came first.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.ordered() => None,
            done = work => Some(done),
        }
    }
}

/// What a person or the system sends to end us.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn watch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one and returns its name.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
