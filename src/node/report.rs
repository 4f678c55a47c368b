//! What reaches over several nouns at once: a collector with its group, its presence and its counts.

use std::collections::HashMap;

use super::{Node, NodeError};
use crate::fleet::{Seen, Total, Verdict};
use crate::ids::{CollectorId, GroupId};
use crate::limits::UPTIME_DAYS;
use crate::metrics::Counter;
use crate::registry::{Collector, Group};

/// Everything that is known of one collector.
#[derive(Clone, Debug)]
pub struct CollectorReport {
    pub collector: Collector,
    pub group: Option<Group>,
    pub seen: Option<Seen>,
    pub verdict: Verdict,
    /// How long it was there and away in the last 30 days.
    pub uptime: Total,
    /// What it sent; absent before its first push.
    pub counter: Option<Counter>,
}

impl Node {
    pub fn collector_reports(&self) -> Result<Vec<CollectorReport>, NodeError> {
        let groups = self.groups_by_id()?;
        let collectors = self.collectors.list()?;
        let counters = self.metrics.counters();
        let report = |collector: Collector| {
            let counter = counters.get(&collector.id).copied();
            self.report(collector, &groups, counter)
        };
        Ok(collectors.into_iter().map(report).collect())
    }

    pub fn collector_report(&self, id: CollectorId) -> Result<CollectorReport, NodeError> {
        let collector = self.collectors.get(id)?;
        let counter = self.metrics.counter(id);
        Ok(self.report(collector, &self.groups_by_id()?, counter))
    }

    fn groups_by_id(&self) -> Result<HashMap<GroupId, Group>, NodeError> {
        Ok(self.groups.list()?.into_iter().map(|group| (group.id, group)).collect())
    }

    fn report(
        &self,
        collector: Collector,
        groups: &HashMap<GroupId, Group>,
        counter: Option<Counter>,
    ) -> CollectorReport {
        let seen = self.presence.seen(collector.id);
        CollectorReport {
            group: collector.group.and_then(|id| groups.get(&id).cloned()),
            verdict: self.presence.verdict(&collector, seen.as_ref()),
            uptime: self.presence.total(collector.id, UPTIME_DAYS),
            counter,
            collector,
            seen,
        }
    }
}
