//! What browsers are told of the progress of operations: soon, not too often, and always the last of it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::json;

use super::operation::{Counts, OperationState};
use crate::clock::{Clock, Timestamp};
use crate::events::{EventKind, Events};
use crate::ids::OperationId;
use crate::limits::OPERATION_NEWS_PERIOD;

/// Where an operation stands after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub operation: OperationId,
    pub state: OperationState,
    pub counts: Counts,
}

/// Publishes tallies.
#[derive(Clone)]
pub struct News {
    events: Events,
    clock: Clock,
    told: Arc<Mutex<HashMap<OperationId, Told>>>,
}

struct Told {
    tally: Tally,
    at: Timestamp,
    /// The tally is newer than what was published.
    waits: bool,
}

impl News {
    pub fn new(events: Events, clock: Clock) -> Self {
        Self { events, clock, told: Arc::default() }
    }

    /// Publishes a tally, now or when it is time again. Threads may come out of order: what is older than what
    /// is known is dropped.
    pub fn tell(&self, tally: Option<Tally>) {
        let Some(tally) = tally else { return };
        let now = self.clock.now();
        let mut told = self.told.lock();
        let known = told.get(&tally.operation);
        if known.is_some_and(|known| !known.is_before(&tally)) {
            return;
        }
        let is_early = known.is_some_and(|known| {
            known.tally.state == tally.state && now.since(known.at) < OPERATION_NEWS_PERIOD
        });
        if is_early {
            if let Some(known) = told.get_mut(&tally.operation) {
                known.tally = tally;
                known.waits = true;
            }
            return;
        }
        told.insert(tally.operation, Told { tally, at: now, waits: false });
        self.publish(&tally);
    }

    /// Publishes what waits, and forgets operations that have been over for a while.
    pub(super) fn flush(&self) {
        let now = self.clock.now();
        let mut told = self.told.lock();
        let is_recent = |known: &Told| now.since(known.at) < OPERATION_NEWS_PERIOD;
        told.retain(|_, known| known.waits || !known.tally.state.is_over() || is_recent(known));
        for known in told.values_mut().filter(|known| known.waits) {
            known.waits = false;
            known.at = now;
            self.publish(&known.tally);
        }
    }

    fn publish(&self, tally: &Tally) {
        let Tally { operation, state, counts } = tally;
        let data = json!({
            "operation_id": operation,
            "state": state.as_str(),
            "total": counts.total,
            "done": counts.done,
            "failed": counts.failed,
            "cancelled": counts.cancelled,
        });
        self.events.publish(EventKind::OperationProgress, None, data);
    }
}

impl Told {
    /// An operation moves one way: more of it ends, and at last it is over.
    fn is_before(&self, tally: &Tally) -> bool {
        let known = &self.tally;
        let is_further = tally.counts.over() > known.counts.over()
            || (tally.counts.over() == known.counts.over() && known.state == OperationState::Scheduled);
        !known.state.is_over() && (is_further || tally.state.is_over())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ids::IdSource;

    #[test]
    fn progress_is_told_at_intervals_and_its_end_at_once_and_last() {
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let events = Events::new(clock.clone());
        let news = News::new(events.clone(), clock.clone());
        let operation = IdSource::seeded(1).next(clock.now());
        let mut listener = events.listen(None).coming;
        let mut heard =
            || std::iter::from_fn(|| listener.try_recv().ok()).map(|e| e.data.clone()).collect::<Vec<_>>();
        let tell = |done, state| {
            let counts = Counts { total: 9, done, ..Counts::default() };
            news.tell(Some(Tally { operation, state, counts }));
        };
        let running = OperationState::Running;
        (0..4).for_each(|done| tell(done, running));
        assert_eq!(heard().iter().map(|data| data["done"].as_u64().unwrap()).collect::<Vec<_>>(), [0]);
        news.flush();
        assert_eq!(heard()[0]["done"], 3);
        tell(2, running);
        news.flush();
        assert!(heard().is_empty(), "what is older than what was told is not told");
        clock.advance(Duration::from_secs(1));
        tell(4, running);
        assert_eq!(heard()[0]["done"], 4);
        tell(5, running);
        tell(9, OperationState::Completed);
        tell(8, running);
        news.flush();
        let last = heard();
        assert_eq!((last.len(), &last[0]["state"], &last[0]["done"]), (1, &json!("completed"), &json!(9)));
        clock.advance(Duration::from_secs(1));
        news.flush();
        assert!(news.told.lock().is_empty());
    }
}
