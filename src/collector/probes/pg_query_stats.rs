//! `pg_query_stats`: the statements of one database that took the most time, from `pg_stat_statements`.
//!
//! A statement that several users ran is one query. Where the extension is absent there is no document, and
//! [`missing`] says what would help. Its columns follow the version of the extension, which an upgrade of
//! the server leaves behind.

use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::Transaction;

use super::rows::{Rows, rows};
use super::statement::shown;
use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::config::ProbeOptions;
use crate::collector::postgres::{PostgresError, Session, quoted};

/// Whether there is something to ask. A library that is only named in the settings has no row in this view.
const EXTENSION: &str = "
    SELECT EXISTS (SELECT FROM pg_settings WHERE name = 'pg_stat_statements.max'),
           (SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'),
           nspname::text, extversion, has_schema_privilege(n.oid, 'USAGE'), current_user::text
      FROM (SELECT) AS one
      LEFT JOIN (pg_extension JOIN pg_namespace n ON n.oid = extnamespace) ON extname = 'pg_stat_statements'";

/// The first versions with the columns of PostgreSQL 13 and 17.
const WITH_EXECUTION_TIME: (u32, u32) = (1, 8);
const WITH_SHARED_BLOCK_TIME: (u32, u32) = (1, 11);

/// What keeps the probe from working, and the statement that helps.
pub(crate) struct Missing {
    pub(crate) message: &'static str,
    pub(crate) statement: String,
    pub(crate) is_right: bool,
}

struct Extension {
    schema: String,
    version: (u32, u32),
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    database: &'a str,
    queries: Rows,
}

/// What the database lacks for this probe.
pub(crate) async fn missing(session: &mut Session) -> Result<Option<Missing>, PostgresError> {
    let transaction = session.read_only().await?;
    let found = extension(&transaction).await?;
    transaction.commit().await?;
    Ok(found.err())
}

/// `None` where the extension is not there, or not for this user.
pub(crate) async fn document(
    session: &mut Session,
    database: &str,
    options: &ProbeOptions,
    now: Timestamp,
) -> Result<Option<Box<RawValue>>, PostgresError> {
    let transaction = session.read_only().await?;
    let queries = match extension(&transaction).await? {
        Ok(extension) => Some(rows(&transaction, &statement(&extension), &[&options.query_limit]).await?),
        Err(_) => None,
    };
    transaction.commit().await?;
    let document = queries.map(|queries| {
        to_document(&Document { r#type: "pg_query_stats", timestamp: now, database, queries })
    });
    Ok(document.transpose()?)
}

async fn extension(transaction: &Transaction<'_>) -> Result<Result<Extension, Missing>, PostgresError> {
    let row = transaction.query_one(EXTENSION, &[]).await?;
    let is_loaded: bool = row.try_get(0)?;
    let libraries: Option<String> = row.try_get(1)?;
    let (schema, version): (Option<String>, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
    if !is_loaded {
        let others = libraries.filter(|libraries| !libraries.is_empty());
        let mut libraries = others.map(|others| others + ", ").unwrap_or_default().replace('\'', "''");
        libraries.push_str("pg_stat_statements");
        return Ok(Err(Missing {
            message: "pg_stat_statements is not loaded; needs a restart of PostgreSQL after this",
            statement: format!("ALTER SYSTEM SET shared_preload_libraries = {libraries};"),
            is_right: false,
        }));
    }
    let (Some(schema), Some(version)) = (schema, version) else {
        return Ok(Err(Missing {
            message: "pg_stat_statements is not in this database",
            statement: "CREATE EXTENSION pg_stat_statements;".to_owned(),
            is_right: false,
        }));
    };
    let version = parse_version(&version);
    if version < WITH_EXECUTION_TIME {
        return Ok(Err(Missing {
            message: "pg_stat_statements is older than the server",
            statement: "ALTER EXTENSION pg_stat_statements UPDATE;".to_owned(),
            is_right: false,
        }));
    }
    if !row.try_get::<_, Option<bool>>(4)?.unwrap_or(false) {
        let (schema, user) = (quoted(&schema), quoted(row.try_get(5)?));
        return Ok(Err(Missing {
            message: "pg_stat_statements is in a schema that may not be looked into",
            statement: format!("GRANT USAGE ON SCHEMA {schema} TO {user};"),
            is_right: true,
        }));
    }
    Ok(Ok(Extension { schema, version }))
}

fn parse_version(text: &str) -> (u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// The deviation of several entries together comes from their squares, as for any set that is made of parts.
fn statement(extension: &Extension) -> String {
    let view = format!("{}.pg_stat_statements", quoted(&extension.schema));
    let block = if extension.version < WITH_SHARED_BLOCK_TIME { "blk" } else { "shared_blk" };
    let text = shown("query");
    format!(
        "SELECT queryid AS hash, min({text}) AS text, sum(calls)::bigint AS calls,
                sum(total_exec_time) AS total_time,
                coalesce(sum(total_exec_time) / nullif(sum(calls)::float8, 0), 0) AS mean_time,
                min(min_exec_time) AS min_time, max(max_exec_time) AS max_time,
                coalesce(sqrt(greatest(
                    sum(calls * (stddev_exec_time ^ 2 + mean_exec_time ^ 2)) / nullif(sum(calls)::float8, 0)
                    - (sum(total_exec_time) / nullif(sum(calls)::float8, 0)) ^ 2, 0)), 0) AS stddev_time,
                sum(rows)::bigint AS rows,
                sum(shared_blks_hit)::bigint AS shared_blks_hit,
                sum(shared_blks_read)::bigint AS shared_blks_read,
                sum(shared_blks_dirtied)::bigint AS shared_blks_dirtied,
                sum(shared_blks_written)::bigint AS shared_blks_written,
                sum(local_blks_hit)::bigint AS local_blks_hit,
                sum(local_blks_read)::bigint AS local_blks_read,
                sum(local_blks_dirtied)::bigint AS local_blks_dirtied,
                sum(local_blks_written)::bigint AS local_blks_written,
                sum(temp_blks_read)::bigint AS temp_blks_read,
                sum(temp_blks_written)::bigint AS temp_blks_written,
                sum({block}_read_time) AS blk_read_time, sum({block}_write_time) AS blk_write_time,
                sum(wal_records)::bigint AS wal_records, sum(wal_fpi)::bigint AS wal_fpi,
                sum(wal_bytes)::bigint AS wal_bytes,
                sum(plans)::bigint AS plans, sum(total_plan_time) AS total_plan_time
           FROM {view}
          WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND queryid IS NOT NULL
          GROUP BY queryid
          ORDER BY sum(total_exec_time) DESC, queryid
          LIMIT $1"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_the_extension_are_numbers_not_texts() {
        assert!(parse_version("1.10") > parse_version("1.9"));
        assert!(parse_version("1.7") < WITH_EXECUTION_TIME);
        assert!(parse_version("1.12") > WITH_SHARED_BLOCK_TIME);
    }
}
