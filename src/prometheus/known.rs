//! The series that the exporters of PostgreSQL and of hosts have too, under the names, labels and units that
//! `postgres_exporter` and `node_exporter` give them, as far as documents hold them.
//!
//! Where two entries have one name, they are for senders of different kinds; where one sender has both, the first
//! entry has the say.

/// What becomes of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Times(f64),
    /// That there is one says it all.
    One,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
        }
    }
}

pub(super) type Pairs = &'static [(&'static str, &'static str)];

#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// As the exporter has it.
    pub name: &'static str,
    /// Our series.
    pub of: &'static str,
    pub help: &'static str,
    pub kind: Kind,
    /// Labels that our series must have, and loses.
    pub when: Pairs,
    /// Our labels, and what the exporter calls them; nothing where it has none. Others stay.
    pub labels: Pairs,
    /// Labels that it has besides.
    pub fixed: Pairs,
    pub value: Value,
}

const ONE: Value = Value::One;
const MIB: Value = Value::Times(1_048_576.0);
const GIB: Value = Value::Times(1_073_741_824.0);
const MILLIS: Value = Value::Times(0.001);
/// What the kernel calls a sector, whatever the device has.
const SECTORS: Value = Value::Times(512.0);

const NONE: Pairs = &[];
const DATABASE: Pairs = &[("database", "datname")];
const ONLY_COLLECTOR: Pairs = &[("database", "")];
const TABLE: Pairs = &[("database", "datname"), ("schema", "schemaname"), ("name", "relname")];
const CACHED_TABLE: Pairs = &[("database", "datname"), ("schema", "schemaname"), ("table", "relname")];
const INDEX: Pairs =
    &[("database", "datname"), ("schema", "schemaname"), ("table", "relname"), ("name", "indexrelname")];
const CACHED_INDEX: Pairs =
    &[("database", "datname"), ("schema", "schemaname"), ("table", "relname"), ("index", "indexrelname")];
const STATEMENT: Pairs = &[("database", "datname"), ("hash", "queryid")];
const OF_HOST: Pairs = &[("host", "")];
const INTERFACE: Pairs = &[("interface", "device")];
const MOUNT: Pairs = &[("mount", "mountpoint")];

const fn gauge(name: &'static str, of: &'static str, help: &'static str) -> Known {
    let value = Value::Times(1.0);
    Known { name, of, help, kind: Kind::Gauge, when: NONE, labels: NONE, fixed: NONE, value }
}

const fn counter(name: &'static str, of: &'static str, help: &'static str) -> Known {
    Known { kind: Kind::Counter, ..gauge(name, of, help) }
}

/// `from` names the source of a row, `mode` is a label that it has besides.
macro_rules! known {
    ($($kind:ident $name:literal of $of:literal $(labels $labels:ident)? $(from $source:literal)? $(mode $mode:literal)?
        $(as $value:ident)?, $help:literal;)+) => {
        [$(Known {
            $(labels: $labels,)?
            $(when: &[("source", $source)],)?
            $(fixed: &[("mode", $mode)],)?
            $(value: $value,)?
            ..$kind($name, $of, $help)
        }),+]
    };
}

pub static KNOWN: [Known; 114] = known! {
    // -- the server
    gauge "pg_up" of "pg_stats.transactions_committed" labels ONLY_COLLECTOR as ONE,
        "PostgreSQL answered when it was asked";
    gauge "pg_up" of "pg_connections.databases.connection_stats.total_connections"
        labels ONLY_COLLECTOR as ONE,
        "PostgreSQL answered when it was asked";
    gauge "pg_up" of "pg_stats.rows.xact_commit" labels ONLY_COLLECTOR from "pg_stat_database" as ONE,
        "PostgreSQL answered when it was asked";
    // -- databases
    counter "pg_stat_database_xact_commit" of "pg_stats.transactions_committed" labels DATABASE,
        "Transactions that were committed";
    counter "pg_stat_database_xact_rollback" of "pg_stats.transactions_rolledback" labels DATABASE,
        "Transactions that were rolled back";
    counter "pg_stat_database_tup_returned" of "pg_stats.tuples_returned" labels DATABASE,
        "Rows that scans returned";
    counter "pg_stat_database_tup_fetched" of "pg_stats.tuples_fetched" labels DATABASE,
        "Rows that queries fetched by index";
    counter "pg_stat_database_tup_inserted" of "pg_stats.tuples_inserted" labels DATABASE,
        "Rows that were inserted";
    counter "pg_stat_database_tup_updated" of "pg_stats.tuples_updated" labels DATABASE,
        "Rows that were updated";
    counter "pg_stat_database_tup_deleted" of "pg_stats.tuples_deleted" labels DATABASE,
        "Rows that were deleted";
    counter "pg_stat_database_blks_hit" of "pg_cache.databases.database_cache_hit.blks_hit" labels DATABASE,
        "Blocks that were found in the memory of PostgreSQL";
    counter "pg_stat_database_blks_read" of "pg_cache.databases.database_cache_hit.blks_read"
        labels DATABASE,
        "Blocks that were read from files";
    gauge "pg_stat_database_numbackends" of "pg_connections.databases.connection_stats.total_connections"
        labels DATABASE,
        "Clients that are connected";
    gauge "pg_database_size_bytes" of "pg_stats.size_bytes" labels DATABASE,
        "Size on the disk";
    gauge "pg_database_size_bytes" of "pg_stats.rows.size_bytes" labels DATABASE from "pg_stat_database",
        "Size on the disk";
    gauge "pg_stat_activity_count" of "pg_connections.databases.connection_stats.by_state.count"
        labels DATABASE,
        "Clients that are connected, by state";
    gauge "pg_stat_activity_count" of "pg_stats.rows.connections" labels DATABASE from "pg_stat_activity",
        "Clients that are connected, by state";
    gauge "pg_stat_activity_max_tx_duration" of "pg_stats.rows.max_tx_seconds"
        labels DATABASE from "pg_stat_activity",
        "Age of the oldest transaction in seconds";
    gauge "pg_locks_count" of "pg_locks.databases.by_mode.count" labels DATABASE,
        "Locks that are held or awaited, by mode";
    gauge "pg_locks_count" of "pg_stats.rows.count" labels DATABASE from "pg_locks",
        "Locks that are held or awaited, by mode";
    gauge "pg_settings_max_connections" of "pg_connections.databases.connection_stats.max_connections"
        labels ONLY_COLLECTOR,
        "Clients that may be connected";
    gauge "pg_settings_superuser_reserved_connections" of "pg_connections.databases.connection_stats.superuser_reserved_connections"
        labels ONLY_COLLECTOR,
        "Connections that are kept for superusers";
    // -- tables
    gauge "pg_stat_user_tables_n_live_tup" of "pg_stats.tables.live_tuples" labels TABLE,
        "Rows, as estimated";
    gauge "pg_stat_user_tables_n_dead_tup" of "pg_stats.tables.dead_tuples" labels TABLE,
        "Dead rows, as estimated";
    gauge "pg_stat_user_tables_n_mod_since_analyze" of "pg_stats.tables.modified_since_analyze" labels TABLE,
        "Rows that changed since the last analyze";
    counter "pg_stat_user_tables_vacuum_count" of "pg_stats.tables.vacuum_count" labels TABLE,
        "Vacuums by hand";
    counter "pg_stat_user_tables_autovacuum_count" of "pg_stats.tables.autovacuum_count" labels TABLE,
        "Vacuums by the daemon of PostgreSQL";
    gauge "pg_stat_user_tables_size_bytes" of "pg_stats.tables.size_bytes" labels TABLE,
        "Size on the disk, with indexes and TOAST";
    counter "pg_statio_user_tables_heap_blks_hit" of "pg_cache.databases.table_cache_hit.heap_blks_hit"
        labels CACHED_TABLE,
        "Blocks of the table that were found in memory";
    counter "pg_statio_user_tables_heap_blks_read" of "pg_cache.databases.table_cache_hit.heap_blks_read"
        labels CACHED_TABLE,
        "Blocks of the table that were read from files";
    counter "pg_statio_user_tables_idx_blks_hit" of "pg_cache.databases.table_cache_hit.idx_blks_hit"
        labels CACHED_TABLE,
        "Blocks of its indexes that were found in memory";
    counter "pg_statio_user_tables_idx_blks_read" of "pg_cache.databases.table_cache_hit.idx_blks_read"
        labels CACHED_TABLE,
        "Blocks of its indexes that were read from files";
    counter "pg_statio_user_tables_toast_blks_hit" of "pg_cache.databases.table_cache_hit.toast_blks_hit"
        labels CACHED_TABLE,
        "Blocks of its TOAST that were found in memory";
    counter "pg_statio_user_tables_toast_blks_read" of "pg_cache.databases.table_cache_hit.toast_blks_read"
        labels CACHED_TABLE,
        "Blocks of its TOAST that were read from files";
    counter "pg_statio_user_tables_tidx_blks_hit" of "pg_cache.databases.table_cache_hit.tidx_blks_hit"
        labels CACHED_TABLE,
        "Blocks of the indexes of its TOAST that were found in memory";
    counter "pg_statio_user_tables_tidx_blks_read" of "pg_cache.databases.table_cache_hit.tidx_blks_read"
        labels CACHED_TABLE,
        "Blocks of the indexes of its TOAST that were read from files";
    // -- indexes
    counter "pg_stat_user_indexes_idx_scan" of "pg_stats.indexes.scans" labels INDEX,
        "Scans of the index";
    counter "pg_stat_user_indexes_idx_tup_read" of "pg_stats.indexes.tuples_read" labels INDEX,
        "Entries that scans returned";
    counter "pg_stat_user_indexes_idx_tup_fetch" of "pg_stats.indexes.tuples_returned" labels INDEX,
        "Rows that scans fetched";
    counter "pg_statio_user_indexes_idx_blks_hit" of "pg_cache.databases.index_cache_hit.blks_hit"
        labels CACHED_INDEX,
        "Blocks of the index that were found in memory";
    counter "pg_statio_user_indexes_idx_blks_read" of "pg_cache.databases.index_cache_hit.blks_read"
        labels CACHED_INDEX,
        "Blocks of the index that were read from files";
    // -- statements
    counter "pg_stat_statements_calls_total" of "pg_query_stats.queries.calls" labels STATEMENT,
        "Executions";
    counter "pg_stat_statements_seconds_total" of "pg_query_stats.queries.total_time"
        labels STATEMENT as MILLIS,
        "Time of all executions";
    counter "pg_stat_statements_rows_total" of "pg_query_stats.queries.rows" labels STATEMENT,
        "Rows that were returned or changed";
    counter "pg_stat_statements_block_read_seconds_total" of "pg_query_stats.queries.blk_read_time"
        labels STATEMENT as MILLIS,
        "Time of reading blocks";
    counter "pg_stat_statements_block_write_seconds_total" of "pg_query_stats.queries.blk_write_time"
        labels STATEMENT as MILLIS,
        "Time of writing blocks";
    // -- replication
    gauge "pg_replication_lag_seconds" of "pg_replication.replay_delay_seconds",
        "Time since the last transaction that a standby has replayed";
    gauge "pg_replication_lag" of "pg_replication.replay_delay_seconds",
        "The same, as older exporters call it";
    gauge "pg_stat_replication_pg_wal_lsn_diff" of "pg_replication.replication_status.behind_by_bytes",
        "Bytes that a standby has still to replay";
    gauge "pg_replication_slots_pg_wal_lsn_diff" of "pg_replication.replication_slots.bytes_retained",
        "Bytes of the log that a slot retains";
    gauge "pg_replication_slot_safe_wal_size_bytes" of "pg_replication.replication_slots.safe_wal_size",
        "Bytes that can be written before a slot loses its log";
    gauge "pg_wal_segments" of "pg_replication.wal_status.total_segments",
        "Files of the log";
    gauge "pg_wal_size_bytes" of "pg_replication.wal_status.wal_directory_size_mb" as MIB,
        "Size of the folder of the log";
    gauge "pg_database_wraparound_age_datfrozenxid_seconds" of "pg_replication.wraparound_risk.oldest_table_age"
        labels DATABASE,
        "Age of the oldest transaction id, in transactions, whatever the name says";
    gauge "pg_database_wraparound_age_datminmxid_seconds" of "pg_replication.wraparound_risk.oldest_multixact_age"
        labels DATABASE,
        "Age of the oldest multixact id, in multixacts, whatever the name says";
    // -- the host
    counter "node_cpu_seconds_total" of "sysstat.processors.user_seconds" mode "user",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.nice_seconds" mode "nice",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.system_seconds" mode "system",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.idle_seconds" mode "idle",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.iowait_seconds" mode "iowait",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.irq_seconds" mode "irq",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.softirq_seconds" mode "softirq",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.processors.steal_seconds" mode "steal",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.user" from "cpu" mode "user",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.nice" from "cpu" mode "nice",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.system" from "cpu" mode "system",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.idle" from "cpu" mode "idle",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.iowait" from "cpu" mode "iowait",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.irq" from "cpu" mode "irq",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.softirq" from "cpu" mode "softirq",
        "Seconds that a processor spent in each mode";
    counter "node_cpu_seconds_total" of "sysstat.rows.steal" from "cpu" mode "steal",
        "Seconds that a processor spent in each mode";
    gauge "node_load1" of "sysstat.cpu.load_1m",
        "Mean load of the last 1 min";
    gauge "node_load1" of "sysstat.rows.load1" labels OF_HOST from "load",
        "Mean load of the last 1 min";
    gauge "node_load5" of "sysstat.cpu.load_5m",
        "Mean load of the last 5 min";
    gauge "node_load5" of "sysstat.rows.load5" labels OF_HOST from "load",
        "Mean load of the last 5 min";
    gauge "node_load15" of "sysstat.cpu.load_15m",
        "Mean load of the last 15 min";
    gauge "node_load15" of "sysstat.rows.load15" labels OF_HOST from "load",
        "Mean load of the last 15 min";
    gauge "node_memory_MemTotal_bytes" of "sysstat.memory.total_mb" as MIB,
        "Memory";
    gauge "node_memory_MemTotal_bytes" of "sysstat.rows.memtotal" labels OF_HOST from "memory",
        "Memory";
    gauge "node_memory_MemFree_bytes" of "sysstat.memory.free_mb" as MIB,
        "Memory that nobody uses";
    gauge "node_memory_MemFree_bytes" of "sysstat.rows.memfree" labels OF_HOST from "memory",
        "Memory that nobody uses";
    gauge "node_memory_MemAvailable_bytes" of "sysstat.memory.available_mb" as MIB,
        "Memory that can be had without swapping";
    gauge "node_memory_MemAvailable_bytes" of "sysstat.rows.memavailable" labels OF_HOST from "memory",
        "Memory that can be had without swapping";
    gauge "node_memory_Cached_bytes" of "sysstat.memory.cached_mb" as MIB,
        "Memory that holds files";
    gauge "node_memory_Cached_bytes" of "sysstat.rows.cached" labels OF_HOST from "memory",
        "Memory that holds files";
    gauge "node_memory_Buffers_bytes" of "sysstat.rows.buffers" labels OF_HOST from "memory",
        "Memory that holds blocks of devices";
    gauge "node_memory_Dirty_bytes" of "sysstat.rows.dirty" labels OF_HOST from "memory",
        "Memory that waits to be written";
    gauge "node_memory_Slab_bytes" of "sysstat.rows.slab" labels OF_HOST from "memory",
        "Memory of the kernel";
    gauge "node_memory_SwapFree_bytes" of "sysstat.rows.swapfree" labels OF_HOST from "memory",
        "Swap that nobody uses";
    counter "node_disk_reads_completed_total" of "sysstat.disk_io.read_ops",
        "Reads";
    counter "node_disk_reads_completed_total" of "sysstat.rows.reads" from "disk_io",
        "Reads";
    counter "node_disk_writes_completed_total" of "sysstat.disk_io.write_ops",
        "Writes";
    counter "node_disk_writes_completed_total" of "sysstat.rows.writes" from "disk_io",
        "Writes";
    counter "node_disk_read_bytes_total" of "sysstat.disk_io.read_sectors" as SECTORS,
        "Bytes read";
    counter "node_disk_read_bytes_total" of "sysstat.rows.sectors_read" from "disk_io" as SECTORS,
        "Bytes read";
    counter "node_disk_written_bytes_total" of "sysstat.disk_io.write_sectors" as SECTORS,
        "Bytes written";
    counter "node_disk_written_bytes_total" of "sysstat.rows.sectors_written" from "disk_io" as SECTORS,
        "Bytes written";
    counter "node_disk_read_time_seconds_total" of "sysstat.rows.read_ms" from "disk_io" as MILLIS,
        "Time of reads";
    counter "node_disk_write_time_seconds_total" of "sysstat.rows.write_ms" from "disk_io" as MILLIS,
        "Time of writes";
    counter "node_disk_io_time_seconds_total" of "sysstat.rows.io_ms" from "disk_io" as MILLIS,
        "Time in which the device was busy";
    counter "node_network_receive_bytes_total" of "sysstat.network.received_bytes" labels INTERFACE,
        "Bytes received";
    counter "node_network_transmit_bytes_total" of "sysstat.network.sent_bytes" labels INTERFACE,
        "Bytes sent";
    gauge "node_filesystem_size_bytes" of "disk_usage.filesystems.total_bytes" labels MOUNT,
        "Size of the file system";
    gauge "node_filesystem_size_bytes" of "disk_usage.filesystems.total_gb" labels MOUNT as GIB,
        "Size of the file system";
    gauge "node_filesystem_size_bytes" of "disk_usage.rows.total_bytes" labels MOUNT from "filesystem",
        "Size of the file system";
    gauge "node_filesystem_free_bytes" of "disk_usage.filesystems.free_bytes" labels MOUNT,
        "Bytes that are free";
    gauge "node_filesystem_free_bytes" of "disk_usage.filesystems.free_gb" labels MOUNT as GIB,
        "Bytes that are free";
    gauge "node_filesystem_free_bytes" of "disk_usage.rows.free_bytes" labels MOUNT from "filesystem",
        "Bytes that are free";
    gauge "node_filesystem_avail_bytes" of "disk_usage.filesystems.free_bytes" labels MOUNT,
        "Bytes that unprivileged users can have";
    gauge "node_filesystem_avail_bytes" of "disk_usage.filesystems.free_gb" labels MOUNT as GIB,
        "Bytes that unprivileged users can have";
    gauge "node_filesystem_avail_bytes" of "disk_usage.rows.avail_bytes" labels MOUNT from "filesystem",
        "Bytes that unprivileged users can have";
    gauge "node_filesystem_files" of "disk_usage.filesystems.inodes_total" labels MOUNT,
        "Inodes";
    gauge "node_filesystem_files_free" of "disk_usage.filesystems.inodes_free" labels MOUNT,
        "Inodes that are free";
    gauge "node_filesystem_files_free" of "disk_usage.rows.files_free" labels MOUNT from "filesystem",
        "Inodes that are free";
};
