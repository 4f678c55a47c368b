//! The metrics of all collectors: taking them in, keeping them, and reading them.
//!
//! It guarantees: what [`Metrics::store`] acknowledged is durable and is stored once; any document reads back as
//! it was pushed; every number in it is a point of a series; what is served was checked against its checksum.
//! It does not know who may push or read, nor which collectors are registered.

mod accept;
mod agent;
mod arrivals;
mod batch;
mod beginnings;
mod body;
mod catalog;
mod changes;
mod clock_guard;
mod commit;
mod dictionary;
mod directory;
mod discard;
mod document;
mod documents;
mod draft;
mod feed;
mod fold;
mod forget;
mod gather;
mod hot;
mod hours;
mod image;
mod known;
mod labels;
mod layouts;
mod matcher;
mod merge;
mod number;
mod owner;
mod pack;
mod piece;
mod query;
mod queue;
mod quiet;
mod retention;
mod scan;
mod seal;
mod sealed;
mod select;
mod sender;
mod senders;
mod slices;
mod stamp;
mod stands;
mod steps;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod verify;
mod visit;
mod writer;

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use redb::WriteTransaction;

use crate::archive::Segments;
use crate::clock::Clock;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::redb_file::damaged;
use crate::storage::{FreeSpace, Poison, RedbError, RedbFile};

pub use accept::{AcceptError, Accepted, Batch, CheckedPush, Recognized};
pub use agent::{AGENT_SERIES, AgentFigures, AgentPoints, AgentSummary, Summary};
pub use arrivals::{Arrival, Content, Page};
pub use catalog::ListedSeries;
pub use changes::Since;
pub use documents::{Cursor, DocumentsPage, DocumentsQuery, NotACursor, ReadDocument};
pub use feed::{FeedKey, FeedState, Gap, Link};
pub use fold::Folding;
pub use forget::Forgetting;
pub use hot::Counter;
pub use matcher::{BadMatcher, Matcher};
pub use merge::Merging;
pub use number::Number;
pub use owner::RegistryMark;
pub use piece::{Series, SeriesLabels};
pub use query::{Points, PointsQuery, QueryError};
pub use retention::{Expired, Retention};
pub use seal::{Seal, SealError};
pub use select::Selected;
pub use steps::StepFunction;
pub use verify::{Verified, verify};
pub use visit::Wanted;
pub use writer::StorageFull;

/// How the store behaves.
#[derive(Clone, Debug)]
pub struct Options {
    pub retention: Retention,
    /// What is younger stays in the hot store.
    pub hot_window: Duration,
    /// From which size on the hot store keeps no more than [`limits::LEAST_HOT_WINDOW`].
    pub hot_bytes: u64,
    /// The number of the first document of a store that is made anew.
    pub first_seq: u64,
    /// Where the room for metrics is looked up: on the file system of the store, unless a test says otherwise.
    pub free_space: Option<FreeSpace>,
    /// Whether pushes are noted for somebody who copies them.
    pub is_fed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            hot_window: limits::HOT_WINDOW,
            hot_bytes: limits::HOT_BYTES,
            first_seq: 1,
            free_space: None,
            is_fed: false,
        }
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
    #[error(
        "the metrics have layout version {found}, and this program knows {known}: it cannot read older ones"
    )]
    Older { found: u64, known: u64 },
    #[error("cannot start the writer of metrics: {0}")]
    Thread(#[from] std::io::Error),
}

/// The store. All its methods block; dropping it stores what still waits.
pub struct Metrics {
    /// Ends before the file is closed.
    writer: writer::Writer,
    hot: Arc<Hot>,
    /// What is older than the hot window.
    segments: Arc<Segments>,
    /// What must be known of segments and images to find series in them.
    known: known::KnownImages,
    /// Since when what is no longer what it was.
    changes: Arc<changes::Changes>,
    /// What collectors sent last.
    senders: senders::Senders,
    clock: Clock,
    retention: Retention,
    hot_window: Duration,
    hot_bytes: u64,
}

/// What the writer and the readers share.
struct Hot {
    file: RedbFile,
    /// Numbers of pieces and shapes that need not be looked up again.
    dictionaries: dictionary::Dictionaries,
    /// What each collector sent in all, as it is durable.
    counters: Mutex<HashMap<CollectorId, Counter>>,
    free_space: FreeSpace,
    /// Whether pushes are noted in the feed.
    is_fed: bool,
}

impl Metrics {
    /// Opens the store, or creates it when there is none.
    pub fn open(
        path: &Path,
        segments: Arc<Segments>,
        poison: Poison,
        clock: Clock,
        options: Options,
    ) -> Result<Self, OpenError> {
        let Options { retention, hot_window, hot_bytes, first_seq, free_space, is_fed } = options;
        let file = RedbFile::open(path, limits::HOT_CACHE_BYTES, poison, |tx| create(tx, first_seq))?;
        check(&file)?;
        let counters = Mutex::new(catalog::counters(&file)?);
        let free_space = free_space.unwrap_or_else(|| FreeSpace::around(path));
        let hot = Arc::new(Hot {
            file,
            dictionaries: dictionary::Dictionaries::default(),
            counters,
            free_space,
            is_fed,
        });
        let changes = Arc::<changes::Changes>::default();
        Ok(Self {
            writer: writer::Writer::start(Arc::clone(&hot), Arc::clone(&changes))?,
            hot,
            segments,
            known: known::KnownImages::default(),
            changes,
            senders: senders::Senders::default(),
            clock,
            retention,
            hot_window,
            hot_bytes,
        })
    }

    /// What one collector sent in all; `None` when it never pushed.
    pub fn counter(&self, collector: CollectorId) -> Option<Counter> {
        self.hot.counters.lock().get(&collector).copied()
    }

    /// The same of all collectors at once.
    pub fn counters(&self) -> HashMap<CollectorId, Counter> {
        self.hot.counters.lock().clone()
    }

    /// Stores what waits and takes nothing more. Reading goes on.
    pub fn stop(&self) -> Result<(), RedbError> {
        self.writer.stop();
        self.hot.file.settle()
    }

    /// Bytes that the store takes on the disk.
    pub fn bytes(&self) -> Result<u64, RedbError> {
        self.hot.file.bytes()
    }
}

/// Fills a new store: with all tables, so that one that is missing later is damage.
fn create(tx: &WriteTransaction, first_seq: u64) -> Result<(), RedbError> {
    for (_, table) in hot::ALL {
        tx.open_table(table)?;
    }
    let (name, version) = hot::VERSION;
    let mut meta = tx.open_table(hot::META)?;
    hot::put(&mut meta, name, &version.to_le_bytes())?;
    hot::put(&mut meta, hot::NEXT_SEQ, &first_seq.to_le_bytes())
}

/// Checks that this program can read the store and that no table is missing.
fn check(file: &RedbFile) -> Result<(), OpenError> {
    let (name, known) = hot::VERSION;
    let found = file.read(|tx| {
        let version = hot::get(&tx.open_table(hot::META)?, name, hot::open_count)?;
        version.ok_or_else(|| damaged("layout version", name))
    })?;
    match found.cmp(&known) {
        Ordering::Greater => Err(OpenError::Newer { found, known }),
        Ordering::Less => Err(OpenError::Older { found, known }),
        Ordering::Equal => Ok(file.read(|tx| {
            for (_, table) in hot::ALL {
                tx.open_table(table)?;
            }
            Ok::<_, RedbError>(())
        })?),
    }
}
