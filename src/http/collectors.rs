//! Reading collectors over HTTP: the list with its filters, and one of them.

use std::cmp::Ordering;
use std::collections::HashMap;

use actix_web::http::header::{ETAG, EntityTag};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::collector_view::CollectorView;
use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::Status;
use crate::ids::CollectorId;
use crate::limits::{LIST_LIMIT, SEARCH_CHARS};
use crate::names::named;
use crate::node::Node;
use crate::registry::Environment;

#[derive(Serialize, ToSchema)]
pub(super) struct CollectorList {
    collectors: Vec<CollectorView>,
    page: usize,
    limit: usize,
    /// Collectors that match, on all pages.
    total: usize,
    summary: Summary,
}

/// Counts over all collectors, whatever the filter. Those that are just stopping or restarting are in the total alone:
/// each count is what a filter by that status finds.
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
            stopped: count(Status::Stopped),
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
    searches: Vec<String>,
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
            searches: query.texts("search", SEARCH_CHARS).iter().map(|text| text.to_lowercase()).collect(),
            statuses: query.any_of("status"),
            environments: query.any_of("environment"),
            groups: query.all("group"),
            tags: query.all("tag"),
            sort: query.one_of("sort").unwrap_or(SortKey::Name),
            order: query.one_of("order").unwrap_or(Order::Ascending),
            page: query.number("page", 1..=1_000_000).unwrap_or(1),
            limit: query.number("limit", 1..=LIST_LIMIT).unwrap_or(20),
        };
        query.finish(selection)
    }

    fn keeps(&self, view: &CollectorView) -> bool {
        let any = |wanted: &[String], is: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|wanted| is(wanted))
        };
        any(&self.searches, &|wanted| {
            let found = |text: &str| text.to_lowercase().contains(wanted);
            let texts = [&view.name, &view.host, &view.description];
            texts.into_iter().chain(&view.tags).any(|text| found(text))
        }) && (self.statuses.is_empty() || self.statuses.iter().any(|is| is.as_str() == view.status))
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
    params(("search" = Option<Vec<String>>, Query), ("status" = Option<Vec<String>>, Query),
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
