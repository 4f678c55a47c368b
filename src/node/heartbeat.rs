//! A sign of life arrives: the figures are kept as points, the presence is known, the agent is answered.

use super::{Node, NodeError};
use crate::ids::CollectorId;
use crate::metrics::{AcceptError, AgentFigures};
use crate::wire::{Heartbeat, HeartbeatReply};

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
        self.presence.heartbeat(&collector, heartbeat)?;
        Ok(HeartbeatReply {
            received_at,
            server_time: self.clock.now(),
            config_version: collector.config_version,
            commands: self.actions.commands_for(id)?,
        })
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
