//! Which labels, values and series there are.

use std::collections::BTreeSet;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::body;
use super::params::Params;
use super::refusal::bad_data;
use super::turns::Turns;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::limits;
use crate::node::Node;
use crate::prometheus::{OF_REGISTRY, Store};
use crate::promql::{Budget, Error, Labels, Selector, is_label_name};

/// The names of labels. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/labels", tag = "prometheus",
    params(
        ("start" = Option<String>, Query, description = "by default a day before the end"),
        ("end" = Option<String>, Query, description = "by default now"),
        ("match[]" = Option<Vec<String>>, Query, description = "of series that any of these selects"),
        ("limit" = Option<usize>, Query),
    ),
    responses((status = 200, description = "`{status, data: [name, ...]}`", content_type = "application/json"),
        (status = 400), (status = 422), (status = 503)))]
pub(in crate::http) async fn labels(
    node: Data<Node>,
    turns: Data<Turns>,
    request: HttpRequest,
    form: Body,
) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let (range, selectors) = (params.range(node.clock.now())?, params.selectors()?);
    let names = turns.run((&node, &request), params.timeout()?, move |store, budget| {
        gathered((store, budget), &selectors, range, |labels, names| {
            names.extend(labels.iter().map(|(name, _)| name.to_owned()));
        })
    });
    Ok(cut(names.await?, params.limit("limit")?))
}

/// The values of a label. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/label/{name}/values", tag = "prometheus",
    params(
        ("name" = String, Path, description = "`__name__` for the names of series"),
        ("start" = Option<String>, Query, description = "by default a day before the end"),
        ("end" = Option<String>, Query, description = "by default now"),
        ("match[]" = Option<Vec<String>>, Query, description = "of series that any of these selects"),
        ("limit" = Option<usize>, Query),
    ),
    responses((status = 200, description = "`{status, data: [value, ...]}`", content_type = "application/json"),
        (status = 400), (status = 422), (status = 503)))]
pub(in crate::http) async fn label_values(
    node: Data<Node>,
    turns: Data<Turns>,
    name: Path<String>,
    request: HttpRequest,
    form: Body,
) -> Result<HttpResponse, Problem> {
    let (name, params) = (name.into_inner(), Params::of(&request, &form)?);
    if !is_label_name(&name) {
        return Err(bad_data(format!("invalid label name: {name:?}")));
    }
    let (range, selectors) = (params.range(node.clock.now())?, params.selectors()?);
    let values = turns.run((&node, &request), params.timeout()?, move |store, budget| {
        if selectors.is_empty() && OF_REGISTRY.contains(&name.as_str()) {
            // the registry knows them without any series
            let of_members = store.members().iter().map(|member| member.labels.get(&name).to_owned());
            return Ok(of_members.filter(|value| !value.is_empty()).collect());
        }
        gathered((store, budget), &selectors, range, |labels, values| {
            let value = labels.get(&name);
            if !value.is_empty() && !values.contains(value) {
                values.insert(value.to_owned());
            }
        })
    });
    Ok(cut(values.await?, params.limit("limit")?))
}

fn gathered(
    (store, budget): (&Store<'_>, &Budget),
    selectors: &[Selector],
    range: (i64, i64),
    add: impl Fn(&Labels, &mut BTreeSet<String>),
) -> Result<BTreeSet<String>, Problem> {
    let mut all = BTreeSet::new();
    store.series(selectors, range, budget, &mut |labels| {
        add(&labels, &mut all);
        if all.len() > limits::PROMQL_NAMES { Err(Error::TooManySeries) } else { Ok(()) }
    })?;
    Ok(all)
}

fn cut(all: BTreeSet<String>, limit: usize) -> HttpResponse {
    let is_cut = all.len() > limit;
    body::list(&all.into_iter().take(limit).collect::<Vec<_>>(), is_cut)
}

/// The series that any of the selectors selects. Parameters may also come as a form.
#[utoipa::path(method(get, post), path = "/prometheus/api/v1/series", tag = "prometheus",
    params(
        ("match[]" = Vec<String>, Query),
        ("start" = Option<String>, Query, description = "by default a day before the end"),
        ("end" = Option<String>, Query, description = "by default now"),
        ("limit" = Option<usize>, Query),
    ),
    responses((status = 200, description = "`{status, data: [{label: value, ...}, ...]}`", content_type = "application/json"),
        (status = 400), (status = 422), (status = 503)))]
pub(in crate::http) async fn series(
    node: Data<Node>,
    turns: Data<Turns>,
    request: HttpRequest,
    form: Body,
) -> Result<HttpResponse, Problem> {
    let params = Params::of(&request, &form)?;
    let (range, selectors) = (params.range(node.clock.now())?, params.selectors()?);
    if selectors.is_empty() {
        return Err(bad_data("no match[] parameter provided"));
    }
    let limit = params.limit("limit")?;
    let found = turns.run((&node, &request), params.timeout()?, move |store, budget| {
        let mut found = BTreeSet::new();
        store.series(&selectors, range, budget, &mut |labels| {
            found.insert(labels);
            Ok(())
        })?;
        Ok(found)
    });
    let found = found.await?;
    let mut text = "[".to_owned();
    for (number, labels) in found.iter().take(limit).enumerate() {
        text.push_str(if number == 0 { "" } else { "," });
        body::put_labels(&mut text, labels);
    }
    text.push(']');
    Ok(body::success(&text))
}
