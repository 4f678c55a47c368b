//! The audit trail over HTTP. Reading the whole of it is itself audited.

use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::caller::Caller;
use super::csv::{self, Csv};
use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::audit::{Entry, Filter, Verification};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::{AUDIT_LIMIT, SEARCH_CHARS};
use crate::names::named;
use crate::node::Node;

#[derive(Serialize, ToSchema)]
pub(super) struct EntryView {
    seq: u64,
    id: String,
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    actor: ActorView,
    action: String,
    target: TargetView,
    reason: Option<String>,
    #[schema(value_type = Option<Object>)]
    old_values: Option<Box<RawValue>>,
    #[schema(value_type = Option<Object>)]
    new_values: Option<Box<RawValue>>,
    ip_address: String,
    user_agent: String,
    request_id: String,
    result: String,
    /// Hexadecimal SHA-256.
    prev_hash: String,
    /// Hexadecimal SHA-256.
    hash: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ActorView {
    id: String,
    name: String,
    role: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TargetView {
    kind: String,
    id: String,
    name: String,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let raw = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        Self {
            seq: entry.seq,
            id: entry.id.to_string(),
            time: entry.time,
            actor: ActorView { id: entry.actor.id, name: entry.actor.name, role: entry.actor.role },
            action: entry.action,
            target: TargetView { kind: entry.target.kind, id: entry.target.id, name: entry.target.name },
            reason: entry.reason,
            old_values: raw(entry.old_values),
            new_values: raw(entry.new_values),
            ip_address: entry.ip_address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            result: entry.result,
            prev_hash: hex::encode(entry.prev_hash),
            hash: hex::encode(entry.hash),
        }
    }
}

/// Entries, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryList {
    entries: Vec<EntryView>,
    next_cursor: Option<String>,
}

named!(Format, "a format", { Json = "json", Csv = "csv" });

struct Asked {
    filter: Filter,
    limit: Option<usize>,
    format: Format,
}

fn asked(request: &HttpRequest) -> Result<Asked, Problem> {
    let mut query = Query::of(request)?;
    let format = query.one_of("format").unwrap_or(Format::Json);
    let most = match format {
        Format::Json => AUDIT_LIMIT,
        Format::Csv => usize::MAX,
    };
    let asked = Asked {
        filter: Filter {
            actor: query.text("actor", SEARCH_CHARS),
            action: query.text("action", SEARCH_CHARS),
            target: query.text("target", SEARCH_CHARS),
            from: query.time("from"),
            to: query.time("to"),
            before_seq: query.number("cursor", 1..=usize::MAX).map(|seq| seq as u64),
        },
        limit: query.number("limit", 1..=most),
        format,
    };
    query.finish(asked)
}

#[utoipa::path(get, path = "/api/v1/audit", tag = "audit",
    params(("actor" = Option<String>, Query), ("action" = Option<String>, Query),
        ("target" = Option<String>, Query), ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("limit" = Option<u64>, Query, description = "1 to 1000, by default 100; as csv all, or as many"),
        ("cursor" = Option<String>, Query), ("format" = Option<String>, Query, description = "json or csv")),
    responses((status = 200, body = EntryList), (status = 400)))]
pub(super) async fn list(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = asked(&request)?;
    let format = asked.format;
    answer(&node, asked, move |node| match format {
        Format::Json => node.audit.note_reading(&caller.origin),
        Format::Csv => node.audit.note_export(&caller.origin),
    })
    .await
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/audit", tag = "audit",
    params(("id" = String, Path), ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = EntryList), (status = 404)))]
pub(super) async fn of_collector(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id: CollectorId = id.parse()?;
    let mut asked = asked(&request)?;
    asked.filter.target = Some(id.to_string());
    on_disk(&node, move |node| node.collectors.get(id)).await?;
    answer(&node, asked, |_| Ok(())).await
}

async fn answer(
    node: &Data<Node>,
    asked: Asked,
    first: impl FnOnce(&Node) -> crate::storage::Result<()> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let Asked { filter, limit, format } = asked;
    on_disk(node, first).await?;
    match format {
        Format::Json => {
            let page = on_disk(node, move |node| node.audit.page(&filter, limit.unwrap_or(100))).await?;
            Ok(HttpResponse::Ok().json(EntryList {
                entries: page.entries.into_iter().map(EntryView::from).collect(),
                next_cursor: page.next_before_seq.map(|seq| seq.to_string()),
            }))
        }
        Format::Csv => {
            let export = Export::new(node.clone(), filter, limit);
            Ok(csv::attached("audit.csv", export, Export::piece))
        }
    }
}

const COLUMNS: [&str; 16] = [
    "seq",
    "time",
    "actor",
    "role",
    "action",
    "target_kind",
    "target_id",
    "target",
    "reason",
    "old_values",
    "new_values",
    "ip_address",
    "user_agent",
    "request_id",
    "result",
    "hash",
];

/// What is still to be written of an export: all that matches, newest first, and nothing that comes meanwhile.
struct Export {
    node: Data<Node>,
    filter: Filter,
    csv: Csv,
    left: usize,
}

impl Export {
    fn new(node: Data<Node>, filter: Filter, limit: Option<usize>) -> Self {
        Self { node, filter, csv: Csv::new(&COLUMNS), left: limit.unwrap_or(usize::MAX) }
    }

    /// The next piece, and what comes behind it, unless it is the last one.
    async fn piece(mut self) -> Result<(Bytes, Option<Self>), Problem> {
        let (filter, limit) = (self.filter.clone(), self.left.min(AUDIT_LIMIT));
        let page = on_disk(&self.node, move |node| node.audit.page(&filter, limit)).await?;
        self.left -= page.entries.len();
        self.filter.before_seq = page.next_before_seq;
        page.entries.iter().for_each(|entry| write(&mut self.csv, entry));
        let piece = Bytes::from(self.csv.take());
        let more = page.next_before_seq.is_some() && self.left > 0;
        Ok((piece, more.then_some(self)))
    }
}

fn write(csv: &mut Csv, entry: &Entry) {
    csv.row(&[
        &entry.seq.to_string(),
        &entry.time.to_string(),
        &entry.actor.name,
        &entry.actor.role,
        &entry.action,
        &entry.target.kind,
        &entry.target.id,
        &entry.target.name,
        entry.reason.as_deref().unwrap_or_default(),
        entry.old_values.as_deref().unwrap_or_default(),
        entry.new_values.as_deref().unwrap_or_default(),
        &entry.ip_address,
        &entry.user_agent,
        &entry.request_id,
        &entry.result,
        &hex::encode(entry.hash),
    ]);
}

#[derive(Serialize, ToSchema)]
pub(super) struct VerificationView {
    verified: bool,
    entries: u64,
    /// The number of the first entry that was edited, is missing, or was put in.
    first_bad_entry: Option<u64>,
    head: HeadView,
    /// The newest signed head.
    checkpoint: Option<CheckpointView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct HeadView {
    seq: u64,
    hash: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CheckpointView {
    seq: u64,
    hash: String,
    #[schema(value_type = String, format = DateTime)]
    signed_at: Timestamp,
    key_id: String,
    /// Hexadecimal Ed25519 signature.
    signature: String,
}

impl From<Verification> for VerificationView {
    fn from(verification: Verification) -> Self {
        let Verification { entries, first_bad_entry, head, checkpoint } = verification;
        let checkpoint = checkpoint.map(|checkpoint| CheckpointView {
            seq: checkpoint.head.seq,
            hash: hex::encode(checkpoint.head.hash),
            signed_at: checkpoint.signed_at,
            key_id: checkpoint.key_id,
            signature: hex::encode(checkpoint.signature),
        });
        let head = HeadView { seq: head.seq, hash: hex::encode(head.hash) };
        Self { verified: first_bad_entry.is_none(), entries, first_bad_entry, head, checkpoint }
    }
}

#[utoipa::path(get, path = "/api/v1/audit/verify", tag = "audit",
    responses((status = 200, body = VerificationView)))]
pub(super) async fn verify(node: Data<Node>, caller: Caller) -> Result<Json<VerificationView>, Problem> {
    let verification = on_disk(&node, move |node| {
        node.audit.note_verification(&caller.origin)?;
        node.audit.verify(&*node.access.signing_keys())
    })
    .await?;
    Ok(Json(verification.into()))
}
