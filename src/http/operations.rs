//! Operations over HTTP: how far they have come, what became of each collector, and ending them early.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::bulk::{patience, taken_before};
use super::caller::Caller;
use super::on_disk;
use super::once::Session;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::Progress;
use crate::fleet::operations::{Cancelled, Item, Operation, Page};
use crate::ids::{ActionId, OperationId};
use crate::limits::{OPERATION_COLLECTORS, OPERATIONS_LIMIT};
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct OperationView {
    #[schema(value_type = String)]
    id: OperationId,
    /// restart, stop, resume, unregister, update-group, update-tags, update-config
    action: &'static str,
    /// The parameters of the action, with what was left out.
    #[schema(value_type = Object)]
    params: Value,
    reason: Option<String>,
    /// A user's name.
    started_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is to begin, where that is not at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    schedule_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was asked to end early.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancelled_at: Option<Timestamp>,
    /// When it was over, however it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    /// `scheduled`, `running`, `completed`, `cancelled`, `expired`
    state: &'static str,
    /// Why it did not come about.
    error_message: Option<String>,
    /// Collectors.
    total: usize,
    /// Collectors on which it ended well.
    done: usize,
    /// Collectors on which it was refused, failed or expired.
    failed: usize,
    /// Collectors on which it was taken back.
    cancelled: usize,
    /// Whether there may be something left to cancel.
    can_cancel: bool,
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        Self {
            id: operation.id,
            action: operation.task.kind().as_str(),
            params: operation.task.params(),
            reason: operation.reason,
            started_by: operation.origin.actor.name,
            created_at: operation.created_at,
            schedule_at: operation.schedule_at,
            started_at: operation.started_at,
            cancelled_at: operation.cancelled_at,
            completed_at: operation.completed_at,
            state: operation.state.as_str(),
            error_message: operation.error_message,
            total: operation.counts.total,
            done: operation.counts.done,
            failed: operation.counts.failed,
            cancelled: operation.counts.cancelled,
            can_cancel: !operation.state.is_over() && operation.cancelled_at.is_none(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct OperationResult {
    /// As it was asked for.
    collector_id: String,
    /// Null where there was no such collector.
    name: Option<String>,
    /// `pending`, `in_progress`, `completed`, `failed`, `expired`, `cancelled`
    status: &'static str,
    /// Whether it ended well; null until it ends.
    success: Option<bool>,
    #[schema(value_type = Option<String>)]
    action_id: Option<ActionId>,
    error: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
}

impl From<Item> for OperationResult {
    fn from(item: Item) -> Self {
        Self {
            collector_id: item.collector,
            name: item.name,
            status: item.status.as_str(),
            success: item.status.is_over().then_some(item.status == Progress::Completed),
            action_id: item.action,
            error: item.error_message,
            completed_at: item.completed_at,
        }
    }
}

fn results(items: Vec<Item>) -> Vec<OperationResult> {
    items.into_iter().map(OperationResult::from).collect()
}

#[derive(Serialize, ToSchema)]
pub(super) struct OperationList {
    /// The newest first.
    operations: Vec<OperationView>,
    page: usize,
    limit: usize,
    /// Operations that match, on all pages.
    total: usize,
}

#[utoipa::path(get, path = "/api/v1/operations", tag = "control",
    params(("state" = Option<Vec<String>>, Query, description = "a repeated key means any of its values"),
        ("page" = Option<usize>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = OperationList), (status = 400)))]
pub(super) async fn list(node: Data<Node>, request: HttpRequest) -> Result<Json<OperationList>, Problem> {
    let mut query = Query::of(&request)?;
    let states = query.any_of("state");
    let page = query.number("page", 1..=1_000_000).unwrap_or(1);
    let limit = query.number("limit", 1..=OPERATIONS_LIMIT).unwrap_or(20);
    query.finish(())?;
    let part = Page { skip: (page - 1) * limit, limit };
    let (operations, total) = on_disk(&node, move |node| node.operations.list(&states, part)).await?;
    let operations = operations.into_iter().map(OperationView::from).collect();
    Ok(Json(OperationList { operations, page, limit, total }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct OperationDetail {
    #[serde(flatten)]
    operation: OperationView,
    page: usize,
    limit: usize,
    /// What became of each collector, in the order in which they were named.
    results: Vec<OperationResult>,
}

#[utoipa::path(get, path = "/api/v1/operations/{id}", tag = "control",
    params(("id" = String, Path), ("page" = Option<usize>, Query),
        ("limit" = Option<usize>, Query, description = "results of one page; all of them by default")),
    responses((status = 200, body = OperationDetail), (status = 404)))]
pub(super) async fn get(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<OperationDetail>, Problem> {
    let id: OperationId = id.parse()?;
    let mut query = Query::of(&request)?;
    let page = query.number("page", 1..=OPERATION_COLLECTORS).unwrap_or(1);
    let limit = query.number("limit", 1..=OPERATION_COLLECTORS).unwrap_or(OPERATION_COLLECTORS);
    query.finish(())?;
    let part = Page { skip: (page - 1) * limit, limit };
    let (operation, items) = on_disk(&node, move |node| node.operations.get(id, part)).await?;
    Ok(Json(OperationDetail { operation: operation.into(), page, limit, results: results(items) }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct CancelledView {
    success: bool,
    message: String,
    #[schema(value_type = String)]
    operation_id: OperationId,
    /// `cancelled`, or `running` while what had begun is still to end.
    state: &'static str,
    /// Collectors of the operation.
    total: usize,
    /// Collectors on which it was taken back.
    cancelled: usize,
    /// What was taken back.
    results: Vec<OperationResult>,
}

impl From<Cancelled> for CancelledView {
    fn from(Cancelled { operation, items }: Cancelled) -> Self {
        let (cancelled, total) = (items.len(), operation.counts.total);
        Self {
            success: true,
            message: format!("taken back on {cancelled} of {total} collectors"),
            operation_id: operation.id,
            state: operation.state.as_str(),
            total,
            cancelled,
            results: results(items),
        }
    }
}

#[utoipa::path(delete, path = "/api/v1/operations/{id}", tag = "control", params(("id" = String, Path)),
    responses((status = 200, body = CancelledView), (status = 404),
        (status = 409, description = "it is over, or has begun on all of its collectors")))]
pub(super) async fn cancel(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<Json<CancelledView>, Problem> {
    let id: OperationId = id.parse()?;
    if taken_before()?.is_none() {
        on_disk(&node, move |node| node.operations.cancel(&caller.origin, id)).await?;
        Session::commit(id.to_string()).await?;
    }
    let cancelled = on_disk(&node, move |node| {
        node.operations.take_back(id, patience(node))?;
        node.operations.cancelled(id)
    });
    Ok(Json(cancelled.await?.into()))
}
