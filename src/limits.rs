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

// -- who may do what

/// Bytes of a token that is looked at. Ours have fewer than 600.
pub const TOKEN_BYTES: usize = 4096;
/// Characters of a user name.
pub const USERNAME_CHARS: usize = 64;
/// Characters of a password: below, it is guessed; above, it is a file.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 12..=256;
/// Characters of the name of an API token or registration secret.
pub const TOKEN_NAME_CHARS: usize = 100;
/// Users of one appliance: a list of them is one reply.
pub const USERS: usize = 1000;
/// Sessions of one user: the oldest ends when another begins.
pub const SESSIONS_PER_USER: usize = 50;
/// API tokens of one user: a list of them is one reply.
pub const API_TOKENS_PER_USER: usize = 100;
/// Registration secrets that are kept: a list of them is one reply.
pub const REGISTRATION_SECRETS: usize = 1000;
/// Collectors that one registration secret may register.
pub const REGISTRATION_SECRET_USES: u32 = 10_000;
/// Passwords that are hashed at once. Each takes 46 MiB and a core.
pub const PASSWORDS_AT_ONCE: usize = 2;
/// Callers that wait for their password to be hashed; 50 ms each.
pub const PASSWORDS_WAITING: usize = 32;
/// Longest wait for a password to be hashed.
pub const PASSWORD_WAIT: Duration = Duration::from_secs(5);
/// Names and addresses whose failed sign-ins are remembered.
pub const FAILURES_KEPT: usize = 10_000;
/// WebSocket tickets that are open at once, and those of one user.
pub const TICKETS: usize = 4096;
pub const TICKETS_PER_USER: usize = 32;
/// How long a WebSocket ticket waits to be used.
pub const TICKET_LIFE: Duration = Duration::from_secs(30);
/// Life of a collector's access token.
pub const COLLECTOR_ACCESS_LIFE: Duration = Duration::from_secs(3600);
/// Life of the token that a collector is registered with.
pub const ENROLMENT_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Rows that one step of pruning deletes from one table.
pub const PRUNED_AT_ONCE: usize = 1000;

// -- live events

/// Events kept for clients that come back, and the length of a listener's queue. 1,000 collectors make 34
/// events a second: two minutes.
pub const EVENTS_KEPT: usize = 4096;

/// Collection times that a mean is taken over: an hour at the usual interval.
pub const COLLECTION_TIMES_KEPT: usize = 60;

const MIB: usize = 1024 * 1024;
