//! Asking for one action on many collectors, now or at a set time.

use std::collections::HashSet;
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::Data;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::Caller;
use super::collector_changes::config_change;
use super::fields::Fields;
use super::on_disk;
use super::once::Session;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::fleet::operations::{
    Configuration, Item, Leaving, Operation, Order, Page, TagChange, Task, TaskKind, Timing,
};
use crate::fleet::{OperationError, Progress};
use crate::ids::{ActionId, OperationId};
use crate::limits::{
    ARCHIVE_DAYS, COMMAND_LIFE, COMMAND_LIFE_S, NOTES_CHARS, OPERATION_COLLECTORS, OPERATION_REPLY_TIME,
    REASON_CHARS, SCHEDULE_AHEAD, SCHEDULE_TOLERANCE, STOP_MINUTES, TAG_CHARS, TAGS,
};
use crate::node::Node;
use crate::registry::ConfigChange;

/// The body of a bulk action. What `params` may hold depends on the action.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct BulkBody {
    /// restart, stop, resume, unregister, update-group, update-tags, update-config
    action: String,
    /// At most 5,000. An id that stands there again does not count again; one of no collector fails alone.
    collector_ids: Vec<String>,
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// restart, resume: `expires_in_seconds`; stop: also `estimated_duration_minutes`; unregister:
    /// `archive_metrics`, `retention_days`, `notes`; update-group: `group_id` (id, name or null); update-tags:
    /// `add` and `remove`, or `set`; update-config: what update-config takes.
    #[schema(value_type = Option<Object>)]
    params: Option<Value>,
    /// When to begin, at most 366 days ahead; without it, at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    schedule_at: Option<Timestamp>,
    /// `unregister 5`, needed to unregister 5 collectors and delete their metrics.
    confirm: Option<String>,
}

fn order(mut fields: Fields, now: Timestamp) -> Result<Order, Problem> {
    let kind: TaskKind = fields.one_of("action");
    let kind = (!fields.has_problem("action")).then_some(kind);
    let collectors = collectors(&mut fields);
    let reason = fields.optional_text("reason", 0..=REASON_CHARS).filter(|reason| !reason.is_empty());
    let schedule_at = schedule_at(&mut fields, now);
    let confirm = fields.optional_text("confirm", 0..=100);
    let task = fields.within("params", |params| match kind {
        Some(kind) => task(kind, params),
        // whose parameters they are is not known
        None => params.unread(Task::UpdateGroup { group_id: None }),
    });
    if let Task::Unregister(leaving) = &task {
        let count = collectors.iter().collect::<HashSet<_>>().len();
        let expected = format!("unregister {count}");
        // what is archived comes back whole, so only what is lost for good has to be confirmed
        let is_wrong = confirm.map_or(!leaving.archive_metrics, |confirm| confirm != expected);
        if is_wrong {
            fields.complain("confirm", "required", format!("must be: {expected}"));
        }
    }
    fields.finish(Order { task, reason, collectors, schedule_at })
}

fn collectors(fields: &mut Fields) -> Vec<String> {
    let was_sent = fields.has("collector_ids");
    let collectors = fields.texts("collector_ids", OPERATION_COLLECTORS, 1..=100);
    if !was_sent {
        fields.complain("collector_ids", "required", "is required".to_owned());
    } else if collectors.is_empty() && !fields.has_problem("collector_ids") {
        fields.complain("collector_ids", "length", "must have at least one entry".to_owned());
    }
    collectors
}

fn schedule_at(fields: &mut Fields, now: Timestamp) -> Option<Timestamp> {
    let at = fields.optional_time("schedule_at")?;
    if at < now.minus(SCHEDULE_TOLERANCE) {
        fields.complain("schedule_at", "range", "must not be in the past".to_owned());
    } else if at > now.plus(SCHEDULE_AHEAD) {
        let days = SCHEDULE_AHEAD.as_secs() / (24 * 60 * 60);
        fields.complain("schedule_at", "range", format!("must be at most {days} days ahead"));
    }
    Some(at)
}

fn task(kind: TaskKind, params: &mut Fields) -> Task {
    match kind {
        TaskKind::Restart => Task::Restart(timing(params)),
        TaskKind::Resume => Task::Resume(timing(params)),
        TaskKind::Stop => {
            let minutes = params.optional_number("estimated_duration_minutes", STOP_MINUTES);
            let estimated_duration_minutes = minutes.map(i64::unsigned_abs);
            Task::Stop(Timing { estimated_duration_minutes, ..timing(params) })
        }
        TaskKind::Unregister => Task::Unregister(Leaving {
            archive_metrics: params.optional_boolean("archive_metrics").unwrap_or(true),
            retention_days: params
                .optional_number("retention_days", ARCHIVE_DAYS)
                .map_or(90, i64::unsigned_abs),
            notes: params.optional_text("notes", 0..=NOTES_CHARS),
        }),
        TaskKind::UpdateGroup => {
            params.also_named("group_id", "group");
            if !params.has("group_id") {
                params.complain("group_id", "required", "is required, and may be null".to_owned());
            }
            let group = params.optional_text("group_id", 0..=100);
            Task::UpdateGroup { group_id: group.filter(|group| !group.is_empty()) }
        }
        TaskKind::UpdateTags => Task::UpdateTags(tag_change(params)),
        TaskKind::UpdateConfig => {
            if params.is_empty() {
                params.complain(
                    "collection_interval",
                    "required",
                    "or another setting is required".to_owned(),
                );
            }
            Task::UpdateConfig(configuration(config_change(params)))
        }
    }
}

fn timing(params: &mut Fields) -> Timing {
    let seconds = params.optional_number("expires_in_seconds", COMMAND_LIFE_S);
    let expires_in_seconds = seconds.map_or(COMMAND_LIFE.as_secs(), i64::unsigned_abs);
    Timing { expires_in_seconds, estimated_duration_minutes: None }
}

fn tag_change(params: &mut Fields) -> TagChange {
    params.also_named("set", "tags");
    let set = params.has("set");
    let change = TagChange {
        add: params.texts("add", TAGS, TAG_CHARS),
        remove: params.texts("remove", TAGS, TAG_CHARS),
        set: set.then(|| params.texts("set", TAGS, TAG_CHARS)),
    };
    let changes_some = !change.add.is_empty() || !change.remove.is_empty();
    if set && changes_some {
        params.complain("set", "conflict", "cannot stand beside add or remove".to_owned());
    } else if !set && !changes_some {
        params.complain("add", "required", "or remove or set is required".to_owned());
    }
    if change.add.iter().any(|tag| change.remove.contains(tag)) {
        params.complain("remove", "conflict", "has a tag that add has too".to_owned());
    }
    change
}

fn configuration(change: ConfigChange) -> Configuration {
    Configuration {
        collection_interval: change.collection_interval,
        query_limit: change.query_limit,
        tags: change.tags,
        group_id: change.group.map(Option::unwrap_or_default),
        enabled_types: change.enabled_types,
        log_level: change.log_level.map(|level| level.as_str().to_owned()),
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct BulkView {
    #[schema(value_type = String)]
    operation_id: OperationId,
    action: &'static str,
    /// Whether it was accepted for all of the collectors.
    success: bool,
    message: String,
    /// `scheduled`, `running`, `completed`: what became of it since stands at `GET /operations/{id}`
    state: &'static str,
    #[schema(value_type = Option<String>, format = DateTime)]
    schedule_at: Option<Timestamp>,
    /// Collectors that were named.
    total: usize,
    /// Collectors for which it was accepted.
    succeeded: usize,
    /// Collectors for which it was refused.
    failed: usize,
    results: Vec<BulkResult>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct BulkResult {
    collector_id: String,
    /// Null where there is no such collector.
    name: Option<String>,
    /// Whether it was accepted.
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    action_id: Option<ActionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<Item> for BulkResult {
    fn from(item: Item) -> Self {
        // what an agent was asked for was accepted, whatever became of it meanwhile
        let success = item.action.is_some() || item.status != Progress::Failed;
        let error = item.error_message.filter(|_| !success);
        Self { collector_id: item.collector, name: item.name, success, action_id: item.action, error }
    }
}

impl BulkView {
    fn of(operation: &Operation, items: Vec<Item>) -> Self {
        let results: Vec<BulkResult> = items.into_iter().map(BulkResult::from).collect();
        let succeeded = results.iter().filter(|result| result.success).count();
        let action = operation.task.kind().as_str();
        Self {
            operation_id: operation.id,
            action,
            success: succeeded == results.len(),
            message: format!("{action} was accepted for {succeeded} of {} collectors", results.len()),
            state: operation.state.as_str(),
            schedule_at: operation.schedule_at,
            total: results.len(),
            succeeded,
            failed: results.len() - succeeded,
            results,
        }
    }
}

/// Whether a request still works on its operation itself, before it is the job's: until the client has waited for long
/// enough, or the daemon is asked to end.
pub(super) fn patience(node: &Node) -> impl Fn() -> bool {
    let started = Instant::now();
    move || started.elapsed() < OPERATION_REPLY_TIME && !node.stopping.is_set()
}

/// The operation that this request had taken on when it was cut off.
pub(super) fn taken_before() -> Result<Option<OperationId>, Problem> {
    let word = Session::word();
    word.map(|word| word.parse().map_err(|error| Problem::internal(&error))).transpose()
}

#[utoipa::path(post, path = "/api/v1/collectors/bulk-action", tag = "control", request_body = BulkBody,
    responses((status = 202, body = BulkView), (status = 400),
        (status = 409, description = "too many operations are scheduled or running")))]
pub(super) async fn ask(node: Data<Node>, caller: Caller, fields: Fields) -> Result<HttpResponse, Problem> {
    let id = match taken_before()? {
        Some(id) => id,
        None => take(&node, caller, fields).await?,
    };
    let begun = on_disk::<_, OperationError>(&node, move |node| {
        let operations = &node.operations;
        if let Err(error) = operations.begin(id, patience(node)) {
            // it is taken, and the job goes on with it
            tracing::warn!(operation = %id, %error, "an operation was not begun at once");
        }
        operations.get(id, Page { skip: 0, limit: OPERATION_COLLECTORS })
    });
    let (operation, items) = begun.await?;
    let location = format!("/api/v1/operations/{}", operation.id);
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).json(BulkView::of(&operation, items)))
}

async fn take(node: &Data<Node>, caller: Caller, fields: Fields) -> Result<OperationId, Problem> {
    let order = order(fields, node.clock.now())?;
    let id = on_disk(node, move |node| node.operations.create(&caller.origin, order)).await?;
    Session::commit(id.to_string()).await?;
    Ok(id)
}
