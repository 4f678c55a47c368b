//! The fleet as a whole over HTTP: its charts, and how much of its time its collectors were there.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::AvailabilityView;
use super::metrics::{SeriesView, read_step};
use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::Usage;
use crate::ids::CollectorId;
use crate::limits;
use crate::node::Node;
use crate::registry::CollectorsError;

/// Series over all collectors.
#[derive(Serialize, ToSchema)]
pub(super) struct FleetPointsView {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// In seconds; null when every point is given.
    step: Option<f64>,
    series: Vec<SeriesView>,
    /// A mean collection time above this means slow.
    slow_collection_ms: f64,
}

/// Counts by status, and what the agents that are there last said, since the daemon started.
#[utoipa::path(get, path = "/api/v1/fleet/metrics", tag = "fleet",
    params(
        ("from" = Option<String>, Query, description = "by default a day before `to`"),
        ("to" = Option<String>, Query, description = "by default now"),
        ("step" = Option<String>, Query, description = "seconds, or a number with ms, s, m, h or d"),
    ),
    responses((status = 200, body = FleetPointsView), (status = 400)))]
pub(super) async fn points(node: Data<Node>, request: HttpRequest) -> Result<Json<FleetPointsView>, Problem> {
    let mut query = Query::of(&request)?;
    let to = query.time("to").unwrap_or_else(|| node.clock.now());
    let from = query.time("from").unwrap_or_else(|| to.minus(limits::QUERY_RANGE));
    let step = query.text("step", limits::STEP_CHARS).and_then(|text| query.read(read_step(&text)));
    query.finish(())?;
    if from > to {
        return Err(Problem::invalid_field("from", "range", "must not be after `to`"));
    }
    let series = node.pulse.points(from, to, step).into_iter().map(SeriesView::from).collect();
    let step = step.map(|step| step.as_secs_f64());
    let slow_collection_ms = node.presence.slow_collection_ms();
    Ok(Json(FleetPointsView { from, to, step, series, slow_collection_ms }))
}

/// The last hour of each collector, for the small lines of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct RecentView {
    /// Oldest first, two minutes apart.
    #[schema(value_type = Vec<String>, format = DateTime)]
    times: Vec<Timestamp>,
    collectors: Vec<RecentCollector>,
}

#[derive(Serialize, ToSchema)]
struct RecentCollector {
    #[schema(value_type = String)]
    collector_id: CollectorId,
    /// Whole percent at each of the times; null where the agent was not there.
    cpu_usage: Vec<Option<u8>>,
    memory_usage: Vec<Option<u8>>,
}

#[utoipa::path(get, path = "/api/v1/fleet/recent", tag = "fleet", responses((status = 200, body = RecentView)))]
pub(super) async fn recent(node: Data<Node>) -> Json<RecentView> {
    let hour = node.pulse.recent();
    let line = |(collector_id, said): (CollectorId, Vec<Usage>)| RecentCollector {
        collector_id,
        cpu_usage: said.iter().map(|usage| usage.cpu.map(whole_percent)).collect(),
        memory_usage: said.iter().map(|usage| usage.memory.map(whole_percent)).collect(),
    };
    Json(RecentView { times: hour.times, collectors: hour.collectors.into_iter().map(line).collect() })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 100")]
fn whole_percent(usage: f64) -> u8 {
    usage.clamp(0.0, 100.0).round() as u8
}

#[utoipa::path(get, path = "/api/v1/fleet/availability", tag = "fleet",
    params(("days" = Option<u32>, Query, description = "1 to 90, by default 90")),
    responses((status = 200, body = AvailabilityView), (status = 400)))]
pub(super) async fn availability(
    node: Data<Node>,
    request: HttpRequest,
) -> Result<Json<AvailabilityView>, Problem> {
    let mut query = Query::of(&request)?;
    let count = query.number("days", 1..=limits::AVAILABILITY_DAYS).unwrap_or(limits::AVAILABILITY_DAYS);
    query.finish(())?;
    let days = on_disk(&node, move |node| {
        let collectors = node.collectors.list()?;
        Ok::<_, CollectorsError>(node.presence.days_together(&collectors, count))
    })
    .await?;
    Ok(Json(AvailabilityView::of(days)))
}
