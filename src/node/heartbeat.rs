//! A sign of life arrives: the figures are kept as points, the presence is known, the agent is answered.

use uuid::Uuid;

use super::{Node, NodeError};
use crate::ids::CollectorId;
use crate::metrics::{AcceptError, AgentFigures};
use crate::registry::Collector;
use crate::storage::StoreError;
use crate::wire::{Gap, Heartbeat, HeartbeatReply};

impl Node {
    /// Takes in a heartbeat. What it says of the agent's host is durable when this returns, unless
    /// there is no room for it.
    pub fn heartbeat(&self, id: CollectorId, heartbeat: &Heartbeat) -> Result<HeartbeatReply, NodeError> {
        let collector = self.collectors.get(id)?;
        let received_at = self.clock.now();
        match self.metrics.record_agent(id, received_at, &figures(heartbeat)) {
            // a full disk costs points of a chart; the agent is alive nevertheless, and needs its commands
            Err(error @ (AcceptError::StorageFull(_) | AcceptError::Busy)) => {
                tracing::debug!(collector = %id, %error, "the figures of a heartbeat are not kept");
            }
            recorded => recorded?,
        }
        let recorded_gaps = self.record_gaps(id, &heartbeat.gaps)?;
        let has_changed = self.note_config(&collector, heartbeat)?;
        self.presence.heartbeat(&collector, heartbeat)?;
        let collector = if has_changed { self.collectors.get(id)? } else { collector };
        let offered = self.collectors.offered(collector)?;
        Ok(HeartbeatReply {
            received_at,
            server_time: self.clock.now(),
            config_version: offered.config_version,
            commands: self.actions.commands_for(id)?,
            recorded_gaps,
        })
    }

    /// What the agent lost for good goes on record. On a full disk it does not, and is told again.
    fn record_gaps(&self, id: CollectorId, gaps: &[Gap]) -> Result<Vec<Uuid>, NodeError> {
        match self.gaps.declare(id, gaps) {
            Err(StoreError::Full) => return Ok(Vec::new()),
            declared => declared?,
        }
        for Gap { reason, first_at, last_at, documents, .. } in gaps {
            tracing::warn!(collector = %id, %reason, %first_at, %last_at, documents, "an agent has lost documents");
        }
        Ok(gaps.iter().map(|gap| gap.id).collect())
    }

    /// What the agent says of its configuration is written down when it is news. Returns whether it was.
    fn note_config(&self, collector: &Collector, heartbeat: &Heartbeat) -> Result<bool, NodeError> {
        let before = self.presence.seen(collector.id).and_then(|seen| seen.said);
        let (applied_before, refused_before) =
            before.map_or((None, None), |said| (said.config_version, said.refused_config_version));
        let news = |now: Option<u64>, before: Option<u64>| {
            now.filter(|version| now != before && (1..=collector.config_version).contains(version))
        };
        let applied = news(heartbeat.config_version, applied_before);
        let refused = news(heartbeat.refused_config_version, refused_before);
        if let Some(version) = applied {
            self.collectors.config_applied(collector.id, version)?;
        }
        if let Some(version) = refused {
            let because = heartbeat.refused_config_reason.as_deref().unwrap_or("the agent gave no reason");
            self.collectors.note_refused_config(collector.id, version, because)?;
        }
        Ok(applied.is_some() || refused.is_some())
    }
}

fn figures(heartbeat: &Heartbeat) -> AgentFigures {
    AgentFigures {
        cpu_usage: heartbeat.cpu_usage,
        memory_usage: heartbeat.memory_usage,
        network_sent_bytes: heartbeat.network.map(|network| network.sent_bytes),
        network_received_bytes: heartbeat.network.map(|network| network.received_bytes),
        collection_time_ms: heartbeat.collection_time_ms,
        queries_per_collection: heartbeat.last_collection_count,
        uptime_seconds: heartbeat.uptime_seconds,
    }
}
