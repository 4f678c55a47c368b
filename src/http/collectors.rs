//! Reading collectors over HTTP: the list with its filters, and one of them.

use std::cmp::Ordering;
use std::collections::HashMap;

use actix_web::http::header::{ETAG, EntityTag};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::{Seen, Status, Verdict};
use crate::ids::{CollectorId, GroupId};
use crate::limits::{LIST_LIMIT, SEARCH_CHARS};
use crate::names::named;
use crate::node::{CollectorReport, Node};
use crate::registry::{Environment, Group, LogLevel};
use crate::wire::Network;

/// A collector with its one status.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct CollectorView {
    #[schema(value_type = String)]
    id: CollectorId,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    environment: &'static str,
    group: Option<GroupBadge>,
    description: String,
    host: String,
    port: u16,
    database: String,
    username: String,
    ssl_mode: &'static str,
    tags: Vec<String>,
    /// Seconds.
    collection_interval: u32,
    query_limit: u32,
    /// Where the collector stands in its life: registered, running, stopped, error, archived.
    state: &'static str,
    /// How it is doing: online, slow, offline, stopped, pending, error, restarting, stopping, archived.
    status: &'static str,
    status_reason: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_heartbeat: Option<Timestamp>,
    last_error: Option<String>,
    error_count: u64,
    success_count: u64,
    /// Percent; null before the first collection.
    success_rate: Option<f64>,
    /// Documents stored.
    metrics_collected: u64,
    /// Percent; null until there is a history of availability.
    uptime_percentage: Option<f64>,
    /// Percent of the agent's host.
    cpu_usage: Option<f64>,
    /// Percent of the agent's host.
    memory_usage: Option<f64>,
    #[schema(value_type = Option<Object>)]
    network: Option<Network>,
    avg_collection_time_ms: Option<f64>,
    max_collection_time_ms: Option<f64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_collection_at: Option<Timestamp>,
    last_collection_count: Option<u64>,
    database_version: Option<String>,
    agent_version: Option<String>,
    hostname: Option<String>,
    config_version: u64,
    applied_config_version: Option<u64>,
    /// Why the agent refused the present version of its configuration, if it did.
    config_error: Option<String>,
    /// Types of documents that the agent collects; null: all that it has.
    enabled_types: Option<Vec<String>>,
    /// error, warn, info, debug; null: as the agent's own file says.
    log_level: Option<&'static str>,
    registered_by: String,
    #[schema(value_type = String, format = DateTime)]
    registered_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_modified_at: Timestamp,
    stop_reason: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped_until: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_restart_at: Option<Timestamp>,
    restart_count: u32,
    #[schema(value_type = Option<String>, format = DateTime)]
    token_expires_at: Option<Timestamp>,
}

#[derive(Clone, Serialize, ToSchema)]
pub(super) struct GroupBadge {
    #[schema(value_type = String)]
    id: GroupId,
    name: String,
    color: String,
    icon: String,
}

impl From<Group> for GroupBadge {
    fn from(group: Group) -> Self {
        Self { id: group.id, name: group.name, color: group.color, icon: group.icon }
    }
}

impl From<CollectorReport> for CollectorView {
    fn from(report: CollectorReport) -> Self {
        let CollectorReport { collector, group, seen, verdict: Verdict { status, reason }, counter } = report;
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
            uptime_percentage: None,
            cpu_usage: said.as_ref().and_then(|said| said.cpu_usage),
            memory_usage: said.as_ref().and_then(|said| said.memory_usage),
            network: said.as_ref().and_then(|said| said.network),
            avg_collection_time_ms: seen.as_ref().and_then(Seen::mean_collection_ms),
            max_collection_time_ms: seen.as_ref().and_then(Seen::max_collection_ms),
            last_collection_at: counter.map(|counter| counter.last_push_received_at),
            last_collection_count: said
                .as_ref()
                .and_then(|said| said.last_collection_count)
                .or(counter.map(|counter| counter.last_push_documents)),
            database_version: said.as_ref().and_then(|said| said.database_version.clone()),
            agent_version: said.as_ref().and_then(|said| said.agent_version.clone()),
            hostname: said.as_ref().and_then(|said| said.hostname.clone()),
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

#[derive(Serialize, ToSchema)]
pub(super) struct CollectorList {
    collectors: Vec<CollectorView>,
    page: usize,
    limit: usize,
    /// Collectors that match, on all pages.
    total: usize,
    summary: Summary,
}

/// Counts over all collectors, whatever the filter.
#[derive(Serialize, ToSchema)]
pub(super) struct Summary {
    total: usize,
    online: usize,
    slow: usize,
    offline: usize,
    stopped: usize,
    pending: usize,
    error: usize,
    metrics_collected: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl Summary {
    fn of(collectors: &[CollectorView], updated_at: Timestamp) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for collector in collectors {
            *counts.entry(collector.status).or_default() += 1;
        }
        let count = |status: Status| counts.get(status.as_str()).copied().unwrap_or(0);
        Self {
            total: collectors.len(),
            online: count(Status::Online),
            slow: count(Status::Slow),
            offline: count(Status::Offline),
            stopped: count(Status::Stopped) + count(Status::Stopping),
            pending: count(Status::Pending),
            error: count(Status::Error),
            metrics_collected: collectors.iter().map(|collector| collector.metrics_collected).sum(),
            updated_at,
        }
    }
}

named!(SortKey, "a column to sort by", {
    Name = "name",
    Status = "status",
    Group = "group",
    Environment = "environment",
    Host = "host",
    LastHeartbeat = "last_heartbeat",
    CpuUsage = "cpu_usage",
    MemoryUsage = "memory_usage",
    MetricsCollected = "metrics_collected",
    Availability = "uptime_percentage",
    RegisteredAt = "registered_at",
});

named!(Order, "an order", { Ascending = "asc", Descending = "desc" });

/// Which collectors are asked for. A repeated key means any of its values.
struct Selection {
    search: String,
    statuses: Vec<Status>,
    environments: Vec<Environment>,
    groups: Vec<String>,
    tags: Vec<String>,
    sort: SortKey,
    order: Order,
    page: usize,
    limit: usize,
}

impl Selection {
    fn parse(request: &HttpRequest) -> Result<Self, Problem> {
        let mut query = Query::of(request)?;
        let selection = Self {
            search: query.text("search", SEARCH_CHARS)?.unwrap_or_default().to_lowercase(),
            statuses: query.any_of("status")?,
            environments: query.any_of("environment")?,
            groups: query.all("group"),
            tags: query.all("tag"),
            sort: query.one_of("sort")?.unwrap_or(SortKey::Name),
            order: query.one_of("order")?.unwrap_or(Order::Ascending),
            page: query.number("page", 1..=1_000_000)?.unwrap_or(1),
            limit: query.number("limit", 1..=LIST_LIMIT)?.unwrap_or(20),
        };
        query.finish(selection)
    }

    fn keeps(&self, view: &CollectorView) -> bool {
        let any = |wanted: &[String], is: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|wanted| is(wanted))
        };
        let found = |text: &str| text.to_lowercase().contains(&self.search);
        (self.search.is_empty()
            || found(&view.name)
            || found(&view.host)
            || found(&view.description)
            || view.tags.iter().any(|tag| found(tag)))
            && (self.statuses.is_empty() || self.statuses.iter().any(|is| is.as_str() == view.status))
            && (self.environments.is_empty()
                || self.environments.iter().any(|is| is.as_str() == view.environment))
            && any(&self.groups, &|wanted| {
                view.group.as_ref().is_some_and(|group| {
                    group.id.to_string() == wanted || group.name.eq_ignore_ascii_case(wanted)
                })
            })
            && any(&self.tags, &|wanted| view.tags.iter().any(|tag| tag == wanted))
    }

    fn compare(&self, left: &CollectorView, right: &CollectorView) -> Ordering {
        let by_key = match self.sort {
            SortKey::Name => Ordering::Equal,
            SortKey::Status => severity(left.status).cmp(&severity(right.status)),
            SortKey::Group => group_name(left).cmp(&group_name(right)),
            SortKey::Environment => left.environment.cmp(right.environment),
            SortKey::Host => left.host.cmp(&right.host),
            SortKey::LastHeartbeat => left.last_heartbeat.cmp(&right.last_heartbeat),
            SortKey::CpuUsage => compare_figures(left.cpu_usage, right.cpu_usage),
            SortKey::MemoryUsage => compare_figures(left.memory_usage, right.memory_usage),
            SortKey::MetricsCollected => left.metrics_collected.cmp(&right.metrics_collected),
            SortKey::Availability => compare_figures(left.uptime_percentage, right.uptime_percentage),
            SortKey::RegisteredAt => left.registered_at.cmp(&right.registered_at),
        };
        let by_name =
            || left.name.to_lowercase().cmp(&right.name.to_lowercase()).then(left.id.cmp(&right.id));
        match (self.sort, self.order) {
            (SortKey::Name, Order::Ascending) => by_name(),
            (SortKey::Name, Order::Descending) => by_name().reverse(),
            (_, Order::Ascending) => by_key.then_with(by_name),
            (_, Order::Descending) => by_key.reverse().then_with(by_name),
        }
    }
}

/// The worst first.
fn severity(status: &str) -> usize {
    let worst_first = [
        Status::Error,
        Status::Offline,
        Status::Slow,
        Status::Pending,
        Status::Restarting,
        Status::Stopping,
        Status::Stopped,
        Status::Online,
        Status::Archived,
    ];
    worst_first.iter().position(|known| known.as_str() == status).unwrap_or(Status::ALL.len())
}

fn group_name(view: &CollectorView) -> Option<String> {
    view.group.as_ref().map(|group| group.name.to_lowercase())
}

/// What is not known sorts below what is.
fn compare_figures(left: Option<f64>, right: Option<f64>) -> Ordering {
    left.unwrap_or(f64::NEG_INFINITY).total_cmp(&right.unwrap_or(f64::NEG_INFINITY))
}

#[utoipa::path(get, path = "/api/v1/collectors", tag = "collectors",
    params(("search" = Option<String>, Query), ("status" = Option<Vec<String>>, Query),
        ("environment" = Option<Vec<String>>, Query), ("group" = Option<Vec<String>>, Query),
        ("tag" = Option<Vec<String>>, Query), ("sort" = Option<String>, Query),
        ("order" = Option<String>, Query), ("page" = Option<u32>, Query), ("limit" = Option<u32>, Query)),
    responses((status = 200, body = CollectorList), (status = 400)))]
pub(super) async fn list(node: Data<Node>, request: HttpRequest) -> Result<Json<CollectorList>, Problem> {
    let selection = Selection::parse(&request)?;
    on_disk(&node, move |node| {
        let reports = node.collector_reports()?;
        let all: Vec<CollectorView> = reports.into_iter().map(CollectorView::from).collect();
        let summary = Summary::of(&all, node.clock.now());
        let mut matching: Vec<CollectorView> = all.into_iter().filter(|view| selection.keeps(view)).collect();
        matching.sort_by(|left, right| selection.compare(left, right));
        let Selection { page, limit, .. } = selection;
        let total = matching.len();
        let collectors = matching.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
        Ok::<_, crate::node::NodeError>(Json(CollectorList { collectors, page, limit, total, summary }))
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}", tag = "collectors", params(("id" = String, Path)),
    responses((status = 200, body = CollectorView), (status = 404)))]
pub(super) async fn get(node: Data<Node>, id: Path<String>) -> Result<HttpResponse, Problem> {
    one(&node, id.parse()?).await
}

/// A collector with the tag of its row.
pub(super) async fn one(node: &Data<Node>, id: CollectorId) -> Result<HttpResponse, Problem> {
    let report = on_disk(node, move |node| node.collector_report(id)).await?;
    let tag = EntityTag::new_strong(report.collector.revision()).to_string();
    Ok(HttpResponse::Ok().insert_header((ETAG, tag)).json(CollectorView::from(report)))
}

#[derive(Serialize, ToSchema)]
pub(super) struct StatusView {
    #[schema(value_type = String)]
    id: CollectorId,
    state: &'static str,
    status: &'static str,
    status_reason: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_heartbeat: Option<Timestamp>,
    last_error: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/status", tag = "collectors",
    params(("id" = String, Path)), responses((status = 200, body = StatusView), (status = 404)))]
pub(super) async fn status(node: Data<Node>, id: Path<String>) -> Result<Json<StatusView>, Problem> {
    let id: CollectorId = id.parse()?;
    let report = on_disk(&node, move |node| node.collector_report(id)).await?;
    let view = CollectorView::from(report);
    Ok(Json(StatusView {
        id: view.id,
        state: view.state,
        status: view.status,
        status_reason: view.status_reason,
        last_heartbeat: view.last_heartbeat,
        last_error: view.last_error,
    }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct HealthView {
    is_healthy: bool,
    status: &'static str,
    status_reason: String,
    /// Percent of the agent's host.
    cpu_usage: Option<f64>,
    /// Percent of the agent's host.
    memory_usage: Option<f64>,
    /// Duration of the last collection.
    response_time_ms: Option<f64>,
    /// Since the agent started.
    uptime_seconds: Option<u64>,
    /// Bytes that wait in the agent's spool.
    spool_bytes: Option<u64>,
    /// Batches that the agent's full spool had to drop.
    spool_dropped: u64,
    last_error: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/health", tag = "collectors",
    params(("id" = String, Path)), responses((status = 200, body = HealthView), (status = 404)))]
pub(super) async fn health(node: Data<Node>, id: Path<String>) -> Result<Json<HealthView>, Problem> {
    let id: CollectorId = id.parse()?;
    let report = on_disk(&node, move |node| node.collector_report(id)).await?;
    let said = report.seen.as_ref().and_then(|seen| seen.said.clone());
    let said = said.as_ref();
    Ok(Json(HealthView {
        is_healthy: report.verdict.status == Status::Online,
        status: report.verdict.status.as_str(),
        status_reason: report.verdict.reason,
        cpu_usage: said.and_then(|said| said.cpu_usage),
        memory_usage: said.and_then(|said| said.memory_usage),
        response_time_ms: said.and_then(|said| said.collection_time_ms),
        uptime_seconds: said.and_then(|said| said.uptime_seconds),
        spool_bytes: said.and_then(|said| said.spool_bytes),
        spool_dropped: report.seen.as_ref().map_or(0, |seen| seen.spool_dropped),
        last_error: said.and_then(|said| said.last_error.clone()),
    }))
}
