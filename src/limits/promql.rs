//! The bounds of queries in `PromQL`: what one may say, read, hold and cost.

use std::time::Duration;

use super::MIB;

/// Length of a query. The longest that dashboards send, over a fleet's names, have some KiB.
pub const PROMQL_BYTES: usize = 64 * 1024;
/// Operators, brackets and commas of a query: each may nest the tree by one, and a tree is walked on the stack.
pub const PROMQL_PARTS: usize = 500;
/// Patterns in one query, and each compiled: whoever compiles many pays for it in time.
pub const PROMQL_PATTERNS: usize = 50;
pub const PROMQL_PATTERN_BYTES: usize = MIB;
/// What a letter of a simple pattern takes at most when it is compiled.
pub const PROMQL_LETTER_BYTES: usize = 2 * 1024;
/// Moments at which a query over a range is evaluated, as Prometheus has it.
pub const PROMQL_STEPS: i64 = 11_000;
/// Moments at which a subquery is evaluated: a day in steps of a second.
pub const PROMQL_SUBQUERY_STEPS: i64 = 100_000;
/// How far a sample counts as the present value, as Prometheus has it.
pub const PROMQL_LOOKBACK_MS: i64 = 300_000;
/// The step of a subquery that names none: the evaluation interval of a Prometheus that is not told otherwise.
pub const PROMQL_SUBQUERY_STEP_MS: i64 = 60_000;
/// Stored samples that one query reads, as Prometheus has it. They are read series by series, and not kept.
pub const PROMQL_SAMPLES: usize = 50_000_000;
/// Values that one query computes: it may have to keep all of them, 16 bytes each.
pub const PROMQL_VALUES: usize = 10_000_000;
/// Series that one query finds, over all its selectors.
pub const PROMQL_SERIES: usize = 200_000;
/// Pairs of names and values that metadata calls answer.
pub const PROMQL_NAMES: usize = 200_000;
/// How long a query may run, unless it asks for less.
pub const PROMQL_TIME: Duration = Duration::from_secs(60);
/// Queries that run at once, and that wait for their turn: each may hold its values in memory.
pub const PROMQL_RUNNING: usize = 4;
pub const PROMQL_WAITING: usize = 100;
/// Threads that help queries, in the whole process and at most: each may hold what is read of one collector in memory.
/// There are never more than leave a processor to everybody else.
pub const HELPING_THREADS: usize = 7;
/// How often it is looked whether the client of a query is still there.
pub const PROMQL_CLIENT_LOOK: Duration = Duration::from_millis(200);
/// Answers to queries over ranges that are kept for the next time, 16 bytes a point; the largest of them; and from
/// which time of evaluation on one is kept: what is had sooner is not worth its room.
pub const PROMQL_KEPT_BYTES: usize = 32 * MIB;
pub const PROMQL_KEPT_ONE_BYTES: usize = 4 * MIB;
pub const PROMQL_KEPT_FROM: Duration = Duration::from_millis(2);
