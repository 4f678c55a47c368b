//! Files that are missing beside a registry, belong to another one, or are older than it. Nothing is made anew or left
//! out silently: it takes an administrator's word on the machine itself, which the audit log keeps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::marks::{self, MetricsMark};
use super::open::{OpenError, Options, holds_anything, open_metrics};
use super::records::Records;
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::Clock;
use crate::files::Lock;
use crate::ids::IdSource;
use crate::logs::Logs;
use crate::metrics::{self, Metrics, RegistryMark};
use crate::registry::Collectors;
use crate::storage::data_dir::Layout;
use crate::storage::{Poison, RedbFile, Sqlite, journaled};

/// The first start makes all files before there is a collector, so with one there were metrics. What agents logged is
/// made anew where it is missing, but not silently.
pub(super) fn check_missing(layout: &Layout, collectors: &Collectors) -> Result<(), OpenError> {
    if collectors.none_ever()? {
        return Ok(());
    }
    if !layout.hot().exists() {
        return Err(OpenError::MetricsLost(layout.hot()));
    }
    let path = layout.logs();
    if !holds_anything(&path) {
        tracing::error!(path = %path.display(), "what agents logged is missing or empty; a new file is begun");
    }
    Ok(())
}

/// A whole file of another appliance would open, and so would an older copy of this one's, and nobody would miss what is
/// not in it.
pub(super) fn check_owner(
    layout: &Layout,
    db: &Sqlite,
    audit: &AuditLog,
    metrics: &Metrics,
    logs: &Logs,
) -> Result<(), OpenError> {
    // a registry that cannot tell who it is is damaged, which is told where that matters
    let Ok(Some(registry)) = audit.first_hash() else { return Ok(()) };
    if !metrics.belongs_to(registry).map_err(metrics::OpenError::from)? {
        return Err(OpenError::OfAnother(layout.hot()));
    }
    if !logs.belongs_to(registry)? {
        return Err(OpenError::OfAnother(layout.logs()));
    }
    marks::check(layout, db, audit, metrics)
}

/// What an administrator goes on without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedLoss {
    pub path: PathBuf,
    pub what: Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The file was missing, and was made anew.
    File,
    /// The file is a journal that cannot be used, and was set aside.
    Journal,
    /// The file is an older copy.
    Newer,
}

/// Begins with new metrics where they are missing, and goes on without a journal that cannot be used, and with an older
/// copy, while no daemon runs. `None` where nothing is lost.
pub fn accept_loss(
    options: &Options,
    clock: &Clock,
    ids: &IdSource,
) -> Result<Option<AcceptedLoss>, OpenError> {
    let (layout, _alone, records) = open_alone(options, clock, ids)?;
    let path = layout.hot();
    if !path.exists() {
        // first the word, then the deed: it is never done without being on record
        record(&records, Action::MetricsAcceptLoss, &path, &json!({ "made_anew": true }))?;
        open_first(&layout, &records, options, clock)?.stop().map_err(metrics::OpenError::from)?;
        return Ok(Some(AcceptedLoss { path, what: Lost::File }));
    }
    let journal = give_up_journal(&records, &path)?;
    let (_, metrics) =
        open_metrics(&layout, &records.db, &Poison::default(), clock, options.metrics.clone())?;
    let next_seq = metrics.next_seq().map_err(metrics::OpenError::from)?;
    let mark = marks::of_metrics(&records.db)?.filter(|mark| next_seq < mark.next_seq);
    if let Some(MetricsMark { next_seq: noted, noted_at }) = mark {
        let gap = json!({ "next_document": next_seq, "known_of": noted, "known_at": noted_at });
        record(&records, Action::MetricsAcceptLoss, &path, &gap)?;
        metrics.go_on_at(unused_seq(clock).max(noted)).map_err(metrics::OpenError::from)?;
    }
    metrics.stop().map_err(metrics::OpenError::from)?;
    let journal = journal.map(|path| AcceptedLoss { path, what: Lost::Journal });
    Ok(journal.or_else(|| mark.map(|_| AcceptedLoss { path, what: Lost::Newer })))
}

/// Sets the journal aside if it cannot be used, and gives its path.
fn give_up_journal(records: &Records, store: &Path) -> Result<Option<PathBuf>, OpenError> {
    let lost = journaled::lost_journal(store).map_err(metrics::OpenError::from)?;
    if let Some(journal) = &lost {
        record(records, Action::MetricsAcceptLoss, journal, &json!({ "set_aside": true }))?;
        RedbFile::give_up_journal(store).map_err(metrics::OpenError::from)?;
    }
    Ok(lost)
}

/// Goes on with an older copy of the registry, while no daemon runs; with what it says of users, tokens and collectors.
/// `None` where it is none.
pub fn accept_older_registry(
    options: &Options,
    clock: &Clock,
    ids: &IdSource,
) -> Result<Option<AcceptedLoss>, OpenError> {
    let (layout, _alone, records) = open_alone(options, clock, ids)?;
    if !layout.hot().exists() {
        return Err(OpenError::MetricsLost(layout.hot()));
    }
    let (_, metrics) =
        open_metrics(&layout, &records.db, &Poison::default(), clock, options.metrics.clone())?;
    let mark = metrics.registry_mark().map_err(metrics::OpenError::from)?;
    let found = records.audit.head()?.seq;
    let mark = mark.filter(|mark| found < mark.head.seq);
    if let Some(RegistryMark { head, noted_at }) = mark {
        let gap = json!({ "last_entry": found, "known_of": head.seq, "known_at": noted_at });
        record(&records, Action::AuditAcceptLoss, &layout.registry(), &gap)?;
        let mark = RegistryMark { head: records.audit.head()?, noted_at: clock.now() };
        metrics.note_registry(mark).map_err(metrics::OpenError::from)?;
    }
    metrics.stop().map_err(metrics::OpenError::from)?;
    Ok(mark.map(|_| AcceptedLoss { path: layout.registry(), what: Lost::Newer }))
}

fn open_alone(
    options: &Options,
    clock: &Clock,
    ids: &IdSource,
) -> Result<(Layout, Lock, Records), OpenError> {
    let layout = Layout::of(&options.data_dir);
    if !layout.registry().exists() {
        return Err(OpenError::NoRegistry(options.data_dir.clone()));
    }
    let alone = layout.lock_alone()?;
    let records = Records::open(options, clock, ids)?;
    Ok((layout, alone, records))
}

fn record(records: &Records, action: Action, path: &Path, gap: &serde_json::Value) -> Result<(), OpenError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let change = Change::new(action, Target::new("store", &name, &name)).from_to(&json!({}), gap);
    Ok(records.audit.note(&Origin::system(), change)?)
}

/// A new store.
fn open_first(
    layout: &Layout,
    records: &Records,
    options: &Options,
    clock: &Clock,
) -> Result<Arc<Metrics>, OpenError> {
    let options = metrics::Options { first_seq: unused_seq(clock), ..options.metrics.clone() };
    let (_, metrics) = open_metrics(layout, &records.db, &Poison::default(), clock, options)?;
    Ok(metrics)
}

/// No document may have the time and the number of one that is sealed.
fn unused_seq(clock: &Clock) -> u64 {
    u64::try_from(clock.now().as_millis()).unwrap_or(0).saturating_mul(1000)
}
