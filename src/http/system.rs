//! What an administrator sees of the daemon itself: jobs, storage, versions.

use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::on_disk;
use super::problem::Problem;
use crate::access::{SigningKey, Source};
use crate::clock::Timestamp;
use crate::crypto::Facts;
use crate::jobs::Status;
use crate::node::{Node, StorageReport, VERSION};

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
    /// Null where the listener speaks no TLS.
    tls: Option<TlsView>,
    keys: KeysView,
}

#[derive(Serialize, ToSchema)]
pub(super) struct TlsView {
    /// Whether the certificate is the internal authority's or the site's: internal, files.
    source: &'static str,
    /// Whether collectors have to prove themselves by a certificate: off, optional, required.
    client_certificates: &'static str,
    certificate: ShownView,
    /// The internal authority, which collectors' certificates come from.
    authority: ShownView,
}

/// What a certificate says.
#[derive(Serialize, ToSchema)]
pub(super) struct ShownView {
    names: Vec<String>,
    serial: String,
    /// SHA-256 of the certificate, as agents are given it to pin.
    sha256: String,
    #[schema(value_type = String, format = DateTime)]
    not_before: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    not_after: Timestamp,
}

impl From<Facts> for ShownView {
    fn from(facts: Facts) -> Self {
        Self {
            names: facts.names,
            serial: facts.serial,
            sha256: hex::encode(facts.fingerprint),
            not_before: facts.not_before,
            not_after: facts.not_after,
        }
    }
}

/// The keys that encrypt and sign, by their names.
#[derive(Serialize, ToSchema)]
pub(super) struct KeysView {
    algorithm: &'static str,
    /// The root keys in the ring; the last one encrypts what is written now.
    root_keys: Vec<u32>,
    signing_keys: Vec<SigningKeyView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SigningKeyView {
    id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the next key took its place.
    #[schema(value_type = Option<String>, format = DateTime)]
    retired_at: Option<Timestamp>,
}

fn tls(node: &Node) -> Option<TlsView> {
    let certificate = node.certificate.as_ref()?;
    Some(TlsView {
        source: match certificate.source() {
            Source::Internal(_) => "internal",
            Source::Files { .. } => "files",
        },
        client_certificates: node.access.client_certificates().as_str(),
        certificate: certificate.facts().into(),
        authority: node.authority.facts().into(),
    })
}

fn keys(node: &Node) -> KeysView {
    let view = |key: SigningKey| SigningKeyView {
        id: key.id,
        created_at: key.created_at,
        retired_at: key.retired_at,
    };
    KeysView {
        algorithm: node.ring.algorithm().as_str(),
        root_keys: node.ring.ids(),
        signing_keys: node.access.signing_keys().list().into_iter().map(view).collect(),
    }
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

#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses((status = 200, body = SystemView)))]
pub(super) async fn system(node: Data<Node>) -> Result<Json<SystemView>, Problem> {
    let storage = on_disk(&node, Node::storage_report).await?;
    let StorageReport { data_dir, registry_bytes, hot_bytes, disk_total_bytes, disk_free_bytes } = storage;
    Ok(Json(SystemView {
        version: VERSION,
        sqlite_version: crate::node::sqlite_version(),
        started_at: node.opened_at,
        uptime_seconds: node.clock.now().since(node.opened_at).as_secs(),
        recovered: node.was_unclean,
        tls: tls(&node),
        keys: keys(&node),
        storage: StorageView {
            data_dir: data_dir.display().to_string(),
            registry_bytes,
            hot_bytes,
            disk_total_bytes,
            disk_free_bytes,
        },
    }))
}
