//! Pushes over HTTP: admitted by their size before they are read, decompressed up to a bound, acknowledged
//! when they are durable.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Data, Json, Payload};
use futures_util::StreamExt;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::body::discard;
use super::budget::{Budget, Share};
use super::caller::Caller;
use super::decode::{self, DecodeError};
use super::on_disk;
use super::problem::Problem;
use super::turns::Turns;
use crate::clock::Timestamp;
use crate::fleet::Sender;
use crate::ids::CollectorId;
use crate::limits;
use crate::metrics::{Batch, CheckedPush, Recognized};
use crate::node::{Node, Taken};
use crate::wire::{PRIORITY, PRIORITY_OF_BACKLOG, Push, PushReply};

/// What all pushes share.
pub(super) struct Admission {
    /// Bytes of the bodies that are being taken in.
    bytes: Budget,
    /// Who may decompress and parse now.
    decoders: Arc<Semaphore>,
    /// Who may wait for that, and who of those whose documents have waited already.
    waiting: Semaphore,
    backlog_waiting: Semaphore,
    /// When the others come again.
    turns: Turns,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            bytes: Budget::new(limits::PUSHES_IN_FLIGHT_BYTES),
            decoders: Arc::new(Semaphore::new(limits::PUSHES_DECODED_AT_ONCE)),
            waiting: Semaphore::new(limits::PUSHES_WAITING_FOR_A_TURN),
            backlog_waiting: Semaphore::new(limits::BACKLOG_WAITING_FOR_A_TURN),
            turns: Turns::default(),
        }
    }
}

/// The body of a push.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; the push itself is of the wire")]
pub(super) struct PushBody {
    collector_id: Option<String>,
    hostname: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    timestamp: Option<Timestamp>,
    version: Option<String>,
    metrics_count: Option<u64>,
    /// Documents: objects with a `type` and a `timestamp`.
    metrics: Vec<serde_json::Value>,
}

/// The answer to a push.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the answer in the OpenAPI document; the answer is of the wire")]
pub(super) struct PushReplyView {
    /// Always `success`.
    status: String,
    collector_id: String,
    /// Documents that this push added.
    metrics_inserted: u64,
    /// Documents that were there already.
    duplicates: u64,
    bytes_received: u64,
    processing_time_ms: f64,
    next_config_version: u64,
    next_check_in_seconds: u64,
    /// Documents that were not kept; absent when there are none.
    rejected: Option<Vec<RejectedView>>,
}

/// A document that was not kept, while the others of its push were.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the answer in the OpenAPI document; the answer is of the wire")]
pub(super) struct RejectedView {
    /// Its place in `metrics`, from 0.
    index: u64,
    field: String,
    code: String,
    message: String,
}

/// Stores the documents of a push. Answered when they are durable; the same push may come again at any time.
#[utoipa::path(post, path = "/api/v1/metrics/push", tag = "agents",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "names this push, so that it is stored once"),
        ("X-Collector-ID" = Option<String>, Header),
        ("Content-Encoding" = Option<String>, Header, description = "not needed: the first bytes decide"),
    ),
    request_body(content = PushBody, description = "JSON, plain or as gzip or zstd"),
    responses(
        (status = 200, body = PushReplyView),
        (status = 400, description = "broken compression, or not a push"),
        (status = 403, description = "the push names another collector"),
        (status = 413, description = "more than 64 MiB after decompression"),
        (status = 422, description = "`idempotency_mismatch`"),
        (status = 503, description = "no room now: try again after Retry-After"),
        (status = 507, description = "`storage_full`"),
    ))]
pub(super) async fn push(
    node: Data<Node>,
    admission: Data<Admission>,
    caller: Caller,
    request: HttpRequest,
    body: Payload,
) -> Result<Json<PushReply>, Problem> {
    let started = Instant::now();
    let collector = caller.collector()?;
    let taken = take_in(&node, &admission, collector, &request, body).await;
    let (taken, bytes_received) =
        taken.map_err(|problem| problem.retried_after(|| admission.turns.pause(Instant::now())))?;
    Ok(Json(reply(taken, bytes_received, started, admission.turns.next_check())))
}

/// Reads a push, waits for its turn, and stores it. Returns the bytes that it had.
async fn take_in(
    node: &Data<Node>,
    admission: &Admission,
    collector: CollectorId,
    request: &HttpRequest,
    body: Payload,
) -> Result<(Taken, usize), Problem> {
    let key = idempotency_key(request.headers())?;
    check_header(request.headers(), collector)?;
    let is_backlog = request.headers().get(PRIORITY).is_some_and(|value| value == PRIORITY_OF_BACKLOG);
    let too_many = |_| busy("too many pushes are being taken in");
    // a backlog is refused before it is read: it has waited already
    let backlog =
        is_backlog.then(|| admission.backlog_waiting.try_acquire()).transpose().map_err(too_many)?;
    let (body, share) = read(admission, request.headers(), body).await?;
    let bytes_received = body.len();
    let waiting = admission.waiting.try_acquire().map_err(too_many)?;
    let turn = timeout(limits::PUSH_TURN_TIME, Arc::clone(&admission.decoders).acquire_owned()).await;
    let Ok(Ok(turn)) = turn else { return Err(busy("too many pushes are being taken in")) };
    drop((waiting, backlog));
    let taken = on_disk(node, move |node| {
        let (push, sender) = check(node, collector, key.as_deref(), &body, share)?;
        // the body and its share of the memory are gone; the disk is waited for without a turn
        drop((body, turn));
        node.take_push(push, sender).map_err(Problem::from)
    });
    Ok((taken.await?, bytes_received))
}

fn busy(detail: &str) -> Problem {
    Problem::unavailable(detail, limits::PUSH_RETRY)
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", DecodeError::TooLarge.to_string())
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map_err(|_| crate::metrics::AcceptError::BadIdempotencyKey)?;
    Ok(Some(key.to_owned()))
}

/// Agents of older releases send a name of their own there; only another collector's id is a mistake.
fn check_header(headers: &HeaderMap, collector: CollectorId) -> Result<(), Problem> {
    let named = headers.get("x-collector-id").and_then(|value| value.to_str().ok());
    match named.and_then(|named| named.parse::<CollectorId>().ok()) {
        Some(named) if named != collector => {
            Err(Problem::forbidden("X-Collector-ID names another collector"))
        }
        _ => Ok(()),
    }
}

/// Reads the body, with its share of the memory. A body that says its length gets its share before it is read.
async fn read(
    admission: &Admission,
    headers: &HeaderMap,
    mut body: Payload,
) -> Result<(Bytes, Share), Problem> {
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits::PUSH_BYTES) {
        discard(&mut body).await;
        return Err(too_large());
    }
    let no_room = || busy("the daemon is taking in as much as it can hold");
    let mut share = admission.bytes.share(length.unwrap_or(0)).ok_or_else(no_room)?;
    let mut bytes = BytesMut::with_capacity(share.bytes());
    let all = async {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|_| Problem::from_status(StatusCode::BAD_REQUEST))?;
            let size = bytes.len() + chunk.len();
            if size > limits::PUSH_BYTES {
                return Err(too_large());
            }
            if size > share.bytes() && !share.grow(size - share.bytes()) {
                return Err(no_room());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(())
    };
    let arrived = timeout(limits::PUSH_BODY_TIME, all).await;
    arrived.unwrap_or_else(|_| Err(Problem::from_status(StatusCode::REQUEST_TIMEOUT)))?;
    Ok((bytes.freeze(), share))
}

fn parse(plain: &[u8]) -> Result<Push<&RawValue>, Problem> {
    serde_json::from_slice(plain).map_err(|error| {
        if error.to_string().starts_with("missing field `metrics`") {
            return Problem::invalid_field("metrics", "required", "must be there");
        }
        let place = format!("see line {}, column {}", error.line(), error.column());
        if !error.is_data() {
            return Problem::invalid_field("body", "json", format!("is not valid JSON: {place}"));
        }
        match member_at_fault(plain) {
            Some(member) => {
                Problem::invalid_field(&member, "format", format!("is not of the right form: {place}"))
            }
            None => Problem::invalid_field("body", "format", format!("is no push: {place}")),
        }
    })
}

/// The member of a push that has another form than it should.
fn member_at_fault(plain: &[u8]) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_slice(plain);
    let read = serde_path_to_error::deserialize::<_, Push<IgnoredAny>>(&mut deserializer);
    read.err().map(|error| error.path().to_string()).filter(|path| path != ".")
}

/// Undoes the compression and checks the documents. The share of the memory is given back at the end.
fn check(
    node: &Node,
    collector: CollectorId,
    idempotency_key: Option<&str>,
    body: &[u8],
    mut share: Share,
) -> Result<(CheckedPush, Sender), Problem> {
    let plain = decode::decode(body, |bytes| share.grow(bytes))?;
    let recognized = node.metrics.recognize(collector, idempotency_key, &plain)?;
    if let Some(Recognized { collector_id, hostname, version, push }) = recognized {
        return check_body_names(collector_id, collector).map(|()| (push, sender(hostname, version)));
    }
    let Push { collector_id, hostname, timestamp, version, metrics: documents, .. } = parse(&plain)?;
    check_body_names(collector_id, collector)?;
    let push = node.metrics.check(&Batch { collector, idempotency_key, timestamp, documents })?;
    Ok((push, sender(hostname, version)))
}

/// As much of its texts as is kept of what agents say.
fn sender(hostname: Option<String>, version: Option<String>) -> Sender {
    let [hostname, version] = [hostname, version]
        .map(|text| text.map(|text| text.chars().take(limits::AGENT_TEXT_CHARS).collect::<String>()));
    Sender { hostname, version }
}

fn check_body_names(named: Option<String>, collector: CollectorId) -> Result<(), Problem> {
    if named.is_some_and(|named| named != collector.to_string()) {
        return Err(Problem::forbidden("collector_id names another collector than the token"));
    }
    Ok(())
}

fn reply(taken: Taken, bytes_received: usize, started: Instant, next_check: Duration) -> PushReply {
    let Taken { accepted, collector } = taken;
    PushReply {
        status: "success".to_owned(),
        collector_id: collector.id.to_string(),
        metrics_inserted: accepted.inserted,
        duplicates: accepted.duplicates,
        bytes_received: bytes_received as u64,
        processing_time_ms: started.elapsed().as_secs_f64() * 1000.0,
        next_config_version: collector.config_version,
        next_check_in_seconds: next_check.as_secs(),
        rejected: accepted.rejected,
    }
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::TooLarge => too_large(),
            DecodeError::Broken(_) => Self::invalid_field("body", "compression", error.to_string()),
            DecodeError::NoRoom => busy(&error.to_string()),
        }
    }
}
