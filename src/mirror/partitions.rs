//! The partitions of the tables of metrics, by the time of receiving: made before they are needed.
//!
//! It guarantees: a partition is attached without keeping readers or other sites waiting. Tables that are not
//! partitioned, as those of an extension, are left alone.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::Client;

use super::schema::LOCK;
use super::{MirrorError, Span};
use crate::clock::Timestamp;
use crate::postgres::in_words;

const TABLES: [&str; 2] = ["collector_metrics", "collector_metrics_archive"];
/// How long before a span begins its partition is there.
const AHEAD: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) struct Partitions {
    span: Span,
    /// Whether the tables have partitions at all.
    are_used: bool,
    /// Beginnings of spans that are there.
    known: BTreeSet<String>,
}

impl Partitions {
    pub(super) async fn find(client: &Client, span: Span) -> Result<Self, MirrorError> {
        let sql = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass('collector_metrics')";
        let are_used = client.query_opt(sql, &[]).await?.is_some_and(|row| row.get(0));
        Ok(Self { span, are_used, known: BTreeSet::new() })
    }

    /// Makes what these moments need, and what comes a week later.
    pub(super) async fn prepare(
        &mut self,
        client: &mut Client,
        moments: impl Iterator<Item = Timestamp>,
    ) -> Result<(), MirrorError> {
        if !self.are_used {
            return Ok(());
        }
        let spans: BTreeSet<(String, String)> =
            moments.flat_map(|moment| [moment, moment.plus(AHEAD)]).map(|at| self.span.around(at)).collect();
        for (begin, end) in spans {
            if self.known.contains(&begin) {
                continue;
            }
            for table in TABLES {
                attach(client, table, &begin, &end).await?;
            }
            self.known.insert(begin);
        }
        Ok(())
    }
}

/// Attaching takes a lock that readers and writers of the table do not feel; creating it in place would not.
async fn attach(client: &mut Client, table: &str, begin: &str, end: &str) -> Result<(), MirrorError> {
    let name = format!("{table}_{}", begin.replace('-', "_"));
    let tx = client.transaction().await?;
    tx.batch_execute(LOCK).await?;
    let sql = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass($1::text))";
    if tx.query_one(sql, &[&name]).await?.get(0) {
        return Ok(());
    }
    let create = format!("CREATE TABLE IF NOT EXISTS {name} (LIKE {table} INCLUDING ALL)");
    tx.batch_execute(&create).await?;
    let attach = format!(
        "ALTER TABLE {table} ATTACH PARTITION {name}
             FOR VALUES FROM ('{begin} 00:00:00+00') TO ('{end} 00:00:00+00')"
    );
    match tx.batch_execute(&attach).await {
        Ok(()) => Ok(tx.commit().await?),
        // the time is in another partition, as after a change of their length, or as a site has it
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::INVALID_OBJECT_DEFINITION) => {
            tracing::debug!(table, begin, error = in_words(&error), "a partition is not needed");
            Ok(tx.rollback().await?)
        }
        Err(error) => Err(error.into()),
    }
}
