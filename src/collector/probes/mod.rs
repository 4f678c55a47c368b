//! What is asked: one file for each type of document. The field names are those of the wire contract.

pub(super) mod disk_usage;
pub(super) mod pg_bloat;
pub(super) mod pg_cache;
pub(super) mod pg_connections;
pub(super) mod pg_extensions;
pub(super) mod pg_locks;
pub(super) mod pg_log;
pub(super) mod pg_query_stats;
pub(super) mod pg_replication;
pub(super) mod pg_schema;
pub(super) mod pg_stats;
pub(super) mod sysstat;

mod rows;
mod statement;
