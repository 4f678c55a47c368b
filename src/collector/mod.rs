//! The agent: it collects beside one PostgreSQL server and sends what it measured, without losing it.
//!
//! Two processes of one binary. The *supervisor* talks to the daemon: it keeps the spool, the uplink, the
//! heartbeats and the access token. The *worker* is its child: it asks the sources and hands documents up
//! through a pipe. A probe that goes wrong takes the worker with it, never the connection to the daemon.
//!
//! The agent sees floors 0 and 1 of the product only; the daemon does not see the agent.

pub mod cli;
pub mod config;
pub mod spool;

mod by_database;
mod certificate;
mod check;
mod collection;
mod control;
mod host;
mod log;
mod once;
mod pin;
mod pipe;
mod postgres;
mod probes;
mod register;
mod round;
mod schedule;
mod stop;
mod supervisor;
mod uplink;
mod worker;

/// What the agent calls itself, in pushes, heartbeats and `application_name`.
pub const NAME: &str = "pganalytics-collector";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
