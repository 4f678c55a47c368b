//! An administrator's word that the clock is right, although it jumped.

use serde_json::json;

use super::{Node, NodeError};
use crate::audit::{Action, Change, Origin, Target};

impl Node {
    /// Lets what is old be removed again.
    pub fn confirm_clock(&self, origin: &Origin) -> Result<(), NodeError> {
        let jumped_to = self.metrics.jumped_to()?.ok_or(NodeError::ClockIsTrusted)?;
        let change = Change::new(Action::ClockConfirm, Target::new("clock", "clock", "clock"))
            .from_to(&json!({ "jumped_to": jumped_to }), &json!({ "confirmed": true }));
        // first the word, then the deed: it is never done without being on record
        self.db.write(|tx| Ok::<_, NodeError>(self.audit.append(tx, origin, change)?))?;
        Ok(self.metrics.confirm_clock()?)
    }
}
