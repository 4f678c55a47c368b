//! Files that are missing beside a registry, or belong to another one. Metrics are not made anew silently: it takes an
//! administrator's word on the machine itself, which the audit log keeps.

use std::path::PathBuf;

use serde_json::json;

use super::open::{OpenError, Options, holds_anything, open_metrics};
use super::records::Records;
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::logs::Logs;
use crate::metrics::{self, Metrics};
use crate::registry::Collectors;
use crate::storage::data_dir::Layout;
use crate::storage::{Poison, RedbFile, journaled};

/// The first start makes both files before there is a collector, so with one there were metrics.
pub(super) fn check_metrics(layout: &Layout, collectors: &Collectors) -> Result<(), OpenError> {
    let path = layout.hot();
    if path.exists() || collectors.none_ever()? { Ok(()) } else { Err(OpenError::MetricsLost(path)) }
}

/// What agents logged is made anew where it is missing, but not silently.
pub(super) fn tell_lost_logs(layout: &Layout, collectors: &Collectors) -> Result<(), OpenError> {
    let path = layout.logs();
    if !holds_anything(&path) && !collectors.none_ever()? {
        tracing::error!(path = %path.display(), "what agents logged is missing or empty; a new file is begun");
    }
    Ok(())
}

/// A whole file of another appliance would open, and nobody would miss what is not in it.
pub(super) fn check_owner(
    layout: &Layout,
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
    Ok(())
}

/// Begins with new metrics where they are missing, and without their journal where that cannot be used, while no daemon
/// runs. Gives the file that was made or given up, or `None` where nothing is missing.
pub fn accept_loss(options: &Options, clock: &Clock, ids: &IdSource) -> Result<Option<PathBuf>, OpenError> {
    let layout = Layout::of(&options.data_dir);
    if !layout.registry().exists() {
        return Err(OpenError::NoRegistry(options.data_dir.clone()));
    }
    let _alone = layout.lock_alone()?;
    let path = layout.hot();
    let exists = path.exists();
    let lost_journal =
        if exists { journaled::lost_journal(&path).map_err(metrics::OpenError::from)? } else { None };
    if exists && lost_journal.is_none() {
        return Ok(None);
    }
    let records = Records::open(options, clock, ids)?;
    let lost = lost_journal.as_ref().unwrap_or(&path);
    let name = lost.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let change = Change::new(Action::MetricsAcceptLoss, Target::new("store", &name, &name))
        .from_to(&json!({}), &json!({ "made_anew": true }));
    // first the word, then the deed: it is never done without being on record
    records.db.write(|tx| Ok::<_, OpenError>(records.audit.append(tx, &Origin::system(), change)?))?;
    if lost_journal.is_some() {
        RedbFile::give_up_journal(&path).map_err(metrics::OpenError::from)?;
        return Ok(lost_journal);
    }
    let poison = Poison::default();
    // no document may have the time and the number of one that is sealed
    let first_seq = u64::try_from(clock.now().as_millis()).unwrap_or(0).saturating_mul(1000);
    let options = metrics::Options { first_seq, ..options.metrics.clone() };
    let (_, metrics) = open_metrics(&layout, &records.db, &poison, clock, options)?;
    metrics.stop().map_err(metrics::OpenError::from)?;
    Ok(Some(path))
}
