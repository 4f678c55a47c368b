//! The appliance: everything that one daemon holds, opened from top to bottom and closed from bottom to top.
//!
//! It knows neither HTTP nor the configuration file. A test opens a node on a temporary folder.

mod certificates;
mod clock;
mod close;
mod disk;
mod heartbeat;
mod ingest;
mod keys;
mod loss;
mod marks;
mod mirror;
mod open;
#[cfg(test)]
mod operations_model;
mod records;
mod report;
mod ring;
mod stopping;
#[cfg(test)]
mod tests;
mod verify;

use std::sync::Arc;

use crate::access::{Access, Authority, ServerCertificate};
use crate::archive::{SegmentError, Segments};
use crate::audit::AuditLog;
use crate::clock::{Clock, Timestamp};
use crate::crypto::KeyRing;
use crate::downloads::Downloads;
use crate::events::Events;
use crate::fleet::{
    ActionError, Actions, Archive, ConnectionTests, Gaps, Operations, Presence, PresenceError, Pulse,
    Registrar,
};
use crate::ids::IdSource;
use crate::jobs::Jobs;
use crate::logs::{Logs, LogsError};
use crate::metrics::{AcceptError, Metrics, QueryError};
use crate::mirror::Mirror;
use crate::registry::{Collectors, CollectorsError, Dashboards, Groups, GroupsError};
use crate::replies::Replies;
use crate::storage::poison::Poisoned;
use crate::storage::{DataDir, Poison, RedbError, Sqlite, StoreError, Unit};

pub use disk::{Forecast, StorageReport};
pub use ingest::Taken;
pub use keys::{KeyError, RootKeyReport};
pub use loss::{AcceptedLoss, Lost, accept_loss, accept_older_registry};
pub use marks::Older;
pub use open::{OpenError, Options};
pub use records::Records;
pub use report::CollectorReport;
pub use ring::{RingError, RingFile};
pub use stopping::Stopping;
pub use verify::{FileReport, verify};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The release of SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// One open data directory with all that works on it.
pub struct Node {
    /// The time, for everybody.
    pub clock: Clock,
    /// New ids, for everybody.
    pub ids: IdSource,
    /// When this process opened the directory.
    pub opened_at: Timestamp,
    /// Whether the process before this one ended without closing it.
    pub was_unclean: bool,
    /// Set after a write with unknown outcome: the process has to end.
    pub poison: Poison,
    /// Set when the daemon is asked to end.
    pub stopping: Stopping,
    /// The trail of changes.
    pub audit: AuditLog,
    /// What browsers are told.
    pub events: Events,
    /// Users, sessions, tokens.
    pub access: Arc<Access>,
    /// Groups of collectors.
    pub groups: Groups,
    /// Their dashboards.
    pub dashboards: Dashboards,
    /// The collectors.
    pub collectors: Collectors,
    /// What the collectors measured.
    pub metrics: Arc<Metrics>,
    /// What of it is sealed.
    pub segments: Arc<Segments>,
    /// What their agents logged.
    pub logs: Arc<Logs>,
    /// When the collectors were last seen, and what they said.
    pub presence: Arc<Presence>,
    /// The fleet as a whole, moment by moment.
    pub pulse: Arc<Pulse>,
    /// Stopping, resuming and restarting collectors.
    pub actions: Arc<Actions>,
    /// Unregistering collectors, and taking them back.
    pub archive: Arc<Archive>,
    /// What is asked for on many collectors at once, now or at a set time.
    pub operations: Arc<Operations>,
    /// What was measured and is lost for good.
    pub gaps: Gaps,
    /// The certificate authority.
    pub authority: Arc<Authority>,
    /// What the listener shows; absent where it speaks no TLS.
    pub certificate: Option<Arc<ServerCertificate>>,
    /// The root keys.
    pub ring: Arc<KeyRing>,
    /// Makes collectors out of requests.
    pub registrar: Arc<Registrar>,
    /// Who may try connections how often.
    pub connection_tests: ConnectionTests,
    /// What was answered to requests with an idempotency key.
    pub replies: Replies,
    /// The copy in PostgreSQL, where one is wanted.
    pub mirror: Option<Mirror>,
    /// The packages of agents that are handed out.
    pub downloads: Downloads,
    /// Background work.
    pub jobs: Jobs,
    /// The registry's database, for what reaches over the nouns.
    db: Arc<Sqlite>,
    /// The locked directory.
    data_dir: DataDir,
}

/// What can go wrong in an operation that reaches over several nouns.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error(transparent)]
    Groups(#[from] GroupsError),
    #[error(transparent)]
    Presence(#[from] PresenceError),
    #[error(transparent)]
    Actions(#[from] ActionError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Accept(#[from] AcceptError),
    #[error(transparent)]
    Segments(#[from] SegmentError),
    #[error(transparent)]
    Hot(#[from] RedbError),
    #[error(transparent)]
    Logs(#[from] LogsError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
    #[error("the daemon is stopping")]
    Stopping,
    #[error("nobody doubts the clock: it did not jump")]
    ClockIsTrusted,
    #[error("cannot read the size of {path}: {source}")]
    Size { path: std::path::PathBuf, source: std::io::Error },
}

impl Node {
    /// Begins a unit of work of this thread: until its commit, what it changes in the registry is one transaction.
    pub fn unit(&self) -> Unit<'_> {
        self.db.unit()
    }

    /// Whether the stores answer and work is welcome.
    pub fn ready(&self) -> Result<(), NodeError> {
        if self.stopping.is_set() {
            return Err(NodeError::Stopping);
        }
        self.poison.check()?;
        self.db.read(|tx| {
            tx.query_row("SELECT 1", [], |_| Ok(())).map_err(StoreError::from)?;
            Ok(())
        })
    }
}
