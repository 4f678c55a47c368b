//! The collectors as the query language sees them: four labels on each of their series.

use crate::ids::CollectorId;
use crate::promql::Labels;
use crate::registry::{Collectors, Standing};

use super::ReadError;

/// A collector and the labels that its series bear. They are as the registry has them now, so one that is renamed
/// has its new name at all times.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    pub id: CollectorId,
    pub labels: Labels,
}

pub(super) fn members(collectors: &Collectors) -> Result<Vec<Member>, ReadError> {
    Ok(collectors.standings()?.iter().map(member).collect())
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
