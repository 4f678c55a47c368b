//! Taking in a push: store it durably, and only then let anybody know.

use super::{Node, NodeError};
use crate::metrics::{Accepted, CheckedPush};
use crate::registry::Collector;

/// A push that is durable, and the collector that it came from.
#[derive(Debug)]
pub struct Taken {
    pub accepted: Accepted,
    pub collector: Collector,
}

impl Node {
    /// Stores a push. It counts as a sign of life of its collector.
    pub fn take_push(&self, push: CheckedPush) -> Result<Taken, NodeError> {
        let collector = self.collectors.get(push.collector())?;
        let accepted = self.metrics.store(push)?;
        self.presence.pushed(&collector, accepted.inserted)?;
        Ok(Taken { accepted, collector: self.collectors.offered(collector)? })
    }
}
