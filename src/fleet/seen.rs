//! What was last seen of one collector.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::limits::COLLECTION_TIMES_KEPT;
use crate::wire::Heartbeat;

/// What was last seen of a collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub seen_at: Timestamp,
    /// The last heartbeat, with what earlier ones said of the agent itself where it leaves that out; a collector that
    /// only pushes has none.
    pub said: Option<Heartbeat>,
    /// Who the pushes are from.
    #[serde(default)]
    pub sender: Sender,
    /// Durations of the last collections, in milliseconds, oldest first.
    pub collection_times_ms: VecDeque<f64>,
    /// Collections since registration, over restarts of the agent.
    pub collections_ok: u64,
    pub collections_failed: u64,
    /// Batches that a full spool dropped, as the agent counts them.
    pub spool_dropped: u64,
}

/// Who a push says that it is from: all that is known of a collector of release 3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    pub hostname: Option<String>,
    pub version: Option<String>,
}

impl Seen {
    pub fn at(seen_at: Timestamp) -> Self {
        Self {
            seen_at,
            said: None,
            sender: Sender::default(),
            collection_times_ms: VecDeque::new(),
            collections_ok: 0,
            collections_failed: 0,
            spool_dropped: 0,
        }
    }

    pub fn mean_collection_ms(&self) -> Option<f64> {
        let count = u32::try_from(self.collection_times_ms.len()).ok().filter(|count| *count > 0)?;
        Some(self.collection_times_ms.iter().sum::<f64>() / f64::from(count))
    }

    pub fn max_collection_ms(&self) -> Option<f64> {
        self.collection_times_ms.iter().copied().reduce(f64::max)
    }

    /// A heartbeat knows it better: a push may have waited in a spool while the agent was replaced.
    pub fn hostname(&self) -> Option<&str> {
        let said = self.said.as_ref().and_then(|said| said.hostname.as_deref());
        said.or(self.sender.hostname.as_deref())
    }

    pub fn agent_version(&self) -> Option<&str> {
        let said = self.said.as_ref().and_then(|said| said.agent_version.as_deref());
        said.or(self.sender.version.as_deref())
    }

    pub fn introduce(&mut self, Sender { hostname, version }: Sender) {
        self.sender.hostname = hostname.or_else(|| self.sender.hostname.take());
        self.sender.version = version.or_else(|| self.sender.version.take());
    }

    /// Takes in a heartbeat. The agent counts from its own start, so what it counted before is kept here. What a
    /// heartbeat leaves out has not changed: it may say no more than that the agent is alive.
    pub fn hear(&mut self, mut heartbeat: Heartbeat) {
        let before = self.said.take();
        let ok_before = before.as_ref().and_then(|said| said.collections_ok);
        let failed_before = before.as_ref().and_then(|said| said.collections_failed);
        // who does not count its collections tells of another one each time
        let is_another = heartbeat.collections_ok.is_none_or(|ok| Some(ok) != ok_before);
        if let Some(before) = before {
            complete(&mut heartbeat, before);
        }
        let grown = |now: Option<u64>, before: Option<u64>| {
            let (now, before) = (now.unwrap_or(0), before.unwrap_or(0));
            if now >= before { now - before } else { now }
        };
        self.collections_ok += grown(heartbeat.collections_ok, ok_before);
        self.collections_failed += grown(heartbeat.collections_failed, failed_before);
        if let Some(duration_ms) = heartbeat.collection_time_ms.filter(|_| is_another) {
            if self.collection_times_ms.len() == COLLECTION_TIMES_KEPT {
                self.collection_times_ms.pop_front();
            }
            self.collection_times_ms.push_back(duration_ms);
        }
        self.spool_dropped = heartbeat.spool_dropped.unwrap_or(self.spool_dropped);
        // they are on record elsewhere
        self.said = Some(Heartbeat { gaps: Vec::new(), ..heartbeat });
    }
}

/// What does not change from one moment to the next stays as it was said before.
fn complete(heartbeat: &mut Heartbeat, before: Heartbeat) {
    heartbeat.collections_ok = heartbeat.collections_ok.or(before.collections_ok);
    heartbeat.collections_failed = heartbeat.collections_failed.or(before.collections_failed);
    heartbeat.config_version = heartbeat.config_version.or(before.config_version);
    heartbeat.agent_version = heartbeat.agent_version.take().or(before.agent_version);
    heartbeat.hostname = heartbeat.hostname.take().or(before.hostname);
    heartbeat.database_version = heartbeat.database_version.take().or(before.database_version);
}
