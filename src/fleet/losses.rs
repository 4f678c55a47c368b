//! Sealed metrics that cannot be read any more, and those that can again: in the audit log of their collectors, and looked
//! for while nobody reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::json;

use crate::archive::{Fate, Segment, SegmentError, Segments, Witness};
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::registry::{Collectors, CollectorsError};
use crate::storage::{self, StoreError};

/// Sets aside what does not belong to the segments. From then on, each that is lost or found is in the audit log.
pub fn settle(segments: &Segments, audit: &AuditLog, collectors: &Collectors) -> Result<(), SegmentError> {
    segments.tell_losses(witness(audit, collectors));
    segments.settle()
}

fn witness(audit: &AuditLog, collectors: &Collectors) -> Witness {
    let (audit, collectors) = (audit.clone(), collectors.clone());
    Box::new(move |tx, fate, segments| {
        let mut of = BTreeMap::<CollectorId, Vec<&Segment>>::new();
        for segment in segments {
            of.entry(segment.collector).or_default().push(segment);
        }
        of.into_iter().try_for_each(|(id, segments)| {
            let change = change(name(&collectors, tx, id)?, fate, &segments);
            audit.append(tx, &Origin::system(), change)
        })
    })
}

/// A collector as the target of an entry. One that is archived has its id only.
fn name(collectors: &Collectors, tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Target> {
    let name = collectors.name_in(tx, id).map_err(|error| match error {
        CollectorsError::Store(error) => error,
        other => StoreError::Damaged(other.to_string()),
    })?;
    Ok(Target::new("collector", id, &name.unwrap_or_else(|| id.to_string())))
}

fn change(target: Target, fate: Fate, segments: &[&Segment]) -> Change {
    let action = match fate {
        Fate::Damaged => Action::MetricsDamaged,
        Fate::Missing => Action::MetricsMissing,
        Fate::Found => Action::MetricsFound,
    };
    // of many, the first one tells where they are
    let after = json!({
        "segments": segments.len(),
        "file": segments.first().map(|segment| &segment.file),
        "documents": segments.iter().map(|segment| segment.documents).sum::<u64>(),
        "first": segments.iter().map(|segment| segment.first).min(),
        "last": segments.iter().map(|segment| segment.last).max(),
    });
    let damage = segments.first().and_then(|segment| segment.damage.clone());
    Change::new(action, target).because(damage.filter(|_| fate == Fate::Damaged)).from_to(&json!({}), &after)
}

/// The job that looks whether the files of segments are in their place.
pub struct SegmentWatch {
    segments: Arc<Segments>,
    /// The segment behind which the next step goes on.
    behind: i64,
}

impl SegmentWatch {
    pub fn new(segments: &Arc<Segments>) -> Self {
        Self { segments: Arc::clone(segments), behind: 0 }
    }
}

impl Job for SegmentWatch {
    fn name(&self) -> &'static str {
        "metrics-files"
    }

    fn about(&self) -> &'static str {
        "looks whether the files of sealed metrics are in their place"
    }

    fn step(&mut self, _now: Timestamp) -> Result<String, String> {
        self.behind =
            self.segments.look_for_files(self.behind).map_err(|error| error.to_string())?.unwrap_or(0);
        let totals = self.segments.totals().map_err(|error| error.to_string())?;
        Ok(format!("{} segments, {} damaged, {} missing", totals.segments, totals.damaged, totals.missing))
    }
}
