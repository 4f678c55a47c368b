//! The outermost layer: it numbers a request, writes the body of a problem, puts the security headers on every
//! answer, errors too, and logs one line for it.

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use super::RequestContext;
use super::figures::Answered;
use super::problem::Problem;
use super::prometheus;
use crate::node::Node;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing that is not a page may load anything. Pages bring a policy of their own.
const API_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");

pub(super) async fn answer(
    tls: bool,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let Some(node) = request.app_data::<web::Data<Node>>().cloned() else {
        return Err(Problem::internal(&"the node is not part of the application").into());
    };
    let context = RequestContext { id: node.ids.next(node.clock.now()), tls };
    request.extensions_mut().insert(context);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    // whoever asks for the head alone gets that of the whole answer: the connection leaves the body away
    if method == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let response = next.call(request).await?.map_into_boxed_body();
    let mut response = with_problem_body(response, context, &path);
    decorate(response.headers_mut(), context, &path);
    let (status, took) = (response.status(), started.elapsed());
    if let Some(answered) = response.request().app_data::<web::Data<Answered>>() {
        answered.count(status, took);
    }
    let (status, duration_ms) = (status.as_u16(), took.as_secs_f64() * 1000.0);
    tracing::debug!(%method, path, status, duration_ms, request_id = %context.id, "answered");
    Ok(response)
}

/// An error without a document gets one, so that no client ever has to parse anything else.
fn with_problem_body(
    response: ServiceResponse<BoxBody>,
    context: RequestContext,
    path: &str,
) -> ServiceResponse<BoxBody> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| Problem::from_status(status));
    let (document, kind) = if prometheus::is_its(path) {
        (prometheus::refusal(&problem), "application/json")
    } else {
        (problem.document(context.id), "application/problem+json")
    };
    let mut response = response.map_body(|_, _| BoxBody::new(document.to_string()));
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn decorate(headers: &mut HeaderMap, context: RequestContext, path: &str) {
    if let Ok(id) = HeaderValue::from_str(&context.id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    if context.tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, API_POLICY);
    }
    if (path.starts_with("/api/") || prometheus::is_its(path)) && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
