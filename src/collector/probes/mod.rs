//! What is asked: one file for each type of document. The field names are those of the wire contract.

pub(super) mod disk_usage;
pub(super) mod pg_stats;
pub(super) mod sysstat;
