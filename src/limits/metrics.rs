//! The bounds of the metric store: what it takes, keeps and reads, and what its images may hold.

use std::time::Duration;

use super::{DAY_S, MIB, PUSH_BYTES};

/// Oldest document that is taken, and how long it is kept, unless the settings say otherwise.
pub const RETENTION: Duration = Duration::from_secs(90 * DAY_S);
/// How far ahead of the daemon's clock a document may be: more than any time zone set wrongly.
pub const AHEAD: Duration = Duration::from_secs(DAY_S);
/// Length of an idempotency key.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// How long the reply to a request with such a key is kept.
pub const KEPT_REPLY_LIFE: Duration = Duration::from_secs(DAY_S);
/// Bytes of one reply that is kept: 5,000 collectors that return, each with a token.
pub const KEPT_REPLY_BYTES: usize = 8 * MIB;
/// Replies that are kept for one caller, and their bytes as they are stored: one in nine seconds, or a fleet of
/// 10,000 imported several times.
pub const KEPT_REPLIES_PER_CALLER: usize = 10_000;
pub const KEPT_BYTES_PER_CALLER: usize = 64 * MIB;
/// How long a unit of work waits for what comes next of its request: it holds up all other writers.
pub const UNIT_PAUSE: Duration = Duration::from_secs(5);
/// When to come again with a key whose request is being answered.
pub const KEPT_REPLY_RETRY: Duration = Duration::from_secs(1);

/// How long a request waits for another one with its key before it is told to come again: most are answered by then,
/// and nobody who waits longer than this still reads the answer.
pub const KEPT_REPLY_WAIT: Duration = Duration::from_secs(10);
/// Numbers in one document: a hundred thousand columns of a schema have five each.
pub const DOCUMENT_NUMBERS: usize = 500_000;
/// Values in one document, objects and arrays among them: while it is taken apart, each takes 32 bytes.
pub const DOCUMENT_VALUES: usize = 2_000_000;
/// The pieces of one document: keys, paths and labels of all its objects.
pub const SHAPE_BYTES: usize = 32 * MIB;
/// One push of one hour as it is stored, before compression: its values take less room than their text, but for
/// the pieces that each of its documents lists.
pub const BATCH_BYTES: usize = 512 * MIB;
/// What is remembered of all senders to know their next documents again; beyond, those that were silent for
/// longest are forgotten, and their next documents cost more.
pub const SENDERS_BYTES: usize = 96 * MIB;
/// Objects of one sender that are remembered.
pub const SENDER_OBJECTS: usize = 50_000;
/// Types of documents among which the next one is looked for by how it begins.
pub const SENDER_KINDS: usize = 256;
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
/// Room without which the hot store is not changed at all: pushes are refused long before, and what goes on in the
/// background can wait. An engine that meets a full disk in the middle has an unknown outcome.
pub const HOT_FREE_BYTES: u64 = 8 * MIB as u64;
/// Decompressors that are kept when nobody needs them, 160 KB each: as many as pushes are decoded at once.
pub const IDLE_DECOMPRESSORS: usize = 8;
/// Pages of the hot store that are kept in memory.
pub const HOT_CACHE_BYTES: usize = 64 * MIB;
/// The journal of the hot store: with this many bytes of small writes the file itself is written, which takes a tenth
/// of a second, so that it is done seldom and does not take long.
pub const JOURNAL_BYTES: u64 = 8 * MIB as u64;
/// The same in commits: the engine holds on to a page of each until then.
pub const JOURNAL_RECORDS: u64 = 1000;
/// Numbers of one collector's dictionary before it begins anew: most collectors have a few thousand objects, and
/// query statistics bring new ones every minute.
pub const DICTIONARY_NUMBERS: u32 = 50_000;
/// Entries of all dictionaries that are kept in memory, 40 bytes each.
pub const DICTIONARY_ENTRIES: usize = 2_000_000;
/// Shapes of one collector that are remembered because they may come again.
pub const SHAPES_SEEN_ONCE: usize = 1000;
/// Points of one series in one answer.
pub const SERIES_POINTS: usize = 11_000;
/// Series in one answer, and documents that one query of points may look at.
pub const QUERY_SERIES: usize = 20_000;
pub const QUERY_DOCUMENTS: u64 = 1_000_000;
/// Points in one answer over all its series.
pub const QUERY_POINTS: usize = 2_000_000;
/// Numbers of one collector that one selection holds at once, 24 bytes each, and after how many it asks whether anybody
/// still waits for them.
pub const SELECTED_NUMBERS: usize = 5_000_000;
pub const SELECTED_UNTIL_ASKED: usize = 10_000;
/// Columns of one image that a thread reads before it takes the next ones: to begin with a block costs as much as some.
pub const COLUMNS_AT_ONCE: usize = 400;
/// Matchers in one query and length of one.
pub const QUERY_MATCHERS: usize = 100;
pub const MATCHER_BYTES: usize = 4096;
/// A pattern of a matcher, compiled.
pub const PATTERN_BYTES: usize = MIB;
/// The range of a chart whose beginning is not given: at one heartbeat in 10 s it has 8,640 points.
pub const QUERY_RANGE: Duration = Duration::from_secs(DAY_S);
/// Characters of a step, such as `250ms`, and of a cursor.
pub const STEP_CHARS: usize = 20;
pub const CURSOR_CHARS: usize = 100;
/// Documents in one page of an answer, by default and at most, and their bytes.
pub const PAGE_DOCUMENTS: (usize, usize) = (100, 1000);
pub const PAGE_BYTES: usize = 16 * MIB;
/// How long an hour that is over waits for what comes late, before its documents become columns.
pub const FOLD_GRACE: Duration = Duration::from_secs(300);
/// Hours of collectors that one round folds, and one transaction stores: a thousand collectors are done with an hour in
/// half of one.
pub const FOLD_STEP: usize = 8;
/// How long one step may go on with rounds while nobody pushes: a stop waits for it.
pub const QUIET_WORK: Duration = Duration::from_secs(3);
/// Documents of one hour that are folded at once: what a busy sender has in an hour. More stay as they came.
pub const FOLD_DOCUMENTS: u64 = 100_000;
/// How long a push is known by its idempotency key: longer than a spool holds batches.
pub const KEYS_KNOWN: Duration = Duration::from_secs(7 * DAY_S);
/// How long documents of pushes without a key are known: a sender that got no answer comes again within minutes, and a
/// busy one has a hundred megabytes of them a day.
pub const CONTENTS_KNOWN: Duration = Duration::from_secs(3 * DAY_S);
/// Rows that one step of forgetting looks at, and of discarding removes.
pub const FORGET_STEP: usize = 10_000;
pub const DISCARD_STEP: usize = 10_000;

/// How often the size of the stores is noted, for how long, and from which time on that makes a forecast. A disk that
/// is full within so many days is told in the log.
pub const DISK_PERIOD: Duration = Duration::from_secs(60 * 60);
pub const DISK_SEEN: Duration = Duration::from_secs(7 * DAY_S);
pub const DISK_LEAST_SEEN: Duration = Duration::from_secs(6 * 60 * 60);
pub const DISK_SHORT_DAYS: u64 = 14;
/// Pushes that wait for a copy of the store, 150 bytes each: those of a thousand collectors in half a day. What comes
/// beyond is found by going through the store.
pub const FEED_PUSHES: u64 = 1_000_000;
/// Pushes and documents of them that are looked up at once for a copy. A push is never cut.
pub const FEED_PUSHES_AT_ONCE: usize = 500;
pub const FEED_DOCUMENTS_AT_ONCE: u64 = 2000;

// -- images of many documents

/// Rows, pieces and shapes of one type in one image: beyond, it is cut by time.
pub const IMAGE_ROWS: usize = 4 * MIB;
/// Values of a column that are decoded together.
pub const IMAGE_PART_VALUES: usize = 64 * 1024;
/// Texts of a column that are decoded together, when there are several.
pub const IMAGE_PART_BYTES: usize = 256 * 1024;
/// A block is closed when it would become larger: one series is read by decompressing so much. Eight times as much made
/// segments 3 % smaller, and one series of a collector twice as slow to read.
pub const IMAGE_BLOCK_AIM: usize = 16 * 1024;
/// The largest block: one text of the largest push, escaped.
pub const IMAGE_BLOCK_BYTES: usize = 2 * PUSH_BYTES;

/// What is younger stays in the hot store, unless the settings say otherwise: what charts show most, and what still
/// comes late. At least an hour, as hours are sealed whole.
pub const HOT_WINDOW: Duration = Duration::from_secs(DAY_S);
pub const LEAST_HOT_WINDOW: Duration = Duration::from_secs(60 * 60);
/// What the settings may ask for.
pub const RETENTION_DAYS: std::ops::RangeInclusive<u64> = 1..=3650;
pub const HOT_WINDOW_H: std::ops::RangeInclusive<u64> = 1..=168;
pub const HOT_BYTES_RANGE: std::ops::RangeInclusive<u64> = 64 * MIB as u64..=1024 * 1024 * MIB as u64;
/// The size from which on the hot store keeps no more than the least window, unless the settings say otherwise: a
/// day of 3,000 collectors.
pub const HOT_BYTES: u64 = 4 * 1024 * MIB as u64;
/// Slices that one round seals: a second of work.
pub const SLICES_SEALED_AT_ONCE: usize = 16;
/// Samples from which on no more hours are taken into a segment: 16 MB of values in memory, a few times over while
/// they are put together, written and read back.
pub const SEGMENT_SAMPLES: usize = 2 * MIB;
/// Collectors whose segments one step looks at, to put those of a day and of a week together.
pub const COLLECTORS_MERGED_AT_ONCE: usize = 16;
/// How often the catalog is read anew because a segment went between its listing and its opening.
pub const CATALOG_READS: usize = 8;
/// Damaged segments that one query passes over, before it says so instead of an answer.
pub const DAMAGED_PASSED: usize = 8;
/// Segments whose rows of the catalog are in memory, 1 KB each: all of a fleet of 500 with a retention of 90 days.
pub const SEGMENTS_KNOWN: usize = 16 * 1024;
/// The indexes of segments whose files are open, 26 KB for a collector with a thousand numbers: those of a day of a thousand
/// such collectors, in slices of six hours. With less, each query over all of them would open every one anew.
pub const OPEN_SEGMENTS_BYTES: usize = 128 * MIB;
/// What part of the files that the process may have open they are at most (1/n): the others are for connections.
pub const OPEN_SEGMENTS_PART: usize = 4;
/// Files that the daemon asks the system for where it is given fewer: as many as its unit gives it.
pub const OPEN_FILES: u64 = 65_536;
/// Changes that are remembered for those who keep what they computed, at most one of each minute: a day.
pub const CHANGES_NOTED: usize = 1440;
/// What is kept of images to find series in them: for a type with a hundred tables 250 KB of its rows and columns, and
/// up to 500 KB of its names and labels, which images of one collector share.
pub const KNOWN_TYPES_BYTES: usize = 64 * MIB;
pub const KNOWN_DIRECTORIES_BYTES: usize = 64 * MIB;
/// Lists of names that are looked at when a new one comes, which may be equal: the directories count what they hold.
pub const KNOWN_VOCABULARIES: usize = 256;
/// Rows of the catalog that are in memory at once where all are gone through.
pub const SEGMENTS_LISTED: usize = 1000;
/// How often the files of so many segments are looked for, in seconds: those of a fleet of a thousand within half an hour.
pub const SEGMENT_SECONDS: u64 = 60;
/// Segments that one transaction lets go, and those that one step writes anew without a type that is too old.
pub const SEGMENTS_REMOVED_AT_ONCE: usize = 100;
pub const SEGMENTS_TRIMMED_AT_ONCE: usize = 8;
