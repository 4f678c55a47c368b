//! After a write or sync that failed, nobody knows what the disk holds. Then nothing may be acknowledged
//! any more: the store is poisoned, the process ends, and recovery at the next start decides.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared by all stores of one data directory.
#[derive(Clone, Debug)]
pub struct Poison(Arc<watch::Sender<Option<String>>>);

/// A write was refused because an earlier one has an unknown outcome.
#[derive(Debug, thiserror::Error)]
#[error("storage is stopped after a failed write: {0}")]
pub struct Poisoned(pub String);

impl Default for Poison {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Poison {
    /// The first reason stays: those after it are consequences.
    pub fn set(&self, reason: &str) {
        let first = self.0.send_if_modified(|known| {
            let first = known.is_none();
            known.get_or_insert_with(|| reason.to_owned());
            first
        });
        if first {
            tracing::error!(reason, "a write failed with unknown outcome; storage stops");
        }
    }

    pub fn check(&self) -> Result<(), Poisoned> {
        self.0.borrow().clone().map_or(Ok(()), |reason| Err(Poisoned(reason)))
    }

    /// Waits until the store is poisoned.
    pub async fn wait(&self) -> String {
        let mut known = self.0.subscribe();
        loop {
            if let Some(reason) = known.borrow_and_update().clone() {
                return reason;
            }
            if known.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
