//! `query` and `query_range`.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::body;
use super::params::Params;
use super::turns::Turns;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::node::Node;
use crate::promql::Query;

/// What a query gives at one moment. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/query", tag = "prometheus",
    params(
        ("query" = String, Query, description = "in PromQL"),
        ("time" = Option<String>, Query, description = "seconds since 1970 or RFC 3339, by default now"),
        ("timeout" = Option<String>, Query, description = "at most 60s"),
    ),
    responses(
        (status = 200, description = "`{status, data: {resultType, result}}`", content_type = "application/json"),
        (status = 400), (status = 422), (status = 503)))]
pub(in crate::http) async fn query(
    node: Data<Node>,
    turns: Data<Turns>,
    request: HttpRequest,
    form: Body,
) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let text = params.needed("query")?.to_owned();
    let at = params.time("time")?.unwrap_or(node.clock.now().as_millis());
    let run = turns.run((&node, &request), params.timeout()?, move |store, budget| {
        let answer = Query::at(&text, at)?.evaluate(store, budget)?;
        Ok(body::answer(&answer))
    });
    Ok(body::whole(run.await?))
}

/// What a query gives at each step of a range. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/query_range", tag = "prometheus",
    params(
        ("query" = String, Query, description = "in PromQL"),
        ("start" = String, Query, description = "seconds since 1970 or RFC 3339"),
        ("end" = String, Query),
        ("step" = String, Query, description = "seconds, or numbers with ms, s, m, h, d, w or y"),
        ("nocache" = Option<String>, Query, description = "1: nothing that was kept of earlier answers is used"),
        ("timeout" = Option<String>, Query, description = "at most 60s"),
    ),
    responses(
        (status = 200, description = "`{status, data: {resultType: \"matrix\", result}}`", content_type = "application/json"),
        (status = 400), (status = 422), (status = 503)))]
pub(in crate::http) async fn query_range(
    node: Data<Node>,
    turns: Data<Turns>,
    request: HttpRequest,
    form: Body,
) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let text = params.needed("query")?.to_owned();
    for name in ["start", "end", "step"] {
        params.needed(name)?;
    }
    let (start, end) = (params.time("start")?.unwrap_or_default(), params.time("end")?.unwrap_or_default());
    let step = params.duration("step")?.unwrap_or_default();
    let answers = params.get("nocache").is_none_or(|value| value == "0").then(|| Arc::clone(&turns.answers));
    let run = turns.run((&node, &request), params.timeout()?, move |store, budget| {
        let query = Query::between(&text, start, end, step)?;
        let answer = match answers {
            Some(answers) => answers.answer(&text, &query, store, budget)?,
            None => query.evaluate(store, budget)?,
        };
        Ok(body::answer(&answer))
    });
    Ok(body::whole(run.await?))
}
