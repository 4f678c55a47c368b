//! Every bound of the product, with its reason. A number that limits something stands here or nowhere.

use std::time::Duration;

// -- what a push may be

/// Decompressed bytes of one push. A v3 collector sends its whole buffer, up to 50 MiB, again and again
/// until it is taken.
pub const PUSH_BYTES: usize = 64 * MIB;
/// Documents in one push: a v3 collector sends 2,952 a minute and keeps 50 MiB of them.
pub const PUSH_DOCUMENTS: usize = 200_000;
/// Nesting of one document. The deepest known type has six levels.
pub const DOCUMENT_DEPTH: usize = 64;
/// Length of a document's `type`: it becomes part of series names.
pub const DOCUMENT_TYPE_CHARS: usize = 100;

// -- what the agent keeps and waits for

/// Collection interval of an agent, in seconds.
pub const COLLECTION_INTERVAL_S: std::ops::RangeInclusive<u64> = 10..=3600;
/// Queries that one `pg_query_stats` document may hold.
pub const QUERY_LIMIT: std::ops::RangeInclusive<u64> = 1..=10_000;
/// Smallest and largest spool: below, one outage of minutes overflows it; above, it is a database.
pub const SPOOL_BYTES: std::ops::RangeInclusive<u64> = (MIB as u64)..=(64 * 1024 * MIB as u64);
/// A batch of the spool, compressed.
pub const SPOOL_BATCH_BYTES: usize = 16 * MIB;
/// Longest time that a stopping worker gets before it is killed.
pub const STOP_GRACE: Duration = Duration::from_secs(60);
/// First and longest pause between two attempts to reach the daemon.
pub const RETRY_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

// -- texts that humans and agents send

/// Bytes of a JSON body that is not a push or an import.
pub const BODY_BYTES: usize = MIB;

// -- what the metric store takes, keeps and reads

/// Oldest document that is taken, and how long it is kept, unless the settings say otherwise.
pub const RETENTION: Duration = Duration::from_secs(90 * DAY_S);
/// How far ahead of the daemon's clock a document may be: more than any time zone set wrongly.
pub const AHEAD: Duration = Duration::from_secs(DAY_S);
/// Length of an idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// Numbers in one document: a hundred thousand columns of a schema have five each.
pub const DOCUMENT_NUMBERS: usize = 500_000;
/// A shape before compression: paths and labels of all objects of one document.
pub const SHAPE_BYTES: usize = 32 * MIB;
/// A string that is longer is text, and no label.
pub const LABEL_BYTES: usize = 120;
/// Pushes that wait for the next commit, and their bytes as they will be stored. What does not fit is told to
/// come back, so memory stays bounded when the disk is slow.
pub const WAITING_PUSHES: usize = 1024;
pub const WAITING_BYTES: usize = 64 * MIB;
/// What one commit takes of the waiting pushes: more would let the first one wait too long.
pub const COMMIT_BYTES: usize = 16 * MIB;
/// Longest wait for a commit, the time of a disk that hangs.
pub const COMMIT_WAIT: Duration = Duration::from_secs(30);
/// Room that stays free on the disk, beside three times what a commit writes: a store copies pages before it
/// frees them, and logins and their audit go on.
pub const FREE_BYTES: u64 = 32 * MIB as u64;
/// Pages of the hot store that are kept in memory.
pub const HOT_CACHE_BYTES: usize = 64 * MIB;
/// Shapes that are known to be stored already, kept in memory so that each push need not look them up.
pub const KNOWN_SHAPES: usize = 50_000;
/// Points of one series in one answer.
pub const SERIES_POINTS: usize = 11_000;
/// Series in one answer, and documents that one query of points may look at.
pub const QUERY_SERIES: usize = 20_000;
pub const QUERY_DOCUMENTS: usize = 1_000_000;
/// Points in one answer over all its series.
pub const QUERY_POINTS: usize = 2_000_000;
/// Matchers in one query and length of one.
pub const QUERY_MATCHERS: usize = 100;
pub const MATCHER_BYTES: usize = 4096;
/// A pattern of a matcher, compiled.
pub const PATTERN_BYTES: usize = MIB;
/// Types of one collector whose documents one answer can put into one order; beyond, a type must be named.
pub const QUERY_TYPES: usize = 1000;
/// Documents in one page of an answer, by default and at most, and their bytes.
pub const PAGE_DOCUMENTS: (usize, usize) = (100, 1000);
pub const PAGE_BYTES: usize = 16 * MIB;
/// Documents and dedup entries that one step of the retention removes.
pub const PRUNE_STEP: usize = 10_000;

const DAY_S: u64 = 24 * 60 * 60;
const MIB: usize = 1024 * 1024;
