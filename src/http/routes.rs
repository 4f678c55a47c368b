//! The one table of routes: method, path, who may call, and the handler. The role matrix of the tests and the
//! check of the OpenAPI document are made from it.

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{HttpResponse, Resource, Route as ActixRoute, web};

use super::{
    actions, agents, api_docs, api_tokens, archive, audit, auth, availability, bulk, certificates, channel,
    collector_changes, collectors, config_versions, dashboards, downloads, figures, fleet, gaps, groups,
    health, import, ingest, live, log_entries, logs, metrics, openapi, operations, prometheus, register,
    registration_secrets, setup, system, users,
};
use crate::access::Need;

/// One method on one path.
pub struct Route {
    pub method: Method,
    /// As actix matches it, with `{names}`.
    pub path: &'static str,
    pub need: Need,
    handler: fn() -> ActixRoute,
}

macro_rules! routes {
    ($($method:ident $path:literal $need:ident $handler:path;)+) => {
        vec![$(Route {
            method: Method::$method,
            path: $path,
            need: Need::$need,
            handler: || ActixRoute::new().method(Method::$method).to($handler),
        }),+]
    };
}

pub fn all() -> Vec<Route> {
    let mut all = of_people();
    all.extend(of_collectors());
    all.extend(of_prometheus());
    all
}

/// What is asked without signing in, and what concerns those who sign in.
fn of_people() -> Vec<Route> {
    routes! {
        GET "/livez" Public health::livez;
        GET "/readyz" Public health::readyz;
        GET "/healthz" Public health::healthz;
        GET "/version" Public health::version;
        GET "/api/v1/health" Public health::health;
        GET "/metrics" Local figures::figures;
        GET "/api/v1/openapi.json" Public openapi::document;
        GET "/api/docs" Public api_docs::page;
        GET "/api/docs/{file}" Public api_docs::part;

        GET "/downloads" Public downloads::page;
        GET "/downloads/{name}" Public downloads::file;
        GET "/api/v1/downloads" Public downloads::list;

        GET "/api/v1/setup" Public setup::state;
        POST "/api/v1/setup" Public setup::complete;
        POST "/api/v1/auth/login" Public auth::login;
        POST "/api/v1/auth/refresh" Viewer auth::refresh;
        POST "/api/v1/auth/logout" Viewer auth::logout;
        GET "/api/v1/auth/me" Viewer auth::me;
        POST "/api/v1/auth/change-password" Viewer auth::change_password;

        GET "/api/v1/users" Admin users::list;
        POST "/api/v1/users" Admin users::create;
        GET "/api/v1/users/{id}" Admin users::get;
        PUT "/api/v1/users/{id}" Admin users::update;
        DELETE "/api/v1/users/{id}" Admin users::delete;
        POST "/api/v1/users/{id}/reset-password" Admin users::reset_password;

        GET "/api/v1/api-tokens" Viewer api_tokens::list;
        POST "/api/v1/api-tokens" Viewer api_tokens::create;
        DELETE "/api/v1/api-tokens/{id}" Viewer api_tokens::delete;

        GET "/api/v1/registration-secrets" Admin registration_secrets::list;
        POST "/api/v1/registration-secrets" Admin registration_secrets::create;
        DELETE "/api/v1/registration-secrets/{id}" Admin registration_secrets::delete;

        GET "/api/v1/groups" Viewer groups::list;
        POST "/api/v1/groups" Operator groups::create;
        PUT "/api/v1/groups/{id}" Operator groups::update;
        DELETE "/api/v1/groups/{id}" Operator groups::delete;

    }
}

/// What concerns collectors, what their agents call, and what is known of all of it.
fn of_collectors() -> Vec<Route> {
    routes! {
        GET "/api/v1/fleet/metrics" Viewer fleet::points;
        GET "/api/v1/fleet/availability" Viewer fleet::availability;
        GET "/api/v1/fleet/recent" Viewer fleet::recent;
        GET "/api/v1/collectors" Viewer collectors::list;
        POST "/api/v1/collectors/test-connection" Operator register::test_connection;
        POST "/api/v1/collectors/register" Admin register::register;
        POST "/api/v1/collectors/bulk-import" Admin import::import;
        // names that stand where an id may stand come first
        POST "/api/v1/collectors/refresh-token" Collector auth::refresh_collector_token;
        GET "/api/v1/collectors/archived" Viewer archive::list_archived;
        POST "/api/v1/collectors/re-register" Admin archive::re_register;
        POST "/api/v1/collectors/bulk-action" Admin bulk::ask;
        GET "/api/v1/collectors/{id}" Viewer collectors::get;
        GET "/api/v1/collectors/{id}/status" Viewer collectors::status;
        GET "/api/v1/collectors/{id}/health" Viewer collectors::health;
        GET "/api/v1/collectors/{id}/config-versions" Viewer config_versions::list;
        GET "/api/v1/collectors/{id}/dashboards" Operator dashboards::list;
        PUT "/api/v1/collectors/{id}/dashboards" Operator dashboards::replace;
        POST "/api/v1/collectors/{id}/assign-dashboards" Operator dashboards::assign;
        GET "/api/v1/collectors/{id}/gaps" Viewer gaps::list;
        GET "/api/v1/collectors/{id}/availability" Viewer availability::availability;
        POST "/api/v1/collectors/{id}/test-connection" Operator register::test_stored_connection;

        DELETE "/api/v1/collectors/{id}" Admin archive::unregister;
        PUT "/api/v1/collectors/{id}" Admin collector_changes::update;
        POST "/api/v1/collectors/{id}/update-config" Admin collector_changes::update_config;
        POST "/api/v1/collectors/{id}/restart-jwt" Admin collector_changes::rotate_token;
        POST "/api/v1/collectors/{id}/stop" Admin actions::stop;
        POST "/api/v1/collectors/{id}/restart" Admin actions::restart;
        POST "/api/v1/collectors/{id}/resume" Admin actions::resume;
        GET "/api/v1/collectors/{id}/actions" Viewer actions::of_collector;
        GET "/api/v1/actions/{id}" Viewer actions::get;
        GET "/api/v1/operations" Viewer operations::list;
        GET "/api/v1/operations/{id}" Viewer operations::get;
        DELETE "/api/v1/operations/{id}" Admin operations::cancel;

        GET "/api/v1/collectors/{id}/certificates" Viewer certificates::list;
        POST "/api/v1/collectors/{id}/certificates" Admin certificates::issue;
        DELETE "/api/v1/collectors/{id}/certificates/{serial}" Admin certificates::revoke;

        POST "/api/v1/collectors/{id}/certificate" Collector certificates::renew;
        GET "/api/v1/collectors/{id}/channel" Collector channel::open;
        POST "/api/v1/collectors/{id}/commands/{command_id}/result" Collector actions::result;
        POST "/api/v1/collectors/{id}/heartbeat" Collector agents::heartbeat;
        POST "/api/v1/collectors/{id}/logs" Collector log_entries::append;
        GET "/api/v1/config/{collector_id}" Collector agents::config;

        POST "/api/v1/metrics/push" Collector ingest::push;
        GET "/api/v1/collectors/{id}/metrics" Viewer metrics::points;
        GET "/api/v1/collectors/{id}/series" Viewer metrics::series;
        GET "/api/v1/collectors/{id}/documents" Viewer metrics::documents;
        GET "/api/v1/collectors/{id}/logs" Viewer logs::list;

        GET "/api/v1/audit" Auditor audit::list;
        GET "/api/v1/audit/verify" Auditor audit::verify;
        GET "/api/v1/collectors/{id}/audit" Viewer audit::of_collector;

        GET "/api/v1/jobs" Admin system::jobs;
        GET "/api/v1/system" Admin system::system;
        POST "/api/v1/system/confirm-clock" Admin system::confirm_clock;

        POST "/api/v1/ws/ticket" Viewer auth::ticket;
        GET "/api/v1/ws" Viewer live::open;
        GET "/ws" Viewer live::open;
    }
}

/// What data sources of Prometheus ask.
fn of_prometheus() -> Vec<Route> {
    routes! {
        GET "/prometheus/api/v1/query" Viewer prometheus::query;
        POST "/prometheus/api/v1/query" Viewer prometheus::query;
        GET "/prometheus/api/v1/query_range" Viewer prometheus::query_range;
        POST "/prometheus/api/v1/query_range" Viewer prometheus::query_range;
        GET "/prometheus/api/v1/labels" Viewer prometheus::labels;
        POST "/prometheus/api/v1/labels" Viewer prometheus::labels;
        GET "/prometheus/api/v1/label/{name}/values" Viewer prometheus::label_values;
        POST "/prometheus/api/v1/label/{name}/values" Viewer prometheus::label_values;
        GET "/prometheus/api/v1/series" Viewer prometheus::series;
        POST "/prometheus/api/v1/series" Viewer prometheus::series;
        GET "/prometheus/api/v1/metadata" Viewer prometheus::metadata;
        GET "/prometheus/api/v1/query_exemplars" Viewer prometheus::exemplars;
        POST "/prometheus/api/v1/query_exemplars" Viewer prometheus::exemplars;
        GET "/prometheus/api/v1/rules" Viewer prometheus::rules;
        GET "/prometheus/api/v1/status/buildinfo" Viewer prometheus::build_info;
        GET "/prometheus/api/v1/format_query" Viewer prometheus::format_query;
        POST "/prometheus/api/v1/format_query" Viewer prometheus::format_query;
        GET "/prometheus/api/v1/parse_query" Viewer prometheus::parse_query;
        POST "/prometheus/api/v1/parse_query" Viewer prometheus::parse_query;
    }
}

/// The routes grouped by path, so that a wrong method is answered 405 with the right ones.
pub(super) fn resources() -> Vec<Resource> {
    let mut paths: Vec<&'static str> = Vec::new();
    for route in all() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    // a path without parameters is told by a comparison, another one by a pattern: so these come first
    paths.sort_by_key(|path| path.contains('{'));
    paths.into_iter().map(resource).collect()
}

fn resource(path: &'static str) -> Resource {
    let routes = || all().into_iter().filter(move |route| route.path == path);
    let mut allowed: Vec<String> = routes().map(|route| route.method.to_string()).collect();
    if allowed.iter().any(|method| method == "GET") {
        allowed.push("HEAD".to_owned());
    }
    let allowed = allowed.join(", ");
    let resource = routes().fold(web::resource(path), |resource, route| resource.route((route.handler)()));
    resource.default_service(web::to(move || {
        let response = not_allowed(&allowed);
        async { response }
    }))
}

/// The answer to a wrong method.
pub(super) fn not_allowed(allowed: &str) -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, allowed)).finish()
}
