//! Registering collectors over HTTP, and trying their connections.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::{Caller, registration_secret};
use super::certificates;
use super::fields::Fields;
use super::on_disk;
use super::problem::Problem;
use crate::audit::{Action, Change};
use crate::clock::Timestamp;
use crate::crypto::Secret;
use crate::fleet::{Connection, ConnectionTest, ConnectionTestError, Registered};
use crate::ids::CollectorId;
use crate::limits::{COLLECTION_INTERVAL_S, QUERY_LIMIT, TAG_CHARS, TAGS};
use crate::node::Node;
use crate::postgres::SslMode;
use crate::registry::{Credentials, Environment, Kind, NewCollector};

/// The body of a request to try a connection.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct ConnectionBody {
    #[schema(rename = "type", example = "postgresql")]
    kind: String,
    #[schema(max_length = 255)]
    host: String,
    #[schema(minimum = 1, maximum = 65535)]
    port: u16,
    #[schema(max_length = 255)]
    database: String,
    #[schema(max_length = 255)]
    username: String,
    #[schema(format = Password)]
    password: String,
    /// disable, allow, prefer, require, requireCA, requireFull
    ssl_mode: String,
    /// The CA certificate of the database server: PEM, base64-encoded.
    ssl_certificate: Option<String>,
}

/// The body of a request to register a collector.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body in the OpenAPI document; Fields reads it")]
pub(super) struct RegisterBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// development, staging, production
    environment: String,
    /// Name or id of a group.
    #[schema(max_length = 100)]
    group: Option<String>,
    #[schema(max_length = 1000)]
    description: Option<String>,
    #[schema(inline)]
    #[serde(flatten)]
    connection: ConnectionBody,
    /// Seconds.
    #[schema(minimum = 10, maximum = 3600, default = 60)]
    collection_interval: Option<u32>,
    #[schema(minimum = 1, maximum = 10000, default = 100)]
    query_limit: Option<u32>,
    tags: Option<Vec<String>>,
    /// Whether the connection is tried first; then an unreachable database is refused.
    #[schema(default = true)]
    test_connection: Option<bool>,
}

fn connection(fields: &mut Fields) -> ConnectionTest {
    ConnectionTest {
        kind: fields.one_of("type"),
        host: host(fields),
        port: port(fields),
        database: fields.text("database", 1..=255),
        username: fields.text("username", 1..=255),
        password: fields.secret("password", 0..=1024),
        ssl_mode: fields.one_of("ssl_mode"),
        ssl_certificate: certificate(fields),
    }
}

fn host(fields: &mut Fields) -> String {
    let host = fields.text("host", 1..=255);
    check_host(fields, &host);
    host
}

pub(super) fn check_host(fields: &mut Fields, host: &str) {
    if host.starts_with('/') || host.contains(char::is_whitespace) {
        fields.complain("host", "format", "must be a host name or an address".to_owned());
    }
}

fn port(fields: &mut Fields) -> u16 {
    u16::try_from(fields.number("port", 1..=65535)).unwrap_or_default()
}

/// PEM text in base64, or plain PEM.
pub(super) fn certificate(fields: &mut Fields) -> Option<String> {
    let text = fields.optional_secret("ssl_certificate", 0..=100_000)?;
    let text = text.expose().trim();
    if text.is_empty() {
        return None;
    }
    let pem = if text.starts_with("-----BEGIN") {
        Some(text.to_owned())
    } else {
        let bytes = BASE64_STANDARD.decode(text.split_whitespace().collect::<String>());
        bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()).filter(|pem| pem.contains("-----BEGIN"))
    };
    if pem.is_none() {
        fields.complain("ssl_certificate", "format", "must be a PEM certificate in base64".to_owned());
    }
    pem
}

/// A checked request to register a collector.
pub(super) struct Registration {
    pub(super) new: NewCollector,
    /// The connection, where it is to be tried first.
    pub(super) test: Option<ConnectionTest>,
}

pub(super) fn registration(mut fields: Fields) -> Result<Registration, Problem> {
    let name = fields.name("name", 1..=255);
    let environment = fields.one_of::<Environment>("environment");
    let group = fields.optional_text("group", 0..=100).filter(|group| !group.is_empty());
    let description = fields.optional_text("description", 0..=1000).unwrap_or_default();
    let connection = connection(&mut fields);
    let interval = range_of(&COLLECTION_INTERVAL_S);
    let query_limit = range_of(&QUERY_LIMIT);
    let new = NewCollector {
        name,
        kind: connection.kind,
        environment,
        group,
        description,
        host: connection.host.clone(),
        port: connection.port,
        database: connection.database.clone(),
        username: connection.username.clone(),
        credentials: Credentials {
            password: connection.password.clone(),
            ssl_certificate: connection.ssl_certificate.clone(),
        },
        ssl_mode: connection.ssl_mode,
        tags: fields.texts("tags", TAGS, TAG_CHARS),
        collection_interval: small(fields.optional_number("collection_interval", interval).unwrap_or(60)),
        query_limit: small(fields.optional_number("query_limit", query_limit).unwrap_or(100)),
    };
    let test = fields.optional_boolean("test_connection").unwrap_or(true).then_some(connection);
    fields.finish(Registration { new, test })
}

pub(super) fn range_of(range: &std::ops::RangeInclusive<u64>) -> std::ops::RangeInclusive<i64> {
    range.start().cast_signed()..=range.end().cast_signed()
}

/// A number that was checked to be small.
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

#[derive(Serialize, ToSchema)]
pub(super) struct ConnectionView {
    success: bool,
    message: String,
    /// Without what a packager added: `15.14`.
    database_version: String,
    latency_ms: f64,
}

impl From<Connection> for ConnectionView {
    fn from(connection: Connection) -> Self {
        Self {
            success: true,
            message: format!("Connection successful. PostgreSQL {}", connection.database_version),
            database_version: connection.database_version,
            latency_ms: connection.latency.as_secs_f64() * 1000.0,
        }
    }
}

impl From<ConnectionTestError> for Problem {
    fn from(error: ConnectionTestError) -> Self {
        let code = match &error {
            ConnectionTestError::TooMany { retry_after } => {
                return Self::too_many(error.to_string(), *retry_after);
            }
            ConnectionTestError::TypeNotSupported(_) => "type_not_supported",
            ConnectionTestError::Outbound(_)
            | ConnectionTestError::Tls(_)
            | ConnectionTestError::NoAnswer { .. }
            | ConnectionTestError::Failed(_) => "connection_failed",
        };
        Self::field_at_fault(code, error.field(), error.to_string()).with("success", false)
    }
}

#[utoipa::path(post, path = "/api/v1/collectors/test-connection", tag = "collectors",
    request_body = ConnectionBody,
    responses((status = 200, body = ConnectionView),
        (status = 400, description = "`errors[0].field` names the field at fault"), (status = 429)))]
pub(super) async fn test_connection(
    node: Data<Node>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<ConnectionView>, Problem> {
    let test = connection(&mut fields);
    let test = fields.finish(test)?;
    node.connection_tests.admit(caller.user()?.id)?;
    Ok(Json(test.run().await?.into()))
}

#[utoipa::path(post, path = "/api/v1/collectors/{id}/test-connection", tag = "collectors",
    params(("id" = String, Path)),
    responses((status = 200, body = ConnectionView),
        (status = 400, description = "`errors[0].field` names the field at fault"), (status = 404),
        (status = 429)))]
pub(super) async fn test_stored_connection(
    node: Data<Node>,
    caller: Caller,
    id: Path<String>,
) -> Result<Json<ConnectionView>, Problem> {
    let id: CollectorId = id.parse()?;
    node.connection_tests.admit(caller.user()?.id)?;
    let test = on_disk(&node, move |node| {
        let collector = node.collectors.get(id)?;
        let credentials = node.collectors.credentials(id)?;
        let tested = Change::new(Action::CollectorTestConnection, collector.target());
        node.audit.note(&caller.origin, tested)?;
        Ok::<_, crate::registry::CollectorsError>(ConnectionTest {
            kind: collector.kind,
            host: collector.host,
            port: collector.port,
            database: collector.database,
            username: collector.username,
            password: credentials.password,
            ssl_mode: collector.ssl_mode,
            ssl_certificate: credentials.ssl_certificate,
        })
    })
    .await?;
    Ok(Json(test.run().await?.into()))
}

/// What a registration hands out: the token and the key are in this reply only.
#[derive(Serialize, ToSchema)]
pub(super) struct RegisteredView {
    #[schema(value_type = String)]
    id: CollectorId,
    name: String,
    jwt_token: String,
    #[schema(value_type = String, format = DateTime)]
    token_expires_at: Timestamp,
    /// The collector's client certificate, PEM.
    certificate: String,
    /// PEM.
    private_key: String,
    /// The authority that the daemon's own certificate comes from, PEM.
    ca_certificate: String,
    status: &'static str,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What to do next on the collector's machine.
    instructions: String,
}

impl From<Registered> for RegisteredView {
    fn from(registered: Registered) -> Self {
        let Registered { collector, token, certificate, private_key, ca_certificate } = registered;
        Self {
            id: collector.id,
            instructions: format!(
                "Install pganalytics-collector on the machine that reaches the database, set COLLECTOR_ID={}, \
                 COLLECTOR_JWT_TOKEN to the token and CENTRAL_API_URL to the address of this appliance, \
                 and start it. The token is shown only once.",
                collector.id
            ),
            name: collector.name,
            jwt_token: token.token.expose().to_owned(),
            token_expires_at: token.expires_at,
            certificate,
            private_key: private_key.map(|key| key.expose().to_owned()).unwrap_or_default(),
            ca_certificate,
            status: "pending",
            created_at: collector.registered_at,
        }
    }
}

/// What an agent that registered itself is given.
#[derive(Serialize, ToSchema)]
pub(super) struct AgentRegisteredView {
    #[schema(value_type = String)]
    collector_id: CollectorId,
    token: String,
    certificate: String,
    /// Absent where the agent sent a certificate request.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    ca_certificate: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

#[utoipa::path(post, path = "/api/v1/collectors/register", tag = "collectors", request_body = RegisterBody,
    params(("X-Registration-Secret" = Option<String>, Header,
        description = "with it, an agent registers itself with {name, hostname, version, csr?}")),
    responses((status = 201, body = RegisteredView), (status = 200, body = AgentRegisteredView),
        (status = 400), (status = 409, description = "`name_taken`")))]
pub(super) async fn register(
    node: Data<Node>,
    caller: Caller,
    request: HttpRequest,
    fields: Fields,
) -> Result<HttpResponse, Problem> {
    if let Some(secret) = registration_secret(request.headers()) {
        return register_agent(node, caller, secret, fields).await;
    }
    let Registration { new, test } = registration(fields)?;
    if let Some(test) = test {
        node.connection_tests.admit(caller.user()?.id)?;
        test.run().await?;
    }
    let registered = on_disk(&node, move |node| node.registrar.register(&caller.origin, new)).await?;
    Ok(HttpResponse::Created().json(RegisteredView::from(registered)))
}

async fn register_agent(
    node: Data<Node>,
    caller: Caller,
    secret: Secret,
    mut fields: Fields,
) -> Result<HttpResponse, Problem> {
    let name = fields.name("name", 1..=255);
    let hostname = fields.name("hostname", 1..=255);
    let csr = certificates::request(&mut fields);
    // what agents of other releases send beside that does not concern us
    let (name, hostname) = fields.finish_leniently((name, hostname))?;
    let new = NewCollector {
        name,
        kind: Kind::Postgresql,
        environment: Environment::Production,
        group: None,
        description: String::new(),
        host: hostname,
        port: 5432,
        database: "postgres".to_owned(),
        username: String::new(),
        credentials: Credentials { password: Secret::new(""), ssl_certificate: None },
        ssl_mode: SslMode::Prefer,
        tags: Vec::new(),
        collection_interval: 60,
        query_limit: 100,
    };
    let register =
        move |node: &Node| node.registrar.register_agent(&caller.origin, &secret, new, csr.as_deref());
    let registered = on_disk(&node, register).await?;
    Ok(HttpResponse::Ok().json(AgentRegisteredView {
        collector_id: registered.collector.id,
        token: registered.token.token.expose().to_owned(),
        certificate: registered.certificate,
        private_key: registered.private_key.map(|key| key.expose().to_owned()),
        ca_certificate: registered.ca_certificate,
        expires_at: registered.token.expires_at,
    }))
}
