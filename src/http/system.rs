//! What an administrator sees of the daemon itself: jobs, storage, versions.

use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use crate::clock::Timestamp;
use crate::jobs::Status;
use crate::mirror;
use crate::node::{Node, NodeError, StorageReport, VERSION};

#[derive(Serialize, ToSchema)]
pub(super) struct JobView {
    name: &'static str,
    about: &'static str,
    period_seconds: u64,
    runs: u64,
    failures: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_finished_at: Option<Timestamp>,
    /// What the last step did, or why it failed.
    last_result: Option<String>,
    /// Whether the last step did what it should; null before the first.
    last_succeeded: Option<bool>,
}

impl From<Status> for JobView {
    fn from(status: Status) -> Self {
        Self {
            name: status.name,
            about: status.about,
            period_seconds: status.period.as_secs(),
            runs: status.runs,
            failures: status.failures,
            last_finished_at: status.last_finished_at,
            last_succeeded: status.last_result.as_ref().map(Result::is_ok),
            last_result: status.last_result.map(|result| result.unwrap_or_else(|error| error)),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(super) struct JobList {
    jobs: Vec<JobView>,
}

#[utoipa::path(get, path = "/api/v1/jobs", tag = "system", responses((status = 200, body = JobList)))]
pub(super) async fn jobs(node: Data<Node>) -> Json<JobList> {
    Json(JobList { jobs: node.jobs.statuses().into_iter().map(JobView::from).collect() })
}

#[derive(Serialize, ToSchema)]
pub(super) struct SystemView {
    version: &'static str,
    sqlite_version: &'static str,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    uptime_seconds: u64,
    /// Whether the process before this one ended without closing its stores.
    recovered: bool,
    storage: StorageView,
    /// The copy in PostgreSQL; null where none is configured.
    mirror: Option<MirrorView>,
}

/// Sizes in bytes.
#[derive(Serialize, ToSchema)]
pub(super) struct StorageView {
    data_dir: String,
    registry_bytes: u64,
    hot_bytes: u64,
    disk_total_bytes: u64,
    disk_free_bytes: u64,
}

/// How the mirror stands.
#[derive(Serialize, ToSchema)]
pub(super) struct MirrorView {
    site_id: String,
    /// Host, port and database.
    target: String,
    connected: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    connected_since: Option<Timestamp>,
    server_version: Option<String>,
    /// When it last had a round without a failure.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_mirrored_at: Option<Timestamp>,
    /// What failed last; null once it works again.
    last_error: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_error_at: Option<Timestamp>,
    /// Documents written, and documents that could not be, since the daemon started.
    documents_mirrored: u64,
    documents_lost: u64,
    /// Documents that wait. While it goes through the past, those that have expired may be counted, too.
    documents_behind: u64,
    /// Age of the oldest push that waits.
    seconds_behind: u64,
    /// Whether it goes through what was stored before, as after it was switched on.
    filling: bool,
}

impl From<mirror::Status> for MirrorView {
    fn from(status: mirror::Status) -> Self {
        Self {
            site_id: status.site_id,
            target: status.target,
            connected: status.connected_since.is_some(),
            connected_since: status.connected_since,
            server_version: status.server_version,
            last_mirrored_at: status.last_mirrored_at,
            last_error: status.last_error,
            last_error_at: status.last_error_at,
            documents_mirrored: status.documents_mirrored,
            documents_lost: status.documents_lost,
            documents_behind: status.documents_behind,
            seconds_behind: status.seconds_behind,
            filling: status.is_filling,
        }
    }
}

#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemView)))]
pub(super) async fn system(node: Data<Node>) -> Result<Json<SystemView>, Problem> {
    let (storage, mirror) =
        on_disk(&node, |node| Ok::<_, NodeError>((node.storage_report()?, node.mirror_status()?))).await?;
    let StorageReport { data_dir, registry_bytes, hot_bytes, disk_total_bytes, disk_free_bytes } = storage;
    Ok(Json(SystemView {
        version: VERSION,
        sqlite_version: crate::node::sqlite_version(),
        started_at: node.opened_at,
        uptime_seconds: node.clock.now().since(node.opened_at).as_secs(),
        recovered: node.was_unclean,
        storage: StorageView {
            data_dir: data_dir.display().to_string(),
            registry_bytes,
            hot_bytes,
            disk_total_bytes,
            disk_free_bytes,
        },
        mirror: mirror.map(MirrorView::from),
    }))
}
