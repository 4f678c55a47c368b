//! A collector as the API shows it: what the registry, the presence and the store know, in one object.

use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Timestamp;
use crate::fleet::{Seen, Verdict};
use crate::ids::{CollectorId, GroupId};
use crate::node::CollectorReport;
use crate::registry::{Group, LogLevel};
use crate::wire::Network;

/// Bytes since the agent's host started; null until an agent has said them.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub(super) struct NetworkBytesView {
    sent_bytes: Option<u64>,
    received_bytes: Option<u64>,
}

impl NetworkBytesView {
    fn of(said: Option<Network>) -> Self {
        Self {
            sent_bytes: said.map(|network| network.sent_bytes),
            received_bytes: said.map(|network| network.received_bytes),
        }
    }
}

/// A collector with its one status.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct CollectorView {
    #[schema(value_type = String)]
    pub(super) id: CollectorId,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) environment: &'static str,
    pub(super) group: Option<GroupBadge>,
    pub(super) description: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) ssl_mode: &'static str,
    pub(super) tags: Vec<String>,
    /// Seconds.
    pub(super) collection_interval: u32,
    pub(super) query_limit: u32,
    /// Where the collector stands in its life: registered, running, stopped, error, archived.
    pub(super) state: &'static str,
    /// How it is doing: online, slow, offline, stopped, pending, error, restarting, stopping, archived.
    pub(super) status: &'static str,
    pub(super) status_reason: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_heartbeat: Option<Timestamp>,
    pub(super) last_error: Option<String>,
    pub(super) error_count: u64,
    pub(super) success_count: u64,
    /// Percent; null before the first collection.
    pub(super) success_rate: Option<f64>,
    /// Documents stored.
    pub(super) metrics_collected: u64,
    /// Percent of the known time of the last 30 days; null until something is known.
    pub(super) uptime_percentage: Option<f64>,
    /// Percent of the agent's host.
    pub(super) cpu_usage: Option<f64>,
    /// Percent of the agent's host.
    pub(super) memory_usage: Option<f64>,
    pub(super) network: NetworkBytesView,
    pub(super) avg_collection_time_ms: Option<f64>,
    pub(super) max_collection_time_ms: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_collection_at: Option<Timestamp>,
    pub(super) last_collection_count: Option<u64>,
    pub(super) database_version: Option<String>,
    pub(super) agent_version: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) config_version: u64,
    pub(super) applied_config_version: Option<u64>,
    /// Why the agent refused the present version of its configuration, if it did.
    pub(super) config_error: Option<String>,
    /// Types of documents that the agent collects; null: all that it has.
    pub(super) enabled_types: Option<Vec<String>>,
    /// error, warn, info, debug; null: as the agent's own file says.
    pub(super) log_level: Option<&'static str>,
    pub(super) registered_by: String,
    #[schema(value_type = String, format = DateTime)]
    pub(super) registered_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    pub(super) last_modified_at: Timestamp,
    pub(super) stop_reason: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) stopped_until: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) last_restart_at: Option<Timestamp>,
    pub(super) restart_count: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) token_expires_at: Option<Timestamp>,
}

#[derive(Clone, Serialize, ToSchema)]
pub(super) struct GroupBadge {
    #[schema(value_type = String)]
    pub(super) id: GroupId,
    pub(super) name: String,
    pub(super) color: String,
    pub(super) icon: String,
}

impl From<Group> for GroupBadge {
    fn from(group: Group) -> Self {
        Self { id: group.id, name: group.name, color: group.color, icon: group.icon }
    }
}

impl From<CollectorReport> for CollectorView {
    fn from(report: CollectorReport) -> Self {
        let CollectorReport { collector, group, seen, verdict: Verdict { status, reason }, uptime, counter } =
            report;
        let said = seen.as_ref().and_then(|seen| seen.said.clone());
        let (ok, failed) =
            seen.as_ref().map_or((0, 0), |seen| (seen.collections_ok, seen.collections_failed));
        Self {
            id: collector.id,
            name: collector.name,
            kind: collector.kind.as_str(),
            environment: collector.environment.as_str(),
            group: group.map(GroupBadge::from),
            description: collector.description,
            host: collector.host,
            port: collector.port,
            database: collector.database,
            username: collector.username,
            ssl_mode: collector.ssl_mode.as_str(),
            tags: collector.tags,
            collection_interval: collector.collection_interval,
            query_limit: collector.query_limit,
            state: collector.state.as_str(),
            status: status.as_str(),
            status_reason: reason,
            last_heartbeat: seen.as_ref().map(|seen| seen.seen_at),
            last_error: said.as_ref().and_then(|said| said.last_error.clone()),
            error_count: failed,
            success_count: ok,
            success_rate: percent(ok, ok + failed),
            metrics_collected: counter.map_or(0, |counter| counter.documents),
            uptime_percentage: uptime.percentage(),
            cpu_usage: said.as_ref().and_then(|said| said.cpu_usage),
            memory_usage: said.as_ref().and_then(|said| said.memory_usage),
            network: NetworkBytesView::of(said.as_ref().and_then(|said| said.network)),
            avg_collection_time_ms: seen.as_ref().and_then(Seen::mean_collection_ms),
            max_collection_time_ms: seen.as_ref().and_then(Seen::max_collection_ms),
            last_collection_at: counter.map(|counter| counter.last_push_received_at),
            last_collection_count: said
                .as_ref()
                .and_then(|said| said.last_collection_count)
                .or(counter.map(|counter| counter.last_push_documents)),
            database_version: said.as_ref().and_then(|said| said.database_version.clone()),
            agent_version: seen.as_ref().and_then(Seen::agent_version).map(str::to_owned),
            hostname: seen.as_ref().and_then(Seen::hostname).map(str::to_owned),
            config_version: collector.config_version,
            applied_config_version: said.as_ref().and_then(|said| said.config_version),
            config_error: collector.config_error,
            enabled_types: collector.enabled_types,
            log_level: collector.log_level.map(LogLevel::as_str),
            registered_by: collector.registered_by,
            registered_at: collector.registered_at,
            last_modified_at: collector.last_modified_at,
            stop_reason: collector.control.stop_reason,
            stopped_until: collector.control.stopped_until,
            last_restart_at: collector.control.last_restart_at,
            restart_count: collector.control.restart_count,
            token_expires_at: collector.token_expires_at,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage does not need 53 bits")]
fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}
