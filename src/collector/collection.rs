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

use super::by_database::{ByDatabase, Sender};
use super::config::{Postgres, Probe, ProbeKind, ProbeOptions, Settings};
use super::postgres::{PostgresError, Server};
use super::probes::pg_log::PgLog;
use super::probes::{disk_usage, pg_replication, sysstat};
use super::round::Round;
use super::spool::log_position;
use crate::clock::Clock;
use crate::limits::{CYCLE_TIME, DOCUMENT_BYTES, SOURCE_TIME};

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
    sender: Sender,
    options: ProbeOptions,
    sysstat: sysstat::Sysstat,
    disk_usage: disk_usage::DiskUsage,
    replication: pg_replication::PgReplication,
    log: PgLog,
    /// Databases that failed last time.
    failing: BTreeSet<String>,
}

impl Sources {
    /// `postgres` may be a part of what the settings name, or nothing of it.
    pub(super) fn new(
        settings: &Settings,
        postgres: Option<&Postgres>,
        clock: Clock,
    ) -> Result<Self, PostgresError> {
        // nobody but the supervisor changes it, and only while it keeps what is read here
        let place =
            log_position(&settings.spool.directory).and_then(|place| serde_json::from_value(place).ok());
        Ok(Self {
            clock,
            server: postgres.map(Server::new).transpose()?,
            sender: Sender::of(settings),
            options: settings.probe_options.clone(),
            log: PgLog::new(settings.probe_options.log_directory.clone(), place),
            sysstat: sysstat::Sysstat::new(),
            disk_usage: disk_usage::DiskUsage::default(),
            replication: pg_replication::PgReplication::default(),
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
        let mut collected = Collected::default();
        for kind in due.iter().filter(|kind| !kind.asks_postgres()) {
            if let Some(document) = self.ask_machine(*kind).await {
                collected.take(kind.name(), document, &mut sink).await?;
            }
        }
        if due.contains(&ProbeKind::PgLog) {
            match self.ask_log(started + limit).await {
                Ok(documents) => {
                    for document in documents {
                        collected.take(ProbeKind::PgLog.name(), Ok(document), &mut sink).await?;
                    }
                }
                Err(message) => collected.failed(ProbeKind::PgLog.name().to_owned(), message),
            }
        }
        let kinds: Vec<ProbeKind> = due.iter().copied().filter(|kind| kind.asks_postgres()).collect();
        if let Some(server) = self.server.as_ref().filter(|_| !kinds.is_empty()) {
            let round = Round {
                kinds: &kinds,
                options: &self.options,
                sender: &self.sender,
                clock: &self.clock,
                deadline: started + limit,
                replication: &mut self.replication,
                sink: &mut sink,
                collected: &mut collected,
                answered: BTreeSet::new(),
                gathered: ByDatabase::default(),
            };
            round.ask(server, &mut self.failing).await?;
        }
        collected.duration_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(collected)
    }

    /// `None` for what is not asked of this machine.
    async fn ask_machine(&mut self, kind: ProbeKind) -> Option<Result<Box<RawValue>, String>> {
        let now = self.clock.now();
        match kind {
            ProbeKind::Sysstat => Some(self.sysstat.document(now).await),
            ProbeKind::DiskUsage => Some(self.disk_usage.document(now).await),
            _ => None,
        }
    }

    /// The log goes on being read when the server is away: once it is known where it is, nobody is asked.
    async fn ask_log(&mut self, deadline: Instant) -> Result<Vec<Box<RawValue>>, String> {
        if !self.log.knows_where() {
            let Some(server) = &self.server else {
                return Err("pg_log.directory is not set, and there is no server to ask".to_owned());
            };
            let asking = async {
                let databases = server.databases().await?;
                let database = databases.first().map_or("postgres", String::as_str);
                let mut session = server.connect(database).await?;
                let answer = self.log.ask_where(&mut session).await;
                session.close().await;
                answer
            };
            let deadline = deadline.min(Instant::now() + SOURCE_TIME);
            match timeout_at(deadline, asking).await {
                Ok(answer) => answer.map_err(|error| error.to_string())??,
                Err(_) => return Err("the server did not say in time where its log is".to_owned()),
            }
        }
        self.log.documents(self.clock.now()).await
    }
}

impl Collected {
    pub(super) async fn take(
        &mut self,
        source: &str,
        document: Result<Box<RawValue>, String>,
        sink: &mut impl AsyncFnMut(Box<RawValue>) -> io::Result<()>,
    ) -> io::Result<()> {
        match document {
            Ok(document) if document.get().len() > DOCUMENT_BYTES => {
                let bytes = document.get().len();
                let message = format!("a document of {bytes} bytes is over the limit of {DOCUMENT_BYTES}");
                self.failed(source.to_owned(), message);
                Ok(())
            }
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

    pub(super) fn failed(&mut self, source: String, message: String) {
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
