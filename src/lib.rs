//! pgAnalytics: one daemon and one agent that watch a fleet of PostgreSQL servers.
//!
//! The modules stand in reading order. Imports run strictly downwards: a module uses those above it here,
//! and `tests/tidy.rs` holds that. `docs/ARCHITECTURE.md` is the map with its reasons.

// 0: values, no I/O
pub mod clock;
pub mod crypto;
pub mod ids;
pub mod limits;
pub mod names;

// 1: mechanisms
pub mod files;
pub mod jobs;
pub mod logging;
pub mod outbound;
pub mod postgres;
pub mod promql;
pub mod service;
pub mod settings;
pub mod threads;
pub mod wire;

// 2: engines
pub mod downloads;
pub mod storage;

// 3: records
pub mod archive;
pub mod audit;
pub mod events;
pub mod replies;

// 4: nouns
pub mod access;
pub mod logs;
pub mod metrics;
pub mod registry;

// 5: over the nouns
pub mod fleet;
pub mod mirror;
pub mod prometheus;

// 6: the appliance
pub mod node;

// 7: transport
pub mod http;

// 8: settings
pub mod config;

// 9: the command line, which joins all of it
pub mod cli;

// beside the floors: the agent, which sees floors 0 and 1 only
pub mod collector;
