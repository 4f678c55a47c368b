//! `pg_locks`: the locks that the sessions of one database hold or await, how many of each mode, and who waits for
//! whom.
//!
//! Waiting ones come first, so that they are there however many locks there are.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rows::{Rows, rows};
use super::statement::shown;
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::{LOCKS_PER_DOCUMENT, SESSIONS_PER_DOCUMENT};

#[derive(Serialize)]
struct Part {
    /// All of them, however many are listed.
    by_mode: Rows,
    active_locks: Rows,
    lock_wait_chains: Rows,
    blocking_queries: Rows,
}

pub(crate) async fn part(session: &mut Session, database: &str) -> Result<Box<RawValue>, PostgresError> {
    // since 14 the server knows when the waiting began
    let waits_since = if session.version.number < 140_000 {
        "a.query_start"
    } else {
        "coalesce(l.waitstart, a.query_start)"
    };
    let transaction = session.read_only().await?;
    let active_locks = rows(&transaction, &active(), &[&LOCKS_PER_DOCUMENT]).await?;
    let part = Part {
        by_mode: rows(&transaction, BY_MODE, &[]).await?,
        active_locks: active_locks.say_if_cut(LOCKS_PER_DOCUMENT, "pg_locks", database, "locks"),
        lock_wait_chains: rows(&transaction, &chains(waits_since), &[&SESSIONS_PER_DOCUMENT]).await?,
        blocking_queries: rows(&transaction, &blocking(), &[&SESSIONS_PER_DOCUMENT]).await?,
    };
    transaction.commit().await?;
    Ok(to_document(&part)?)
}

const BY_MODE: &str = "
    SELECT l.mode, count(*) AS count, count(*) FILTER (WHERE NOT l.granted) AS waiting
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE a.datname = current_database() AND l.pid <> pg_backend_pid()
     GROUP BY 1 ORDER BY 1";

fn active() -> String {
    let query = shown("query");
    format!(
        "WITH locks AS MATERIALIZED (
             SELECT l.*, a.usesysid, a.usename, a.state, a.query, a.query_start
               FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
              WHERE a.datname = current_database() AND l.pid <> pg_backend_pid()
              ORDER BY l.granted, l.pid, l.locktype, l.relation
              LIMIT $1)
         SELECT l.pid, l.usesysid, l.database, l.relation, n.nspname::text AS schema,
                c.relname::text AS \"table\", l.page, l.tuple, l.virtualxid,
                l.transactionid::text::bigint AS transactionid, l.classid, l.objid, l.objsubid,
                l.locktype, l.mode, l.granted,
                extract(epoch FROM now() - l.query_start)::float8 AS lock_age_seconds,
                l.usename::text AS username, l.state, {query} AS query
           FROM locks l
           LEFT JOIN pg_class c ON c.oid = l.relation
                AND l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
           LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
          ORDER BY l.granted, l.pid, l.locktype, l.relation"
    )
}

/// Only those who wait are asked about, as the answer stops the lock manager for a moment.
const WAITING: &str = "
    waiting AS MATERIALIZED (
        SELECT DISTINCT ON (pid) * FROM pg_locks WHERE NOT granted ORDER BY pid LIMIT $1),
    pairs AS MATERIALIZED (
        SELECT DISTINCT w.pid AS blocked, blocker
          FROM waiting w, LATERAL unnest(pg_blocking_pids(w.pid)) AS blocker)";

fn chains(waits_since: &str) -> String {
    let (blocked, blocking) = (shown("a.query"), shown("b.query"));
    format!(
        "WITH {WAITING}
         SELECT p.blocked AS blocked_pid, a.usename::text AS blocked_user, p.blocker AS blocking_pid,
                b.usename::text AS blocking_user, {blocked} AS blocked_query, {blocking} AS blocking_query,
                a.application_name AS blocked_application, b.application_name AS blocking_application,
                b.state AS blocking_state,
                greatest(extract(epoch FROM clock_timestamp() - {waits_since}), 0)::float8 AS wait_time_seconds,
                l.locktype, l.mode, n.nspname::text AS schema, c.relname::text AS \"table\"
           FROM pairs p
           JOIN waiting l ON l.pid = p.blocked
           JOIN pg_stat_activity a ON a.pid = p.blocked
           LEFT JOIN pg_stat_activity b ON b.pid = p.blocker
           LEFT JOIN pg_class c ON c.oid = l.relation
           LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE a.datname = current_database()
          ORDER BY 1, 3 LIMIT $1"
    )
}

fn blocking() -> String {
    let query = shown("a.query");
    format!(
        "WITH {WAITING}
         SELECT a.pid, a.usename::text AS username, a.datname::text AS database, a.state, {query} AS query,
                a.query_start, a.state_change,
                extract(epoch FROM now() - a.query_start)::float8 AS duration_seconds,
                a.application_name, coalesce(a.client_addr::text, '') AS client_address, a.backend_start,
                blocked.count AS blocked_count
           FROM (SELECT blocker, count(*) AS count FROM pairs GROUP BY blocker) AS blocked
           JOIN pg_stat_activity a ON a.pid = blocked.blocker
          WHERE a.datname = current_database()
          ORDER BY blocked.count DESC, a.pid LIMIT $1"
    )
}
