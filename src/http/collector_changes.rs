//! Changing registered collectors over HTTP: connection, configuration, token.

use std::time::Duration;

use actix_web::http::header::IF_MATCH;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::caller::Caller;
use super::collector_view::CollectorView;
use super::fields::{Fields, OptionalFields};
use super::on_disk;
use super::problem::Problem;
use super::register::{certificate, check_host, range_of, small};
use crate::clock::Timestamp;
use crate::fleet::RegisterError;
use crate::ids::CollectorId;
use crate::limits::{
    COLLECTION_INTERVAL_S, DOCUMENT_TYPE_CHARS, ENABLED_TYPES, QUERY_LIMIT, TAG_CHARS, TAGS, TOKEN_GRACE_S,
};
use crate::node::Node;
use crate::registry::{CollectorChange, CollectorsError, ConfigChange, LogLevel};

/// The body of a request to change a collector; what is absent stays as it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct CollectorBody {
    #[schema(max_length = 1000)]
    description: Option<String>,
    /// development, staging, production
    environment: Option<String>,
    #[schema(max_length = 255)]
    host: Option<String>,
    #[schema(minimum = 1, maximum = 65535)]
    port: Option<u16>,
    #[schema(max_length = 255)]
    database: Option<String>,
    #[schema(max_length = 255)]
    username: Option<String>,
    /// Never shown again.
    #[schema(format = Password)]
    password: Option<String>,
    /// disable, allow, prefer, require, requireCA, requireFull
    ssl_mode: Option<String>,
    /// PEM, base64-encoded; empty removes it.
    ssl_certificate: Option<String>,
}

fn collector_change(mut fields: Fields) -> Result<CollectorChange, Problem> {
    let host = fields.optional_text("host", 1..=255);
    if let Some(host) = &host {
        check_host(&mut fields, host);
    }
    let port = fields.optional_number("port", 1..=65535);
    let change = CollectorChange {
        description: fields.optional_text("description", 0..=1000),
        environment: fields.optional_one_of("environment"),
        host,
        port: port.map(|port| u16::try_from(port).unwrap_or_default()),
        database: fields.optional_text("database", 1..=255),
        username: fields.optional_text("username", 1..=255),
        password: fields.optional_secret("password", 0..=1024),
        ssl_mode: fields.optional_one_of("ssl_mode"),
        ssl_certificate: fields.has_value("ssl_certificate").then(|| certificate(&mut fields)),
    };
    fields.finish(change)
}

/// The revision that a client expects; none where any will do.
fn expected(request: &HttpRequest) -> Option<String> {
    let tag = request.headers().get(IF_MATCH)?.to_str().unwrap_or_default().trim();
    (tag != "*").then(|| tag.trim_start_matches("W/").trim_matches('"').to_owned())
}

#[utoipa::path(put, path = "/api/v1/collectors/{id}", tag = "collectors", request_body = CollectorBody,
    params(("id" = String, Path), ("If-Match" = Option<String>, Header, description = "the ETag of the collector")),
    responses((status = 200, body = CollectorView), (status = 404),
        (status = 412, description = "somebody else changed it")))]
pub(super) async fn update(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    request: HttpRequest,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    let id: CollectorId = id.parse()?;
    let change = collector_change(fields)?;
    let expected = expected(&request);
    on_disk(&node, move |node| node.registrar.update(&caller.origin, id, change, expected.as_deref()))
        .await?;
    super::collectors::one(&node, id).await
}

/// The body of a request to change what an agent does; what is absent stays as it is.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ConfigBody {
    /// Seconds.
    #[schema(minimum = 10, maximum = 3600)]
    collection_interval: Option<u32>,
    #[schema(minimum = 1, maximum = 10000)]
    query_limit: Option<u32>,
    tags: Option<Vec<String>>,
    /// Id or name of a group; empty takes the collector out of its group.
    group_id: Option<String>,
    /// Types of documents that the agent collects; an empty list stands for all that it has.
    enabled_types: Option<Vec<String>>,
    /// error, warn, info, debug, in upper or lower case; `warning` is `warn`.
    log_level: Option<String>,
}

/// As lines of a log have it, `WARNING`, or as an agent's configuration has it, `warn`.
fn log_level(fields: &mut Fields) -> Option<LogLevel> {
    fields.respell("log_level", |level| match level.to_ascii_lowercase().as_str() {
        "warning" => LogLevel::Warn.as_str().to_owned(),
        level => level.to_owned(),
    });
    fields.optional_one_of("log_level")
}

/// Reads what may be changed of an agent's configuration.
pub(super) fn config_change(fields: &mut Fields) -> ConfigChange {
    let group = fields.optional_text("group_id", 0..=100);
    ConfigChange {
        collection_interval: fields
            .optional_number("collection_interval", range_of(&COLLECTION_INTERVAL_S))
            .map(small),
        query_limit: fields.optional_number("query_limit", range_of(&QUERY_LIMIT)).map(small),
        tags: fields.has_value("tags").then(|| fields.texts("tags", TAGS, TAG_CHARS)),
        group: group.map(|group| Some(group).filter(|group| !group.is_empty())),
        enabled_types: fields
            .has_value("enabled_types")
            .then(|| fields.texts("enabled_types", ENABLED_TYPES, 1..=DOCUMENT_TYPE_CHARS)),
        log_level: log_level(fields),
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct ConfiguredView {
    success: bool,
    message: String,
    /// The whole configuration as it is now.
    #[schema(value_type = Object)]
    updated_config: Value,
    config_version: u64,
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/update-config", tag = "control",
    params(("id" = String, Path)), request_body = ConfigBody,
    responses((status = 200, body = ConfiguredView), (status = 404)))]
pub(super) async fn update_config(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    mut fields: Fields,
) -> Result<Json<ConfiguredView>, Problem> {
    let id: CollectorId = id.parse()?;
    let change = config_change(&mut fields);
    let change = fields.finish(change)?;
    let configure = move |node: &Node| {
        node.registrar.configure(&caller.origin, id, change).map_err(|error| match error {
            RegisterError::Collectors(CollectorsError::NoSuchGroup(_)) => {
                Problem::invalid_field("group_id", "unknown", error.to_string())
            }
            error => error.into(),
        })
    };
    let collector = on_disk(&node, configure).await?;
    Ok(Json(ConfiguredView {
        success: true,
        message: format!("the agent is told of configuration version {}", collector.config_version),
        updated_config: collector.config(),
        config_version: collector.config_version,
    }))
}

/// The body of a request for another token; all of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct RotationBody {
    /// How long the old token works beside the new one.
    #[schema(minimum = 0, maximum = 604_800, default = 0)]
    grace_seconds: Option<u32>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct RotatedView {
    /// Shown this once.
    new_jwt_token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/restart-jwt", tag = "control",
    params(("id" = String, Path)), request_body = RotationBody,
    responses((status = 200, body = RotatedView), (status = 404)))]
pub(super) async fn rotate_token(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
    OptionalFields(mut fields): OptionalFields,
) -> Result<Json<RotatedView>, Problem> {
    let id: CollectorId = id.parse()?;
    let grace = fields.optional_number("grace_seconds", TOKEN_GRACE_S).unwrap_or(0);
    let grace = fields.finish(Duration::from_secs(u64::try_from(grace).unwrap_or_default()))?;
    let rotate = move |node: &Node| node.registrar.rotate_token(&caller.origin, id, grace);
    let issued = on_disk::<_, RegisterError>(&node, rotate).await?;
    Ok(Json(RotatedView { new_jwt_token: issued.token.expose().to_owned(), expires_at: issued.expires_at }))
}
