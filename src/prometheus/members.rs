//! The collectors as the query language sees them: four labels on each of their series.

use std::sync::Arc;

use crate::ids::CollectorId;
use crate::promql::Labels;
use crate::registry::{Collectors, CollectorsError, Standing};
use crate::storage::Memo;

/// A collector and the labels that its series bear. They are as the registry has them now, so one that is renamed
/// has its new name at all times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub id: CollectorId,
    pub labels: Labels,
}

/// Who is in the fleet at this moment.
pub struct Members {
    collectors: Collectors,
    known: Memo<(), Arc<[Member]>>,
}

impl Members {
    pub fn of(collectors: &Collectors) -> Self {
        Self { collectors: collectors.clone(), known: collectors.memo(1) }
    }

    pub(super) fn now(&self) -> Result<Arc<[Member]>, CollectorsError> {
        self.known.get((), || Ok(self.collectors.standings()?.iter().map(member).collect()))
    }
}

fn member(standing: &Standing) -> Member {
    let id = standing.id.to_string();
    let labels = Labels::of(&[
        ("collector", &standing.name),
        ("collector_id", &id),
        ("environment", standing.environment.as_str()),
        ("group", standing.group.as_deref().unwrap_or_default()),
    ]);
    Member { id: standing.id, labels }
}
