//! What the browser is told, in one numbered row.
//!
//! An event is published after its change is durable. The last few are kept, so that a client that was away
//! for a moment catches up by number; one that was away longer is told to fetch again. A slow listener loses
//! its place, and never slows a publisher.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::broadcast;

use crate::clock::{Clock, Timestamp};
use crate::ids::CollectorId;
use crate::limits::EVENTS_KEPT;
use crate::storage::after_commit;

#[derive(Clone, Debug)]
pub struct Event {
    /// Greater than that of every event before it, also of those before a restart of the daemon.
    pub seq: u64,
    pub kind: EventKind,
    pub collector: Option<CollectorId>,
    pub time: Timestamp,
    pub data: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    Connected,
    Disconnected,
    Metrics,
    Error,
    StatusChanged,
    Heartbeat,
    Registered,
    Unregistered,
    Stopped,
    Restarted,
    Resumed,
    ImportProgress,
    OperationProgress,
}

impl EventKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "collector:connected",
            Self::Disconnected => "collector:disconnected",
            Self::Metrics => "collector:metrics",
            Self::Error => "collector:error",
            Self::StatusChanged => "collector:status-changed",
            Self::Heartbeat => "collector:heartbeat",
            Self::Registered => "collector:registered",
            Self::Unregistered => "collector:unregistered",
            Self::Stopped => "collector:stopped",
            Self::Restarted => "collector:restarted",
            Self::Resumed => "collector:resumed",
            Self::ImportProgress => "import:progress",
            Self::OperationProgress => "operation:progress",
        }
    }
}

/// The row of events, with its listeners.
#[derive(Clone)]
pub struct Events {
    clock: Clock,
    row: Arc<Mutex<Row>>,
}

struct Row {
    next_seq: u64,
    kept: VecDeque<Arc<Event>>,
    listeners: broadcast::Sender<Arc<Event>>,
}

/// A listener's place in the row.
pub struct Listener {
    pub missed: Vec<Arc<Event>>,
    /// Whether events after the asked number are gone: the client has to fetch again.
    pub resync: bool,
    /// The number of the last event before the first of `coming`.
    pub seq: u64,
    pub coming: broadcast::Receiver<Arc<Event>>,
}

impl Events {
    pub fn new(clock: Clock) -> Self {
        // Thousandths of milliseconds: above every number that an earlier process can have reached.
        let first = u64::try_from(clock.now().as_millis()).unwrap_or(0) * 1000;
        let row = Row {
            next_seq: first,
            kept: VecDeque::with_capacity(EVENTS_KEPT),
            listeners: broadcast::Sender::new(EVENTS_KEPT),
        };
        Self { clock, row: Arc::new(Mutex::new(row)) }
    }

    /// Tells of what this thread has done, once that is durable.
    pub fn publish(&self, kind: EventKind, collector: Option<CollectorId>, data: Value) {
        let events = self.clone();
        after_commit(move || events.send(kind, collector, data));
    }

    fn send(&self, kind: EventKind, collector: Option<CollectorId>, data: Value) {
        let mut row = self.row.lock();
        let event = Arc::new(Event { seq: row.next_seq, kind, collector, time: self.clock.now(), data });
        row.next_seq += 1;
        if row.kept.len() == EVENTS_KEPT {
            row.kept.pop_front();
        }
        row.kept.push_back(Arc::clone(&event));
        // without listeners there is nobody to tell
        let _ = row.listeners.send(event);
    }

    /// Listens from now on, and hands over what came after event `since`.
    pub fn listen(&self, since: Option<u64>) -> Listener {
        let row = self.row.lock();
        let last = row.next_seq - 1;
        let oldest = row.kept.front().map_or(row.next_seq, |event| event.seq);
        let resync = since.is_some_and(|since| since + 1 < oldest || since > last);
        let missed = match since {
            Some(since) if !resync => row.kept.iter().filter(|event| event.seq > since).cloned().collect(),
            _ => Vec::new(),
        };
        Listener { missed, resync, seq: last, coming: row.listeners.subscribe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(events: &Events, count: usize) {
        (0..count).for_each(|_| events.publish(EventKind::Heartbeat, None, Value::Null));
    }

    #[test]
    fn a_listener_catches_up_by_number() {
        let events = Events::new(Clock::manual(Timestamp::from_millis(1)));
        publish(&events, 3);
        let listener = events.listen(Some(1000));
        assert_eq!(listener.missed.iter().map(|event| event.seq).collect::<Vec<_>>(), [1001, 1002]);
        assert!(!listener.resync);
        assert_eq!(listener.seq, 1002);
    }

    #[test]
    fn a_listener_that_was_away_too_long_or_knows_the_future_has_to_fetch_again() {
        let events = Events::new(Clock::manual(Timestamp::from_millis(1)));
        publish(&events, EVENTS_KEPT + 2);
        assert!(events.listen(Some(1000)).resync);
        assert!(!events.listen(Some(1001)).resync);
        assert!(events.listen(Some(1_000_000)).resync);
    }
}
