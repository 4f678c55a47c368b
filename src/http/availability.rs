//! How long a collector was there and away, day by day, over HTTP.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::fleet::{Day, Total};
use crate::ids::CollectorId;
use crate::limits::AVAILABILITY_DAYS;
use crate::node::{Node, NodeError};

/// The days up to and with today. A percentage is of the time that is known; where none is, there is null.
#[derive(Serialize, ToSchema)]
pub(super) struct AvailabilityView {
    /// Of all these days.
    uptime_percentage: Option<f64>,
    /// On all these days.
    down_seconds: Option<u64>,
    /// Oldest first.
    days: Vec<DayView>,
}

#[derive(Serialize, ToSchema)]
struct DayView {
    /// In UTC.
    #[schema(example = "2026-11-20")]
    date: String,
    percentage: Option<f64>,
    down_seconds: Option<u64>,
    /// How much of the day is known: up and down together.
    known_seconds: u64,
}

impl DayView {
    fn of(day: Day, total: Total) -> Self {
        Self {
            date: day.date(),
            percentage: total.percentage(),
            down_seconds: total.down_seconds(),
            known_seconds: (total.up_ms + total.down_ms) / 1000,
        }
    }
}

impl AvailabilityView {
    /// Days, oldest first, each with what is known of it.
    pub(super) fn of(days: Vec<(Day, Total)>) -> Self {
        let total = days.iter().fold(Total::default(), |sum, (_, day)| sum.and(*day));
        Self {
            uptime_percentage: total.percentage(),
            down_seconds: total.down_seconds(),
            days: days.into_iter().map(|(day, total)| DayView::of(day, total)).collect(),
        }
    }
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/availability", tag = "collectors",
    params(("id" = String, Path), ("days" = Option<u32>, Query, description = "1 to 90, by default 90")),
    responses((status = 200, body = AvailabilityView), (status = 400), (status = 404)))]
pub(super) async fn availability(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<AvailabilityView>, Problem> {
    let id: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let count = query.number("days", 1..=AVAILABILITY_DAYS).unwrap_or(AVAILABILITY_DAYS);
    query.finish(())?;
    let days = on_disk(&node, move |node| {
        node.collectors.get(id)?;
        Ok::<_, NodeError>(node.presence.days(id, count))
    })
    .await?;
    Ok(Json(AvailabilityView::of(days.into_iter().map(|day| (day, Total::of([day]))).collect())))
}
