//! Charts and documents over HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::fleet::Total;
use crate::ids::CollectorId;
use crate::limits;
use crate::metrics::{
    AgentSummary, Cursor, DocumentsQuery, ListedSeries, Matcher, Number, Points, PointsQuery, ReadDocument,
    StepFunction, Summary,
};
use crate::node::{Node, NodeError};

/// A chart: series with their points, and what the agent said of itself in the same range.
#[derive(serde::Serialize, ToSchema)]
pub(super) struct PointsView {
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// In seconds; null when every point is given.
    step: Option<f64>,
    series: Vec<SeriesView>,
    summary: SummaryView,
    /// A mean collection time above this means slow.
    slow_collection_ms: f64,
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct SeriesView {
    name: String,
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(serialize_with = "shared")]
    labels: Arc<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
    /// Pairs of milliseconds since 1970 and a number, or null where a step has no value.
    #[schema(value_type = Vec<(i64, Option<f64>)>)]
    points: Vec<Point>,
}

fn shared<S: Serializer>(labels: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    labels.serialize(serializer)
}

struct Point(Timestamp, Option<Number>);

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.0.as_millis())?;
        match self.1 {
            Some(Number::Whole(whole)) => pair.serialize_element(&whole)?,
            // what no double holds is written as null
            Some(Number::Real(real)) => pair.serialize_element(&real)?,
            None => pair.serialize_element(&())?,
        }
        pair.end()
    }
}

impl From<Points> for SeriesView {
    fn from(Points { series, points }: Points) -> Self {
        let unit = unit(&series.name);
        let points = points.into_iter().map(|(time, number)| Point(time, number)).collect();
        Self { name: series.name.as_ref().to_owned(), labels: series.labels, unit, points }
    }
}

/// What the name of a series says of its unit.
fn unit(name: &str) -> Option<&'static str> {
    if matches!(name, "agent.cpu_usage" | "agent.memory_usage") {
        return Some("percent");
    }
    let endings = [
        ("_bytes", "bytes"),
        ("_ms", "milliseconds"),
        ("_seconds", "seconds"),
        ("_mb", "megabytes"),
        ("_gb", "gigabytes"),
        ("_bytes_per_second", "bytes per second"),
        ("_percent", "percent"),
        ("percent_used", "percent"),
    ];
    endings.into_iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, unit)| unit)
}

/// What was never said in the range is null.
#[derive(serde::Serialize, ToSchema)]
struct SummaryView {
    /// Percent of the known time of the UTC days that the range touches: how much the collector was there.
    uptime: Option<f64>,
    /// Seconds since the agent started, as it last said.
    agent_uptime: Option<u64>,
    /// Percent of the agent's host.
    cpu: Option<FiguresView>,
    /// Percent of the agent's host.
    memory: Option<FiguresView>,
    network_io: Option<NetworkView>,
    /// In milliseconds.
    collection_times: Option<FiguresView>,
}

#[derive(serde::Serialize, ToSchema)]
struct FiguresView {
    last: f64,
    mean: f64,
    max: f64,
}

/// Bytes within the range.
#[derive(serde::Serialize, ToSchema)]
struct NetworkView {
    sent_bytes: Option<f64>,
    received_bytes: Option<f64>,
}

impl SummaryView {
    fn of(availability: Total, summary: AgentSummary) -> Self {
        let AgentSummary { uptime, cpu, memory, sent_bytes, received_bytes, collection_time_ms } = summary;
        let figures = |figures: Option<Summary>| {
            figures.map(|Summary { last, mean, max }| FiguresView { last, mean, max })
        };
        let is_known = sent_bytes.is_some() || received_bytes.is_some();
        Self {
            uptime: availability.percentage(),
            agent_uptime: uptime.map(|uptime| uptime.as_secs()),
            cpu: figures(cpu),
            memory: figures(memory),
            network_io: is_known.then_some(NetworkView { sent_bytes, received_bytes }),
            collection_times: figures(collection_time_ms),
        }
    }
}

/// The points of the series that match; without `match`, the agent's own figures.
#[utoipa::path(get, path = "/api/v1/collectors/{id}/metrics", tag = "metrics",
    params(
        ("id" = String, Path),
        ("from" = Option<String>, Query, description = "by default a day before `to`"),
        ("to" = Option<String>, Query, description = "by default now"),
        ("step" = Option<String>, Query, description = "seconds, or a number with ms, s, m, h or d"),
        ("fn" = Option<String>, Query,
            description = "what stands for a step: last (the default), min, max, avg, or rate: growth of a counter in a second"),
        ("match" = Option<Vec<String>>, Query, description = "a name, or `name{label=\"value\"}` with = != =~ !~"),
    ),
    responses((status = 200, body = PointsView), (status = 400), (status = 404)))]
pub(super) async fn points(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<PointsView>, Problem> {
    let collector: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let to = query.time("to").unwrap_or_else(|| node.clock.now());
    let from = query.time("from").unwrap_or_else(|| to.minus(limits::QUERY_RANGE));
    let step = query.text("step", limits::STEP_CHARS).map(|text| read_step(&text));
    let function = query.one_of("fn").unwrap_or(StepFunction::Last);
    if step.is_none() && function != StepFunction::Last {
        query.complain("fn", "needs_step", "takes a step to apply to: give step as well");
    }
    let step = step.and_then(|step| query.read(step));
    let matchers = matchers(&mut query);
    let query = query.finish(PointsQuery { collector, from, to, step, function, matchers })?;
    on_disk(&node, move |node| {
        node.collectors.get(collector)?;
        let own = node.metrics.agent_points(collector, from, to, step)?;
        let series = if query.matchers.is_empty() { own.series } else { node.metrics.points(&query)? };
        let series = series.into_iter().map(SeriesView::from).collect();
        let step = step.map(|step| step.as_secs_f64());
        let summary = SummaryView::of(node.presence.total_between(collector, from, to), own.summary);
        let slow_collection_ms = node.presence.slow_collection_ms();
        Ok::<_, NodeError>(Json(PointsView { from, to, step, series, summary, slow_collection_ms }))
    })
    .await
}

/// A number of seconds, or a number with its unit.
pub(super) fn read_step(text: &str) -> Result<Duration, Problem> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => f64::NAN,
    };
    let step =
        digits.parse::<f64>().ok().and_then(|number| Duration::try_from_secs_f64(number * seconds).ok());
    let rule = "must be a number of seconds, or a number with ms, s, m, h or d";
    step.ok_or_else(|| Problem::invalid_field("step", "format", rule))
}

fn matchers(query: &mut Query) -> Vec<Matcher> {
    let texts = query.all("match").into_iter();
    let read = |text: String| match text.parse() {
        Ok(matcher) => Some(matcher),
        Err(error) => {
            let error: crate::metrics::BadMatcher = error;
            query.complain("match", "format", error.to_string());
            None
        }
    };
    texts.filter_map(read).collect()
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct SeriesList {
    series: Vec<ListedSeriesView>,
}

#[derive(serde::Serialize, ToSchema)]
struct ListedSeriesView {
    /// Type and path, ending with the member's key.
    name: String,
    /// The strings that identify the objects around it.
    #[schema(value_type = BTreeMap<String, String>)]
    #[serde(serialize_with = "shared")]
    labels: Arc<BTreeMap<String, String>>,
    /// The time of its first document.
    #[schema(value_type = String, format = DateTime)]
    first: Timestamp,
    /// The time of its last document.
    #[schema(value_type = String, format = DateTime)]
    last: Timestamp,
}

/// The series of a collector.
#[utoipa::path(get, path = "/api/v1/collectors/{id}/series", tag = "metrics",
    params(("id" = String, Path), ("match" = Option<Vec<String>>, Query)),
    responses((status = 200, body = SeriesList), (status = 400), (status = 404)))]
pub(super) async fn series(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<SeriesList>, Problem> {
    let collector: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let matchers = matchers(&mut query);
    let matchers = query.finish(matchers)?;
    on_disk(&node, move |node| {
        node.collectors.get(collector)?;
        let listed = node.metrics.series(collector, &matchers)?.into_iter();
        let view = |ListedSeries { series, first, last }| ListedSeriesView {
            name: series.name.as_ref().to_owned(),
            labels: series.labels,
            first,
            last,
        };
        Ok::<_, NodeError>(Json(SeriesList { series: listed.map(view).collect() }))
    })
    .await
}

#[derive(serde::Serialize, ToSchema)]
pub(super) struct DocumentsView {
    documents: Vec<DocumentView>,
    /// Where the next page begins; null after the last one.
    next_cursor: Option<String>,
}

#[derive(serde::Serialize, ToSchema)]
struct DocumentView {
    /// Ascends in the order of arrival over all collectors.
    seq: u64,
    #[serde(rename = "type")]
    kind: String,
    #[schema(value_type = String, format = DateTime)]
    timestamp: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// Every member as it was pushed.
    #[schema(value_type = Object)]
    document: Box<RawValue>,
}

impl TryFrom<ReadDocument> for DocumentView {
    type Error = Problem;

    fn try_from(document: ReadDocument) -> Result<Self, Problem> {
        let ReadDocument { seq, kind, timestamp, received_at, text } = document;
        let document = RawValue::from_string(text).map_err(|error| Problem::internal(&error))?;
        Ok(Self { seq, kind, timestamp, received_at, document })
    }
}

/// Documents in the order of their time. The agent's own figures are left out unless `type=agent` is asked for.
#[utoipa::path(get, path = "/api/v1/collectors/{id}/documents", tag = "metrics",
    params(
        ("id" = String, Path),
        ("type" = Option<String>, Query),
        ("from" = Option<String>, Query),
        ("to" = Option<String>, Query),
        ("limit" = Option<usize>, Query, description = "1 to 1000, by default 100"),
        ("cursor" = Option<String>, Query, description = "the `next_cursor` of the page before"),
    ),
    responses((status = 200, body = DocumentsView), (status = 400), (status = 404)))]
pub(super) async fn documents(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<DocumentsView>, Problem> {
    let collector: CollectorId = id.parse()?;
    let query = documents_query(collector, Query::of(&request)?)?;
    on_disk(&node, move |node| {
        node.collectors.get(collector)?;
        let page = node.metrics.documents(&query).map_err(NodeError::from)?;
        let documents = page.documents.into_iter().map(DocumentView::try_from).collect::<Result<_, _>>()?;
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        Ok::<_, Problem>(Json(DocumentsView { documents, next_cursor }))
    })
    .await
}

fn documents_query(collector: CollectorId, mut query: Query) -> Result<DocumentsQuery, Problem> {
    let (usual, most) = limits::PAGE_DOCUMENTS;
    let cursor = query.text("cursor", limits::CURSOR_CHARS);
    let not_a_cursor =
        |error: crate::metrics::NotACursor| Problem::invalid_field("cursor", "format", error.to_string());
    let cursor = cursor.map(|cursor| cursor.parse::<Cursor>().map_err(not_a_cursor));
    let wanted = DocumentsQuery {
        collector,
        kind: query.text("type", limits::DOCUMENT_TYPE_CHARS),
        from: query.time("from").unwrap_or(Timestamp::from_millis(i64::MIN)),
        to: query.time("to").unwrap_or(Timestamp::from_millis(i64::MAX)),
        limit: query.number("limit", 1..=most).unwrap_or(usual),
        after: cursor.and_then(|cursor| query.read(cursor)),
    };
    query.finish(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_has_a_unit_or_is_in_seconds() {
        for (text, milliseconds) in
            [("60", 60_000), ("1.5", 1500), ("250ms", 250), ("5m", 300_000), ("1d", 86_400_000)]
        {
            assert_eq!(read_step(text).unwrap(), Duration::from_millis(milliseconds), "{text}");
        }
        for text in ["", "m", "5 m", "-1", "5w", "1e999", "NaN", "5é"] {
            assert!(read_step(text).is_err(), "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_written_with_every_digit() {
        let points =
            [Some(Number::Whole(i64::MAX)), Some(Number::Real(0.1)), Some(Number::Real(f64::INFINITY)), None];
        let points: Vec<_> =
            points.into_iter().map(|number| Point(Timestamp::from_millis(5), number)).collect();
        let text = serde_json::to_string(&points).unwrap();
        assert_eq!(text, "[[5,9223372036854775807],[5,0.1],[5,null],[5,null]]");
    }
}
