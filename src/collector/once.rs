//! `once`: one collection as JSON, in the shape of a push.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use super::collection::{Failure, Sources, cycle_limit};
use super::config::{ProbeKind, Settings};
use super::postgres::PostgresError;
use crate::clock::{Clock, Timestamp};

#[derive(Serialize)]
struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    collector_id: Option<String>,
    hostname: String,
    timestamp: Timestamp,
    version: &'static str,
    metrics_count: usize,
    metrics: Vec<Box<RawValue>>,
    /// Sources that gave nothing, and why.
    failures: Vec<Failure>,
}

/// What came of it: everything, a part, nothing.
pub(super) enum Outcome {
    All,
    Part,
    Nothing,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum OnceError {
    #[error("cannot start collecting: {0}")]
    Sources(#[from] PostgresError),
    #[error("cannot print the collection: {0}")]
    Output(#[from] io::Error),
}

pub(super) async fn run(
    settings: &Settings,
    clock: Clock,
    out: &mut impl Write,
) -> Result<Outcome, OnceError> {
    let timestamp = clock.now();
    let mut sources = Sources::new(settings, settings.postgres.as_ref(), clock)?;
    let kinds: Vec<ProbeKind> = settings.probes.iter().map(|probe| probe.kind).collect();
    let mut metrics = Vec::new();
    let collected = sources
        .collect(&kinds, cycle_limit(&settings.probes), async |document| {
            metrics.push(document);
            Ok(())
        })
        .await?;
    let outcome = match (metrics.is_empty(), collected.failures.is_empty()) {
        (_, true) => Outcome::All,
        (false, false) => Outcome::Part,
        (true, false) => Outcome::Nothing,
    };
    let output = Output {
        collector_id: settings.uplink.as_ref().map(|uplink| uplink.id.to_string()),
        hostname: settings.hostname.clone(),
        timestamp,
        version: super::VERSION,
        metrics_count: metrics.len(),
        metrics,
        failures: collected.failures,
    };
    serde_json::to_writer_pretty(&mut *out, &output).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(outcome)
}
