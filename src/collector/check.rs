//! `check`: tries every source once and says what is missing, with the statement that gives it.

use serde::Serialize;

use super::collection::Sources;
use super::config::{Postgres, ProbeKind, Settings};
use super::postgres::{PostgresError, Server, Session};
use super::probes::pg_query_stats::{self, Missing};
use super::uplink::Client;
use crate::clock::Clock;
use crate::limits::SOURCE_TIME;

/// What came of one source.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) source: String,
    pub(super) ok: bool,
    pub(super) message: String,
    /// The statement that would help, to be run by an administrator of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<String>,
    /// The same for something else than a right, such as an extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<String>,
}

impl Finding {
    fn good(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self { source: source.into(), ok: true, message: message.into(), grant: None, statement: None }
    }

    fn bad(source: impl Into<String>, message: impl Into<String>) -> Self {
        Self { source: source.into(), ok: false, message: message.into(), grant: None, statement: None }
    }

    fn failed(source: impl Into<String>, error: &PostgresError) -> Self {
        Self { grant: error.grant().map(str::to_owned), ..Self::bad(source, error.to_string()) }
    }
}

/// Tries the machine, every database and, where the agent is registered, the daemon.
pub(super) async fn run(settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    for probe in settings.probes.iter().filter(|probe| !probe.kind.asks_postgres()) {
        findings.push(host(probe.kind, settings, clock).await);
    }
    match &settings.postgres {
        None => {
            findings.push(Finding::good("postgres", "not configured: this agent watches its machine only"));
        }
        Some(postgres) => findings.extend(server(postgres, settings, clock).await),
    }
    match &settings.uplink {
        None => findings.push(Finding::good("backend", "not tried: the agent is not registered yet")),
        Some(uplink) => {
            let tried = match Client::new(uplink, &settings.spool.directory, clock.clone()) {
                Ok(client) => client.try_access().await,
                Err(error) => Err(error),
            };
            let address = uplink.backend.url.to_string();
            findings.push(match tried {
                Ok(()) => Finding::good("backend", format!("{address} lets {} in", uplink.id)),
                Err(error) => Finding::bad("backend", error.to_string()),
            });
        }
    }
    findings
}

async fn host(kind: ProbeKind, settings: &Settings, clock: &Clock) -> Finding {
    let sources = Sources::new(settings, settings.postgres.as_ref(), clock.clone());
    let collected = match sources {
        Ok(mut sources) => sources.collect(&[kind], SOURCE_TIME, async |_| Ok(())).await,
        Err(error) => return Finding::failed(kind.name(), &error),
    };
    match collected.map(|collected| collected.failures) {
        Ok(failures) => match failures.first() {
            None => Finding::good(kind.name(), "can be read"),
            Some(failure) => Finding::bad(kind.name(), failure.message.clone()),
        },
        Err(error) => Finding::bad(kind.name(), error.to_string()),
    }
}

async fn server(postgres: &Postgres, settings: &Settings, clock: &Clock) -> Vec<Finding> {
    let (server, databases) = match Server::new(postgres) {
        Ok(server) => {
            let databases = server.databases().await;
            (server, databases)
        }
        Err(error) => return vec![Finding::failed("postgres", &error)],
    };
    let databases = match databases {
        Ok(databases) => databases,
        Err(error) => return vec![Finding::failed("postgres", &error)],
    };
    let mut findings = Vec::new();
    let mut has_asked_for_grants = false;
    for database in databases {
        match server.connect(&database).await {
            Ok(mut session) => {
                if !has_asked_for_grants {
                    has_asked_for_grants = true;
                    findings.extend(grants(&server, session.missing_grants(server.user()).await));
                }
                if settings.probes.iter().any(|probe| probe.kind == ProbeKind::PgQueryStats) {
                    findings.extend(query_stats(&mut session, &database).await);
                }
                session.close().await;
                findings.push(collect_one(postgres, &database, settings, clock).await);
            }
            Err(error) => findings.push(Finding::failed(format!("postgres/{database}"), &error)),
        }
    }
    findings
}

fn grants(server: &Server, missing: Result<Vec<String>, PostgresError>) -> Vec<Finding> {
    match missing {
        Ok(missing) if missing.is_empty() => {
            vec![Finding::good(
                "postgres",
                format!("{} has the rights of pg_monitor on {}", server.user(), server.address()),
            )]
        }
        Ok(missing) => missing
            .into_iter()
            .map(|grant| Finding {
                message: format!("{} lacks a right on {}", server.user(), server.address()),
                grant: Some(grant),
                ..Finding::bad("postgres", "")
            })
            .collect(),
        Err(error) => vec![Finding::failed("postgres", &error)],
    }
}

/// A probe that has nothing to ask is skipped, which is no failure.
async fn query_stats(session: &mut Session, database: &str) -> Option<Finding> {
    let source = format!("{}/{database}", ProbeKind::PgQueryStats.name());
    match pg_query_stats::missing(session).await {
        Ok(None) => None,
        Ok(Some(Missing { message, statement, is_right: true })) => {
            Some(Finding { grant: Some(statement), ..Finding::bad(source, message) })
        }
        Ok(Some(Missing { message, statement, is_right: false })) => Some(Finding {
            statement: Some(statement),
            ..Finding::good(source, format!("skipped: {message}"))
        }),
        Err(error) => Some(Finding::failed(source, &error)),
    }
}

/// One collection of one database, as the worker would do it.
async fn collect_one(postgres: &Postgres, database: &str, settings: &Settings, clock: &Clock) -> Finding {
    let source = format!("postgres/{database}");
    let only = Postgres {
        databases: super::config::Databases::Named(vec![database.to_owned()]),
        ..postgres.clone()
    };
    let kinds: Vec<ProbeKind> =
        settings.probes.iter().map(|probe| probe.kind).filter(|kind| kind.asks_postgres()).collect();
    let mut sources = match Sources::new(settings, Some(&only), clock.clone()) {
        Ok(sources) => sources,
        Err(error) => return Finding::failed(source, &error),
    };
    match sources.collect(&kinds, SOURCE_TIME, async |_| Ok(())).await {
        Ok(collected) => match collected.failures.first() {
            None => {
                let version = collected.database_version.unwrap_or_default();
                Finding::good(source, format!("{} document(s) from {version}", collected.documents))
            }
            Some(failure) => Finding::bad(source, failure.message.clone()),
        },
        Err(error) => Finding::bad(source, error.to_string()),
    }
}
