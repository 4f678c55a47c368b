//! Metrics that are missing beside a registry that knows their collectors. They are not made anew silently: it takes
//! an administrator's word on the machine itself, which the audit log keeps.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::open::{OpenError, Options};
use super::records::Records;
use crate::archive::Segments;
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::metrics::Metrics;
use crate::registry::Collectors;
use crate::storage::Poison;
use crate::storage::data_dir::Layout;

/// The first start makes both files before there is a collector, so with one there were metrics.
pub(super) fn check_metrics(layout: &Layout, collectors: &Collectors) -> Result<(), OpenError> {
    let path = layout.hot();
    if path.exists() || collectors.none_ever()? { Ok(()) } else { Err(OpenError::MetricsLost(path)) }
}

/// Begins with new metrics where they are missing, while no daemon runs. Gives the file that was made, or `None` where
/// none is missing.
pub fn accept_loss(options: &Options, clock: &Clock, ids: &IdSource) -> Result<Option<PathBuf>, OpenError> {
    let layout = Layout::of(&options.data_dir);
    if !layout.registry().exists() {
        return Err(OpenError::NoRegistry(options.data_dir.clone()));
    }
    let _alone = layout.lock_alone()?;
    let path = layout.hot();
    if path.exists() {
        return Ok(None);
    }
    let records = Records::open(options, clock, ids)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let change = Change::new(Action::MetricsAcceptLoss, Target::new("store", &name, &name))
        .from_to(&json!({}), &json!({ "made_anew": true }));
    // first the word, then the deed: it is never done without being on record
    records.db.write(|tx| Ok::<_, OpenError>(records.audit.append(tx, &Origin::system(), change)?))?;
    let poison = Poison::default();
    let db = Arc::clone(&records.db);
    let segments = Segments::open(db, &layout.segments(), poison.clone(), clock.clone())?;
    Metrics::open(&path, Arc::new(segments), poison, clock.clone(), options.metrics.clone())?.stop();
    Ok(Some(path))
}
