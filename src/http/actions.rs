//! Stopping, resuming and restarting collectors over HTTP, and what became of it.

use std::time::Duration;

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::{Fields, OptionalFields};
use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::{Action, Wish};
use crate::ids::{ActionId, CollectorId, OperationId};
use crate::limits::{ACTIONS_LIMIT, COMMAND_LIFE, COMMAND_LIFE_S, REASON_CHARS, STOP_MINUTES};
use crate::node::Node;
use crate::registry::ActionKind;

/// The body of a request to stop a collector; all of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct StopBody {
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// How long the stop is expected to last.
    #[schema(minimum = 1, maximum = 43200)]
    estimated_duration_minutes: Option<u32>,
    /// How long the agent may take to begin.
    #[schema(minimum = 1, maximum = 604_800, default = 3600)]
    expires_in_seconds: Option<u32>,
}

/// The body of a request to restart or resume a collector; all of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ActionBody {
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// How long the agent may take to begin.
    #[schema(minimum = 1, maximum = 604_800, default = 3600)]
    expires_in_seconds: Option<u32>,
}

fn wish(kind: ActionKind, mut fields: Fields) -> Result<Wish, Problem> {
    let reason = fields.optional_text("reason", 0..=REASON_CHARS).filter(|reason| !reason.is_empty());
    let minutes = match kind {
        ActionKind::Stop => fields.optional_number("estimated_duration_minutes", STOP_MINUTES),
        ActionKind::Restart | ActionKind::Resume => None,
    };
    let seconds = fields.optional_number("expires_in_seconds", COMMAND_LIFE_S);
    let duration =
        |number: i64, unit: u64| Duration::from_secs(u64::try_from(number).unwrap_or_default() * unit);
    fields.finish(Wish {
        kind,
        reason,
        duration: minutes.map(|minutes| duration(minutes, 60)),
        expires_in: seconds.map_or(COMMAND_LIFE, |seconds| duration(seconds, 1)),
    })
}

#[derive(Serialize, ToSchema)]
pub(super) struct AcceptedView {
    success: bool,
    message: String,
    #[schema(value_type = String)]
    action_id: ActionId,
    /// When it was asked for, under the name of what was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    restart_started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    resumed_at: Option<Timestamp>,
}

impl From<Action> for AcceptedView {
    fn from(action: Action) -> Self {
        let at = |kind: ActionKind| (action.kind == kind).then_some(action.requested_at);
        Self {
            success: true,
            message: format!("the agent is told to {}", action.kind),
            action_id: action.id,
            stopped_at: at(ActionKind::Stop),
            restart_started_at: at(ActionKind::Restart),
            resumed_at: at(ActionKind::Resume),
        }
    }
}

async fn ask(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    OptionalFields(fields): OptionalFields,
    kind: ActionKind,
) -> Result<HttpResponse, Problem> {
    let id: CollectorId = id.parse()?;
    let wish = wish(kind, fields)?;
    let action = on_disk(&node, move |node| node.actions.ask(&caller.origin, id, wish)).await?;
    let location = format!("/api/v1/actions/{}", action.id);
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).json(AcceptedView::from(action)))
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/stop", tag = "control", params(("id" = String, Path)),
    request_body = StopBody,
    responses((status = 202, body = AcceptedView), (status = 404),
        (status = 409, description = "not possible in the present state")))]
pub(super) async fn stop(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    fields: OptionalFields,
) -> Result<HttpResponse, Problem> {
    ask(node, caller, id, fields, ActionKind::Stop).await
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/restart", tag = "control", params(("id" = String, Path)),
    request_body = ActionBody,
    responses((status = 202, body = AcceptedView), (status = 404),
        (status = 409, description = "not possible in the present state")))]
pub(super) async fn restart(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    fields: OptionalFields,
) -> Result<HttpResponse, Problem> {
    ask(node, caller, id, fields, ActionKind::Restart).await
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/resume", tag = "control", params(("id" = String, Path)),
    request_body = ActionBody,
    responses((status = 202, body = AcceptedView), (status = 404),
        (status = 409, description = "not possible in the present state")))]
pub(super) async fn resume(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    fields: OptionalFields,
) -> Result<HttpResponse, Problem> {
    ask(node, caller, id, fields, ActionKind::Resume).await
}

#[derive(Serialize, ToSchema)]
pub(super) struct ActionView {
    #[schema(value_type = String)]
    id: ActionId,
    #[schema(value_type = String)]
    collector_id: CollectorId,
    /// stop, restart, resume
    action: &'static str,
    initiated_by: String,
    reason: Option<String>,
    /// `pending`, `in_progress`, `completed`, `failed`, `expired`, `cancelled`
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When the agent began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it was over, however it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Timestamp>,
    error_message: Option<String>,
    /// What the agent last said of it.
    detail: Option<String>,
    #[schema(value_type = Option<String>)]
    operation_id: Option<OperationId>,
}

impl From<Action> for ActionView {
    fn from(action: Action) -> Self {
        Self {
            id: action.id,
            collector_id: action.collector,
            action: action.kind.as_str(),
            initiated_by: action.initiated_by,
            reason: action.reason,
            status: action.progress.as_str(),
            requested_at: action.requested_at,
            started_at: action.started_at,
            completed_at: action.completed_at,
            error_message: action.error_message,
            detail: action.detail,
            operation_id: action.operation,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/actions/{id}", tag = "control", params(("id" = String, Path)),
    responses((status = 200, body = ActionView), (status = 404)))]
pub(super) async fn get(node: Data<Node>, id: Path<String>) -> Result<Json<ActionView>, Problem> {
    let id: ActionId = id.parse()?;
    let action = on_disk(&node, move |node| node.actions.get(id)).await?;
    Ok(Json(action.into()))
}

#[derive(Serialize, ToSchema)]
pub(super) struct ActionList {
    /// The newest first.
    actions: Vec<ActionView>,
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/actions", tag = "control",
    params(("id" = String, Path), ("limit" = Option<u32>, Query)),
    responses((status = 200, body = ActionList), (status = 404)))]
pub(super) async fn of_collector(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<ActionList>, Problem> {
    let id: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let limit = query.number("limit", 1..=ACTIONS_LIMIT).unwrap_or(100);
    query.finish(())?;
    let actions = on_disk(&node, move |node| node.actions.of_collector(id, limit)).await?;
    Ok(Json(ActionList { actions: actions.into_iter().map(ActionView::from).collect() }))
}

/// The body of an agent's word on a command.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ResultBody {
    /// `in_progress`, `completed`, `failed`
    status: String,
    #[schema(max_length = 1000)]
    detail: Option<String>,
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/commands/{command_id}/result", tag = "agents",
    params(("id" = String, Path), ("command_id" = String, Path)), request_body = ResultBody,
    responses((status = 200), (status = 409, description = "the command is over, or was never given")))]
pub(super) async fn result(
    node: Data<Node>,
    caller: Caller,
    path: Path<(String, String)>,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let collector = caller.collector()?;
    let (_, command) = path.into_inner();
    let status = fields.one_of("status");
    let detail = fields.agent_text("detail");
    // agents of later releases may say more
    let (status, detail) = fields.finish_leniently((status, detail))?;
    let answer = move |node: &Node| node.actions.answer(&caller.origin, collector, &command, status, detail);
    on_disk(&node, answer).await?;
    Ok(HttpResponse::Ok().json(json!({ "success": true })))
}
