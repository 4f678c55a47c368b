//! The daemon's own figures in the text form that Prometheus reads.
//!
//! It says how many collectors there are and how they are, never which; so it names no host and no user.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use procfs::process::Process;

use super::on_disk;
use super::problem::Problem;
use crate::fleet::Status;
use crate::mirror;
use crate::node::{CollectorReport, Node, NodeError, StorageReport, VERSION};

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Upper ends of the classes of durations, in milliseconds; what takes longer is in none but `+Inf`.
const DURATIONS_MS: [u64; 9] = [1, 2, 5, 10, 25, 50, 100, 500, 2000];

/// What was answered since the start: by class of status, and how long it took.
#[derive(Default)]
pub(super) struct Answered {
    classes: [AtomicU64; 5],
    durations: [AtomicU64; DURATIONS_MS.len()],
    micros: AtomicU64,
}

impl Answered {
    pub(super) fn count(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1).min(self.classes.len() - 1);
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
        if let Some(place) = DURATIONS_MS.iter().position(|most| micros <= most * 1000) {
            self.durations[place].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Anybody on this machine may read them; from elsewhere it takes a token.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn figures(node: Data<Node>, answered: Data<Answered>) -> Result<HttpResponse, Problem> {
    let text = on_disk(&node, move |node| {
        let (storage, reports) = (node.storage_report()?, node.collector_reports()?);
        let mut text = Text::default();
        of_process(&mut text, node);
        of_answers(&mut text, &answered);
        of_fleet(&mut text, &reports);
        of_storage(&mut text, &storage);
        of_jobs(&mut text, node);
        of_mirror(&mut text, node.mirror_status()?);
        Ok::<_, NodeError>(text.0)
    })
    .await?;
    Ok(HttpResponse::Ok().content_type(TEXT).body(text))
}

fn of_process(text: &mut Text, node: &Node) {
    text.family("pganalytics_build_info", "gauge", "Which release this is.");
    text.sample("pganalytics_build_info", &[("version", VERSION)], 1.0);
    let uptime = node.clock.now().since(node.opened_at).as_secs_f64();
    text.single("pganalytics_uptime_seconds", "gauge", "Time since the start.", uptime);
    // a kernel that hides the process leaves these out
    let Ok(stat) = Process::myself().and_then(|process| process.stat()) else { return };
    let ticks = as_f64(stat.utime + stat.stime) / as_f64(procfs::ticks_per_second());
    text.single("process_cpu_seconds_total", "counter", "User and system time.", ticks);
    let resident = as_f64(stat.rss * procfs::page_size());
    text.single("process_resident_memory_bytes", "gauge", "Memory in use.", resident);
}

fn of_answers(text: &mut Text, answered: &Answered) {
    let name = "pganalytics_http_answers_total";
    text.family(name, "counter", "Requests answered, by class of status.");
    let mut all = 0;
    for (class, count) in answered.classes.iter().enumerate() {
        let count = count.load(Ordering::Relaxed);
        all += count;
        text.sample(name, &[("class", &format!("{}xx", class + 1))], as_f64(count));
    }
    let name = "pganalytics_http_answer_duration_seconds";
    text.family(name, "histogram", "Time from the head of a request to its answer.");
    let mut below = 0;
    for (most, count) in DURATIONS_MS.iter().zip(&answered.durations) {
        below += count.load(Ordering::Relaxed);
        let most = (as_f64(*most) / 1000.0).to_string();
        text.sample(&format!("{name}_bucket"), &[("le", &most)], as_f64(below));
    }
    text.sample(&format!("{name}_bucket"), &[("le", "+Inf")], as_f64(all));
    text.sample(&format!("{name}_sum"), &[], as_f64(answered.micros.load(Ordering::Relaxed)) / 1e6);
    text.sample(&format!("{name}_count"), &[], as_f64(all));
}

fn of_fleet(text: &mut Text, reports: &[CollectorReport]) {
    let name = "pganalytics_collectors";
    text.family(name, "gauge", "Registered collectors, by status.");
    for word in Status::ALL {
        let count = reports.iter().filter(|report| report.verdict.status == *word).count();
        text.sample(name, &[("status", word.as_str())], as_f64(count as u64));
    }
    let documents = reports.iter().filter_map(|report| report.counter).map(|counter| counter.documents).sum();
    let about = "Documents stored for the collectors that are registered.";
    text.single("pganalytics_documents_stored", "gauge", about, as_f64(documents));
}

fn of_storage(text: &mut Text, storage: &StorageReport) {
    let name = "pganalytics_storage_bytes";
    text.family(name, "gauge", "Bytes on the disk, by store.");
    text.sample(name, &[("store", "registry")], as_f64(storage.registry_bytes));
    text.sample(name, &[("store", "logs")], as_f64(storage.logs_bytes));
    text.sample(name, &[("store", "hot")], as_f64(storage.hot_bytes));
    text.sample(name, &[("store", "segments")], as_f64(storage.segments.bytes));
    let segments = as_f64(storage.segments.segments);
    text.single("pganalytics_segments", "gauge", "Segments of sealed metrics.", segments);
    let damaged = as_f64(storage.segments.damaged);
    text.single("pganalytics_segments_damaged", "gauge", "Segments that are set aside as damaged.", damaged);
    let missing = as_f64(storage.segments.missing);
    text.single("pganalytics_segments_missing", "gauge", "Segments whose files are not there.", missing);
    let free = as_f64(storage.disk_free_bytes);
    text.single("pganalytics_disk_free_bytes", "gauge", "Room on the disk of the data directory.", free);
    let total = as_f64(storage.disk_total_bytes);
    text.single("pganalytics_disk_total_bytes", "gauge", "Size of the disk of the data directory.", total);
}

fn of_jobs(text: &mut Text, node: &Node) {
    let jobs = node.jobs.statuses();
    for (name, about) in [
        ("pganalytics_job_runs_total", "Steps of a background job."),
        ("pganalytics_job_failures_total", "Steps of a background job that failed."),
    ] {
        text.family(name, "counter", about);
        for job in &jobs {
            let count = if name.contains("failures") { job.failures } else { job.runs };
            text.sample(name, &[("job", job.name)], as_f64(count));
        }
    }
}

/// Nothing where no mirror is configured.
fn of_mirror(text: &mut Text, status: Option<mirror::Status>) {
    let Some(status) = status else { return };
    let connected = if status.connected_since.is_some() { 1.0 } else { 0.0 };
    text.single("pganalytics_mirror_connected", "gauge", "Whether the mirror is connected.", connected);
    let about = "Documents that wait for the mirror.";
    text.single("pganalytics_mirror_documents_behind", "gauge", about, as_f64(status.documents_behind));
    let about = "Age of the oldest push that waits for the mirror.";
    text.single("pganalytics_mirror_lag_seconds", "gauge", about, as_f64(status.seconds_behind));
    let about = "Documents written to the mirror.";
    text.single("pganalytics_mirror_documents_total", "counter", about, as_f64(status.documents_mirrored));
    let about = "Documents that were damaged or had expired before they were mirrored.";
    text.single("pganalytics_mirror_documents_lost_total", "counter", about, as_f64(status.documents_lost));
}

#[expect(clippy::cast_precision_loss, reason = "the format has doubles only")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// What is written: families of samples, one a line. No value here has a quote, a backslash or a line end.
#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, about: &str) {
        let _ = writeln!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}");
    }

    fn single(&mut self, name: &str, kind: &str, about: &str, value: f64) {
        self.family(name, kind, about);
        self.sample(name, &[], value);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}
