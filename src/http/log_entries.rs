//! The log lines that agents send: each is checked for itself, so that a bad one does not cost the good ones.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde_json::Value;
use utoipa::ToSchema;

use super::body::Body;
use super::caller::Caller;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::limits::{
    AHEAD, LOG_BATCH_ENTRIES, LOG_BATCH_NAME_CHARS, LOG_FIELDS, LOG_FIELDS_BYTES, LOG_MESSAGE_CHARS,
    LOG_RETENTION,
};
use crate::logs::NewEntry;
use crate::node::Node;
use crate::wire::{FieldError, LogBatch, LogLevel, LogReply, Rejected};

/// The body of a request with log lines.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; each entry is read for itself")]
pub(super) struct LogBody {
    #[schema(max_items = 1000)]
    entries: Vec<LogEntryBody>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; each entry is read for itself")]
struct LogEntryBody {
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// DEBUG, INFO, WARNING, ERROR
    level: String,
    #[schema(max_length = 4000)]
    message: String,
    /// At most 32 members, and 4096 bytes.
    #[schema(value_type = Option<Object>)]
    fields: Option<Value>,
}

/// What became of the lines.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the answer in the OpenAPI document; the answer is of the wire")]
pub(super) struct LogReplyView {
    /// Lines that were added; none, where the batch was there already.
    accepted: u64,
    /// Lines that were not kept; absent when there are none.
    rejected: Option<Vec<super::ingest::RejectedView>>,
}

/// Keeps lines of an agent's log. Where none of them is good, the answer is 400.
#[utoipa::path(post, path = "/api/v1/collectors/{id}/logs", tag = "agents",
    params(("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "names this batch, so that it is kept once")),
    request_body = LogBody,
    responses((status = 200, body = LogReplyView), (status = 400), (status = 403),
        (status = 413, description = "more than 1 MiB"),
        (status = 429, description = "more than the collector may log: try again after Retry-After"),
        (status = 507, description = "`storage_full`")))]
pub(super) async fn append(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
    Body(body): Body,
) -> Result<Json<LogReply>, Problem> {
    let collector = caller.collector()?;
    let name = name(&request)?;
    let now = node.clock.now();
    let (entries, rejected) = read(&body, now)?;
    let append = move |node: &Node| node.logs.append(collector, name.as_deref(), &entries);
    let accepted = on_disk(&node, append).await? as u64;
    Ok(Json(LogReply { accepted, rejected }))
}

fn name(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let name = value.to_str().ok().filter(|name| (1..=LOG_BATCH_NAME_CHARS).contains(&name.len()));
    let rule = || format!("must have 1 to {LOG_BATCH_NAME_CHARS} printable ASCII characters");
    name.map(|name| Some(name.to_owned()))
        .ok_or_else(|| Problem::invalid_field("Idempotency-Key", "format", rule()))
}

/// The good entries, and what is wrong with the others.
fn read(body: &[u8], now: Timestamp) -> Result<(Vec<NewEntry>, Vec<Rejected>), Problem> {
    let batch: LogBatch<Value> = serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { "format" } else { "json" };
        Problem::invalid_field("entries", code, "the body must be JSON with a list of entries")
    })?;
    if batch.entries.len() > LOG_BATCH_ENTRIES {
        let rule = format!("must have at most {LOG_BATCH_ENTRIES} entries");
        return Err(Problem::invalid_field("entries", "length", rule));
    }
    let (mut good, mut rejected) = (Vec::new(), Vec::new());
    for (entry, index) in batch.entries.into_iter().zip(0..) {
        match checked(entry, now) {
            Ok(entry) => good.push(entry),
            Err(FieldError { field, code, message }) => {
                rejected.push(Rejected { index, field, code, message });
            }
        }
    }
    if good.is_empty() && !rejected.is_empty() {
        return Err(Problem::validation(rejected.into_iter().map(at_its_place).collect()));
    }
    Ok((good, rejected))
}

fn at_its_place(rejected: Rejected) -> FieldError {
    let Rejected { index, field, code, message } = rejected;
    FieldError { field: format!("entries[{index}].{field}"), code, message }
}

fn checked(entry: Value, now: Timestamp) -> Result<NewEntry, FieldError> {
    let complaint = |field: &str, code: &str, message: String| FieldError {
        field: field.to_owned(),
        code: code.to_owned(),
        message,
    };
    let Value::Object(members) = entry else {
        return Err(complaint("entry", "type", "must be an object".to_owned()));
    };
    let mut members = Fields::new(members);
    let level: LogLevel = members.one_of("level");
    let message = members.line("message", LOG_MESSAGE_CHARS);
    let time = members.time("timestamp");
    let fields = members.object("fields", LOG_FIELDS, LOG_FIELDS_BYTES);
    members.first_complaint().map_or(Ok(()), Err)?;
    if time > now.plus(AHEAD) || time < now.minus(LOG_RETENTION) {
        let rule = "must be no more than a day ahead and no older than the retention of logs";
        return Err(complaint("timestamp", "out_of_range", rule.to_owned()));
    }
    Ok(NewEntry { time, level, message, fields })
}
