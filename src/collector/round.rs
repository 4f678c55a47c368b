//! The part of a collection that asks PostgreSQL: one database after the other, one connection at a time.
//!
//! A database that cannot be reached or is slow is skipped and said; a probe that fails there leaves the
//! others alone. A server that is away is tried once.

use std::collections::BTreeSet;
use std::io;

use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::by_database::{ByDatabase, Sender};
use super::collection::Collected;
use super::config::{ProbeKind, ProbeOptions, Scope};
use super::postgres::{PostgresError, Server, Session};
use super::probes::pg_replication::PgReplication;
use super::probes::{
    pg_bloat, pg_cache, pg_connections, pg_extensions, pg_locks, pg_query_stats, pg_schema, pg_stats,
};
use crate::clock::Clock;
use crate::limits::SOURCE_TIME;

pub(super) struct Round<'a, Sink> {
    pub(super) kinds: &'a [ProbeKind],
    pub(super) options: &'a ProbeOptions,
    pub(super) sender: &'a Sender,
    pub(super) clock: &'a Clock,
    pub(super) deadline: Instant,
    pub(super) replication: &'a mut PgReplication,
    /// Where documents go, and what is told of them.
    pub(super) sink: &'a mut Sink,
    pub(super) collected: &'a mut Collected,
    /// Probes of the whole server that have had their answer.
    pub(super) answered: BTreeSet<ProbeKind>,
    pub(super) gathered: ByDatabase,
}

impl<Sink: AsyncFnMut(Box<RawValue>) -> io::Result<()>> Round<'_, Sink> {
    /// Asks all databases, those that failed last time at the end, and notes in `failing` which do now.
    pub(super) async fn ask(mut self, server: &Server, failing: &mut BTreeSet<String>) -> io::Result<()> {
        let before = self.collected.documents;
        let mut databases = match within(self.deadline, server.databases()).await {
            Ok(databases) => databases,
            Err(error) => {
                self.collected.failed("postgres".to_owned(), error.to_string());
                self.collected.is_postgres_silent = true;
                return Ok(());
            }
        };
        databases.sort_by_key(|database| failing.contains(database));
        failing.clear();
        let mut server_is_away = None;
        for database in databases {
            if let Some(reason) = &server_is_away {
                self.collected.failed(format!("postgres/{database}"), format!("skipped: {reason}"));
                failing.insert(database);
                continue;
            }
            if let Err(error) = self.ask_database(server, &database).await? {
                self.collected.failed(format!("postgres/{database}"), error.to_string());
                if error.concerns_the_server() {
                    server_is_away = Some("the server could not be reached for another database");
                } else if Instant::now() >= self.deadline {
                    server_is_away = Some("this collection has reached its deadline");
                }
                failing.insert(database);
            }
            let due = self.gathered.take_due(self.sender);
            self.hand_over(due).await?;
        }
        let rest = self.gathered.take_all(self.sender);
        self.hand_over(rest).await?;
        self.collected.is_postgres_silent = self.collected.documents == before;
        Ok(())
    }

    async fn ask_database(
        &mut self,
        server: &Server,
        database: &str,
    ) -> io::Result<Result<(), PostgresError>> {
        let deadline = self.deadline.min(Instant::now() + SOURCE_TIME);
        let mut session = match within(deadline, server.connect(database)).await {
            Ok(session) => session,
            Err(error) => return Ok(Err(error)),
        };
        self.collected.database_version = Some(session.version.to_string());
        let mut result = Ok(());
        for kind in self.kinds {
            if self.answered.contains(kind) {
                continue;
            }
            match within(deadline, self.answer(&mut session, *kind, database)).await {
                Ok(Some(answer)) => self.take(*kind, database, answer).await?,
                Ok(None) => {}
                Err(error) if error.concerns_the_question_only() => {
                    self.collected.failed(format!("{}/{database}", kind.name()), error.to_string());
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        session.close().await;
        Ok(result)
    }

    /// A document, or the part of one that is this database's; `None` where there is nothing to ask.
    async fn answer(
        &mut self,
        session: &mut Session,
        kind: ProbeKind,
        database: &str,
    ) -> Result<Option<Box<RawValue>>, PostgresError> {
        let now = self.clock.now();
        match kind {
            ProbeKind::Sysstat | ProbeKind::DiskUsage | ProbeKind::PgLog => Ok(None),
            ProbeKind::PgStats => pg_stats::document(session, database, now).await.map(Some),
            ProbeKind::PgQueryStats => pg_query_stats::document(session, database, self.options, now).await,
            ProbeKind::PgReplication => self.replication.document(session, now).await.map(Some),
            ProbeKind::PgConnections => pg_connections::part(session, self.options).await.map(Some),
            ProbeKind::PgLocks => pg_locks::part(session, database).await.map(Some),
            ProbeKind::PgCache => pg_cache::part(session, database).await.map(Some),
            ProbeKind::PgBloat => pg_bloat::part(session, database).await.map(Some),
            ProbeKind::PgExtensions => pg_extensions::part(session).await.map(Some),
            ProbeKind::PgSchema => pg_schema::part(session, database).await.map(Some),
        }
    }

    async fn take(&mut self, kind: ProbeKind, database: &str, answer: Box<RawValue>) -> io::Result<()> {
        match kind.scope() {
            Scope::DatabaseParts => {
                self.gathered.add(kind, database, answer, self.clock.now());
                Ok(())
            }
            Scope::Server => {
                self.answered.insert(kind);
                self.collected.take(kind.name(), Ok(answer), self.sink).await
            }
            Scope::Machine | Scope::Database => self.collected.take(kind.name(), Ok(answer), self.sink).await,
        }
    }

    async fn hand_over(
        &mut self,
        documents: Vec<(ProbeKind, Result<Box<RawValue>, String>)>,
    ) -> io::Result<()> {
        for (kind, document) in documents {
            self.collected.take(kind.name(), document, self.sink).await?;
        }
        Ok(())
    }
}

async fn within<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, PostgresError>>,
) -> Result<T, PostgresError> {
    timeout_at(deadline, work).await.unwrap_or(Err(PostgresError::TooSlow))
}
