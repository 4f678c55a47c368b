//! The bounds of operations on many collectors, and of what is on record of documents that are lost.

use std::time::Duration;

use super::DAY_S;

/// Collectors of one operation: a whole fleet.
pub const OPERATION_COLLECTORS: usize = 5000;
/// Operations that are scheduled or running at once.
pub const OPERATIONS_OPEN: usize = 500;
/// Collectors of an operation that one transaction takes on: others write between two of them.
pub const OPERATION_STEP: usize = 25;
/// How long the reply to a request waits for its operation to be begun on all collectors; then a job goes on.
pub const OPERATION_REPLY_TIME: Duration = Duration::from_secs(3);
/// Steps of all operations that one run of the job does: it ends well within the time of a stop.
pub const OPERATION_STEPS_AT_ONCE: usize = 80;
/// How far ahead an operation may be scheduled.
pub const SCHEDULE_AHEAD: Duration = Duration::from_secs(366 * DAY_S);
/// How long ago a scheduled time may be when it is asked for: clocks differ, and people choose whole minutes.
pub const SCHEDULE_TOLERANCE: Duration = Duration::from_secs(60);
/// How late an operation may begin, or go on after it was interrupted: later, nobody expects it any more.
pub const SCHEDULE_LATE: Duration = Duration::from_secs(3600);
/// Scheduled operations that one run of the job begins or expires.
pub const SCHEDULED_AT_ONCE: usize = 50;
/// Between two events on the progress of one operation, but for the last.
pub const OPERATION_NEWS_PERIOD: Duration = Duration::from_millis(250);
/// Operations in one answer.
pub const OPERATIONS_LIMIT: usize = 500;
/// How long operations, actions and commands are kept when they are over.
pub const FLEET_HISTORY: Duration = Duration::from_secs(90 * DAY_S);
/// Commands and actions that one run of the job deletes, and operations, each with its up to 5,000 items.
pub const HISTORY_PRUNED_AT_ONCE: usize = 1000;
pub const OPERATIONS_PRUNED_AT_ONCE: usize = 10;

// -- gaps

/// Batches that are lost further apart than this, at the longest interval, are not one gap.
pub const GAP_PAUSE: Duration = Duration::from_secs(2 * 3600);
/// Gaps of one heartbeat: an agent has one for each reason.
pub const GAPS_AT_ONCE: usize = 16;
/// Batches or documents of one gap: more than any agent has, and their sum is a number still.
pub const GAP_DOCUMENTS: u64 = 1 << 40;
/// Gaps of one collector that are on record: one a day for each reason, for as long as they are kept, and more.
pub const GAPS_KEPT: usize = 1000;
/// Gaps in one answer: by default, and at most.
pub const GAP_PAGE: (usize, usize) = (100, GAPS_KEPT);
