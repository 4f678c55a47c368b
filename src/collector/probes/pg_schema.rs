//! `pg_schema`: what one database is made of: tables and views, columns, constraints, indexes, triggers.
//!
//! It comes from the catalog itself, as the information schema shows everybody only what is his. Sizes and row
//! counts are those of the last vacuum or analyze, so that no lock is needed. A table that somebody holds
//! exclusively is left out until next time, since looking at its expressions would wait.

use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::Transaction;

use super::rows::{Rows, rows};
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::{DEFINITION_CHARS, SCHEMA_OBJECTS};

/// The tables and views of users, those that are free.
const OURS: &str = "
    ours AS MATERIALIZED (
        SELECT c.*, n.nspname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
           AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
           AND NOT EXISTS (
               SELECT FROM pg_locks l
                WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.relation = c.oid
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
         ORDER BY n.nspname, c.relname
         LIMIT $1)";

#[derive(Serialize)]
struct Part {
    tables: Rows,
    columns: Rows,
    constraints: Rows,
    foreign_keys: Rows,
    indexes: Rows,
    triggers: Rows,
}

pub(crate) async fn part(session: &mut Session, database: &str) -> Result<Box<RawValue>, PostgresError> {
    let transaction = session.read_only().await?;
    let part = Part {
        tables: ask(&transaction, TABLES, database, "tables").await?,
        columns: ask(&transaction, COLUMNS, database, "columns").await?,
        constraints: ask(&transaction, CONSTRAINTS, database, "constraints").await?,
        foreign_keys: ask(&transaction, FOREIGN_KEYS, database, "foreign keys").await?,
        indexes: ask(&transaction, INDEXES, database, "indexes").await?,
        triggers: ask(&transaction, TRIGGERS, database, "triggers").await?,
    };
    transaction.commit().await?;
    Ok(to_document(&part)?)
}

/// `LENGTH` in a statement stands for the longest text that is shown of an expression.
async fn ask(
    transaction: &Transaction<'_>,
    statement: &str,
    database: &str,
    what: &str,
) -> Result<Rows, PostgresError> {
    let statement = statement.replace("LENGTH", &DEFINITION_CHARS.to_string());
    let found = rows(transaction, &format!("WITH {OURS} {statement}"), &[&SCHEMA_OBJECTS]).await?;
    Ok(found.say_if_cut(SCHEMA_OBJECTS, "pg_schema", database, what))
}

const TABLES: &str = "
    SELECT nspname::text AS schema, relname::text AS name, oid AS table_oid,
           CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
                ELSE 'BASE TABLE' END AS type,
           false AS has_oids, relkind = 'p' AS is_partitioned, relispartition AS is_partition,
           greatest(reltuples, 0)::bigint AS row_count,
           round(relpages * current_setting('block_size')::numeric / 1048576, 2)::float8 AS table_size_mb, round((index_pages) * current_setting('block_size')::numeric / 1048576, 2)::float8 AS index_size_mb, round((toast_pages) * current_setting('block_size')::numeric / 1048576, 2)::float8 AS toast_size_mb,
           round((relpages + index_pages + toast_pages) * current_setting('block_size')::numeric / 1048576, 2)::float8 AS total_size_mb
      FROM (SELECT ours.*,
                   (SELECT coalesce(sum(i.relpages), 0) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                     WHERE x.indrelid = ours.oid AND i.relkind = 'i') AS index_pages,
                   (SELECT coalesce(sum(t.relpages), 0) FROM pg_class t
                     WHERE t.oid = ours.reltoastrelid) AS toast_pages
              FROM ours) AS sized
     ORDER BY 1, 2";

const COLUMNS: &str = "
    SELECT ours.nspname::text AS schema, ours.relname::text AS \"table\", a.attname::text AS name,
           format_type(a.atttypid, NULL) AS data_type, NOT (a.attnotnull OR t.typnotnull) AS is_nullable,
           coalesce(left(pg_get_expr(d.adbin, d.adrelid), LENGTH), '') AS default, a.attnum::int AS position,
           information_schema._pg_char_max_length(a.atttypid, a.atttypmod) AS max_length,
           information_schema._pg_numeric_precision(a.atttypid, a.atttypmod) AS numeric_precision,
           information_schema._pg_numeric_scale(a.atttypid, a.atttypmod) AS numeric_scale
      FROM ours
      JOIN pg_attribute a ON a.attrelid = ours.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     ORDER BY 1, 2, a.attnum LIMIT $1";

/// Not-null constraints, which have names since 18, are told by their columns.
const CONSTRAINTS: &str = "
    SELECT ours.nspname::text AS schema, ours.relname::text AS \"table\", k.conname::text AS name,
           CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' WHEN 'c' THEN 'CHECK'
                WHEN 'f' THEN 'FOREIGN KEY' WHEN 'x' THEN 'EXCLUDE' ELSE 'OTHER' END AS type,
           coalesce((SELECT string_agg(a.attname, ',' ORDER BY c.place)
                       FROM unnest(k.conkey) WITH ORDINALITY AS c(number, place)
                       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number), '') AS columns,
           left(pg_get_constraintdef(k.oid), LENGTH) AS definition, k.convalidated AS is_validated
      FROM ours JOIN pg_constraint k ON k.conrelid = ours.oid
     WHERE k.contype IN ('p', 'u', 'c', 'f', 'x')
     ORDER BY 1, 2, 3 LIMIT $1";

const FOREIGN_KEYS: &str = "
    SELECT ours.nspname::text AS schema, ours.relname::text AS \"table\", a.attname::text AS column,
           rn.nspname::text AS referenced_schema, r.relname::text AS referenced_table,
           ra.attname::text AS referenced_column, CASE k.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS update_rule,
           CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                WHEN 'd' THEN 'SET DEFAULT' WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS delete_rule, k.conname::text AS name
      FROM ours
      JOIN pg_constraint k ON k.conrelid = ours.oid AND k.contype = 'f'
      JOIN pg_class r ON r.oid = k.confrelid
      JOIN pg_namespace rn ON rn.oid = r.relnamespace
     CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS c(number, referenced, place)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number
      JOIN pg_attribute ra ON ra.attrelid = k.confrelid AND ra.attnum = c.referenced
     ORDER BY 1, 2, k.conname, c.place LIMIT $1";

const INDEXES: &str = "
    SELECT ours.nspname::text AS schema, ours.relname::text AS \"table\", c.relname::text AS name,
           left(pg_get_indexdef(x.indexrelid), LENGTH) AS definition,
           coalesce(s.idx_scan, 0) AS scans, coalesce(s.idx_tup_read, 0) AS tuples_read,
           coalesce(s.idx_tup_fetch, 0) AS tuples_fetched,
           pg_size_pretty(c.relpages::bigint * current_setting('block_size')::bigint) AS size,
           c.relpages::bigint * current_setting('block_size')::bigint AS size_bytes,
           CASE WHEN coalesce(s.idx_scan, 0) = 0 THEN 'UNUSED' WHEN s.idx_scan < 100 THEN 'RARELY_USED'
                ELSE 'ACTIVE' END AS usage_status,
           x.indisunique AS is_unique, x.indisprimary AS is_primary, x.indisvalid AS is_valid
      FROM ours
      JOIN pg_index x ON x.indrelid = ours.oid
      JOIN pg_class c ON c.oid = x.indexrelid
      LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = x.indexrelid
     ORDER BY 1, 2, 3 LIMIT $1";

/// One row for each event, as the information schema has it; the bits are those of the server's `pg_trigger.h`.
const TRIGGERS: &str = "
    SELECT ours.nspname::text AS schema, t.tgname::text AS name, e.event, ours.nspname::text AS table_schema,
           ours.relname::text AS \"table\",
           CASE WHEN tgtype & 2 > 0 THEN 'BEFORE' WHEN tgtype & 64 > 0 THEN 'INSTEAD OF' ELSE 'AFTER' END AS timing,
           CASE WHEN tgtype & 1 > 0 THEN 'ROW' ELSE 'STATEMENT' END AS orientation,
           left(substring(pg_get_triggerdef(t.oid) FROM 'EXECUTE (?:FUNCTION|PROCEDURE) .*$'), LENGTH) AS statement,
           t.tgenabled <> 'D' AS is_enabled
      FROM ours
      JOIN pg_trigger t ON t.tgrelid = ours.oid AND NOT t.tgisinternal
      JOIN (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) AS e(bit, event)
           ON t.tgtype & e.bit > 0
     ORDER BY 1, 5, 2, 3 LIMIT $1";
