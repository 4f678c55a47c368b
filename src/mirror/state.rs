//! What the daemon sees of its mirror: how it stands, and the word to stop.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::{Clock, Timestamp};
use crate::metrics::Metrics;
use crate::storage::RedbError;

/// How the mirror stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    pub site_id: String,
    /// Host, port and database.
    pub target: String,
    /// `None` while there is no connection.
    pub connected_since: Option<Timestamp>,
    pub server_version: Option<String>,
    /// When everything that waited was last found in the mirror, or a part of it was written.
    pub last_mirrored_at: Option<Timestamp>,
    /// What failed last, while it stands.
    pub last_error: Option<String>,
    pub last_error_at: Option<Timestamp>,
    /// Documents that were written since the daemon started.
    pub documents_mirrored: u64,
    /// Documents that could not be mirrored as they are damaged or expired before.
    pub documents_lost: u64,
    /// Documents that wait, those of the past that are still to be gone through among them.
    pub documents_behind: u64,
    /// Age of the oldest push that waits.
    pub seconds_behind: u64,
    /// Whether the past is being gone through, as after the mirror was switched on.
    pub is_filling: bool,
}

/// The mirror of this daemon.
#[derive(Clone)]
pub struct Mirror {
    pub(super) status: Arc<Mutex<Status>>,
    pub(super) stop: watch::Sender<bool>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Mirror {
    pub(super) fn new(status: Status, metrics: Arc<Metrics>, clock: Clock) -> Self {
        Self { status: Arc::new(Mutex::new(status)), stop: watch::Sender::new(false), metrics, clock }
    }

    /// Ends what is under way; the mirror takes it back, and it is done again after the next start.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub fn status(&self) -> Result<Status, RedbError> {
        let mut status = self.status.lock().clone();
        let feed = self.metrics.feed_state()?;
        let unnoted = feed.next_seq.saturating_sub(feed.noted_before);
        let gap = feed.gap.map_or(0, |gap| (gap.to - gap.from).saturating_sub(gap.done));
        status.documents_behind = feed.documents + unnoted + gap;
        status.is_filling = feed.gap.is_some() || unnoted > 0;
        let oldest = self.metrics.feed_oldest()?;
        status.seconds_behind = oldest.map_or(0, |oldest| self.clock.now().since(oldest).as_secs());
        Ok(status)
    }
}
