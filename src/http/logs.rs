//! Reading the log of an agent over HTTP: page by page, or as a file that goes out piece by piece.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use super::csv::{self, Csv};
use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::{LOG_ENTRIES_KEPT, LOG_PAGE, SEARCH_CHARS};
use crate::logs::{Entry, Filter, LogsError, Page, Place};
use crate::names::named;
use crate::node::{Node, NodeError};
use crate::wire::LogLevel;

/// Entries, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct LogList {
    entries: Vec<LogEntryView>,
    /// Entries that match, on all pages.
    total: u64,
    limit: usize,
    offset: usize,
    /// How many of each level match the filter without its levels.
    #[schema(value_type = BTreeMap<String, u64>)]
    levels: BTreeMap<&'static str, u64>,
    /// The newest arrival, whatever the filter: ask with `after` for what comes next.
    last_id: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct LogEntryView {
    /// Ascends in the order of arrival.
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    /// DEBUG, INFO, WARNING, ERROR
    level: &'static str,
    message: String,
    #[schema(value_type = Object)]
    fields: Option<Box<RawValue>>,
}

impl From<Entry> for LogEntryView {
    fn from(entry: Entry) -> Self {
        let Entry { id, time, level, message, fields } = entry;
        let fields = RawValue::from_string(fields).ok();
        Self { id, timestamp: time, level: level.as_str(), message, fields }
    }
}

named!(Format, "a format", { Json = "json", Csv = "csv" });

struct Asked {
    filter: Filter,
    limit: Option<usize>,
    offset: usize,
    format: Format,
}

fn asked(request: &HttpRequest) -> Result<Asked, Problem> {
    let mut query = Query::of(request)?;
    let format = query.one_of("format").unwrap_or(Format::Json);
    let most = match format {
        Format::Json => LOG_PAGE.1,
        Format::Csv => LOG_ENTRIES_KEPT,
    };
    let asked = Asked {
        filter: Filter {
            levels: query.any_of("level"),
            search: query.text("search", SEARCH_CHARS),
            from: query.time("from"),
            to: query.time("to"),
            after: query.number("after", 0..=usize::MAX).map(|id| i64::try_from(id).unwrap_or(i64::MAX)),
        },
        limit: query.number("limit", 1..=most),
        offset: query.number("offset", 0..=LOG_ENTRIES_KEPT * 2).unwrap_or(0),
        format,
    };
    query.finish(asked)
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/logs", tag = "collectors",
    params(("id" = String, Path),
        ("level" = Option<Vec<String>>, Query, description = "any of these; all, where there are none"),
        ("search" = Option<String>, Query, description = "what the message holds, in whatever case"),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("after" = Option<i64>, Query, description = "only what came after this id"),
        ("limit" = Option<usize>, Query, description = "1 to 1000, by default 100; as csv all, or up to 10000"),
        ("offset" = Option<usize>, Query),
        ("format" = Option<String>, Query, description = "json or csv")),
    responses((status = 200, body = LogList), (status = 400), (status = 404)))]
pub(super) async fn list(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id: CollectorId = id.parse()?;
    let asked = asked(&request)?;
    match asked.format {
        Format::Json => page(&node, id, asked).await,
        Format::Csv => export(node, id, asked).await,
    }
}

async fn page(node: &Data<Node>, id: CollectorId, asked: Asked) -> Result<HttpResponse, Problem> {
    let Asked { filter, limit, offset, .. } = asked;
    let limit = limit.unwrap_or(LOG_PAGE.0);
    let read = move |node: &Node| {
        node.collectors.get(id)?;
        Ok::<_, NodeError>(node.logs.page(id, &filter, limit, offset)?)
    };
    let Page { entries, total, levels, last_id } = on_disk(node, read).await?;
    let levels = LogLevel::ALL.iter().map(|level| (level.as_str(), levels.of(*level))).collect();
    let entries = entries.into_iter().map(LogEntryView::from).collect();
    Ok(HttpResponse::Ok().json(LogList { entries, total, limit, offset, levels, last_id }))
}

/// What is still to be written of an export.
struct Export {
    node: Data<Node>,
    id: CollectorId,
    filter: Filter,
    csv: Csv,
    left: usize,
    to_skip: usize,
    behind: Option<Place>,
}

async fn export(node: Data<Node>, id: CollectorId, asked: Asked) -> Result<HttpResponse, Problem> {
    on_disk(&node, move |node| node.collectors.get(id)).await?;
    let Asked { filter, limit, offset, .. } = asked;
    let export = Export {
        node,
        id,
        filter,
        csv: Csv::new(&["timestamp", "level", "message", "fields"]),
        left: limit.unwrap_or(LOG_ENTRIES_KEPT),
        to_skip: offset,
        behind: None,
    };
    Ok(csv::attached("logs.csv", export, Export::piece))
}

impl Export {
    /// The next piece, and what comes behind it, unless it is the last one.
    async fn piece(mut self) -> Result<(Bytes, Option<Self>), Problem> {
        let (id, filter, behind) = (self.id, self.filter.clone(), self.behind);
        let read = move |node: &Node| node.logs.next(id, &filter, behind, LOG_PAGE.1);
        let entries = on_disk(&self.node, read).await?;
        let is_last = entries.len() < LOG_PAGE.1;
        self.behind = entries.last().map(|entry| Place { time: entry.time, id: entry.id });
        let skipped = self.to_skip.min(entries.len());
        self.to_skip -= skipped;
        for entry in entries.into_iter().skip(skipped).take(self.left) {
            let Entry { time, level, message, fields, .. } = entry;
            self.csv.row(&[&time.to_string(), level.as_str(), &message, &fields]);
            self.left -= 1;
        }
        let piece = Bytes::from(self.csv.take());
        let more = !is_last && self.left > 0;
        Ok((piece, more.then_some(self)))
    }
}

impl From<LogsError> for Problem {
    fn from(error: LogsError) -> Self {
        match error {
            LogsError::TooMany { retry_after } => Self::too_many(error.to_string(), retry_after),
            LogsError::Full { .. } => Self::storage_full(error.to_string()),
            LogsError::FreeSpace(_) => Self::internal(&error),
            LogsError::Store(error) => error.into(),
        }
    }
}
