//! The integration tests, as one program: each links the whole tree, so that there is only one.
//!
//! They use the real parts: PostgreSQL, SQLite, redb, the programs themselves.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot go on fails its test"
)]

mod agent_certificate;
mod agent_config;
mod agent_logs;
mod agent_outage;
mod agent_pg_log;
mod agent_postgres;
mod agent_probes;
mod agent_register;
mod agent_tls;
mod audit_log;
mod bad_input;
mod bombs;
mod canary;
mod client_certificates;
mod command_line;
mod crash;
mod crash_sealing;
mod cut_off;
mod daemon_figures;
mod damage;
mod demo;
mod fault_sealing;
mod fault_sync;
mod fleet_control;
mod fleet_laws;
mod full_disk;
mod grafana;
mod ingest;
mod keys;
mod live;
mod lost_replies;
mod mirror;
mod mirror_away;
mod mirror_crash;
mod mirror_tls;
mod older_copies;
mod once;
mod operations;
mod postgres_releases;
mod power_cut;
mod prometheus_api;
mod promql;
mod refused_start;
mod returning;
mod revocation;
mod roles;
mod service;
mod support;
mod tls;
mod tokens;
mod v3;
mod walk;
