//! What was measured and is lost, over HTTP.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::{GapPage, RecordedGap};
use crate::ids::CollectorId;
use crate::limits::GAP_PAGE;
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct GapList {
    /// The newest first.
    gaps: Vec<GapView>,
    /// Gaps that touch the range.
    total: usize,
    /// Documents that are lost in all of them.
    documents: u64,
}

/// Documents that were collected one after the other and are lost: never stored, or stored and not to be read any more.
#[derive(Serialize, ToSchema)]
struct GapView {
    id: String,
    /// `spool_full`, `not_written`, `refused`, `damaged`: the agent's; `rejected`: documents that the daemon refused while
    /// it kept the others of their pushes; `segment_damaged`, `segment_missing`: what it stored and cannot read, for as
    /// long as that is so; `other`
    reason: &'static str,
    /// When the first of it was collected; of what was rejected, when it came.
    #[schema(value_type = String, format = DateTime)]
    first_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
    /// Pushes that it would have been, or was a part of; zero where nobody can tell.
    batches: u64,
    /// Zero where nobody can tell.
    documents: u64,
    #[schema(value_type = String, format = DateTime)]
    recorded_at: Timestamp,
}

impl From<RecordedGap> for GapView {
    fn from(gap: RecordedGap) -> Self {
        Self {
            id: gap.id,
            reason: gap.reason.as_str(),
            first_at: gap.first_at,
            last_at: gap.last_at,
            batches: gap.batches,
            documents: gap.documents,
            recorded_at: gap.recorded_at,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/gaps", tag = "collectors",
    params(("id" = String, Path),
        ("from" = Option<String>, Query, description = "gaps that end before are left out"),
        ("to" = Option<String>, Query, description = "gaps that begin later are left out"),
        ("limit" = Option<usize>, Query, description = "1 to 1000, by default 100")),
    responses((status = 200, body = GapList), (status = 400), (status = 404)))]
pub(super) async fn list(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<GapList>, Problem> {
    let id: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let from = query.time("from").unwrap_or(Timestamp::from_millis(i64::MIN));
    let to = query.time("to").unwrap_or(Timestamp::from_millis(i64::MAX));
    let limit = query.number("limit", 1..=GAP_PAGE.1).unwrap_or(GAP_PAGE.0);
    query.finish(())?;
    let GapPage { gaps, total, documents } =
        on_disk(&node, move |node| node.gaps.of(id, (from, to), limit)).await?;
    Ok(Json(GapList { gaps: gaps.into_iter().map(GapView::from).collect(), total, documents }))
}
