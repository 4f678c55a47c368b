//! The agent's configuration: a TOML file, overruled by three variables, checked into [`Settings`].
//!
//! It says what the keys mean; how they are read and how problems are told is `settings`' business.

mod check;
pub mod keys;
mod password;
mod tuning;

use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::crypto::Secret;
use crate::files;
use crate::ids::CollectorId;
use crate::limits;
use crate::postgres::SslMode;
use crate::settings::{self, Environment, Problems};

pub(super) use check::{backend_url, host_name};
pub use password::{Password, PasswordError};
pub(super) use tuning::{Pulled, Tuned};

/// Everything that the agent needs to know, already checked.
#[derive(Debug)]
pub struct Settings {
    /// `None` only where [`Need::Sources`] was asked for.
    pub uplink: Option<Uplink>,
    pub hostname: String,
    pub collection_interval: Duration,
    /// Whether the file says so, or nothing does.
    pub has_own_interval: bool,
    /// How long documents may wait to travel together; at most the collection interval means not at all.
    pub push_interval: Duration,
    /// Never longer than the collection interval.
    pub heartbeat_interval: Duration,
    /// As the file says it.
    pub own_heartbeat_interval: Duration,
    /// Between two looks at the configuration that the daemon holds.
    pub config_pull_interval: Duration,
    /// From SIGTERM to SIGKILL, for a worker that is told to stop.
    pub stop_grace: Duration,
    /// `None`: this agent watches a machine only.
    pub postgres: Option<Postgres>,
    pub spool: SpoolSettings,
    pub probes: Vec<Probe>,
    pub probe_options: ProbeOptions,
    pub log: Log,
}

/// Who the agent is and whom it reports to.
#[derive(Debug)]
pub struct Uplink {
    pub id: CollectorId,
    pub token: TokenSource,
    pub backend: Backend,
}

/// The daemon's address and how its certificate is checked.
#[derive(Clone, Debug)]
pub struct Backend {
    /// Ends with `/api/v1/`.
    pub url: reqwest::Url,
    pub compression: Compression,
    pub ca_file: Option<PathBuf>,
    /// Certificate and key that prove who the agent is.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Zstd,
    Gzip,
}

impl Compression {
    /// As `Content-Encoding` calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }
}

/// Where the long token is. A file is read at each use, so that a rotated token is found.
#[derive(Clone, Debug)]
pub enum TokenSource {
    Given(Secret),
    File(PathBuf),
}

#[derive(Clone, Debug)]
pub struct Postgres {
    /// A name, an address, or the folder of a Unix socket.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Password,
    pub ssl_mode: SslMode,
    pub ca_file: Option<PathBuf>,
    pub databases: Databases,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Databases {
    /// All that the user may connect to, templates excepted.
    All,
    Named(Vec<String>),
}

#[derive(Debug)]
pub struct SpoolSettings {
    pub directory: PathBuf,
    pub max_bytes: u64,
}

/// One probe and how often it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    pub kind: ProbeKind,
    pub interval: Duration,
}

/// What can be collected; the name is the document's type and the section's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProbeKind {
    Sysstat,
    DiskUsage,
    PgStats,
    PgQueryStats,
    PgConnections,
    PgLocks,
    PgReplication,
    PgCache,
    PgBloat,
    PgExtensions,
    PgSchema,
    PgLog,
}

/// What a probe is asked of, and so how many documents a collection has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This machine: one document, or as many as there is of a log.
    Machine,
    /// The PostgreSQL server, in any of its databases: one document.
    Server,
    /// Each database: a document each.
    Database,
    /// Each database: one document with a part for each, or several where they would grow too large.
    DatabaseParts,
}

/// What the sections of the probes say beside their intervals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Queries in one `pg_query_stats` document.
    pub query_limit: i64,
    /// From when on `pg_connections` lists a transaction that works, and one that only stands open.
    pub long_transaction: Duration,
    pub idle_transaction: Duration,
    /// Where PostgreSQL's log is; otherwise the server is asked.
    pub log_directory: Option<PathBuf>,
}

impl ProbeKind {
    pub const ALL: [Self; 12] = [
        Self::Sysstat,
        Self::DiskUsage,
        Self::PgStats,
        Self::PgQueryStats,
        Self::PgConnections,
        Self::PgLocks,
        Self::PgReplication,
        Self::PgCache,
        Self::PgBloat,
        Self::PgExtensions,
        Self::PgSchema,
        Self::PgLog,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Sysstat => "sysstat",
            Self::DiskUsage => "disk_usage",
            Self::PgStats => "pg_stats",
            Self::PgQueryStats => "pg_query_stats",
            Self::PgConnections => "pg_connections",
            Self::PgLocks => "pg_locks",
            Self::PgReplication => "pg_replication",
            Self::PgCache => "pg_cache",
            Self::PgBloat => "pg_bloat",
            Self::PgExtensions => "pg_extensions",
            Self::PgSchema => "pg_schema",
            Self::PgLog => "pg_log",
        }
    }

    pub const fn scope(self) -> Scope {
        match self {
            Self::Sysstat | Self::DiskUsage | Self::PgLog => Scope::Machine,
            Self::PgReplication => Scope::Server,
            Self::PgStats | Self::PgQueryStats => Scope::Database,
            Self::PgConnections
            | Self::PgLocks
            | Self::PgCache
            | Self::PgBloat
            | Self::PgExtensions
            | Self::PgSchema => Scope::DatabaseParts,
        }
    }

    pub const fn asks_postgres(self) -> bool {
        !matches!(self.scope(), Scope::Machine)
    }

    /// Whether it runs where nothing else is said: a log holds what people typed, and may be long.
    pub const fn is_usual(self) -> bool {
        !matches!(self, Self::PgLog)
    }

    /// Where nothing else is said; `None` is the interval of the collector.
    pub const fn usual_interval(self) -> Option<Duration> {
        match self {
            Self::PgBloat | Self::PgExtensions | Self::PgSchema => Some(Duration::from_hours(1)),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub struct Log {
    pub filter: String,
    pub format: crate::logging::Format,
}

/// How much of the configuration must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To run: identity, token and backend included.
    Everything,
    /// To look at the sources only, also before registration.
    Sources,
}

/// Reads and checks the configuration. Without a file, everything comes from the environment.
pub fn load(file: Option<&Path>, environment: &Environment, need: Need) -> Result<Settings, Problems> {
    check::settings(settings::read(file)?, file, environment, need)
}

/// The text of a small file.
pub(super) fn read_bounded(path: &Path, limit_bytes: u64) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(limit_bytes + 1).read_to_string(&mut text)?;
    if read as u64 > limit_bytes {
        return Err(std::io::Error::other(format!("longer than {limit_bytes} bytes")));
    }
    Ok(text)
}

impl TokenSource {
    pub fn read(&self) -> std::io::Result<Secret> {
        match self {
            Self::Given(token) => Ok(token.clone()),
            Self::File(path) => read_secret(path),
        }
    }
}

/// A token or password from a file, without the white space around it.
pub(super) fn read_secret(path: &Path) -> std::io::Result<Secret> {
    let text = text(&files::read_password(path, limits::SECRET_FILE_BYTES)?)?;
    let secret = text.trim();
    if secret.is_empty() {
        return Err(std::io::Error::other("the file is empty"));
    }
    Ok(Secret::new(secret))
}

fn text(bytes: &[u8]) -> std::io::Result<Zeroizing<String>> {
    let text = std::str::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests;
