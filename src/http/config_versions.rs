//! The versions of an agent's configuration over HTTP: what each said, and whether the agent took it.

use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use super::query::Query;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::CONFIG_VERSIONS;
use crate::node::Node;
use crate::registry::ConfigVersion;

#[derive(Serialize, ToSchema)]
pub(super) struct ConfigVersionList {
    /// Newest first.
    versions: Vec<ConfigVersionView>,
}

#[derive(Serialize, ToSchema)]
struct ConfigVersionView {
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    created_by: String,
    /// As `update-config` answers it.
    #[schema(value_type = Object)]
    config: Option<Box<RawValue>>,
    /// When the agent first said that it applies it; null, if it never did.
    #[schema(value_type = Option<String>, format = DateTime)]
    applied_at: Option<Timestamp>,
    /// When the agent refused it; it is not offered to the agent again.
    #[schema(value_type = Option<String>, format = DateTime)]
    refused_at: Option<Timestamp>,
    refused_because: Option<String>,
}

impl From<ConfigVersion> for ConfigVersionView {
    fn from(version: ConfigVersion) -> Self {
        let ConfigVersion { version, created_at, created_by, config, applied_at, refused } = version;
        let config = RawValue::from_string(config).ok();
        let (refused_at, refused_because) = refused.map(|refused| (refused.at, refused.because)).unzip();
        Self { version, created_at, created_by, config, applied_at, refused_at, refused_because }
    }
}

#[utoipa::path(get, path = "/api/v1/collectors/{id}/config-versions", tag = "collectors",
    params(("id" = String, Path), ("limit" = Option<u32>, Query, description = "1 to 1000, by default 100")),
    responses((status = 200, body = ConfigVersionList), (status = 400), (status = 404)))]
pub(super) async fn list(
    node: Data<Node>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<ConfigVersionList>, Problem> {
    let id: CollectorId = id.parse()?;
    let mut query = Query::of(&request)?;
    let most = usize::try_from(CONFIG_VERSIONS).unwrap_or(usize::MAX);
    let limit = query.number("limit", 1..=most).unwrap_or(100);
    query.finish(())?;
    let versions = on_disk(&node, move |node| node.collectors.config_versions(id, limit)).await?;
    Ok(Json(ConfigVersionList { versions: versions.into_iter().map(ConfigVersionView::from).collect() }))
}
