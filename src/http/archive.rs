//! Unregistering collectors over HTTP, and taking them back.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{self, Data, Json, Path};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::Caller;
use super::fields::{Fields, OptionalFields};
use super::on_disk;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::fleet::{ArchiveError, Archived, Farewell, Keep, Return, Returned};
use crate::ids::CollectorId;
use crate::limits::{ARCHIVE_DAYS, LIST_LIMIT, NOTES_CHARS, REASON_CHARS};
use crate::node::Node;

const DAY_S: u64 = 24 * 60 * 60;

/// The body of a request to unregister a collector, or its query.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct FarewellBody {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    #[schema(max_length = 2000)]
    notes: Option<String>,
    /// Whether everything is kept, so that the collector can return.
    #[schema(default = true)]
    archive_metrics: Option<bool>,
    #[schema(minimum = 1, maximum = 3650, default = 90)]
    retention_days: Option<u32>,
    /// The collector's name, needed when nothing is kept.
    confirm_name: Option<String>,
}

fn farewell(mut fields: Fields) -> Result<Farewell, Problem> {
    let reason = fields.text("reason", 1..=REASON_CHARS);
    let notes = fields.optional_text("notes", 0..=NOTES_CHARS);
    let days = fields.optional_number("retention_days", ARCHIVE_DAYS).unwrap_or(90);
    let keeps = fields.optional_boolean("archive_metrics").unwrap_or(true);
    let confirm_name = fields.optional_text("confirm_name", 0..=255);
    let keep = if keeps {
        Keep::For(Duration::from_secs(u64::try_from(days).unwrap_or_default() * DAY_S))
    } else {
        if confirm_name.is_none() {
            fields.complain("confirm_name", "required", "is required when metrics are not kept".to_owned());
        }
        Keep::Nothing { confirm_name: confirm_name.unwrap_or_default() }
    };
    fields.finish(Farewell { reason, notes, keep })
}

/// The keys of the query stand for fields of the body.
fn with_query(request: &HttpRequest, fields: Fields) -> Result<Fields, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let pairs = pairs.map_err(|_| Problem::invalid_field("query", "format", "is not a valid query"))?;
    let typed = |key: &str, text: String| match (key, text.as_str()) {
        ("archive_metrics", "true") => Value::Bool(true),
        ("archive_metrics", "false") => Value::Bool(false),
        ("retention_days", digits) => digits.parse::<i64>().map_or(Value::String(text), Value::from),
        _ => Value::String(text),
    };
    let more = pairs.into_inner().into_iter().map(|(key, text)| {
        let value = typed(&key, text);
        (key, value)
    });
    Ok(fields.with(more))
}

#[derive(Serialize, ToSchema)]
pub(super) struct UnregisteredView {
    success: bool,
    message: String,
    archived_metrics_count: u64,
    /// Until then the collector can return.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[utoipa::path(delete, path = "/api/v1/collectors/{id}", tag = "collectors", request_body = FarewellBody,
    params(("id" = String, Path), ("reason" = Option<String>, Query), ("notes" = Option<String>, Query),
        ("archive_metrics" = Option<bool>, Query), ("retention_days" = Option<u32>, Query),
        ("confirm_name" = Option<String>, Query)),
    responses((status = 200, body = UnregisteredView), (status = 400), (status = 404)))]
pub(super) async fn unregister(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    request: HttpRequest,
    OptionalFields(fields): OptionalFields,
) -> Result<Json<UnregisteredView>, Problem> {
    let id: CollectorId = id.parse()?;
    let farewell = farewell(with_query(&request, fields)?)?;
    let archived = on_disk(&node, move |node| node.archive.unregister(&caller.origin, id, farewell)).await?;
    let can_return = archived.expires_at > archived.archived_at;
    Ok(Json(UnregisteredView {
        success: true,
        message: if can_return {
            format!("{} is unregistered, and archived until {}", archived.name, archived.expires_at)
        } else {
            format!("{} is unregistered, and its metrics are deleted", archived.name)
        },
        archived_metrics_count: archived.metrics_count,
        expires_at: archived.expires_at,
    }))
}

#[derive(Serialize, ToSchema)]
pub(super) struct ArchivedView {
    #[schema(value_type = String)]
    id: CollectorId,
    name: String,
    host: String,
    #[schema(value_type = String, format = DateTime)]
    archived_at: Timestamp,
    archive_reason: String,
    metrics_count: u64,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ArchivedList {
    /// The newest first.
    archived_collectors: Vec<ArchivedView>,
    total: usize,
}

impl From<Archived> for ArchivedView {
    fn from(archived: Archived) -> Self {
        let Archived { id, name, host, archived_at, reason, metrics_count, expires_at } = archived;
        Self { id, name, host, archived_at, archive_reason: reason, metrics_count, expires_at }
    }
}

#[utoipa::path(get, path = "/api/v1/collectors/archived", tag = "collectors",
    responses((status = 200, body = ArchivedList)))]
pub(super) async fn list_archived(node: Data<Node>) -> Result<Json<ArchivedList>, Problem> {
    let archived = on_disk(&node, |node| node.archive.list()).await?;
    let archived_collectors: Vec<ArchivedView> = archived.into_iter().map(ArchivedView::from).collect();
    Ok(Json(ArchivedList { total: archived_collectors.len(), archived_collectors }))
}

/// The body of a request to take collectors back: one of the two ids is needed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ReturnBody {
    archived_collector_id: Option<String>,
    collector_ids: Option<Vec<String>>,
    /// Otherwise the old token works again.
    #[schema(default = true)]
    generate_new_token: Option<bool>,
    #[schema(default = true)]
    restore_metrics: Option<bool>,
    /// `discard`, needed when metrics are not restored.
    confirm: Option<String>,
}

struct Wanted {
    ids: Vec<CollectorId>,
    how: Return,
}

fn wanted(mut fields: Fields) -> Result<Wanted, Problem> {
    let one = fields.optional_text("archived_collector_id", 1..=100);
    let field = if one.is_some() { "archived_collector_id" } else { "collector_ids" };
    let mut texts = fields.texts("collector_ids", LIST_LIMIT, 1..=100);
    texts.extend(one);
    let how = Return {
        new_token: fields.optional_boolean("generate_new_token").unwrap_or(true),
        restore_metrics: fields.optional_boolean("restore_metrics").unwrap_or(true),
    };
    let confirm = fields.optional_text("confirm", 0..=20);
    if !how.restore_metrics && confirm.as_deref() != Some("discard") {
        let message = "must be the word discard when metrics are not restored";
        fields.complain("confirm", "required", message.to_owned());
    }
    if texts.is_empty() {
        fields.complain("archived_collector_id", "required", "is required".to_owned());
    }
    let ids: Vec<CollectorId> = texts.iter().filter_map(|text| text.parse().ok()).collect();
    if ids.len() < texts.len() {
        fields.complain(field, "format", "must be the id of a collector".to_owned());
    }
    fields.finish(Wanted { ids, how })
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReturnedView {
    success: bool,
    message: String,
    /// Of the first one that returned.
    #[schema(value_type = Option<String>)]
    collector_id: Option<CollectorId>,
    /// Of the first one that returned, when a new one was asked for; shown this once.
    jwt_token: Option<String>,
    /// Documents, of all that returned.
    metrics_restored: u64,
    results: Vec<ReturnResult>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReturnResult {
    #[schema(value_type = String)]
    collector_id: CollectorId,
    success: bool,
    jwt_token: Option<String>,
    metrics_restored: u64,
    error: Option<String>,
}

fn result(id: CollectorId, returned: Result<Returned, ArchiveError>) -> ReturnResult {
    match returned {
        Ok(Returned { token, metrics_restored, .. }) => ReturnResult {
            collector_id: id,
            success: true,
            jwt_token: token.map(|token| token.token.expose().to_owned()),
            metrics_restored,
            error: None,
        },
        Err(error) => ReturnResult {
            collector_id: id,
            success: false,
            jwt_token: None,
            metrics_restored: 0,
            error: Some(error.to_string()),
        },
    }
}

#[utoipa::path(post, path = "/api/v1/collectors/re-register", tag = "collectors", request_body = ReturnBody,
    responses((status = 200, body = ReturnedView), (status = 404), (status = 409, description = "`name_taken`")))]
pub(super) async fn re_register(
    node: Data<Node>,
    caller: Caller,
    fields: Fields,
) -> Result<Json<ReturnedView>, Problem> {
    let Wanted { ids, how } = wanted(fields)?;
    let results = on_disk(&node, move |node| {
        let mut results = Vec::new();
        for id in &ids {
            let returned = node.archive.restore(&caller.origin, *id, how);
            match returned {
                // the only one: its problem is the answer
                Err(error) if ids.len() == 1 => return Err(error),
                returned => results.push(result(*id, returned)),
            }
        }
        Ok::<_, ArchiveError>(results)
    })
    .await?;
    let count = results.iter().filter(|result| result.success).count();
    let first = results.iter().find(|result| result.success);
    Ok(Json(ReturnedView {
        success: count == results.len(),
        message: format!("{count} of {} collectors returned", results.len()),
        collector_id: first.map(|result| result.collector_id),
        jwt_token: first.and_then(|result| result.jwt_token.clone()),
        metrics_restored: results.iter().map(|result| result.metrics_restored).sum(),
        results,
    }))
}
