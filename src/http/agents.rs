//! What agents call beside pushes: heartbeats, and their configuration.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ETAG, EntityTag, IF_NONE_MATCH};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::body::Body;
use serde_json::json;

use super::caller::Caller;
use super::on_disk;
use super::problem::Problem;
use super::pulls::{Puller, Pulls};
use crate::ids::CollectorId;
use crate::limits::{AGENT_TEXT_CHARS, GAP_DOCUMENTS, GAPS_AT_ONCE};
use crate::node::Node;
use crate::registry::Collector;
use crate::wire::{Gap, Heartbeat, HeartbeatReply};

#[utoipa::path(post, path = "/api/v1/collectors/{id}/heartbeat", tag = "agents",
    params(("id" = String, Path)),
    request_body(content = Object, description = "timestamp, status: active|stopped|error, and what the agent knows"),
    responses((status = 200, description = "received_at, server_time, config_version, commands"),
        (status = 400), (status = 403)))]
pub(super) async fn heartbeat(
    node: Data<Node>,
    caller: Caller,
    Body(body): Body,
) -> Result<Json<HeartbeatReply>, Problem> {
    let id = caller.collector()?;
    let heartbeat = checked(&body)?;
    Ok(Json(on_disk(&node, move |node| node.heartbeat(id, &heartbeat)).await?))
}

/// Agents of later releases may say more; what is known has to make sense.
pub(super) fn checked(body: &[u8]) -> Result<Heartbeat, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let mut heartbeat: Heartbeat = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let field = if path == "." { missing_field(&error).unwrap_or("body".to_owned()) } else { path };
        Problem::invalid_field(&field, "format", "is missing or not of the right form")
    })?;
    for (field, percent) in [("cpu_usage", heartbeat.cpu_usage), ("memory_usage", heartbeat.memory_usage)] {
        if percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
            return Err(Problem::invalid_field(field, "range", "must be a percentage from 0 to 100"));
        }
    }
    if heartbeat.collection_time_ms.is_some_and(|duration| !(0.0..=86_400_000.0).contains(&duration)) {
        let message = "must be a duration from 0 ms to a day";
        return Err(Problem::invalid_field("collection_time_ms", "range", message));
    }
    let makes_sense = |gap: &Gap| {
        let is_counted = gap.batches.max(gap.documents) <= GAP_DOCUMENTS;
        gap.first_at <= gap.last_at && is_counted
    };
    if heartbeat.gaps.len() > GAPS_AT_ONCE || !heartbeat.gaps.iter().all(makes_sense) {
        let message =
            format!("must be at most {GAPS_AT_ONCE}, each with a time not before the first and with a count");
        return Err(Problem::invalid_field("gaps", "range", message));
    }
    let texts = [
        &mut heartbeat.agent_version,
        &mut heartbeat.hostname,
        &mut heartbeat.database_version,
        &mut heartbeat.last_error,
        &mut heartbeat.refused_config_reason,
    ];
    for text in texts.into_iter().flatten() {
        // the beginning of a long error tells what it is about
        if let Some((end, _)) = text.char_indices().nth(AGENT_TEXT_CHARS) {
            text.truncate(end);
        }
    }
    Ok(heartbeat)
}

/// Serde names a missing field only in its message: missing field `status`.
fn missing_field(error: &serde_path_to_error::Error<serde_json::Error>) -> Option<String> {
    let message = error.inner().to_string();
    let (_, rest) = message.split_once("missing field `")?;
    rest.split_once('`').map(|(field, _)| field.to_owned())
}

/// The token says whose configuration it is. The path may name the collector's own id or one that nobody has,
/// as collectors of release 3 send the id of their own file.
#[utoipa::path(get, path = "/api/v1/config/{collector_id}", tag = "agents",
    params(("collector_id" = String, Path)),
    responses((status = 200, description = "TOML", content_type = "text/plain"), (status = 304),
        (status = 403, description = "also where the token is not known"),
        (status = 429, description = "asked for too often, by a collector or from an address that is refused")))]
pub(super) async fn config(
    node: Data<Node>,
    pulls: Data<Pulls>,
    caller: Caller,
    named: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let own = caller.collector()?;
    pulls.admit(Puller::Collector(own))?;
    let named = named.parse::<CollectorId>().ok().filter(|named| *named != own);
    let (collector, is_somebody_elses) = on_disk(&node, move |node| {
        let others = named.is_some_and(|named| node.collectors.get(named).is_ok());
        let collector = node.collectors.offered(node.collectors.get(own)?)?;
        Ok::<_, crate::registry::CollectorsError>((collector, others))
    })
    .await?;
    if is_somebody_elses {
        return Err(Problem::forbidden("the token belongs to another collector"));
    }
    let version = collector.config_version;
    let tag = EntityTag::new_strong(format!("{own}-{version}"));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known =
        known.is_some_and(|known| known.split(',').any(|one| ["*", &tag.to_string()].contains(&one.trim())));
    let mut response = HttpResponse::build(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    response.insert_header((ETAG, tag.to_string()));
    response.insert_header(("X-Config-Version", version.to_string()));
    if is_known {
        return Ok(response.finish());
    }
    response.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"));
    Ok(response.body(toml(&collector)))
}

/// What the registry decides for an agent; the rest of its configuration is its own.
fn toml(collector: &Collector) -> String {
    // a list of JSON texts is a list of TOML texts
    let types = collector.enabled_types.as_ref().map(|types| format!("enabled_types = {}\n", json!(types)));
    let log = collector.log_level.map(|level| format!("\n[log]\nlevel = \"{level}\"\n"));
    format!(
        "# configuration version {version}\n[collector]\nid = \"{id}\"\ninterval = {interval}\n{types}\n\
         [pg_query_stats]\nlimit = {limit}\n{log}",
        version = collector.config_version,
        id = collector.id,
        interval = collector.collection_interval,
        types = types.unwrap_or_default(),
        limit = collector.query_limit,
        log = log.unwrap_or_default(),
    )
}
