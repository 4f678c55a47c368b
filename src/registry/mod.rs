//! The registry: which collectors there are, and how they are grouped.
//!
//! It guarantees: a change commits with its audit entry; passwords and certificates stand encrypted. It does
//! not know how collectors are doing (that is `fleet`) nor what they measured (that is `metrics`).

pub mod collectors;
pub mod config_versions;
pub mod dashboards;
pub mod groups;

mod change;
mod collector;
mod collector_rows;

pub use change::{Changed, CollectorChange, ConfigChange, LogLevel};
pub use collector::{
    ActionKind, Collector, Control, Credentials, Environment, Kind, NewCollector, Standing, State,
};
pub use collectors::{Collectors, CollectorsError};
pub use config_versions::{ConfigVersion, RefusedConfig};
pub use dashboards::{Dashboard, Dashboards};
pub use groups::{Group, GroupChange, Groups, GroupsError, NewGroup};
