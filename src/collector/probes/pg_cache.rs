//! `pg_cache`: how many blocks of each table and index were found in PostgreSQL's own memory.
//!
//! Ratios are percentages since the last reset of the statistics; without any access there is none.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rows::{Object, Rows, object, rows};
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::TABLES_PER_DOCUMENT;

const WHOLE: &str = "
    SELECT blks_hit, blks_read, blks_hit + blks_read AS total_blks,
           round(100.0 * blks_hit / nullif(blks_hit + blks_read, 0), 2)::float8 AS cache_hit_ratio
      FROM pg_stat_database WHERE datname = current_database()";

/// Those with the most accesses, when there are too many; in an order that stays.
const TABLES: &str = "
    WITH busiest AS (
        SELECT * FROM pg_statio_user_tables
         WHERE heap_blks_hit + heap_blks_read > 0
         ORDER BY heap_blks_hit + heap_blks_read DESC, relid
         LIMIT $1)
    SELECT schemaname::text AS schema, relname::text AS \"table\", heap_blks_hit, heap_blks_read,
           heap_blks_hit + heap_blks_read AS total_heap_blks,
           round(100.0 * heap_blks_hit / nullif(heap_blks_hit + heap_blks_read, 0), 2)::float8
               AS heap_cache_hit_ratio,
           idx_blks_hit, idx_blks_read, idx_blks_hit + idx_blks_read AS total_idx_blks,
           round(100.0 * idx_blks_hit / nullif(idx_blks_hit + idx_blks_read, 0), 2)::float8
               AS idx_cache_hit_ratio,
           toast_blks_hit, toast_blks_read, tidx_blks_hit, tidx_blks_read
      FROM busiest ORDER BY 1, 2";

const INDEXES: &str = "
    WITH busiest AS (
        SELECT * FROM pg_statio_user_indexes
         WHERE idx_blks_hit + idx_blks_read > 0
         ORDER BY idx_blks_hit + idx_blks_read DESC, indexrelid
         LIMIT $1)
    SELECT schemaname::text AS schema, relname::text AS \"table\", indexrelname::text AS index,
           idx_blks_hit AS blks_hit, idx_blks_read AS blks_read, idx_blks_hit + idx_blks_read AS total_blks,
           round(100.0 * idx_blks_hit / nullif(idx_blks_hit + idx_blks_read, 0), 2)::float8 AS cache_hit_ratio
      FROM busiest ORDER BY 1, 2, 3";

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the wire contract has these names")]
struct Part {
    database_cache_hit: Object,
    table_cache_hit: Rows,
    index_cache_hit: Rows,
}

pub(crate) async fn part(session: &mut Session, database: &str) -> Result<Box<RawValue>, PostgresError> {
    let limit = TABLES_PER_DOCUMENT;
    let transaction = session.read_only().await?;
    let tables = rows(&transaction, TABLES, &[&limit]).await?;
    let indexes = rows(&transaction, INDEXES, &[&limit]).await?;
    let part = Part {
        database_cache_hit: object(&transaction, WHOLE, &[]).await?,
        table_cache_hit: tables.say_if_cut(limit, "pg_cache", database, "tables"),
        index_cache_hit: indexes.say_if_cut(limit, "pg_cache", database, "indexes"),
    };
    transaction.commit().await?;
    Ok(to_document(&part)?)
}
