//! Importing many collectors over HTTP, from JSON or CSV. Every row is answered; a bad one stops no other.

mod list;
mod row;
mod table;
mod view;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data, Json, Payload};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body;
use super::caller::Caller;
use super::on_disk;
use super::once::Keyed;
use super::problem::Problem;
use super::query::Query;
use super::register::RegisterBody;
use crate::audit::Origin;
use crate::fleet::{Candidate, ConnectionTest, ConnectionTestError, Fault, Import};
use crate::ids::UserId;
use crate::limits::{IMPORT_BODY_TIME, IMPORT_BYTES, IMPORT_CHUNK, IMPORT_RETRY, IMPORTS_AT_ONCE};
use crate::node::Node;
use row::{Checked, Row};
use view::RowView;

pub(super) const PATH: &str = "/api/v1/collectors/bulk-import";

/// Who may import now.
pub(super) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(IMPORTS_AT_ONCE)))
    }
}

/// The body of an import in JSON.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; a reader of its own reads it")]
pub(super) struct ImportBody {
    /// At most 10,000. Each is the body of a registration; `env` may stand for `environment`, `type` is postgresql
    /// and `ssl_mode` prefer by default, and a connection is tried only with `test_connection: true`.
    #[schema(max_items = 10000)]
    collectors: Vec<RegisterBody>,
    /// Answers each row as the import would, and writes nothing.
    #[schema(default = false)]
    dry_run: Option<bool>,
}

/// What became of each row.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportView {
    total: usize,
    /// Rows that were imported, or would be.
    successful: usize,
    /// Rows that were not imported because something is wrong with them.
    failed: usize,
    /// Rows whose collectors exist already.
    existing: usize,
    dry_run: bool,
    /// The authority that the daemon's own certificate comes from, PEM.
    ca_certificate: String,
    results: Vec<RowView>,
}

/// Imports the valid rows and tells what is wrong with the others. The same list may be sent again.
#[utoipa::path(post, path = "/api/v1/collectors/bulk-import", tag = "collectors",
    params(("dry_run" = Option<bool>, Query, description = "for CSV; JSON says it in its body")),
    request_body(
        content((ImportBody = "application/json"), (String = "text/csv")),
        description = "CSV has the header name,host,port,database,username,password,env and may have more columns \
                       by the names of a registration's fields"),
    responses((status = 200, body = ImportView),
        (status = 400, description = "not readable as a list; rows that are wrong are told in a 200"),
        (status = 413), (status = 415), (status = 503, description = "other imports are under way")))]
pub(super) async fn import(
    node: Data<Node>,
    turns: Data<Turns>,
    caller: Caller,
    request: HttpRequest,
    payload: Payload,
) -> Result<Json<ImportView>, Problem> {
    let busy = || Problem::unavailable("other imports are under way", IMPORT_RETRY);
    let _turn = turns.0.try_acquire().map_err(|_| busy())?;
    let format = format(&request)?;
    let asked = dry_run(&request)?;
    let bytes = body::whole(request.headers(), payload, IMPORT_BYTES, IMPORT_BODY_TIME).await?;
    let (rows, dry_run) = on_disk(&node, {
        let bytes = bytes.clone();
        move |_| checked(format, &bytes)
    })
    .await?;
    let import = Import::new(rows.len(), dry_run || asked);
    let keyed = Keyed::is_asked(&request) && !import.dry_run;
    let keyed = if keyed { Some(begin(&node, &request, &bytes).await?) } else { None };
    let candidates = connections_tried(&node, caller.user()?.id, rows).await;
    run(&node, caller.origin, keyed, import, candidates).await.map(Json)
}

/// Its answer is kept part by part: one transaction for all rows would hold up all other writers.
async fn begin(node: &Data<Node>, request: &HttpRequest, bytes: &Bytes) -> Result<Keyed, Problem> {
    let keyed = Keyed::of(request, bytes).await?;
    let asked = keyed.clone();
    let find = move |node: &Node| asked.find(node, 0)?.map_or_else(|| asked.admit(node), |_| Ok(()));
    on_disk(node, find).await?;
    Ok(keyed)
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Json,
}

fn format(request: &HttpRequest) -> Result<Format, Problem> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Format::Csv),
        "application/json" => Ok(Format::Json),
        _ => {
            let detail = "the body must be application/json or text/csv";
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
        }
    }
}

fn dry_run(request: &HttpRequest) -> Result<bool, Problem> {
    let mut query = Query::of(request)?;
    let dry_run = query.flag("dry_run");
    query.finish(dry_run)
}

fn checked(format: Format, bytes: &Bytes) -> Result<(Vec<Checked>, bool), Problem> {
    let (rows, dry_run) = match format {
        Format::Csv => (table::read(bytes)?, false),
        Format::Json => list::read(bytes)?,
    };
    Ok((rows.into_iter().map(Row::check).collect(), dry_run))
}

/// Tries the connections of the rows that ask for it, all at once, as the limit of a user is small.
async fn connections_tried(node: &Data<Node>, user: UserId, rows: Vec<Checked>) -> Vec<Candidate> {
    let tried = rows.into_iter().map(|Checked { mut candidate, test }| async move {
        if let Some(test) = test {
            candidate.unreachable = tried(node, user, &test).await.err();
        }
        candidate
    });
    join_all(tried).await
}

async fn tried(node: &Data<Node>, user: UserId, test: &ConnectionTest) -> Result<(), Fault> {
    let told = |error: ConnectionTestError| {
        let field = (!matches!(error, ConnectionTestError::TooMany { .. })).then(|| error.field().to_owned());
        let message = error.to_string();
        Fault { field, code: Problem::from(error).code().to_owned(), message }
    };
    node.connection_tests.admit(user).map_err(told)?;
    test.run().await.map(drop).map_err(told)
}

/// Imports chunk by chunk. When the registry fails in the middle, what was imported is answered nevertheless, as
/// its tokens are told this once.
async fn run(
    node: &Data<Node>,
    origin: Origin,
    keyed: Option<Keyed>,
    mut import: Import,
    candidates: Vec<Candidate>,
) -> Result<ImportView, Problem> {
    let mut results: Vec<RowView> = Vec::with_capacity(candidates.len());
    let mut candidates = candidates.into_iter();
    for part in 0.. {
        let candidates_of_part: Vec<Candidate> = candidates.by_ref().take(IMPORT_CHUNK).collect();
        if candidates_of_part.is_empty() {
            break;
        }
        let mut names: Vec<_> = candidates_of_part.iter().map(named).collect();
        let chunk =
            Chunk { origin: origin.clone(), keyed: keyed.clone(), part, candidates: candidates_of_part };
        let step = on_disk(node, move |node| {
            let rows = chunk.import(node, &mut import);
            Ok::<_, Problem>((import, rows))
        });
        let rows;
        (import, rows) = step.await?;
        match rows {
            Ok(rows) => results.extend(rows),
            Err(problem) if results.is_empty() => return Err(problem),
            Err(problem) => {
                names.extend(candidates.by_ref().map(|candidate| named(&candidate)));
                let message = "the registry failed before this row: import the list again";
                let given_up = import.give_up(names, &Fault::of_row(problem.code(), message));
                results.extend(given_up.into_iter().map(RowView::from));
            }
        }
    }
    let counts = import.counts();
    Ok(ImportView {
        total: import.total,
        successful: counts.successful,
        failed: counts.failed,
        existing: counts.existing,
        dry_run: import.dry_run,
        ca_certificate: node.authority.anchor(),
        results,
    })
}

/// Rows that are imported in one transaction.
struct Chunk {
    origin: Origin,
    keyed: Option<Keyed>,
    part: usize,
    candidates: Vec<Candidate>,
}

impl Chunk {
    fn import(self, node: &Node, import: &mut Import) -> Result<Vec<RowView>, Problem> {
        let Some(keyed) = &self.keyed else { return self.run(node, import) };
        if let Some(kept) = keyed.find(node, self.part)? {
            let damaged = |_| Problem::internal(&"a kept part of an import does not read");
            let rows: Vec<RowView> = serde_json::from_slice(&kept).map_err(damaged)?;
            import.go_on_after(view::counts(&rows));
            return Ok(rows);
        }
        let (keyed, part) = (keyed.clone(), self.part);
        let unit = node.unit();
        let rows = self.run(node, import)?;
        let written = Zeroizing::new(serde_json::to_vec(&rows).unwrap_or_default());
        keyed.keep(node, part, &written)?;
        unit.commit()?;
        Ok(rows)
    }

    fn run(self, node: &Node, import: &mut Import) -> Result<Vec<RowView>, Problem> {
        let outcomes = node.registrar.import(&self.origin, import, self.candidates)?;
        Ok(outcomes.into_iter().map(RowView::from).collect())
    }
}

fn named(candidate: &Candidate) -> (usize, String) {
    (candidate.row, candidate.name.clone())
}
