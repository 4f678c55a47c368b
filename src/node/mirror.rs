//! What the mirror is given: the stores, and how collectors are doing, which is for nouns that it does not know.

use std::sync::Arc;

use super::open::{OpenError, Options};
use super::{Node, NodeError};
use crate::clock::Clock;
use crate::fleet::{Presence, Seen};
use crate::jobs::Job;
use crate::limits::{MIRROR_PERIOD_S, UPTIME_DAYS};
use crate::metrics::Metrics;
use crate::mirror::{self, Mirror, MirrorJob, Source, Standing};
use crate::registry::{Collector, Collectors};
use crate::storage::Sqlite;

impl Node {
    /// How the copy in PostgreSQL stands, where one is wanted.
    pub fn mirror_status(&self) -> Result<Option<mirror::Status>, NodeError> {
        Ok(self.mirror.as_ref().map(Mirror::status).transpose()?)
    }
}

/// A job and its period in seconds.
type Timed = (Box<dyn Job>, u64);

/// The mirror and its job, where one is wanted; else an end to what an earlier one noted.
pub(super) fn mirror_job(
    options: &Options,
    db: &Arc<Sqlite>,
    metrics: &Arc<Metrics>,
    clock: &Clock,
    collectors: &Collectors,
    presence: &Arc<Presence>,
) -> Result<Option<(Mirror, Timed)>, OpenError> {
    let Some(options) = &options.mirror else {
        mirror::forget(db)?;
        return Ok(None);
    };
    let (collectors, presence, counted) = (collectors.clone(), Arc::clone(presence), Arc::clone(metrics));
    let standings = move || {
        let all = collectors.list().map_err(|error| error.to_string())?;
        Ok(all.iter().map(|collector| standing(collector, &presence, &counted)).collect())
    };
    let source = Source {
        db: Arc::clone(db),
        metrics: Arc::clone(metrics),
        clock: clock.clone(),
        standings: Box::new(standings),
    };
    let job = MirrorJob::new(options.clone(), source).map_err(OpenError::Mirror)?;
    Ok(Some((job.mirror(), (Box::new(job), MIRROR_PERIOD_S))))
}

fn standing(collector: &Collector, presence: &Presence, metrics: &Metrics) -> Standing {
    let seen = presence.seen(collector.id);
    let verdict = presence.verdict(collector, seen.as_ref());
    let said = seen.as_ref().and_then(|seen| seen.said.as_ref());
    Standing {
        collector: collector.id,
        status: verdict.status.to_string(),
        status_reason: verdict.reason,
        last_heartbeat: seen.as_ref().map(|seen| seen.seen_at),
        hostname: seen.as_ref().and_then(Seen::hostname).map(str::to_owned),
        agent_version: seen.as_ref().and_then(Seen::agent_version).map(str::to_owned),
        database_version: said.and_then(|said| said.database_version.clone()),
        cpu_usage: said.and_then(|said| said.cpu_usage),
        memory_usage: said.and_then(|said| said.memory_usage),
        avg_collection_time_ms: seen.as_ref().and_then(Seen::mean_collection_ms),
        uptime_percentage: presence.total(collector.id, UPTIME_DAYS).percentage(),
        success_count: seen.as_ref().map(|seen| seen.collections_ok),
        error_count: seen.as_ref().map(|seen| seen.collections_failed),
        last_error: said.and_then(|said| said.last_error.clone()),
        metrics_collected: metrics.counter(collector.id).map_or(0, |counter| counter.documents),
    }
}
