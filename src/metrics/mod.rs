//! The metrics of all collectors: taking them in, keeping them, and reading them.
//!
//! It guarantees: what [`Metrics::accept`] acknowledged is durable and is stored once; any document reads back as
//! it was pushed; every number in it is a point of a series; what is served was checked against its checksum.
//! It does not know who may push or read, nor which collectors are registered.

mod accept;
mod agent;
mod bytes;
mod catalog;
mod commit;
mod document;
mod documents;
mod hot;
mod labels;
mod matcher;
mod number;
mod query;
mod queue;
mod retention;
mod scan;
mod shape;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::limits;
use crate::storage::{FreeSpace, Poison, RedbError, RedbFile};

pub use accept::{AcceptError, Accepted, Batch};
pub use agent::{AGENT_SERIES, AgentFigures, AgentPoints, AgentSummary, Summary};
pub use catalog::ListedSeries;
pub use documents::{Cursor, DocumentsPage, DocumentsQuery, NotACursor, ReadDocument};
pub use hot::Counter;
pub use matcher::{BadMatcher, Matcher};
pub use number::Number;
pub use query::{Points, PointsQuery, QueryError};
pub use retention::Retention;
pub use shape::Series;
pub use writer::StorageFull;

use catalog::kinds;

/// How the store behaves.
#[derive(Clone, Debug)]
pub struct Options {
    pub clock: Clock,
    /// Where the room for metrics is looked up.
    pub free_space: FreeSpace,
    /// How old a document may be when it comes, and how long it is kept.
    pub retention: Duration,
}

impl Options {
    /// What is usual for a store at `path`.
    pub fn usual(path: &Path, clock: Clock) -> Self {
        Self { clock, free_space: FreeSpace::around(path), retention: limits::RETENTION }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] RedbError),
    #[error(
        "the metrics have layout version {found}, and this program knows {known}: they were written by a newer release"
    )]
    Newer { found: u64, known: u64 },
    #[error("cannot start the writer of metrics: {0}")]
    Thread(#[from] std::io::Error),
}

/// The store. All its methods block; dropping it stores what still waits.
pub struct Metrics {
    /// Ends before the file is closed.
    writer: writer::Writer,
    file: Arc<RedbFile>,
    /// Shapes that need not be looked up again.
    known: Arc<commit::KnownShapes>,
    clock: Clock,
    retention: Duration,
}

impl Metrics {
    /// Opens the store, or creates it when there is none.
    pub fn open(path: &Path, poison: Poison, options: Options) -> Result<Self, OpenError> {
        let file = Arc::new(RedbFile::open(path, limits::HOT_CACHE_BYTES, poison)?);
        prepare(&file)?;
        let known = Arc::new(commit::KnownShapes::default());
        let Options { clock, free_space, retention } = options;
        let writer = writer::Writer::start(Arc::clone(&file), Arc::clone(&known), free_space)?;
        Ok(Self { writer, file, known, clock, retention })
    }

    /// Stores what waits and takes nothing more. Reading goes on.
    pub fn stop(&self) {
        self.writer.stop();
    }

    /// Bytes that the store takes on the disk.
    pub fn bytes(&self) -> Result<u64, RedbError> {
        self.file.bytes()
    }
}

/// Creates the tables, so that reading need not ask whether they are there.
fn prepare(file: &RedbFile) -> Result<(), OpenError> {
    let (name, known) = hot::VERSION;
    let found = file.write(|tx| {
        for table in hot::ALL {
            tx.open_table(table)?;
        }
        let mut meta = tx.open_table(hot::META)?;
        let found = redb::ReadableTable::get(&meta, name)?.map(|version| version.value());
        if found.is_none() {
            meta.insert(name, known)?;
        }
        Ok(found.unwrap_or(known))
    })?;
    if found > known { Err(OpenError::Newer { found, known }) } else { Ok(()) }
}
