//! Taking in a push: store it durably, and only then let anybody know.

use super::{Node, NodeError};
use crate::fleet::Sender;
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
    pub fn take_push(&self, push: CheckedPush, sender: Sender) -> Result<Taken, NodeError> {
        let collector = self.collectors.get(push.collector())?;
        let accepted = self.metrics.store(push)?;
        self.presence.pushed(&collector, sender, accepted.inserted)?;
        self.record_rejected(&collector, &accepted);
        Ok(Taken { accepted, collector: self.collectors.offered(collector)? })
    }

    /// The good documents are durable, and are acknowledged whatever becomes of the record of the others. A push that
    /// came before was on record then.
    fn record_rejected(&self, collector: &Collector, accepted: &Accepted) {
        let came_before = accepted.inserted == 0 && accepted.duplicates > 0;
        if accepted.rejected.is_empty() || came_before {
            return;
        }
        if let Err(error) = self.gaps.reject(collector.id, accepted.rejected.len() as u64) {
            let documents = accepted.rejected.len();
            tracing::error!(collector = %collector.id, documents, %error, "cannot record what a push lost");
        }
    }
}
