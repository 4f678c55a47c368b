//! From which time on the metrics are no longer what they were: whoever keeps what was computed of them asks.
//!
//! It guarantees: what became visible to readers after a moment is told to all who ask for the changes since it, at the
//! latest when whoever pushed or removed it is answered. Times are rounded to the minute before them. It holds a
//! bounded number of changes; beyond, everything counts as changed for those who ask from too long ago.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::Metrics;
use super::hot::minute_of;
use crate::clock::Timestamp;
use crate::limits;
use crate::storage::after_commit;

/// A moment in the order of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since(u64);

#[derive(Default)]
pub(super) struct Changes {
    state: Mutex<State>,
    /// How often segments had been lost or found when somebody asked last.
    losses: AtomicU64,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Numbers of changes with the time from which on each changed something. One behind which another came that
    /// reaches as far back is left out, so both ascend.
    noted: VecDeque<(u64, Timestamp)>,
    /// Before this one changes are not known any more.
    known_from: u64,
}

impl Metrics {
    /// The present moment: to be asked for before anything is read.
    pub fn present(&self) -> Since {
        self.note_losses();
        Since(self.changes.state.lock().next)
    }

    /// The earliest time that was changed since a moment; none when nothing was.
    pub fn changed_since(&self, Since(since): Since) -> Option<Timestamp> {
        self.note_losses();
        let state = self.changes.state.lock();
        if since < state.known_from {
            return Some(Timestamp::from_millis(i64::MIN));
        }
        let first = state.noted.partition_point(|(number, _)| *number < since);
        state.noted.get(first).map(|(_, time)| *time)
    }

    /// Takes in that segments were lost or found since somebody asked last.
    fn note_losses(&self) {
        let losses = self.segments.losses();
        if self.changes.losses.swap(losses, Ordering::SeqCst) != losses {
            self.changes.note([Timestamp::from_millis(i64::MIN)]);
        }
    }

    /// Metrics were removed, or cannot be read any more: nothing of what was computed holds.
    pub(super) fn note_removal(&self) {
        let changes = Arc::clone(&self.changes);
        after_commit(move || changes.note([Timestamp::from_millis(i64::MIN)]));
    }
}

impl Changes {
    /// After something of these times has become visible.
    pub(super) fn note(&self, times: impl IntoIterator<Item = Timestamp>) {
        let Some(first) = times.into_iter().min() else { return };
        let first = minute_of(first);
        let mut state = self.state.lock();
        while state.noted.pop_back_if(|(_, time)| *time >= first).is_some() {}
        let number = state.next;
        state.next += 1;
        state.noted.push_back((number, first));
        if state.noted.len() > limits::CHANGES_NOTED
            && let Some((number, _)) = state.noted.pop_front()
        {
            state.known_from = number + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(changes: &Changes, Since(since): Since) -> Option<i64> {
        let state = changes.state.lock();
        let first = state.noted.partition_point(|(number, _)| *number < since);
        state.noted.get(first).map(|(_, time)| time.as_millis() / 60_000)
    }

    #[test]
    fn the_earliest_of_all_that_came_since_is_told() {
        let changes = Changes::default();
        let minute = |minute: i64| Timestamp::from_millis(minute * 60_000 + 7);
        let present = |changes: &Changes| Since(changes.state.lock().next);
        let first = present(&changes);
        assert_eq!(since(&changes, first), None);
        changes.note([minute(10), minute(9)]);
        let second = present(&changes);
        changes.note([minute(11)]);
        changes.note([minute(11)]);
        assert_eq!((since(&changes, first), since(&changes, second)), (Some(9), Some(11)));
        changes.note([minute(5)]);
        let last = present(&changes);
        assert_eq!((since(&changes, second), since(&changes, last)), (Some(5), None));
        assert_eq!(changes.state.lock().noted.len(), 1);
        for later in 0..limits::CHANGES_NOTED {
            changes.note([minute(20 + i64::try_from(later).unwrap())]);
        }
        let state = changes.state.lock();
        assert_eq!((state.noted.len(), state.known_from > first.0), (limits::CHANGES_NOTED, true));
    }
}
