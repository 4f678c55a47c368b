//! `pg_stats`: activity and sizes of one database, its tables and its indexes.
//!
//! Sizes are asked of relations that nobody holds or awaits exclusively only: the size functions take a
//! lock, and we neither wait in that queue nor make others wait behind us. Such a size is null.

use serde::Serialize;
use serde_json::value::RawValue;
use tokio_postgres::{Row, Transaction};

use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::TABLES_PER_DOCUMENT;

const DATABASE: &str = "
    SELECT pg_database_size(datid), xact_commit, xact_rollback, tup_returned, tup_fetched, tup_inserted,
           tup_updated, tup_deleted
      FROM pg_stat_database
     WHERE datname = current_database()";

/// The largest tables, when there are too many; in an order that stays.
const TABLES: &str = "
    WITH locked AS MATERIALIZED (
        SELECT DISTINCT relation
          FROM pg_locks
         WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
    largest AS (
        SELECT s.*, c.reltoastrelid
          FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
         WHERE c.relpersistence <> 't'
         ORDER BY c.relpages DESC, s.relid
         LIMIT $1)
    SELECT schemaname::text, relname::text, n_live_tup, n_dead_tup, n_mod_since_analyze,
           CASE WHEN NOT EXISTS (
                    SELECT FROM locked
                     WHERE relation IN (relid, reltoastrelid)
                        OR relation IN (SELECT indexrelid FROM pg_index
                                         WHERE indrelid IN (largest.relid, reltoastrelid)))
                THEN pg_total_relation_size(relid) END,
           last_vacuum, last_autovacuum, last_analyze, last_autoanalyze, vacuum_count, autovacuum_count
      FROM largest
     ORDER BY 1, 2";

const INDEXES: &str = "
    WITH locked AS MATERIALIZED (
        SELECT DISTINCT relation
          FROM pg_locks
         WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock'
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
    largest AS (
        SELECT s.*
          FROM pg_stat_user_indexes s JOIN pg_class c ON c.oid = s.indexrelid
         WHERE c.relpersistence <> 't'
         ORDER BY c.relpages DESC, s.indexrelid
         LIMIT $1)
    SELECT schemaname::text, indexrelname::text, relname::text, idx_scan, idx_tup_read, idx_tup_fetch,
           CASE WHEN indexrelid NOT IN (SELECT relation FROM locked WHERE relation IS NOT NULL)
                THEN pg_relation_size(indexrelid) END
      FROM largest
     ORDER BY 1, 2";

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    database: &'a str,
    size_bytes: i64,
    transactions_committed: i64,
    transactions_rolledback: i64,
    tuples_returned: i64,
    tuples_fetched: i64,
    tuples_inserted: i64,
    tuples_updated: i64,
    tuples_deleted: i64,
    tables: Vec<Table>,
    indexes: Vec<Index>,
}

#[derive(Serialize)]
struct Table {
    schema: String,
    name: String,
    live_tuples: i64,
    dead_tuples: i64,
    modified_since_analyze: i64,
    /// With its indexes and its TOAST data; null while somebody holds it exclusively.
    size_bytes: Option<i64>,
    last_vacuum: String,
    last_autovacuum: String,
    last_analyze: String,
    last_autoanalyze: String,
    vacuum_count: i64,
    autovacuum_count: i64,
}

#[derive(Serialize)]
struct Index {
    schema: String,
    name: String,
    table: String,
    scans: i64,
    tuples_read: i64,
    tuples_returned: i64,
    size_bytes: Option<i64>,
    status: &'static str,
}

pub(crate) async fn document(
    session: &mut Session,
    database: &str,
    now: Timestamp,
) -> Result<Box<RawValue>, PostgresError> {
    let transaction = session.read_only().await?;
    let row = transaction.query_one(DATABASE, &[]).await?;
    let document = Document {
        r#type: "pg_stats",
        timestamp: now,
        database,
        size_bytes: row.try_get(0)?,
        transactions_committed: row.try_get(1)?,
        transactions_rolledback: row.try_get(2)?,
        tuples_returned: row.try_get(3)?,
        tuples_fetched: row.try_get(4)?,
        tuples_inserted: row.try_get(5)?,
        tuples_updated: row.try_get(6)?,
        tuples_deleted: row.try_get(7)?,
        tables: tables(&transaction, database).await?,
        indexes: indexes(&transaction, database).await?,
    };
    // a rollback would show in the very figures that are collected here
    transaction.commit().await?;
    Ok(to_document(&document)?)
}

async fn tables(transaction: &Transaction<'_>, database: &str) -> Result<Vec<Table>, PostgresError> {
    let rows = transaction.query(TABLES, &[&TABLES_PER_DOCUMENT]).await?;
    say_if_cut(rows.len(), database, "tables");
    Ok(rows.iter().map(table).collect::<Result<_, _>>()?)
}

fn table(row: &Row) -> Result<Table, tokio_postgres::Error> {
    Ok(Table {
        schema: row.try_get(0)?,
        name: row.try_get(1)?,
        live_tuples: row.try_get(2)?,
        dead_tuples: row.try_get(3)?,
        modified_since_analyze: row.try_get(4)?,
        size_bytes: row.try_get(5)?,
        last_vacuum: time(row, 6)?,
        last_autovacuum: time(row, 7)?,
        last_analyze: time(row, 8)?,
        last_autoanalyze: time(row, 9)?,
        vacuum_count: row.try_get(10)?,
        autovacuum_count: row.try_get(11)?,
    })
}

async fn indexes(transaction: &Transaction<'_>, database: &str) -> Result<Vec<Index>, PostgresError> {
    let rows = transaction.query(INDEXES, &[&TABLES_PER_DOCUMENT]).await?;
    say_if_cut(rows.len(), database, "indexes");
    Ok(rows.iter().map(index).collect::<Result<_, _>>()?)
}

fn index(row: &Row) -> Result<Index, tokio_postgres::Error> {
    let scans: i64 = row.try_get(3)?;
    Ok(Index {
        schema: row.try_get(0)?,
        name: row.try_get(1)?,
        table: row.try_get(2)?,
        scans,
        tuples_read: row.try_get(4)?,
        tuples_returned: row.try_get(5)?,
        size_bytes: row.try_get(6)?,
        status: if scans > 0 { "USED" } else { "UNUSED" },
    })
}

fn time(row: &Row, column: usize) -> Result<String, tokio_postgres::Error> {
    Ok(super::rows::time(row.try_get(column)?))
}

fn say_if_cut(rows: usize, database: &str, what: &str) {
    if i64::try_from(rows).is_ok_and(|rows| rows >= TABLES_PER_DOCUMENT) {
        tracing::warn!(database, limit = TABLES_PER_DOCUMENT, "the document holds the largest {what} only");
    }
}
