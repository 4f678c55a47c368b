//! The bounds of the mirror: what it sends at once, and how long it waits.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::MIB;

/// Characters of a site's name: it is a part of every key.
pub const SITE_ID_CHARS: usize = 100;
/// Bytes of metrics in one transaction, by default and in all: one that fails is done again.
pub const MIRROR_BATCH_BYTES: usize = 4 * MIB;
pub const MIRROR_BATCH: RangeInclusive<u64> = (64 * 1024)..=(64 * MIB as u64);
/// How long the mirror rests when nothing waits, by default and in all.
pub const MIRROR_INTERVAL: Duration = Duration::from_secs(10);
pub const MIRROR_INTERVAL_S: RangeInclusive<u64> = 1..=3600;
/// Text of one row of metrics, but for a document that is longer: what a database reads for one push.
pub const MIRROR_ROW_BYTES: usize = MIB;
/// Rows of the small tables that are sent at once.
pub const MIRROR_ROWS_AT_ONCE: usize = 500;
/// How long a step copies before it lets others at the processor.
pub const MIRROR_STEP_TIME: Duration = Duration::from_secs(2);
/// How long a step waits for the mirror in all: a batch over a slow line.
pub const MIRROR_ANSWER_TIME: Duration = Duration::from_secs(120);
pub const MIRROR_CONNECT_TIME: Duration = Duration::from_secs(5);
/// The longest pause before the next try when the mirror is away.
pub const MIRROR_LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What was copied is struck off after so many pushes or so much time, for each time is a commit of the store.
pub const MIRROR_NOTE_KEYS: usize = 2000;
pub const MIRROR_NOTE_TIME: Duration = Duration::from_secs(5);
/// How often the mirror looks whether there is something to do, in seconds.
pub const MIRROR_PERIOD_S: u64 = 1;
