//! What an administrator sees of the daemon itself: jobs, storage, versions.

use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::on_disk;
use super::problem::Problem;
use crate::access::{SigningKey, Source};
use crate::clock::Timestamp;
use crate::crypto::Facts;
use crate::jobs::Status;
use crate::mirror;
use crate::node::{Forecast, Node, NodeError, StorageReport, VERSION};

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
    clock: ClockView,
    storage: StorageView,
    /// Null where the listener speaks no TLS.
    tls: Option<TlsView>,
    keys: KeysView,
    /// The copy in PostgreSQL; null where none is configured.
    mirror: Option<MirrorView>,
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

#[derive(Serialize, ToSchema)]
pub(super) struct ClockView {
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// To when the clock jumped ahead by more than a day; nothing is removed until that is confirmed, or the clock has
    /// gone steadily for a day. Null while nobody doubts it.
    #[schema(value_type = Option<String>, format = DateTime)]
    jumped_to: Option<Timestamp>,
}

/// Sizes in bytes.
#[derive(Serialize, ToSchema)]
pub(super) struct StorageView {
    data_dir: String,
    registry_bytes: u64,
    logs_bytes: u64,
    hot_bytes: u64,
    segments: SegmentsView,
    disk_total_bytes: u64,
    disk_free_bytes: u64,
    /// Null until it was watched for six hours.
    forecast: Option<ForecastView>,
}

/// Metrics that are older than the hot window.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentsView {
    count: u64,
    bytes: u64,
    documents: u64,
    samples: u64,
    /// Set aside, because they do not read back as they were written.
    damaged: u64,
    /// Listed, and not in their place.
    missing: u64,
    /// In the place of segments, and listed nowhere.
    unlisted: u64,
    /// The time of the oldest document.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest: Option<Timestamp>,
}

/// When it goes on as in the last week.
#[derive(Serialize, ToSchema)]
pub(super) struct ForecastView {
    /// What the stores grow by; less than zero when they shrink.
    bytes_per_day: i64,
    /// Null when they do not grow.
    days_left: Option<u64>,
}

impl From<StorageReport> for StorageView {
    fn from(report: StorageReport) -> Self {
        let StorageReport { segments, segments_found: found, .. } = report;
        Self {
            data_dir: report.data_dir.display().to_string(),
            registry_bytes: report.registry_bytes,
            logs_bytes: report.logs_bytes,
            hot_bytes: report.hot_bytes,
            segments: SegmentsView {
                count: segments.segments,
                bytes: segments.bytes,
                documents: segments.documents,
                samples: segments.samples,
                damaged: segments.damaged,
                missing: segments.missing,
                unlisted: found.unlisted.len() as u64,
                oldest: segments.first,
            },
            disk_total_bytes: report.disk_total_bytes,
            disk_free_bytes: report.disk_free_bytes,
            forecast: report
                .forecast
                .map(|Forecast { bytes_per_day, days_left }| ForecastView { bytes_per_day, days_left }),
        }
    }
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
    let read = |node: &Node| {
        Ok::<_, NodeError>((node.storage_report()?, node.metrics.jumped_to()?, node.mirror_status()?))
    };
    let (storage, jumped_to, mirror) = on_disk(&node, read).await?;
    let now = node.clock.now();
    Ok(Json(SystemView {
        version: VERSION,
        sqlite_version: crate::node::sqlite_version(),
        started_at: node.opened_at,
        uptime_seconds: now.since(node.opened_at).as_secs(),
        recovered: node.was_unclean,
        clock: ClockView { now, jumped_to },
        storage: storage.into(),
        tls: tls(&node),
        keys: keys(&node),
        mirror: mirror.map(MirrorView::from),
    }))
}

/// Says that the clock is right, although it jumped ahead: what is old is removed again.
#[utoipa::path(
    post, path = "/api/v1/system/confirm-clock", tag = "system",
    responses((status = 200, body = ClockView), (status = 409, description = "nobody doubts the clock"))
)]
pub(super) async fn confirm_clock(node: Data<Node>, caller: Caller) -> Result<Json<ClockView>, Problem> {
    on_disk(&node, move |node| node.confirm_clock(&caller.origin)).await?;
    Ok(Json(ClockView { now: node.clock.now(), jumped_to: None }))
}
