//! Every bound of the product, with its reason. A number that limits something stands here or nowhere.

mod fleet;
mod metrics;
mod mirror;
mod promql;

use std::time::Duration;

pub use fleet::*;
pub use metrics::*;
pub use mirror::*;
pub use promql::*;

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
/// Pushes and heartbeats of an agent, in seconds: an agent that is rarer than an hour looks dead.
pub const PUSH_INTERVAL_S: std::ops::RangeInclusive<u64> = 1..=3600;
pub const HEARTBEAT_S: std::ops::RangeInclusive<u64> = 1..=3600;
/// Between two looks at the daemon's configuration, in seconds: the channel tells of changes at once, anyway.
pub const CONFIG_PULL_S: std::ops::RangeInclusive<u64> = 10..=86_400;
/// Interval of one probe, in seconds: what changes rarely and costs much is asked once a day.
pub const PROBE_INTERVAL_S: std::ops::RangeInclusive<u64> = 10..=86_400;
/// Queries that one `pg_query_stats` document may hold.
pub const QUERY_LIMIT: std::ops::RangeInclusive<u64> = 1..=10_000;
/// Smallest and largest spool: below, one outage of minutes overflows it; above, it is a database.
pub const SPOOL_BYTES: std::ops::RangeInclusive<u64> = (MIB as u64)..=(64 * 1024 * MIB as u64);
/// A batch of the spool, compressed.
pub const SPOOL_BATCH_BYTES: usize = 16 * MIB;
/// Processors whose counters are sent one by one, eight numbers each.
pub const PROCESSORS: usize = 256;
/// Longest time that a stopping worker gets before it is killed.
pub const STOP_GRACE: Duration = Duration::from_mins(1);
/// The same as it may be set, in seconds.
pub const STOP_GRACE_S: std::ops::RangeInclusive<u64> = 1..=STOP_GRACE.as_secs();
/// First and longest pause between two attempts to reach the daemon.
pub const RETRY_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Longest `Retry-After` that an agent obeys: a wrong header must not silence it for a day.
pub const RETRY_AFTER: Duration = Duration::from_mins(10);
/// Pause of an agent whose token was revoked or is refused: only a person can help, but one may.
pub const REFUSED_PAUSE: Duration = Duration::from_mins(1);
/// An access token is replaced this long before it ends.
pub const ACCESS_TOKEN_MARGIN: Duration = Duration::from_mins(1);
/// An access token is used at least this long, also when the agent's clock calls it expired.
pub const ACCESS_TOKEN_LEAST_USE: Duration = Duration::from_secs(30);
/// A short request to the daemon (token, heartbeat) and its connection.
pub const REQUEST_TIME: Duration = Duration::from_secs(15);
pub const DAEMON_CONNECT_TIME: Duration = Duration::from_secs(5);
/// A push: 16 MiB over a slow line.
pub const PUSH_TIME: Duration = Duration::from_mins(2);
/// Bytes of the daemon's reply that an agent reads.
pub const REPLY_BYTES: usize = MIB;
/// What a stopping agent may take in all is 10 s; these are its two waits.
pub const SHUTDOWN_WORKER: Duration = Duration::from_secs(4);
pub const SHUTDOWN_PUSH: Duration = Duration::from_secs(3);
/// A document of the agent: that of a database with 10,000 tables has about 5 MiB.
pub const DOCUMENT_BYTES: usize = PIPE_MESSAGE_BYTES - 1024;
/// One message from the worker, a document or less.
pub const PIPE_MESSAGE_BYTES: usize = 16 * MIB;
/// JSON of one batch, before compression: a supervisor holds it in memory, so it is small.
pub const BATCH_JSON_BYTES: usize = 4 * MIB;
/// How long the first document of a batch waits for the rest of its collection.
pub const BATCH_LINGER: Duration = Duration::from_secs(2);
/// First and longest pause before a worker that died is started again.
pub const WORKER_PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// A worker that lived this long had started well; deaths before count towards a crash loop.
pub const WORKER_HEALTHY_AFTER: Duration = Duration::from_mins(2);
/// Deaths in a row that make a crash loop.
pub const WORKER_CRASH_LOOP: u32 = 3;
/// A worker that says nothing for its interval and this long hangs, and is replaced.
pub const WORKER_SILENCE: Duration = Duration::from_secs(90);
/// The first timers after a start come earlier by up to this fraction of their interval (1/n), so that
/// a fleet that was started together does not march in step.
pub const PHASE_FRACTION: u32 = 5;

/// Commands that wait in an agent while it does another; the daemon tells the others again.
pub const COMMANDS_WAITING: usize = 32;
/// Commands whose outcome an agent remembers, so that none is done twice: weeks of them.
pub const COMMANDS_REMEMBERED: usize = 64;
/// Steps of commands that wait to be reported; the newest tell more than the oldest.
pub const STEPS_WAITING: usize = 16;
/// Beside its grace, what a worker may take to be replaced.
pub const WORKER_START: Duration = Duration::from_secs(15);

/// Lines of its own log that an agent holds to be sent, and their bytes: an evening of trouble.
pub const LOG_LINES_WAITING: usize = 2000;
pub const LOG_LINES_BYTES: usize = 512 * 1024;
/// The file that they are kept in: with what is around them in JSON, and with what was sent and not answered.
pub const LOG_LINES_FILE_BYTES: u64 = 4 * MIB as u64;
/// Lines, and bytes of them, that travel together; less than what the daemon reads.
pub const LOG_LINES_AT_ONCE: usize = 200;
pub const LOG_LINES_BATCH_BYTES: usize = 256 * 1024;
/// How long the first line waits for others.
pub const LOG_LINGER: Duration = Duration::from_secs(2);
/// The pause after each line that was sent: with it an agent stays within what the daemon takes in a minute.
pub const LOG_LINE_PAUSE: Duration = Duration::from_millis(100);

// -- what the agent asks of a database

pub const PORTS: std::ops::RangeInclusive<u64> = 1..=65_535;
/// Databases of one server that one agent watches.
pub const DATABASES: usize = 1000;
/// Tables, and indexes, of one `pg_stats` document: the largest ones, when there are more.
pub const TABLES_PER_DOCUMENT: i64 = 10_000;
/// Sessions in each list of `pg_connections` and `pg_locks`: the longest ones. More is a storm, whose numbers
/// tell it better than its members.
pub const SESSIONS_PER_DOCUMENT: i64 = 100;
/// Locks of one `pg_locks` document, those that wait first.
pub const LOCKS_PER_DOCUMENT: i64 = 500;
/// Slots, standbys and subscriptions of one `pg_replication` document.
pub const REPLICATION_ROWS: i64 = 500;
/// Tables, and indexes, whose bloat is estimated: the largest ones, where nearly all of it is.
pub const BLOAT_ROWS: i64 = 500;
pub const EXTENSIONS_PER_DOCUMENT: i64 = 1000;
/// Objects of each kind in one `pg_schema` document.
pub const SCHEMA_OBJECTS: i64 = 10_000;
/// Characters kept of a statement's text.
pub const STATEMENT_CHARS: i32 = 1000;
/// Characters kept of a default, a definition, a description.
pub const DEFINITION_CHARS: i32 = 300;
/// From when on a transaction is long, in seconds, as it may be set.
pub const LONG_TRANSACTION_S: std::ops::RangeInclusive<u64> = 1..=86_400;
/// What is read of a log file for one document, and at most where a single entry is longer.
pub const LOG_CHUNK_BYTES: u64 = 256 * 1024;
pub const LOG_RECORD_BYTES: u64 = 4 * MIB as u64;
/// What is read of a log that was never read before.
pub const LOG_FIRST_BYTES: u64 = 256 * 1024;
/// Documents of one reading: 16 MiB a minute is more than any log that is worth keeping.
pub const LOG_DOCUMENTS: usize = 64;
/// Characters kept of each text of an entry.
pub const LOG_TEXT_CHARS: usize = 2000;
/// Documents that hold several databases wait for more of them until they are this large or this old.
pub const GATHERED_BYTES: usize = MIB;
pub const GATHERED_TIME: Duration = Duration::from_secs(2);
pub const POSTGRES_CONNECT_TIME: Duration = Duration::from_secs(5);
/// What the server enforces on each statement of ours.
pub const STATEMENT_TIME: Duration = Duration::from_secs(5);
/// Waiting in a lock queue blocks those behind us: hardly at all.
pub const LOCK_TIME: Duration = Duration::from_millis(500);
/// One database, connection included, whatever the server does.
pub const SOURCE_TIME: Duration = Duration::from_secs(8);
/// One whole collection; a shorter interval shortens it.
pub const CYCLE_TIME: Duration = Duration::from_secs(45);
/// Two samples of the processor's counters lie at least this far apart.
pub const CPU_SAMPLE_GAP: Duration = Duration::from_millis(250);
/// A file system that answers later than this hangs (a lost NFS server).
pub const FILE_SYSTEM_TIME: Duration = Duration::from_secs(2);
/// Bytes of a password, token or certificate file.
pub const SECRET_FILE_BYTES: u64 = MIB as u64;
/// Longest wait for another program that opens the same data directory: making keys takes a moment.
pub const OPENING_TIME: Duration = Duration::from_secs(10);
/// Bytes of a configuration file.
pub const CONFIG_BYTES: u64 = MIB as u64;

// -- texts that humans and agents send

/// Bytes of a JSON body that is not a push or an import.
pub const BODY_BYTES: usize = MIB;
/// Longest time that such a body may take to arrive: whoever dawdles holds a connection, and no longer than that.
pub const BODY_TIME: Duration = Duration::from_secs(10);

// -- who may do what

/// Bytes of a token that is looked at. Ours have fewer than 600.
pub const TOKEN_BYTES: usize = 4096;
/// Tokens whose signature need not be looked at again, 500 bytes each: those of a large fleet and of its last hour.
pub const TOKENS_REMEMBERED: usize = 10_000;

/// Tokens of which is known who bears them, 500 bytes each: those that come again before anything is committed.
pub const BEARERS_KNOWN: usize = 2_000;

/// Collectors that are known as the registry has them, 1 KiB each, for as long.
pub const COLLECTORS_KNOWN: usize = 2_000;
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
/// Days that an API token may live.
pub const API_TOKEN_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;
/// Days that a registration secret may live: whoever finds one registers collectors.
pub const REGISTRATION_SECRET_DAYS: std::ops::RangeInclusive<i64> = 1..=365;
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
/// The end of a session, however often it was refreshed.
pub const SESSION_LONGEST_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Life of the token that a collector is registered with.
pub const ENROLMENT_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Certificates that are listed for one collector. It asks for one a year; whoever asks without end pushes out the
/// oldest.
pub const COLLECTOR_CERTIFICATES: usize = 16;
/// Length of a certificate request in PEM form: a large RSA key needs 3 KiB.
pub const CERTIFICATE_REQUEST_BYTES: usize = 16 * 1024;
/// Names and addresses in the server's certificate, so that the chain still fits into a client's first buffers.
pub const SERVER_NAMES: usize = 100;
/// Length of such a name, as DNS has it.
pub const SERVER_NAME_CHARS: usize = 253;
/// How often an agent looks whether its certificate is about to end: it has months to get the next one.
pub const CERTIFICATE_CHECK: Duration = Duration::from_mins(10);
/// How often the server's certificate is looked at, in seconds: that long a clock that was set leaves it wrong.
pub const CERTIFICATE_SECONDS: u64 = 30;
/// When a certificate of the site's that is about to end becomes a warning.
pub const CERTIFICATE_WARNING: Duration = Duration::from_secs(14 * 24 * 3600);
/// Rows that are looked at in one transaction when values are encrypted anew: a few milliseconds for other writers to
/// wait.
pub const RESEALED_AT_ONCE: usize = 200;
/// Such transactions in one step of the job.
pub const RESEAL_TRANSACTIONS: usize = 20;
/// How often the job looks for a new key and for more to do, in seconds.
pub const KEYS_SECONDS: u64 = 2;
/// How often registry and metrics note how far the other one is, in seconds: what an older copy of one of them lacks is
/// not missed when it is younger.
pub const MARKS_SECONDS: u64 = 60;
/// Rows that one step of pruning deletes from one table.
pub const PRUNED_AT_ONCE: usize = 1000;

// -- live events

/// Events kept for clients that come back, and the length of a listener's queue. 1,000 collectors make 34
/// events a second: two minutes.
pub const EVENTS_KEPT: usize = 4096;

/// How often the pulse of the fleet is taken, in seconds: as often as the fastest agents speak.
pub const PULSE_SECONDS: u64 = 10;
/// Moments of the fleet that are kept: a day, in about 2.5 MB.
pub const PULSE_MOMENTS: usize = 24 * 360;
/// Seconds between two moments of one collector that are kept for the small lines of a list.
pub const RECENT_SECONDS: u64 = 120;
/// Such moments: an hour, in about 2 MB for a thousand collectors, and no more than a cell can show.
pub const RECENT_MOMENTS: usize = 30;

/// Days of availability that are kept and shown of each collector: twelve bytes each.
pub const AVAILABILITY_DAYS: usize = 90;
/// Days that the one figure of a collector's availability covers.
pub const UPTIME_DAYS: usize = 30;
/// How often accounts of availability are written that only grow. What was between is told by the last look.
pub const ACCOUNTS_SAVED: Duration = Duration::from_secs(300);
/// How often the last look is written: what a killed daemon does not know of its last moments.
pub const LOOKS_SAVED: Duration = Duration::from_secs(10);
/// A clock that is off by so much from the time that has passed was set; less is the drift of a machine.
pub const CLOCK_JUMP: Duration = Duration::from_secs(5);

/// From when on a collection counts as slow, in milliseconds: ten minutes are as long as most intervals.
pub const SLOW_COLLECTION_MS: std::ops::RangeInclusive<u64> = 1..=600_000;
/// Collection times that a mean is taken over: an hour at the usual interval.
pub const COLLECTION_TIMES_KEPT: usize = 60;

// -- connections

/// Threads that serve: more than a machine has cores is a mistake in writing.
pub const WORKERS: std::ops::RangeInclusive<u64> = 1..=64;
/// Open connections of one worker; each costs a few KiB while it waits.
pub const CONNECTIONS: usize = 10_000;
/// Time to send the head of a request.
pub const REQUEST_HEAD_TIME: Duration = Duration::from_secs(10);
/// A connection without a request is closed after this: twice the usual interval of agents.
pub const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(120);
/// Time that running requests get when the daemon stops; the whole stop has ten seconds.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);

// -- the sockets of browsers

/// A batch of events is sent at most this often.
pub const SOCKET_BATCH_PERIOD: Duration = Duration::from_millis(200);
/// Events that may wait for a batch; a client further behind has to fetch again.
pub const SOCKET_BATCH_EVENTS: usize = 2000;
/// How often a socket's session is checked: a revoked one ends within five seconds.
pub const SOCKET_CHECK_PERIOD: Duration = Duration::from_secs(4);
/// A client that sent nothing for so long, not even a pong, is gone.
pub const SOCKET_SILENCE: Duration = Duration::from_secs(30);
/// Bytes of one message from a client.
pub const SOCKET_MESSAGE_BYTES: usize = 4096;
/// Collectors that one socket may name; who wants more asks for all.
pub const SOCKET_SUBSCRIPTIONS: usize = 5000;

// -- what a site may set

/// Hours that a session may be set to live after its login.
pub const SESSION_LIFE_H: std::ops::RangeInclusive<u64> = 1..=168;

// -- packages that are handed out

/// Packages in one list: two systems, some processors, and the releases of years.
pub const DOWNLOADS: usize = 100;
/// Characters of the name of one.
pub const DOWNLOAD_NAME_CHARS: usize = 200;

// -- what agents say

/// Characters kept of a text in a heartbeat, such as its last error.
pub const AGENT_TEXT_CHARS: usize = 1000;

// -- the logs of agents

/// Entries of one request, and characters of one message: a stack trace fits.
pub const LOG_BATCH_ENTRIES: usize = 1000;
pub const LOG_MESSAGE_CHARS: usize = 4000;
/// Members of an entry's fields, and the bytes of their JSON.
pub const LOG_FIELDS: usize = 32;
pub const LOG_FIELDS_BYTES: usize = 4096;
/// Characters of the name of a batch, and how many of them are remembered for each collector: those that may be
/// under way, and many more.
pub const LOG_BATCH_NAME_CHARS: usize = 100;
pub const LOG_BATCHES_REMEMBERED: usize = 64;
/// Entries of one collector that are taken in a minute, and at once after a silence.
pub const LOG_ENTRIES_A_MINUTE: u32 = 600;
pub const LOG_BURST: u32 = 5000;
/// What is kept of one collector: weeks of a quiet agent, a day of a noisy one. A thousand fit on a small disk.
pub const LOG_ENTRIES_KEPT: usize = 10_000;
pub const LOG_BYTES_KEPT: usize = 4 * MIB;
pub const LOG_RETENTION: Duration = Duration::from_secs(30 * DAY_S);
/// Entries that one transaction removes.
pub const LOG_ENTRIES_REMOVED_AT_ONCE: usize = 10_000;
/// Entries of one page, by default and at most.
pub const LOG_PAGE: (usize, usize) = (100, 1000);

// -- registering

/// Tags of one collector, and characters of one tag.
pub const TAGS: usize = 50;
pub const TAG_CHARS: std::ops::RangeInclusive<usize> = 1..=50;
/// Rows of one import: more than the largest fleet has.
pub const IMPORT_ROWS: usize = 10_000;
/// Bytes of one import: a row of the longest usual kind, with a certificate, has less than 2 KiB.
pub const IMPORT_BYTES: usize = 16 * MIB;
/// Bytes of one row of it: what a row may hold fits four times over. Parsed, a row of nothing but brackets takes
/// many times its length.
pub const IMPORT_ROW_BYTES: usize = 512 * 1024;
/// Characters that an answer repeats of the name of a row or of a column, and of what is wrong with it.
pub const IMPORT_FIELD_CHARS: usize = 255;
pub const IMPORT_MESSAGE_CHARS: usize = 1000;
/// Longest time that an import may take to arrive.
pub const IMPORT_BODY_TIME: Duration = Duration::from_secs(60);
/// Imports that are worked on at once; each holds its rows and its answer in memory.
pub const IMPORTS_AT_ONCE: usize = 2;
/// Rows that one transaction registers: a fifth of a second on a slow machine, for which other writers wait.
pub const IMPORT_CHUNK: usize = 50;
/// When to come again with an import that had to wait.
pub const IMPORT_RETRY: Duration = Duration::from_secs(5);
/// A connection test is over after this, whatever the database does.
pub const CONNECTION_TEST_TIME: Duration = Duration::from_secs(5);
/// Connection tests of one user in a minute: each opens a connection to wherever the user says.
pub const CONNECTION_TESTS_A_MINUTE: u32 = 10;

// -- actions and commands

/// Characters of the reason that an administrator gives.
pub const REASON_CHARS: usize = 500;
/// Minutes that a stop may be expected to last: a month.
pub const STOP_MINUTES: std::ops::RangeInclusive<i64> = 1..=43_200;
/// Seconds that a command may wait for its agent: a week; and how long it waits when nothing is said.
pub const COMMAND_LIFE_S: std::ops::RangeInclusive<i64> = 1..=604_800;
pub const COMMAND_LIFE: Duration = Duration::from_secs(3600);
/// How long an agent that has begun may take: twice the longest grace of a worker, and time to come back.
pub const COMMAND_TIME: Duration = Duration::from_secs(300);
/// An agent that sent nothing on its channel for so long, not even a pong, is gone.
pub const CHANNEL_SILENCE: Duration = Duration::from_secs(30);
/// Commands that one agent is told at a time.
pub const COMMANDS_AT_ONCE: usize = 16;
/// Commands that one step of the job settles, in one transaction.
pub const COMMANDS_SETTLED_AT_ONCE: usize = 500;
/// Document types that an administrator may name for one agent.
pub const ENABLED_TYPES: usize = 100;
/// Seconds that an old token may work beside the new one: a week, for an agent that is away.
pub const TOKEN_GRACE_S: std::ops::RangeInclusive<i64> = 0..=604_800;
/// Characters of the notes on an unregistered collector.
pub const NOTES_CHARS: usize = 2000;
/// Days that an archive may be kept.
pub const ARCHIVE_DAYS: std::ops::RangeInclusive<i64> = 1..=3650;
/// Expired archives that one step of the job removes.
pub const PURGED_AT_ONCE: usize = 10;
/// Actions of one collector in one answer.
pub const ACTIONS_LIMIT: usize = 1000;
/// Connected channels of one collector: an agent has one, and a second one while it replaces a lost one.
pub const CHANNELS_PER_COLLECTOR: usize = 4;

// -- lists and searches

/// Dashboards of one collector.
pub const DASHBOARDS: usize = 100;
/// Versions of one agent's configuration that are kept.
pub const CONFIG_VERSIONS: u64 = 1000;

/// Rows of one page of collectors: a whole fleet fits.
pub const LIST_LIMIT: usize = 5000;
/// Readers of the audit log that are remembered as written down.
pub const AUDIT_READERS: usize = 10_000;
/// Entries of one page of the audit log.
pub const AUDIT_LIMIT: usize = 1000;
/// Characters of a search, a name in a filter.
pub const SEARCH_CHARS: usize = 200;
/// Characters kept of a client's `User-Agent`.
pub const USER_AGENT_CHARS: usize = 200;

// -- what pushes may hold of the daemon's memory

/// Bytes of all pushes that are being taken in, compressed and decompressed: two of the largest at a time, or
/// thousands of usual ones.
pub const PUSHES_IN_FLIGHT_BYTES: usize = 160 * MIB;
/// Longest time that the body of a push may take to arrive.
pub const PUSH_BODY_TIME: Duration = Duration::from_secs(120);
/// What is decompressed of a push before it is known to be no bomb. Most pushes are smaller than that.
pub const PUSH_TRIAL_BYTES: usize = MIB;
/// Pushes that are decompressed and parsed at once; the others wait with their compressed bodies.
pub const PUSHES_DECODED_AT_ONCE: usize = 4;
/// Longest wait for that.
pub const PUSH_TURN_TIME: Duration = Duration::from_secs(30);
/// Power of two of the largest window that a zstd body may need: 8 MiB, what every decoder must offer.
pub const ZSTD_WINDOW_LOG: u32 = 23;
/// What is read and thrown away of a body that says it is too large, so that its sender gets to the answer.
pub const PUSH_DISCARDED_BYTES: usize = 256 * MIB;
pub const PUSH_DISCARD_TIME: Duration = Duration::from_secs(10);
/// Between two looks of an agent for a new configuration.
pub const CONFIG_CHECK: Duration = Duration::from_secs(300);
/// More seconds, by which these looks are spread over a fleet.
pub const CONFIG_CHECK_SPREAD_S: u64 = 60;
/// How often a collector, or an address that is refused, may look for a configuration: a loop without a pause is
/// stopped, and somebody who waits for a change and looks twice a second is not.
pub const CONFIG_PULLS_A_MINUTE: u32 = 120;
/// Of how many of them it is known how often they have looked.
pub const CONFIG_PULLERS: usize = 2000;
/// When a sender that did not fit should come again, and how far those are apart that are told so: a hundred a
/// second are served on a small machine. The longest pause is that of an agent that hears nothing.
pub const PUSH_RETRY: Duration = Duration::from_secs(2);
pub const PUSH_RETRY_SPACING: Duration = Duration::from_millis(10);
pub const PUSH_RETRY_LONGEST: Duration = Duration::from_secs(60);
/// Pushes that wait for their turn to be decompressed: as many as are served within the time that a live push may
/// take.
pub const PUSHES_WAITING_FOR_A_TURN: usize = 256;
/// What of these may be the backlog of agents that were away.
pub const BACKLOG_WAITING_FOR_A_TURN: usize = 16;

const DAY_S: u64 = 24 * 60 * 60;
const MIB: usize = 1024 * 1024;
