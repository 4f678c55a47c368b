//! What the registry knows of a collector.

use super::change::LogLevel;
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::ids::{CollectorId, GroupId};
use crate::names::named;
use crate::postgres::SslMode;
use crate::storage::stored_as_text;

named!(
    /// What a collector watches.
    Kind, "a collector type", {
    Postgresql = "postgresql",
    Mysql = "mysql",
    Mongodb = "mongodb",
    Oracle = "oracle",
});

named!(Environment, "an environment", {
    Development = "development",
    Staging = "staging",
    Production = "production",
});

named!(
    /// Where a collector stands in its life.
    State, "a collector state", {
    Registered = "registered",
    Running = "running",
    Stopped = "stopped",
    Error = "error",
    Archived = "archived",
});

named!(
    /// What an administrator may ask of an agent.
    ActionKind, "an action on a collector", {
    Stop = "stop",
    Restart = "restart",
    Resume = "resume",
});

stored_as_text!(Kind, Environment, State, ActionKind);

/// What administrators did with the agent of a collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Asked for, and not over yet.
    pub under_way: Option<ActionKind>,
    /// Why it was stopped, while it is.
    pub stop_reason: Option<String>,
    /// When the stop is expected to end, as whoever asked for it said.
    pub stopped_until: Option<Timestamp>,
    pub last_restart_at: Option<Timestamp>,
    /// Restarts that an administrator asked for and that were done.
    pub restart_count: u32,
}

/// By what a collector is told from the others of the fleet.
#[derive(Clone, Debug)]
pub struct Standing {
    pub id: CollectorId,
    pub name: String,
    pub environment: Environment,
    /// The name of its group.
    pub group: Option<String>,
}

/// A collector as it stands in the registry. Its password and certificate are not part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Collector {
    pub id: CollectorId,
    pub name: String,
    pub kind: Kind,
    pub environment: Environment,
    pub group: Option<GroupId>,
    pub description: String,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub username: String,
    pub ssl_mode: SslMode,
    pub tags: Vec<String>,
    /// Seconds between two collections.
    pub collection_interval: u32,
    /// Statements that one `pg_query_stats` document may hold.
    pub query_limit: u32,
    pub state: State,
    pub control: Control,
    /// Types of documents that the agent collects; absent: all that it has.
    pub enabled_types: Option<Vec<String>>,
    pub log_level: Option<LogLevel>,
    pub config_version: u64,
    /// Why the agent refused that version, if it did.
    pub config_error: Option<String>,
    pub registered_by: String,
    pub registered_at: Timestamp,
    pub last_modified_at: Timestamp,
    /// When the newest token that still works ends.
    pub token_expires_at: Option<Timestamp>,
}

/// A checked request to register a collector.
#[derive(Clone, Debug)]
pub struct NewCollector {
    pub name: String,
    pub kind: Kind,
    pub environment: Environment,
    /// Name or id of a group.
    pub group: Option<String>,
    pub description: String,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub username: String,
    pub credentials: Credentials,
    pub ssl_mode: SslMode,
    pub tags: Vec<String>,
    pub collection_interval: u32,
    pub query_limit: u32,
}

#[cfg(test)]
impl NewCollector {
    /// One that tests need for its name alone.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: Kind::Postgresql,
            environment: Environment::Production,
            group: None,
            description: String::new(),
            host: "db.example".to_owned(),
            port: 5432,
            database: "app".to_owned(),
            username: "watcher".to_owned(),
            credentials: Credentials { password: Secret::new("secret"), ssl_certificate: None },
            ssl_mode: SslMode::Prefer,
            tags: Vec::new(),
            collection_interval: 60,
            query_limit: 100,
        }
    }
}

/// What it takes to sign in to the watched database.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub password: Secret,
    /// The CA certificate of the database server, in PEM form.
    pub ssl_certificate: Option<String>,
}
