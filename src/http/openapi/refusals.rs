//! How each operation says no. A handler names the refusals that are particular to it; what holds for all of them, and
//! the document that every refusal bears, is said here.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, Ref, RefOr, Response};
use utoipa::{Modify, ToSchema};

use crate::access::Need;
use crate::http::routes::{self, Route};
use crate::http::{caller, prometheus};

/// RFC 9457. A refusal may have further members.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes every refusal in the OpenAPI document; `wire` has what is written"
)]
pub(super) struct Problem {
    #[schema(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    /// Stable, for programs.
    code: String,
    /// The same as `detail`, for simple clients.
    error: String,
    request_id: String,
    /// All fields at fault, where there are any.
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
}

/// What is wrong with one field: the rule that it broke, never its value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is part of what describes every refusal")]
pub(super) struct FieldProblem {
    field: String,
    code: String,
    message: String,
}

/// The same in the form of Prometheus.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it describes the refusals of queries; `prometheus::refusal` has what is written"
)]
pub(super) struct QueryProblem {
    /// `error`
    status: String,
    #[schema(rename = "errorType")]
    kind: String,
    error: String,
}

pub(super) struct Refusals;

impl Modify for Refusals {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut shared = Shared::new();
        for route in routes::all() {
            let item = openapi.paths.paths.get_mut(route.path);
            if let Some(operation) = item.and_then(|item| operation(item, &route)) {
                say_no(operation, &route, &mut shared);
            }
        }
        openapi.components.get_or_insert_default().responses.extend(shared);
    }
}

/// Refusals of which no handler says anything particular, by name.
type Shared = BTreeMap<String, RefOr<Response>>;

fn operation<'a>(item: &'a mut PathItem, route: &Route) -> Option<&'a mut Operation> {
    let operation = match route.method.as_str() {
        "GET" => &mut item.get,
        "POST" => &mut item.post,
        "PUT" => &mut item.put,
        "DELETE" => &mut item.delete,
        _ => return None,
    };
    operation.as_mut()
}

fn say_no(operation: &mut Operation, route: &Route, shared: &mut Shared) {
    let answers = &mut operation.responses.responses;
    let mut also = |status: &str| {
        answers.entry(status.to_owned()).or_insert_with(|| Response::default().into());
    };
    also("default");
    if route.need != Need::Public {
        also("403");
    }
    // agents of release 3 would ask again without end
    if route.need != Need::Public && !caller::is_config(route.path) {
        also("401");
    }
    for (status, answer) in answers {
        complete(answer, status, route.path, shared);
    }
}

/// Gives an answer its description, which all must have, and a refusal its document.
fn complete(answer: &mut RefOr<Response>, status: &str, path: &str, shared: &mut Shared) {
    let RefOr::T(response) = answer else { return };
    let is_plain = response.description.is_empty();
    let known = status.parse::<StatusCode>().ok();
    if is_plain {
        reason(status, known).clone_into(&mut response.description);
    }
    let is_refusal = known.is_none_or(|status| status.is_client_error() || status.is_server_error());
    if !is_refusal || !response.content.is_empty() {
        return;
    }
    let (kind, name) = if prometheus::is_its(path) {
        ("application/json", "QueryProblem")
    } else {
        ("application/problem+json", "Problem")
    };
    let document = Content::new(Some(Ref::from_schema_name(name)));
    response.content.insert(kind.to_owned(), document.into());
    if is_plain {
        let name = format!("{name}_{status}");
        let reference = RefOr::Ref(Ref::from_response_name(&name));
        shared.insert(name, std::mem::replace(answer, reference));
    }
}

fn reason(status: &str, known: Option<StatusCode>) -> &'static str {
    match status {
        "default" => "Refused for another reason",
        "401" => "No token, or one that is no longer good; `code` says which",
        "403" => "Not for this caller; `detail` names the role that is needed",
        _ => known.and_then(|status| status.canonical_reason()).unwrap_or("Another answer"),
    }
}
