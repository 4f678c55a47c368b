//! The schema of the one file that registry and audit share: numbered steps that are never edited once a
//! release has run them.

pub const MIGRATIONS: &[&str] = &[
    include_str!("0001_first.sql"),
    include_str!("0002_control.sql"),
    include_str!("0003_config.sql"),
    include_str!("0004_archive.sql"),
    include_str!("0005_operations.sql"),
    include_str!("0006_replies.sql"),
    include_str!("0007_availability.sql"),
    include_str!("0008_dashboards.sql"),
    include_str!("0009_segments.sql"),
    include_str!("0010_tls.sql"),
    include_str!("0011_mirror.sql"),
    include_str!("0012_disk.sql"),
    include_str!("0013_gaps.sql"),
    include_str!("0014_marks.sql"),
    include_str!("0015_losses.sql"),
];
