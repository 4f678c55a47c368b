//! One collection: every source that is due is asked once, one after the other, until the deadline.
//!
//! A source that fails or is slow is skipped and said; it never keeps the others waiting for longer than
//! its own limit. Sources that failed last time come last this time. It knows neither the pipe nor the
//! daemon: documents go to whoever asked.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::config::{Postgres, Probe, ProbeKind};
use super::postgres::{PostgresError, Server, Session};
use super::probes::{disk_usage, pg_stats, sysstat};
use crate::clock::Clock;
use crate::limits::{CYCLE_TIME, SOURCE_TIME};

/// How a collection went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Collected {
    pub(super) duration_ms: f64,
    pub(super) documents: u64,
    pub(super) failures: Vec<Failure>,
    /// PostgreSQL was asked and not one database gave a document.
    pub(super) is_postgres_silent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) database_version: Option<String>,
}

/// A source that gave nothing, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) source: String,
    pub(super) message: String,
}

/// The sources of one agent, with what they remember between two collections.
pub(super) struct Sources {
    clock: Clock,
    server: Option<Server>,
    sysstat: sysstat::Sysstat,
    disk_usage: disk_usage::DiskUsage,
    /// Databases that failed last time.
    failing: BTreeSet<String>,
}

impl Sources {
    pub(super) fn new(postgres: Option<&Postgres>, clock: Clock) -> Result<Self, PostgresError> {
        Ok(Self {
            clock,
            server: postgres.map(Server::new).transpose()?,
            sysstat: sysstat::Sysstat::new(),
            disk_usage: disk_usage::DiskUsage::default(),
            failing: BTreeSet::new(),
        })
    }

    /// Asks every due source; each document goes to `sink` as soon as it is there.
    ///
    /// # Errors
    /// Those of the sink only. What goes wrong with a source is part of the result.
    pub(super) async fn collect(
        &mut self,
        due: &[ProbeKind],
        limit: Duration,
        mut sink: impl AsyncFnMut(Box<RawValue>) -> io::Result<()>,
    ) -> io::Result<Collected> {
        let started = Instant::now();
        let deadline = started + limit;
        let mut collected = Collected::default();
        for kind in due.iter().filter(|kind| !kind.asks_postgres()) {
            let document = self.ask_host(*kind).await;
            collected.take(kind.name(), document, &mut sink).await?;
        }
        let kinds: Vec<ProbeKind> = due.iter().copied().filter(|kind| kind.asks_postgres()).collect();
        if !kinds.is_empty() && self.server.is_some() {
            self.ask_postgres(&kinds, deadline, &mut collected, &mut sink).await?;
        }
        collected.duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(collected)
    }

    async fn ask_host(&mut self, kind: ProbeKind) -> Result<Box<RawValue>, String> {
        let now = self.clock.now();
        match kind {
            ProbeKind::Sysstat => self.sysstat.document(now).await,
            ProbeKind::DiskUsage => self.disk_usage.document(now).await,
            ProbeKind::PgStats => Err("is asked of a database".to_owned()),
        }
    }

    async fn ask_postgres(
        &mut self,
        kinds: &[ProbeKind],
        deadline: Instant,
        collected: &mut Collected,
        sink: &mut impl AsyncFnMut(Box<RawValue>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        let before = collected.documents;
        let mut databases = match within(deadline, server.databases()).await {
            Ok(databases) => databases,
            Err(error) => {
                collected.failed("postgres".to_owned(), error.to_string());
                collected.is_postgres_silent = true;
                return Ok(());
            }
        };
        databases.sort_by_key(|database| self.failing.contains(database));
        let mut failing = BTreeSet::new();
        let mut server_is_away = None;
        for database in databases {
            if let Some(reason) = &server_is_away {
                collected.failed(format!("postgres/{database}"), format!("skipped: {reason}"));
                failing.insert(database);
                continue;
            }
            if let Err(error) =
                ask_database(server, &database, kinds, deadline, &self.clock, collected, sink).await?
            {
                collected.failed(format!("postgres/{database}"), error.to_string());
                if error.concerns_the_server() {
                    server_is_away = Some("the server could not be reached for another database");
                } else if Instant::now() >= deadline {
                    server_is_away = Some("this collection has reached its deadline");
                }
                failing.insert(database);
            }
        }
        self.failing = failing;
        collected.is_postgres_silent = collected.documents == before;
        Ok(())
    }
}

/// One connection, every probe that is due, one after the other.
async fn ask_database(
    server: &Server,
    database: &str,
    kinds: &[ProbeKind],
    deadline: Instant,
    clock: &Clock,
    collected: &mut Collected,
    sink: &mut impl AsyncFnMut(Box<RawValue>) -> io::Result<()>,
) -> io::Result<Result<(), PostgresError>> {
    let deadline = deadline.min(Instant::now() + SOURCE_TIME);
    let mut session = match within(deadline, server.connect(database)).await {
        Ok(session) => session,
        Err(error) => return Ok(Err(error)),
    };
    collected.database_version = Some(session.version.to_string());
    let mut result = Ok(());
    for kind in kinds {
        match within(deadline, ask(&mut session, *kind, database, clock)).await {
            Ok(document) => collected.take(kind.name(), Ok(document), sink).await?,
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    session.close().await;
    Ok(result)
}

async fn ask(
    session: &mut Session,
    kind: ProbeKind,
    database: &str,
    clock: &Clock,
) -> Result<Box<RawValue>, PostgresError> {
    match kind {
        ProbeKind::PgStats => pg_stats::document(session, database, clock.now()).await,
        ProbeKind::Sysstat | ProbeKind::DiskUsage => Err(PostgresError::NotAQuestion(kind.name())),
    }
}

async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, PostgresError>>,
) -> Result<T, PostgresError> {
    timeout_at(deadline, work).await.unwrap_or(Err(PostgresError::TooSlow))
}

impl Collected {
    async fn take(
        &mut self,
        source: &str,
        document: Result<Box<RawValue>, String>,
        sink: &mut impl AsyncFnMut(Box<RawValue>) -> io::Result<()>,
    ) -> io::Result<()> {
        match document {
            Ok(document) => {
                self.documents += 1;
                sink(document).await
            }
            Err(message) => {
                self.failed(source.to_owned(), message);
                Ok(())
            }
        }
    }

    fn failed(&mut self, source: String, message: String) {
        self.failures.push(Failure { source, message });
    }
}

/// How long a collection may take, so that it is over before the next one.
pub(super) fn cycle_limit(probes: &[Probe]) -> Duration {
    let shortest = probes.iter().map(|probe| probe.interval).min();
    shortest.map_or(CYCLE_TIME, |interval| CYCLE_TIME.min(interval.mul_f64(0.9)))
}

/// A document as the text that will be pushed.
pub(super) fn to_document(value: &impl Serialize) -> Result<Box<RawValue>, serde_json::Error> {
    serde_json::value::to_raw_value(value)
}
