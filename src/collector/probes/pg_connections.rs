//! `pg_connections`: who is connected to one database, and whose transactions stand open for long.
//!
//! Our own connection is left out: it is there only while we look.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rows::{Rows, rows};
use super::statement::shown;
use crate::collector::collection::to_document;
use crate::collector::config::ProbeOptions;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::SESSIONS_PER_DOCUMENT;

/// Clients only. Who may not see what others do sees neither their state nor that they are clients.
const CLIENTS: &str =
    "coalesce(backend_type, 'client backend') = 'client backend' AND pid <> pg_backend_pid()";

#[derive(Serialize)]
struct Part {
    connection_stats: ConnectionStats,
    long_running_transactions: Rows,
    idle_transactions: Rows,
}

#[derive(Serialize)]
struct ConnectionStats {
    total_connections: i64,
    by_state: Rows,
    /// Of all databases of the server.
    server_connections: i64,
    max_connections: i64,
    superuser_reserved_connections: i64,
}

pub(crate) async fn part(
    session: &mut Session,
    options: &ProbeOptions,
) -> Result<Box<RawValue>, PostgresError> {
    let transaction = session.read_only().await?;
    let totals = format!(
        "SELECT count(*) FILTER (WHERE datname = current_database()), count(*),
                current_setting('max_connections')::bigint,
                current_setting('superuser_reserved_connections')::bigint
           FROM pg_stat_activity WHERE {CLIENTS}"
    );
    let totals = transaction.query_one(&totals, &[]).await?;
    let by_state = format!(
        "SELECT datname::text AS database, coalesce(state, 'unknown') AS state, count(*) AS count,
                extract(epoch FROM max(now() - backend_start))::float8 AS max_age_seconds,
                extract(epoch FROM min(now() - backend_start))::float8 AS min_age_seconds
           FROM pg_stat_activity
          WHERE datname = current_database() AND {CLIENTS}
          GROUP BY 1, 2 ORDER BY 2"
    );
    let part = Part {
        connection_stats: ConnectionStats {
            total_connections: totals.try_get(0)?,
            by_state: rows(&transaction, &by_state, &[]).await?,
            server_connections: totals.try_get(1)?,
            max_connections: totals.try_get(2)?,
            superuser_reserved_connections: totals.try_get(3)?,
        },
        long_running_transactions: rows(
            &transaction,
            &long_running(),
            &[&options.long_transaction.as_secs_f64(), &SESSIONS_PER_DOCUMENT],
        )
        .await?,
        idle_transactions: rows(
            &transaction,
            &idle(),
            &[&options.idle_transaction.as_secs_f64(), &SESSIONS_PER_DOCUMENT],
        )
        .await?,
    };
    transaction.commit().await?;
    Ok(to_document(&part)?)
}

fn long_running() -> String {
    let query = shown("query");
    format!(
        "SELECT pid, usename::text AS username, datname::text AS database, state, {query} AS query,
                query_start, extract(epoch FROM now() - query_start)::float8 AS duration_seconds,
                xact_start, extract(epoch FROM now() - xact_start)::float8 AS transaction_seconds,
                application_name, coalesce(client_addr::text, '') AS client_address, backend_start,
                wait_event_type, wait_event
           FROM pg_stat_activity
          WHERE datname = current_database() AND {CLIENTS}
            AND state NOT IN ('idle', 'idle in transaction', 'idle in transaction (aborted)')
            AND extract(epoch FROM now() - xact_start) >= $1::float8
          ORDER BY xact_start, pid LIMIT $2"
    )
}

fn idle() -> String {
    let query = shown("query");
    format!(
        "SELECT pid, usename::text AS username, datname::text AS database, state, {query} AS query,
                query_start, state_change,
                extract(epoch FROM now() - state_change)::float8 AS idle_time_seconds,
                xact_start, extract(epoch FROM now() - xact_start)::float8 AS transaction_seconds,
                application_name, coalesce(client_addr::text, '') AS client_address
           FROM pg_stat_activity
          WHERE datname = current_database() AND {CLIENTS}
            AND state IN ('idle in transaction', 'idle in transaction (aborted)')
            AND extract(epoch FROM now() - state_change) >= $1::float8
          ORDER BY state_change, pid LIMIT $2"
    )
}
