//! What was collected and will never be stored, as the one who dropped it declares it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::names::named;

named!(
    /// Why documents are lost.
    GapReason, "a reason for a gap", {
    /// The agent's spool was full, and these were its oldest.
    SpoolFull = "spool_full",
    /// The agent could not write them to its disk.
    NotWritten = "not_written",
    /// The daemon will never take their batch.
    Refused = "refused",
    /// Their file in the agent's spool was damaged: how many there were is not known.
    Damaged = "damaged",
    /// The daemon took the others of their pushes and not them.
    Rejected = "rejected",
    /// The daemon stored them, and what it wrote is damaged: its file is set aside.
    SegmentDamaged = "segment_damaged",
    /// The daemon stored them, and the file that they are in is not there.
    SegmentMissing = "segment_missing",
    /// A reason that an agent of another release has.
    Other = "other",
});

impl Serialize for GapReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for GapReason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Ok(text.parse().unwrap_or(Self::Other))
    }
}

/// Batches that one reason took, one after the other. It is told again when it grows, under the same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub id: Uuid,
    pub reason: GapReason,
    /// When the first and the last of it was collected.
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    pub batches: u64,
    pub documents: u64,
}
