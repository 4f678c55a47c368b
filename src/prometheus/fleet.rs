//! The collectors as the query language sees them: four labels on each of their series.

use std::collections::HashMap;

use crate::ids::{CollectorId, GroupId};
use crate::promql::Labels;
use crate::registry::{Collector, Collectors, Groups};

use super::ReadError;

/// A collector and the labels that its series bear. They are as the registry has them now, so one that is renamed
/// has its new name at all times.
#[derive(Clone, Debug)]
pub struct Member {
    pub id: CollectorId,
    pub labels: Labels,
}

pub(super) fn members(collectors: &Collectors, groups: &Groups) -> Result<Vec<Member>, ReadError> {
    let groups: HashMap<GroupId, String> =
        groups.list()?.into_iter().map(|group| (group.id, group.name)).collect();
    Ok(collectors.list()?.iter().map(|collector| member(collector, &groups)).collect())
}

fn member(collector: &Collector, groups: &HashMap<GroupId, String>) -> Member {
    let group = collector.group.and_then(|group| groups.get(&group)).map_or("", String::as_str);
    let id = collector.id.to_string();
    let labels = Labels::of(&[
        ("collector", &collector.name),
        ("collector_id", &id),
        ("environment", collector.environment.as_str()),
        ("group", group),
    ]);
    Member { id: collector.id, labels }
}
