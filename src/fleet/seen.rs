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
    /// The last heartbeat; a collector that only pushes has none.
    pub said: Option<Heartbeat>,
    /// Durations of the last collections, in milliseconds, oldest first.
    pub collection_times_ms: VecDeque<f64>,
    /// Collections since registration, over restarts of the agent.
    pub collections_ok: u64,
    pub collections_failed: u64,
    /// Batches that a full spool dropped, as the agent counts them.
    pub spool_dropped: u64,
}

impl Seen {
    pub fn at(seen_at: Timestamp) -> Self {
        Self {
            seen_at,
            said: None,
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

    /// Takes in a heartbeat. The agent counts from its own start, so what it counted before is kept here.
    pub fn hear(&mut self, heartbeat: Heartbeat) {
        let before = self.said.as_ref();
        let grown = |now: Option<u64>, before: Option<u64>| {
            let (now, before) = (now.unwrap_or(0), before.unwrap_or(0));
            if now >= before { now - before } else { now }
        };
        self.collections_ok += grown(heartbeat.collections_ok, before.and_then(|said| said.collections_ok));
        self.collections_failed +=
            grown(heartbeat.collections_failed, before.and_then(|said| said.collections_failed));
        let is_new = before.is_none_or(|said| said.collections_ok != heartbeat.collections_ok);
        if let Some(duration_ms) = heartbeat.collection_time_ms.filter(|_| is_new) {
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
