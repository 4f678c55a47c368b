//! What reaches over several nouns at once: a collector with its group, its presence and its counts; the sizes
//! of the stores.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

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

/// Sizes in bytes.
#[derive(Clone, Debug)]
pub struct StorageReport {
    pub data_dir: PathBuf,
    pub registry_bytes: u64,
    pub hot_bytes: u64,
    pub disk_total_bytes: u64,
    pub disk_free_bytes: u64,
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

    pub fn storage_report(&self) -> Result<StorageReport, NodeError> {
        let layout = &self.data_dir.layout;
        let root = layout.root();
        let failed = |source: io::Error| NodeError::Size { path: root.to_owned(), source };
        let disk = nix::sys::statvfs::statvfs(root).map_err(|errno| failed(errno.into()))?;
        Ok(StorageReport {
            data_dir: root.to_owned(),
            registry_bytes: size_of(&layout.registry()).map_err(failed)?
                + size_of(&layout.registry_log()).unwrap_or(0),
            hot_bytes: size_of(&layout.hot()).map_err(failed)?,
            disk_total_bytes: disk.blocks() * disk.fragment_size(),
            disk_free_bytes: disk.blocks_available() * disk.fragment_size(),
        })
    }
}

fn size_of(path: &Path) -> io::Result<u64> {
    Ok(path.metadata()?.len())
}
