//! What the catalog lists of collectors, in memory: queries ask for the same again and again.
//!
//! It guarantees: who asks after a change was committed and noted is given what the catalog has since then. It holds a
//! bounded number of segments.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Segment, SegmentError};
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::Kept;

pub(super) struct Listed {
    state: Mutex<State>,
}

struct State {
    of: Kept<CollectorId, Arc<[Arc<Segment>]>>,
    /// How often something was forgotten.
    changes: u64,
}

impl Default for Listed {
    fn default() -> Self {
        Self { state: Mutex::new(State { of: Kept::new(limits::SEGMENTS_KNOWN), changes: 0 }) }
    }
}

impl Listed {
    /// What is listed of a collector: as it is known, else as it is read.
    pub(super) fn get(
        &self,
        collector: CollectorId,
        read: impl FnOnce() -> Result<Vec<Segment>, SegmentError>,
    ) -> Result<Arc<[Arc<Segment>]>, SegmentError> {
        let changes = {
            let mut state = self.state.lock();
            if let Some(listed) = state.of.get(&collector) {
                return Ok(listed);
            }
            state.changes
        };
        let listed: Arc<[_]> = read()?.into_iter().map(Arc::new).collect();
        let mut state = self.state.lock();
        // what changed meanwhile may not be in what was read
        if state.changes == changes {
            state.of.keep(collector, Arc::clone(&listed), listed.len() + 1);
        }
        Ok(listed)
    }

    pub(super) fn forget(&self, collector: CollectorId) {
        let mut state = self.state.lock();
        state.changes += 1;
        state.of.forget(&collector);
    }
}
