//! `pg_bloat`: how much larger tables and indexes are than their rows need, as far as statistics can tell.
//!
//! The usual estimate: pages that the rows would fill, from their number and their mean widths, against the pages
//! that there are, all as of the last vacuum or analyze. No table is read and no lock is taken. Columns that the
//! user may not read have no statistics, and then there is no estimate; dead rows are counted in any case.

use serde::Serialize;
use serde_json::value::RawValue;

use super::rows::{Rows, rows};
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::BLOAT_ROWS;

/// A row has a header of 23 bytes, a bitmap when it has nulls, and a pointer of 4 bytes; header and data are
/// padded to 8 bytes. A page has a header of 24 bytes.
const TABLES: &str = "
    WITH largest AS MATERIALIZED (
        SELECT s.*, c.reltuples, c.relpages::bigint AS pages,
               current_setting('block_size')::bigint AS block_size,
               coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions)
                          WHERE option_name = 'fillfactor'), 100) AS fillfactor
          FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
         ORDER BY c.relpages DESC, s.relid
         LIMIT $1),
    estimated AS (
        SELECT l.*, CASE WHEN reltuples >= 0 AND row_bytes > 0 THEN ceil(reltuples / greatest(1, floor(
                   (block_size - 24) * fillfactor / 100.0 / row_bytes)))::bigint END AS needed
          FROM largest l
          LEFT JOIN LATERAL (
               SELECT 4 + ceil((23 + CASE WHEN max(null_frac) > 0 THEN (count(*) + 7) / 8 ELSE 0 END) / 8.0) * 8
                      + ceil(sum((1 - null_frac) * avg_width) / 8.0) * 8 AS row_bytes
                 FROM pg_stats p
                WHERE p.schemaname = l.schemaname AND p.tablename = l.relname AND NOT p.inherited) AS w ON true)
    SELECT schemaname::text AS schema, relname::text AS \"table\", n_dead_tup AS dead_tuples,
           n_live_tup AS live_tuples,
           coalesce(round(100.0 * n_dead_tup / nullif(n_live_tup + n_dead_tup, 0), 2), 0)::float8
               AS dead_ratio_percent,
           pg_size_pretty(pages * block_size) AS table_size, pages * block_size AS table_size_bytes,
           spare * block_size AS bloat_bytes,
           round(100.0 * spare / nullif(pages, 0), 2)::float8 AS space_wasted_percent,
           last_vacuum, last_autovacuum, vacuum_count, autovacuum_count
      FROM (SELECT e.*, CASE WHEN needed < pages THEN pages - needed WHEN needed >= pages THEN 0 END AS spare
              FROM estimated e) AS compared
     ORDER BY 1, 2";

/// Of B-trees: an entry has a header of 8 bytes, a bitmap of 8 when there are nulls, and a pointer of 4; a page has
/// 40 bytes of its own and is filled to 90 %; one page more describes the index.
const INDEXES: &str = "
    WITH largest AS MATERIALIZED (
        SELECT s.*, c.reltuples, c.relpages::bigint AS pages, i.indkey, m.amname,
               current_setting('block_size')::bigint AS block_size,
               coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions)
                          WHERE option_name = 'fillfactor'), 90) AS fillfactor
          FROM pg_stat_user_indexes s
          JOIN pg_class c ON c.oid = s.indexrelid
          JOIN pg_index i ON i.indexrelid = s.indexrelid
          JOIN pg_am m ON m.oid = c.relam
         WHERE c.relkind = 'i' AND c.relpersistence <> 't'
         ORDER BY c.relpages DESC, s.indexrelid
         LIMIT $1),
    estimated AS (
        SELECT l.*, CASE WHEN reltuples >= 0 AND entry_bytes > 0 AND amname = 'btree' THEN 1 + ceil(reltuples / greatest(1, floor(
                   (block_size - 40) * fillfactor / 100.0 / entry_bytes)))::bigint END AS needed
          FROM largest l
          LEFT JOIN LATERAL (
               SELECT CASE WHEN count(p.avg_width) = count(*) THEN
                      12 + CASE WHEN max(null_frac) > 0 THEN 8 ELSE 0 END
                      + ceil(sum((1 - null_frac) * avg_width) / 8.0) * 8 END AS entry_bytes
                 FROM unnest(l.indkey::int2[]) WITH ORDINALITY AS k(number, place)
                 JOIN pg_attribute a ON a.attrelid = CASE WHEN number = 0 THEN l.indexrelid ELSE l.relid END
                      AND a.attnum = CASE WHEN number = 0 THEN place ELSE number END
                 LEFT JOIN pg_stats p ON p.schemaname = l.schemaname AND NOT p.inherited
                      AND p.tablename = CASE WHEN number = 0 THEN l.indexrelname ELSE l.relname END
                      AND p.attname = a.attname) AS w ON true)
    SELECT schemaname::text AS schema, relname::text AS \"table\", indexrelname::text AS index_name,
           idx_scan AS scans, idx_tup_read AS tuples_read, idx_tup_fetch AS tuples_fetched,
           pg_size_pretty(pages * block_size) AS index_size, pages * block_size AS index_size_bytes,
           spare * block_size AS bloat_bytes,
           round(100.0 * spare / nullif(pages, 0), 2)::float8 AS space_wasted_percent,
           CASE WHEN idx_scan = 0 THEN 'UNUSED' WHEN idx_scan < 100 THEN 'RARELY_USED' ELSE 'ACTIVE' END
               AS usage_status,
           CASE WHEN idx_scan = 0 THEN 'CONSIDER_DROPPING' ELSE 'IN_USE' END AS recommendation
      FROM (SELECT e.*, CASE WHEN needed < pages THEN pages - needed WHEN needed >= pages THEN 0 END AS spare
              FROM estimated e) AS compared
     ORDER BY 1, 2, 3";

#[derive(Serialize)]
struct Part {
    table_bloat: Rows,
    index_bloat: Rows,
}

pub(crate) async fn part(session: &mut Session, database: &str) -> Result<Box<RawValue>, PostgresError> {
    let transaction = session.read_only().await?;
    let tables = rows(&transaction, TABLES, &[&BLOAT_ROWS]).await?;
    let indexes = rows(&transaction, INDEXES, &[&BLOAT_ROWS]).await?;
    transaction.commit().await?;
    Ok(to_document(&Part {
        table_bloat: tables.say_if_cut(BLOAT_ROWS, "pg_bloat", database, "tables"),
        index_bloat: indexes.say_if_cut(BLOAT_ROWS, "pg_bloat", database, "indexes"),
    })?)
}
