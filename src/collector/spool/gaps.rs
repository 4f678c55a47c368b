//! What was lost for good, gathered by its reason into gaps that the daemon is told of.
//!
//! Batches that go one after the other are one gap. A gap that was told is forgotten when another one of its reason
//! begins, so that there are never more of them than reasons.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::IdSource;
use crate::limits::GAP_PAUSE;
use crate::wire::{Gap, GapReason};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Declared {
    gap: Gap,
    /// Whether the daemon has recorded it as it stands.
    is_told: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Gaps(Vec<Declared>);

impl Gaps {
    /// A batch that was collected at that time is lost.
    pub(super) fn add(&mut self, reason: GapReason, at: Timestamp, documents: u64) {
        let is_of = |declared: &&mut Declared| {
            declared.gap.reason == reason && !(declared.is_told && at.since(declared.gap.last_at) > GAP_PAUSE)
        };
        let Some(Declared { gap, is_told }) = self.0.iter_mut().find(is_of) else {
            self.0.retain(|declared| declared.gap.reason != reason);
            let id = IdSource::Random.next(at);
            let gap = Gap { id, reason, first_at: at, last_at: at, batches: 1, documents };
            self.0.push(Declared { gap, is_told: false });
            return;
        };
        gap.first_at = gap.first_at.min(at);
        gap.last_at = gap.last_at.max(at);
        gap.batches += 1;
        gap.documents += documents;
        *is_told = false;
    }

    /// What the daemon does not know yet.
    pub(super) fn untold(&self) -> Vec<Gap> {
        self.0.iter().filter(|declared| !declared.is_told).map(|declared| declared.gap.clone()).collect()
    }

    /// The daemon has recorded these of those that were told. What has grown meanwhile is told again. Says whether that
    /// changed anything.
    pub(super) fn recorded(&mut self, told: &[Gap], recorded: &[Uuid]) -> bool {
        let mut has_changed = false;
        for declared in &mut self.0 {
            if !declared.is_told && recorded.contains(&declared.gap.id) && told.contains(&declared.gap) {
                declared.is_told = true;
                has_changed = true;
            }
        }
        has_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_millis(1_763_640_000_000 + minutes * 60_000)
    }

    #[test]
    fn what_goes_one_after_the_other_is_one_gap_and_is_told_until_it_is_recorded_as_it_stands() {
        let mut gaps = Gaps::default();
        gaps.add(GapReason::SpoolFull, at(0), 3);
        let early = gaps.untold();
        gaps.add(GapReason::SpoolFull, at(1), 4);
        gaps.add(GapReason::Refused, at(1), 5);
        assert!(!gaps.recorded(&early, &[early[0].id]), "it has grown since it was told");
        let told = gaps.untold();
        assert_eq!((told.len(), told[0].id, told[0].batches, told[0].documents), (2, early[0].id, 2, 7));
        assert_eq!((told[0].first_at, told[0].last_at), (at(0), at(1)));
        assert!(gaps.recorded(&told, &[told[0].id]));
        assert_eq!(gaps.untold(), told[1..], "of the other one the daemon said nothing");

        gaps.add(GapReason::SpoolFull, at(61), 1);
        let grown = &gaps.untold()[0];
        assert_eq!((grown.id, grown.documents), (told[0].id, 8), "it goes on");
    }

    #[test]
    fn a_long_pause_ends_a_gap_that_was_told_and_one_that_was_not_is_never_forgotten() {
        let mut gaps = Gaps::default();
        gaps.add(GapReason::NotWritten, at(0), 1);
        gaps.add(GapReason::NotWritten, at(600), 1);
        let told = gaps.untold();
        assert_eq!((told.len(), told[0].batches), (1, 2));
        gaps.recorded(&told, &[told[0].id]);
        gaps.add(GapReason::NotWritten, at(1200), 1);
        let next = gaps.untold();
        assert_eq!((next.len(), next[0].batches, next[0].first_at), (1, 1, at(1200)));
        assert_ne!(next[0].id, told[0].id);
    }
}
