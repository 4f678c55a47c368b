//! Taking in a push: store it durably, and only then let anybody know.

use super::{Node, NodeError};
use crate::metrics::{Accepted, Batch};
use crate::registry::Collector;

/// A push that is durable, and the collector that it came from.
#[derive(Debug)]
pub struct Taken {
    pub accepted: Accepted,
    pub collector: Collector,
}

impl Node {
    /// Stores a push. It counts as a sign of life of its collector.
    pub fn take_push(&self, batch: &Batch<'_>) -> Result<Taken, NodeError> {
        let collector = self.collectors.get(batch.collector)?;
        let accepted = self.metrics.accept(batch)?;
        self.presence.pushed(&collector, accepted.inserted)?;
        Ok(Taken { accepted, collector })
    }
}
