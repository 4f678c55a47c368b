//! The OpenAPI document, made from the handlers. `docs/openapi.json` is a copy of it, held by a test.

mod refusals;

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::http::Method;
use utoipa::openapi::Response;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use refusals::Refusals;

use crate::http::{
    actions, agents, api_docs, api_tokens, archive, audit, auth, availability, bulk, caller, certificates,
    channel, collector_changes, collectors, config_versions, dashboards, downloads, figures, fleet, gaps,
    groups, health, import, ingest, live, log_entries, logs, metrics, once, operations, prometheus, register,
    registration_secrets, setup, system, users,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "pgAnalytics", description = "The HTTP interface of the pgAnalytics daemon."),
    modifiers(&Credentials, &OperationNames, &IdempotencyKeys, &Refusals),
    components(schemas(refusals::Problem, refusals::FieldProblem, refusals::QueryProblem)),
    security(("token" = []), ("session" = [])),
    paths(
        health::livez, health::readyz, health::healthz, health::version, health::health, figures::figures, document,
        api_docs::page, api_docs::part,
        downloads::page, downloads::file, downloads::list,
        setup::state, setup::complete,
        auth::login, auth::refresh, auth::logout, auth::me, auth::change_password,
        auth::ticket, auth::refresh_collector_token,
        users::list, users::create, users::get, users::update, users::delete, users::reset_password,
        api_tokens::list, api_tokens::create, api_tokens::delete,
        certificates::list, certificates::issue, certificates::revoke, certificates::renew,
        registration_secrets::list, registration_secrets::create, registration_secrets::delete,
        groups::list, groups::create, groups::update, groups::delete,
        collectors::list, collectors::get, collectors::status, collectors::health,
        availability::availability, gaps::list, config_versions::list, dashboards::list, dashboards::replace, dashboards::assign,
        fleet::points, fleet::availability, fleet::recent,
        register::test_connection, register::test_stored_connection, register::register,
        import::import,
        archive::unregister, archive::list_archived, archive::re_register,
        collector_changes::update, collector_changes::update_config, collector_changes::rotate_token,
        actions::stop, actions::restart, actions::resume, actions::get, actions::of_collector,
        bulk::ask, operations::list, operations::get, operations::cancel,
        channel::open, actions::result, agents::heartbeat, agents::config, log_entries::append,
        ingest::push, metrics::points, metrics::series, metrics::documents, logs::list,
        audit::list, audit::verify, audit::of_collector,
        system::jobs, system::system, system::confirm_clock,
        live::open,
        prometheus::query, prometheus::query_range, prometheus::labels, prometheus::label_values, prometheus::series,
        prometheus::metadata, prometheus::exemplars, prometheus::rules, prometheus::build_info,
        prometheus::format_query, prometheus::parse_query,
    )
)]
struct Api;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(caller::cookie_name(false)));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// Says of each change that it takes an idempotency key.
struct IdempotencyKeys;

impl Modify for IdempotencyKeys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let imports = openapi.paths.paths.get_mut(import::PATH).and_then(|item| item.post.as_mut());
        imports.into_iter().for_each(take_key);
        for (path, item) in &mut openapi.paths.paths {
            let methods = [
                (Method::POST, &mut item.post),
                (Method::PUT, &mut item.put),
                (Method::DELETE, &mut item.delete),
            ];
            for (method, operation) in methods {
                operation.iter_mut().filter(|_| once::is_kept(&method, path)).for_each(take_key);
            }
        }
    }
}

fn take_key(operation: &mut Operation) {
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("the same request under the same key has one effect and one answer, for a day"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255)).build()));
    operation.parameters.get_or_insert_default().push(key.build().into());
    let mismatch = Response::new("`idempotency_mismatch`: the key was used for another request");
    operation.responses.responses.insert("422".to_owned(), mismatch.into());
}

/// Names each operation by its method and path, as handlers of different nouns share their names.
struct OperationNames;

impl Modify for OperationNames {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let mut given = HashSet::new();
        // paths of the API come first
        for (path, item) in &mut openapi.paths.paths {
            let methods = [
                ("get", &mut item.get),
                ("post", &mut item.post),
                ("put", &mut item.put),
                ("delete", &mut item.delete),
            ];
            for (method, operation) in methods {
                if let Some(operation) = operation {
                    let name = operation_name(method, path);
                    let is_new = given.insert(name.clone());
                    operation.operation_id = Some(if is_new { name } else { name + "_page" });
                }
            }
        }
    }
}

/// `get_collectors_by_id` for `GET /api/v1/collectors/{id}`.
fn operation_name(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1").split(['/', '-', '.']).filter(|word| !word.is_empty());
    let word = |word: &str| match word.trim_start_matches('{').trim_end_matches('}') {
        parameter if parameter.len() < word.len() => format!("by_{parameter}"),
        word => word.to_owned(),
    };
    words.map(word).fold(method.to_owned(), |name, word| name + "_" + &word)
}

/// The document as it stands in `docs/openapi.json`.
pub fn document_text() -> String {
    Api::openapi().to_pretty_json().unwrap_or_default() + "\n"
}

#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "health",
    responses((status = 200, description = "This document", content_type = "application/json")))]
pub(super) async fn document() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document_text())
}
