//! What the supervisor knows of itself and of its worker, for heartbeats and for people.

use tokio::time::Instant;

use crate::clock::{Clock, Timestamp};
use crate::collector::collection::Collected;
use crate::collector::config::Settings;
use crate::collector::host::{self, CpuSample};
use crate::collector::spool::Spool;
use crate::wire::{AgentStatus, Heartbeat, Network};

pub(crate) struct Figures {
    started: Instant,
    started_at: Timestamp,
    cpu: Option<CpuSample>,
    documents: u64,
    collections_ok: u64,
    collections_failed: u64,
    last: Option<Collected>,
    /// Whether the worker is stopped because the daemon said so.
    pub(crate) is_stopped: bool,
    /// Why the worker does not work: a crash loop.
    pub(crate) worker_error: Option<String>,
    /// Why the last push was not taken.
    pub(crate) uplink_error: Option<String>,
    /// Why the last batch could not be kept.
    pub(crate) spool_error: Option<String>,
    database_version: Option<String>,
}

impl Figures {
    pub(crate) fn new(clock: &Clock) -> Self {
        Self {
            started: Instant::now(),
            started_at: clock.now(),
            cpu: CpuSample::take().ok(),
            documents: 0,
            collections_ok: 0,
            collections_failed: 0,
            last: None,
            is_stopped: false,
            worker_error: None,
            uplink_error: None,
            spool_error: None,
            database_version: None,
        }
    }

    /// A collection is over.
    pub(crate) fn collected(&mut self, collected: Collected) {
        self.documents += collected.documents;
        // one database of many that is closed to us does not make the collection a failed one
        if collected.is_postgres_silent || collected.documents == 0 {
            self.collections_failed += 1;
        } else {
            self.collections_ok += 1;
        }
        if collected.database_version.is_some() {
            self.database_version.clone_from(&collected.database_version);
        }
        self.last = Some(collected);
    }

    /// What to worry about, the worst first.
    fn last_error(&self) -> Option<String> {
        let failure = self.last.as_ref().and_then(|last| last.failures.first());
        let failure = failure.map(|failure| format!("{}: {}", failure.source, failure.message));
        let errors = [&self.worker_error, &self.spool_error, &failure, &self.uplink_error];
        errors.into_iter().find_map(Clone::clone)
    }

    /// What people wait for: the status, and the first collection with what it found out.
    pub(crate) fn news(&self) -> (AgentStatus, bool) {
        (self.status(), self.last.is_some())
    }

    fn status(&self) -> AgentStatus {
        let is_silent = self.last.as_ref().is_some_and(|last| last.is_postgres_silent);
        if self.is_stopped {
            AgentStatus::Stopped
        } else if self.worker_error.is_some() || self.spool_error.is_some() || is_silent {
            AgentStatus::Error
        } else {
            AgentStatus::Active
        }
    }

    /// One line for systemd.
    pub(crate) fn line(&self) -> String {
        let error = self.last_error().map(|error| format!("; {error}")).unwrap_or_default();
        format!("{} documents since {}{error}", self.documents, self.started_at)
    }

    /// The heartbeat of this moment. Percentages are of the time since the one before.
    pub(crate) fn heartbeat(&mut self, settings: &Settings, spool: &Spool, now: Timestamp) -> Heartbeat {
        let last = self.last.as_ref();
        Heartbeat {
            timestamp: now,
            status: self.status(),
            metrics_count: Some(self.documents),
            memory_usage: host::memory_percent().ok(),
            network: network(),
            uptime_seconds: Some(self.started.elapsed().as_secs()),
            collections_ok: Some(self.collections_ok),
            collections_failed: Some(self.collections_failed),
            collection_time_ms: last.map(|last| last.duration_ms),
            last_collection_count: last.map(|last| last.documents),
            spool_bytes: Some(spool.bytes()),
            spool_dropped: Some(spool.dropped()),
            gaps: spool.gaps(),
            config_version: None,
            agent_version: Some(crate::collector::VERSION.to_owned()),
            hostname: Some(settings.hostname.clone()),
            database_version: self.database_version.clone(),
            refused_config_version: None,
            refused_config_reason: None,
            last_error: self.last_error(),
            cpu_usage: self.cpu_percent(),
        }
    }

    fn cpu_percent(&mut self) -> Option<f64> {
        let sample = CpuSample::take().ok()?;
        let earlier = self.cpu.replace(sample.clone())?;
        sample.since(&earlier).map(|shares| shares.busy())
    }
}

fn network() -> Option<Network> {
    let interfaces = host::interfaces().ok()?;
    Some(Network {
        sent_bytes: interfaces.iter().map(|interface| interface.sent_bytes).sum(),
        received_bytes: interfaces.iter().map(|interface| interface.received_bytes).sum(),
    })
}
