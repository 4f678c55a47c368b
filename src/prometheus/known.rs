//! The series that the exporters of PostgreSQL and of hosts have too, under the names, labels and units that
//! postgres_exporter and node_exporter give them, as far as documents hold them.
//!
//! Where two entries have one name, they are for senders of different kinds; where one sender has both, the first
//! entry has the say.

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_073_741_824.0;
/// What the kernel calls a sector, whatever the device has.
const SECTOR: f64 = 512.0;

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

type Pairs = &'static [(&'static str, &'static str)];

#[derive(Debug)]
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

pub static KNOWN: [Known; 103] = [
    // -- server
    Known { labels: ONLY_COLLECTOR, value: Value::One, ..gauge("pg_up", "pg_stats.transactions_committed", "PostgreSQL answered when it was asked") },
    Known { labels: ONLY_COLLECTOR, value: Value::One, ..gauge("pg_up", "pg_connections.databases.connection_stats.total_connections", "PostgreSQL answered when it was asked") },
    // -- database
    Known { labels: DATABASE, ..counter("pg_stat_database_xact_commit", "pg_stats.transactions_committed", "Transactions that were committed") },
    Known { labels: DATABASE, ..counter("pg_stat_database_xact_rollback", "pg_stats.transactions_rolledback", "Transactions that were rolled back") },
    Known { labels: DATABASE, ..counter("pg_stat_database_tup_returned", "pg_stats.tuples_returned", "Rows that scans returned") },
    Known { labels: DATABASE, ..counter("pg_stat_database_tup_fetched", "pg_stats.tuples_fetched", "Rows that queries fetched by index") },
    Known { labels: DATABASE, ..counter("pg_stat_database_tup_inserted", "pg_stats.tuples_inserted", "Rows that were inserted") },
    Known { labels: DATABASE, ..counter("pg_stat_database_tup_updated", "pg_stats.tuples_updated", "Rows that were updated") },
    Known { labels: DATABASE, ..counter("pg_stat_database_tup_deleted", "pg_stats.tuples_deleted", "Rows that were deleted") },
    Known { labels: DATABASE, ..counter("pg_stat_database_blks_hit", "pg_cache.databases.database_cache_hit.blks_hit", "Blocks that were found in the memory of PostgreSQL") },
    Known { labels: DATABASE, ..counter("pg_stat_database_blks_read", "pg_cache.databases.database_cache_hit.blks_read", "Blocks that were read from files") },
    Known { labels: DATABASE, ..gauge("pg_stat_database_numbackends", "pg_connections.databases.connection_stats.total_connections", "Clients that are connected") },
    Known { labels: DATABASE, ..gauge("pg_database_size_bytes", "pg_stats.size_bytes", "Size on the disk") },
    Known { labels: DATABASE, when: &[("source", "pg_stat_database")], ..gauge("pg_database_size_bytes", "pg_stats.rows.size_bytes", "Size on the disk") },
    Known { labels: DATABASE, ..gauge("pg_stat_activity_count", "pg_connections.databases.connection_stats.by_state.count", "Clients that are connected, by state") },
    Known { labels: DATABASE, when: &[("source", "pg_stat_activity")], ..gauge("pg_stat_activity_count", "pg_stats.rows.connections", "Clients that are connected, by state") },
    Known { labels: DATABASE, when: &[("source", "pg_stat_activity")], ..gauge("pg_stat_activity_max_tx_duration", "pg_stats.rows.max_tx_seconds", "Age of the oldest transaction in seconds") },
    Known { labels: ONLY_COLLECTOR, ..gauge("pg_settings_max_connections", "pg_connections.databases.connection_stats.max_connections", "Clients that may be connected") },
    Known { labels: ONLY_COLLECTOR, ..gauge("pg_settings_superuser_reserved_connections", "pg_connections.databases.connection_stats.superuser_reserved_connections", "Connections that are kept for superusers") },
    // -- table
    Known { labels: TABLE, ..gauge("pg_stat_user_tables_n_live_tup", "pg_stats.tables.live_tuples", "Rows, as estimated") },
    Known { labels: TABLE, ..gauge("pg_stat_user_tables_n_dead_tup", "pg_stats.tables.dead_tuples", "Dead rows, as estimated") },
    Known { labels: TABLE, ..gauge("pg_stat_user_tables_n_mod_since_analyze", "pg_stats.tables.modified_since_analyze", "Rows that changed since the last analyze") },
    Known { labels: TABLE, ..counter("pg_stat_user_tables_vacuum_count", "pg_stats.tables.vacuum_count", "Vacuums by hand") },
    Known { labels: TABLE, ..counter("pg_stat_user_tables_autovacuum_count", "pg_stats.tables.autovacuum_count", "Vacuums by the daemon of PostgreSQL") },
    Known { labels: TABLE, ..gauge("pg_stat_user_tables_size_bytes", "pg_stats.tables.size_bytes", "Size on the disk, with indexes and TOAST") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_heap_blks_hit", "pg_cache.databases.table_cache_hit.heap_blks_hit", "Blocks of the table that were found in memory") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_heap_blks_read", "pg_cache.databases.table_cache_hit.heap_blks_read", "Blocks of the table that were read from files") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_idx_blks_hit", "pg_cache.databases.table_cache_hit.idx_blks_hit", "Blocks of its indexes that were found in memory") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_idx_blks_read", "pg_cache.databases.table_cache_hit.idx_blks_read", "Blocks of its indexes that were read from files") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_toast_blks_hit", "pg_cache.databases.table_cache_hit.toast_blks_hit", "Blocks of its TOAST that were found in memory") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_toast_blks_read", "pg_cache.databases.table_cache_hit.toast_blks_read", "Blocks of its TOAST that were read from files") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_tidx_blks_hit", "pg_cache.databases.table_cache_hit.tidx_blks_hit", "Blocks of the indexes of its TOAST that were found in memory") },
    Known { labels: CACHED_TABLE, ..counter("pg_statio_user_tables_tidx_blks_read", "pg_cache.databases.table_cache_hit.tidx_blks_read", "Blocks of the indexes of its TOAST that were read from files") },
    // -- index
    Known { labels: INDEX, ..counter("pg_stat_user_indexes_idx_scan", "pg_stats.indexes.scans", "Scans of the index") },
    Known { labels: INDEX, ..counter("pg_stat_user_indexes_idx_tup_read", "pg_stats.indexes.tuples_read", "Entries that scans returned") },
    Known { labels: INDEX, ..counter("pg_stat_user_indexes_idx_tup_fetch", "pg_stats.indexes.tuples_returned", "Rows that scans fetched") },
    Known { labels: CACHED_INDEX, ..counter("pg_statio_user_indexes_idx_blks_hit", "pg_cache.databases.index_cache_hit.blks_hit", "Blocks of the index that were found in memory") },
    Known { labels: CACHED_INDEX, ..counter("pg_statio_user_indexes_idx_blks_read", "pg_cache.databases.index_cache_hit.blks_read", "Blocks of the index that were read from files") },
    // -- statement
    Known { labels: STATEMENT, ..counter("pg_stat_statements_calls_total", "pg_query_stats.queries.calls", "Executions") },
    Known { labels: STATEMENT, value: Value::Times(0.001), ..counter("pg_stat_statements_seconds_total", "pg_query_stats.queries.total_time", "Time of all executions") },
    Known { labels: STATEMENT, ..counter("pg_stat_statements_rows_total", "pg_query_stats.queries.rows", "Rows that were returned or changed") },
    Known { labels: STATEMENT, value: Value::Times(0.001), ..counter("pg_stat_statements_block_read_seconds_total", "pg_query_stats.queries.blk_read_time", "Time of reading blocks") },
    Known { labels: STATEMENT, value: Value::Times(0.001), ..counter("pg_stat_statements_block_write_seconds_total", "pg_query_stats.queries.blk_write_time", "Time of writing blocks") },
    // -- replication
    gauge("pg_replication_lag_seconds", "pg_replication.replay_delay_seconds", "Time since the last transaction that a standby has replayed"),
    gauge("pg_replication_lag", "pg_replication.replay_delay_seconds", "The same, as older exporters call it"),
    gauge("pg_stat_replication_pg_wal_lsn_diff", "pg_replication.replication_status.behind_by_bytes", "Bytes that a standby has still to replay"),
    gauge("pg_replication_slots_pg_wal_lsn_diff", "pg_replication.replication_slots.bytes_retained", "Bytes of the log that a slot retains"),
    gauge("pg_replication_slot_safe_wal_size_bytes", "pg_replication.replication_slots.safe_wal_size", "Bytes that can be written before a slot loses its log"),
    gauge("pg_wal_segments", "pg_replication.wal_status.total_segments", "Files of the log"),
    Known { value: Value::Times(MIB), ..gauge("pg_wal_size_bytes", "pg_replication.wal_status.wal_directory_size_mb", "Size of the folder of the log") },
    Known { labels: DATABASE, ..gauge("pg_database_wraparound_age_datfrozenxid_seconds", "pg_replication.wraparound_risk.oldest_table_age", "Age of the oldest transaction id, in transactions, whatever the name says") },
    Known { labels: DATABASE, ..gauge("pg_database_wraparound_age_datminmxid_seconds", "pg_replication.wraparound_risk.oldest_multixact_age", "Age of the oldest multixact id, in multixacts, whatever the name says") },
    // -- host
    Known { when: &[("source", "cpu")], fixed: &[("mode", "user")], ..counter("node_cpu_seconds_total", "sysstat.rows.user", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "nice")], ..counter("node_cpu_seconds_total", "sysstat.rows.nice", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "system")], ..counter("node_cpu_seconds_total", "sysstat.rows.system", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "idle")], ..counter("node_cpu_seconds_total", "sysstat.rows.idle", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "iowait")], ..counter("node_cpu_seconds_total", "sysstat.rows.iowait", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "irq")], ..counter("node_cpu_seconds_total", "sysstat.rows.irq", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "softirq")], ..counter("node_cpu_seconds_total", "sysstat.rows.softirq", "Seconds that a processor spent in each mode") },
    Known { when: &[("source", "cpu")], fixed: &[("mode", "steal")], ..counter("node_cpu_seconds_total", "sysstat.rows.steal", "Seconds that a processor spent in each mode") },
    gauge("node_load1", "sysstat.cpu.load_1m", "Mean load of the last 1 min"),
    Known { labels: OF_HOST, when: &[("source", "load")], ..gauge("node_load1", "sysstat.rows.load1", "Mean load of the last 1 min") },
    gauge("node_load5", "sysstat.cpu.load_5m", "Mean load of the last 5 min"),
    Known { labels: OF_HOST, when: &[("source", "load")], ..gauge("node_load5", "sysstat.rows.load5", "Mean load of the last 5 min") },
    gauge("node_load15", "sysstat.cpu.load_15m", "Mean load of the last 15 min"),
    Known { labels: OF_HOST, when: &[("source", "load")], ..gauge("node_load15", "sysstat.rows.load15", "Mean load of the last 15 min") },
    Known { value: Value::Times(MIB), ..gauge("node_memory_MemTotal_bytes", "sysstat.memory.total_mb", "Memory") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_MemTotal_bytes", "sysstat.rows.memtotal", "Memory") },
    Known { value: Value::Times(MIB), ..gauge("node_memory_MemFree_bytes", "sysstat.memory.free_mb", "Memory that nobody uses") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_MemFree_bytes", "sysstat.rows.memfree", "Memory that nobody uses") },
    Known { value: Value::Times(MIB), ..gauge("node_memory_MemAvailable_bytes", "sysstat.memory.available_mb", "Memory that can be had without swapping") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_MemAvailable_bytes", "sysstat.rows.memavailable", "Memory that can be had without swapping") },
    Known { value: Value::Times(MIB), ..gauge("node_memory_Cached_bytes", "sysstat.memory.cached_mb", "Memory that holds files") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_Cached_bytes", "sysstat.rows.cached", "Memory that holds files") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_Buffers_bytes", "sysstat.rows.buffers", "Memory that holds blocks of devices") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_Dirty_bytes", "sysstat.rows.dirty", "Memory that waits to be written") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_Slab_bytes", "sysstat.rows.slab", "Memory of the kernel") },
    Known { labels: OF_HOST, when: &[("source", "memory")], ..gauge("node_memory_SwapFree_bytes", "sysstat.rows.swapfree", "Swap that nobody uses") },
    counter("node_disk_reads_completed_total", "sysstat.disk_io.read_ops", "Reads"),
    Known { when: &[("source", "disk_io")], ..counter("node_disk_reads_completed_total", "sysstat.rows.reads", "Reads") },
    counter("node_disk_writes_completed_total", "sysstat.disk_io.write_ops", "Writes"),
    Known { when: &[("source", "disk_io")], ..counter("node_disk_writes_completed_total", "sysstat.rows.writes", "Writes") },
    Known { value: Value::Times(SECTOR), ..counter("node_disk_read_bytes_total", "sysstat.disk_io.read_sectors", "Bytes read") },
    Known { when: &[("source", "disk_io")], value: Value::Times(SECTOR), ..counter("node_disk_read_bytes_total", "sysstat.rows.sectors_read", "Bytes read") },
    Known { value: Value::Times(SECTOR), ..counter("node_disk_written_bytes_total", "sysstat.disk_io.write_sectors", "Bytes written") },
    Known { when: &[("source", "disk_io")], value: Value::Times(SECTOR), ..counter("node_disk_written_bytes_total", "sysstat.rows.sectors_written", "Bytes written") },
    Known { when: &[("source", "disk_io")], value: Value::Times(0.001), ..counter("node_disk_read_time_seconds_total", "sysstat.rows.read_ms", "Time of reads") },
    Known { when: &[("source", "disk_io")], value: Value::Times(0.001), ..counter("node_disk_write_time_seconds_total", "sysstat.rows.write_ms", "Time of writes") },
    Known { when: &[("source", "disk_io")], value: Value::Times(0.001), ..counter("node_disk_io_time_seconds_total", "sysstat.rows.io_ms", "Time in which the device was busy") },
    Known { labels: INTERFACE, ..counter("node_network_receive_bytes_total", "sysstat.network.received_bytes", "Bytes received") },
    Known { labels: INTERFACE, ..counter("node_network_transmit_bytes_total", "sysstat.network.sent_bytes", "Bytes sent") },
    Known { labels: MOUNT, ..gauge("node_filesystem_size_bytes", "disk_usage.filesystems.total_bytes", "Size of the file system") },
    Known { labels: MOUNT, value: Value::Times(GIB), ..gauge("node_filesystem_size_bytes", "disk_usage.filesystems.total_gb", "Size of the file system") },
    Known { labels: MOUNT, when: &[("source", "filesystem")], ..gauge("node_filesystem_size_bytes", "disk_usage.rows.total_bytes", "Size of the file system") },
    Known { labels: MOUNT, ..gauge("node_filesystem_free_bytes", "disk_usage.filesystems.free_bytes", "Bytes that are free") },
    Known { labels: MOUNT, value: Value::Times(GIB), ..gauge("node_filesystem_free_bytes", "disk_usage.filesystems.free_gb", "Bytes that are free") },
    Known { labels: MOUNT, when: &[("source", "filesystem")], ..gauge("node_filesystem_free_bytes", "disk_usage.rows.free_bytes", "Bytes that are free") },
    Known { labels: MOUNT, ..gauge("node_filesystem_avail_bytes", "disk_usage.filesystems.free_bytes", "Bytes that unprivileged users can have") },
    Known { labels: MOUNT, value: Value::Times(GIB), ..gauge("node_filesystem_avail_bytes", "disk_usage.filesystems.free_gb", "Bytes that unprivileged users can have") },
    Known { labels: MOUNT, when: &[("source", "filesystem")], ..gauge("node_filesystem_avail_bytes", "disk_usage.rows.avail_bytes", "Bytes that unprivileged users can have") },
    Known { labels: MOUNT, ..gauge("node_filesystem_files", "disk_usage.filesystems.inodes_total", "Inodes") },
    Known { labels: MOUNT, ..gauge("node_filesystem_files_free", "disk_usage.filesystems.inodes_free", "Inodes that are free") },
    Known { labels: MOUNT, when: &[("source", "filesystem")], ..gauge("node_filesystem_files_free", "disk_usage.rows.files_free", "Inodes that are free") },
];
