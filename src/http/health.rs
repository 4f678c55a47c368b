//! Whether the daemon lives, is ready, and which it is. These answer without a token, so they say little.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use crate::node::{Node, VERSION};

#[derive(Serialize, ToSchema)]
pub(super) struct HealthStatus {
    /// `ok`, or what keeps the daemon from working.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = HealthStatus)))]
pub(super) async fn livez() -> Json<HealthStatus> {
    Json(HealthStatus { status: "ok" })
}

/// The stores take reads and writes, and the daemon is not about to stop.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = HealthStatus), (status = 503)))]
pub(super) async fn readyz(node: Data<Node>) -> Result<Json<HealthStatus>, Problem> {
    on_disk(&node, Node::ready).await?;
    Ok(Json(HealthStatus { status: "ok" }))
}

#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, body = HealthStatus), (status = 503)))]
pub(super) async fn healthz(node: Data<Node>) -> Result<Json<HealthStatus>, Problem> {
    readyz(node).await
}

#[derive(Serialize, ToSchema)]
pub(super) struct Version {
    name: &'static str,
    version: &'static str,
}

#[utoipa::path(get, path = "/version", tag = "health", responses((status = 200, body = Version)))]
pub(super) async fn version() -> Json<Version> {
    Json(Version { name: "pganalytics", version: VERSION })
}

#[derive(Serialize, ToSchema)]
pub(super) struct ApiHealth {
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
}

#[utoipa::path(get, path = "/api/v1/health", tag = "health",
    responses((status = 200, body = ApiHealth), (status = 503)))]
pub(super) async fn health(node: Data<Node>) -> Result<HttpResponse, Problem> {
    on_disk(&node, Node::ready).await?;
    let uptime_seconds = node.clock.now().since(node.opened_at).as_secs();
    Ok(HttpResponse::Ok().json(ApiHealth { status: "ok", version: VERSION, uptime_seconds }))
}
