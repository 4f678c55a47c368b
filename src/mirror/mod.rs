//! A copy of what the appliance holds in a PostgreSQL database, where a site wants one.
//!
//! It guarantees: each document stands in the mirror once, whatever fails in between; nothing is missed, however
//! long the mirror was away or not wanted; no password or token leaves the appliance; taking in pushes, readiness and
//! memory do not depend on it. It copies the registry, the trail and the metrics, and it does not know what they mean.

mod copy;
mod exact;
mod feed;
mod job;
mod moves;
mod options;
mod partitions;
mod registry;
mod rows;
mod schema;
mod session;
mod standing;
mod state;
mod tables;
mod trail;

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Clock;
use crate::metrics::{Metrics, QueryError};
use crate::postgres::{TlsError, in_words};
use crate::storage::{RedbError, Sqlite, StoreError};

pub use job::MirrorJob;
pub use options::{Options, Span};
pub use registry::forget;
pub use standing::{Standing, Standings};
pub use state::{Mirror, Status};

/// What is copied.
pub struct Source {
    pub db: Arc<Sqlite>,
    pub metrics: Arc<Metrics>,
    pub clock: Clock,
    /// How the collectors are doing.
    pub standings: Standings,
}

#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("cannot read {path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0} holds no certificate in PEM form")]
    NoCertificate(PathBuf),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{}", in_words(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("the mirror gave no answer within {} s", crate::limits::MIRROR_ANSWER_TIME.as_secs())]
    NoAnswer,
    #[error("the mirror is PostgreSQL {0}, and 13 or later is needed")]
    TooOld(String),
    #[error("the database of the mirror is encoded as {0}, and UTF8 is needed")]
    Encoding(String),
    #[error(
        "the mirror has schema version {found}, and this program knows {known}: a newer release has written to it"
    )]
    Newer { found: i32, known: i32 },
    #[error(
        "the site_id {site} belongs to another appliance, {owner}, and this one is {appliance}: choose another site_id, or see docs/mirror.md if this appliance takes the place of that one"
    )]
    Taken { site: String, owner: String, appliance: String },
    #[error("the row of site {0} in mirror_sites has changed: connecting anew")]
    Moved(String),
    #[error("cannot read the registry: {0}")]
    Registry(#[from] StoreError),
    #[error("cannot read the metrics: {0}")]
    Metrics(#[from] RedbError),
    #[error("cannot read the metrics: {0}")]
    Query(#[from] QueryError),
    #[error("cannot read how collectors are doing: {0}")]
    Standings(String),
    #[error("the daemon is stopping")]
    Stopping,
}

impl From<rusqlite::Error> for MirrorError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Registry(error.into())
    }
}
