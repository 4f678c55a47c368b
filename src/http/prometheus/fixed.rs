//! What is answered without looking at any series.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::json;

use super::body;
use super::params::Params;
use super::refusal::bad_data;
use super::tree::shown;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::node::VERSION;
use crate::prometheus::{KNOWN, valid};
use crate::promql;

/// The release of Prometheus whose language and API this is.
const LIKE: &str = "2.42.0";

#[derive(Serialize)]
struct Metadata {
    r#type: &'static str,
    help: &'static str,
    unit: &'static str,
}

/// Types and meanings of the well-known series.
#[utoipa::path(get, path = "/prometheus/api/v1/metadata", tag = "prometheus",
    params(
        ("metric" = Option<String>, Query, description = "of this name only"),
        ("limit" = Option<usize>, Query),
    ),
    responses((status = 200, description = "`{status, data: {name: [{type, help, unit}]}}`", content_type = "application/json"),
        (status = 400)))]
pub(in crate::http) async fn metadata(request: HttpRequest, form: Body) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let (metric, limit) = (params.get("metric"), params.limit("limit")?);
    let mut all = BTreeMap::new();
    for known in &KNOWN {
        let of =
            |name: String| (name, [Metadata { r#type: known.kind.as_str(), help: known.help, unit: "" }]);
        all.extend([of(known.name.to_owned()), of(valid(known.of))]);
    }
    all.retain(|name, _| metric.is_none_or(|metric| metric == name));
    Ok(body::list(&all.into_iter().take(limit).collect::<BTreeMap<_, _>>(), false))
}

/// There are no exemplars.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/query_exemplars", tag = "prometheus",
    params(("query" = Option<String>, Query, description = "in PromQL"), ("start" = Option<String>, Query),
        ("end" = Option<String>, Query)),
    responses((status = 200, description = "`{status, data: []}`", content_type = "application/json"), (status = 400)))]
pub(in crate::http) async fn exemplars(request: HttpRequest, form: Body) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let (start, end) = (params.time("start")?, params.time("end")?);
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        return Err(bad_data("end timestamp must not be before start timestamp"));
    }
    params.get("query").map(promql::tree).transpose()?;
    Ok(body::success("[]"))
}

/// There are no rules.
#[utoipa::path(get, path = "/prometheus/api/v1/rules", tag = "prometheus",
    responses((status = 200, description = "`{status, data: {groups: []}}`", content_type = "application/json")))]
pub(in crate::http) async fn rules() -> HttpResponse {
    body::success("{\"groups\":[]}")
}

/// Which release of Prometheus this is like.
#[utoipa::path(get, path = "/prometheus/api/v1/status/buildinfo", tag = "prometheus",
    responses((status = 200, description = "`{status, data: {version, ...}}`", content_type = "application/json")))]
pub(in crate::http) async fn build_info() -> HttpResponse {
    let of_us = json!({
        "version": LIKE,
        "revision": VERSION,
        "branch": "pganalytics",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    body::success(&of_us.to_string())
}

/// A query, written neatly. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/format_query", tag = "prometheus",
    params(("query" = String, Query, description = "in PromQL")),
    responses((status = 200, description = "`{status, data: text}`", content_type = "application/json"), (status = 400)))]
pub(in crate::http) async fn format_query(request: HttpRequest, form: Body) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let tree = promql::tree(params.needed("query")?)?;
    Ok(body::list(&tree.prettify(), false))
}

/// A query, taken apart. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/parse_query", tag = "prometheus",
    params(("query" = String, Query, description = "in PromQL")),
    responses((status = 200, description = "`{status, data: {type, ...}}`", content_type = "application/json"), (status = 400)))]
pub(in crate::http) async fn parse_query(request: HttpRequest, form: Body) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let tree = promql::tree(params.needed("query")?)?;
    Ok(body::list(&shown(&tree), false))
}
