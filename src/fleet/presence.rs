//! Who is there: the last sign of life of each collector, and what its agent said of itself.
//!
//! It lives in memory and is written in bulk by a job: after a crash a few seconds of it may be missing, and
//! the next heartbeat brings them back. What counts (documents stored) is kept by `metrics`, exactly.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::status::{self, Status, Verdict};
use crate::clock::{Clock, Timestamp};
use crate::events::{EventKind, Events};
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits::COLLECTION_TIMES_KEPT;
use crate::registry::{Collector, Collectors, CollectorsError, State};
use crate::storage::{Sqlite, StoreError, after_commit};
use crate::wire::{AgentStatus, Heartbeat};

#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was last seen of a collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    pub seen_at: Timestamp,
    /// The last heartbeat; a collector that only pushes has none.
    pub said: Option<Heartbeat>,
    /// Durations of the last collections, in milliseconds, oldest first.
    pub collection_times_ms: VecDeque<f64>,
    /// Collections since registration, over restarts of the agent.
    pub collections_ok: u64,
    pub collections_failed: u64,
    /// Batches that a full spool dropped, as the agent counts them.
    pub spool_dropped: u64,
}

impl Seen {
    pub fn at(seen_at: Timestamp) -> Self {
        Self {
            seen_at,
            said: None,
            collection_times_ms: VecDeque::new(),
            collections_ok: 0,
            collections_failed: 0,
            spool_dropped: 0,
        }
    }

    pub fn mean_collection_ms(&self) -> Option<f64> {
        let count = u32::try_from(self.collection_times_ms.len()).ok().filter(|count| *count > 0)?;
        Some(self.collection_times_ms.iter().sum::<f64>() / f64::from(count))
    }

    pub fn max_collection_ms(&self) -> Option<f64> {
        self.collection_times_ms.iter().copied().reduce(f64::max)
    }

    /// Takes in a heartbeat. The agent counts from its own start, so what it counted before is kept here.
    pub fn hear(&mut self, heartbeat: Heartbeat) {
        let before = self.said.as_ref();
        let grown = |now: Option<u64>, before: Option<u64>| {
            let (now, before) = (now.unwrap_or(0), before.unwrap_or(0));
            if now >= before { now - before } else { now }
        };
        self.collections_ok += grown(heartbeat.collections_ok, before.and_then(|said| said.collections_ok));
        self.collections_failed +=
            grown(heartbeat.collections_failed, before.and_then(|said| said.collections_failed));
        let is_new = before.is_none_or(|said| said.collections_ok != heartbeat.collections_ok);
        if let Some(duration_ms) = heartbeat.collection_time_ms.filter(|_| is_new) {
            if self.collection_times_ms.len() == COLLECTION_TIMES_KEPT {
                self.collection_times_ms.pop_front();
            }
            self.collection_times_ms.push_back(duration_ms);
        }
        self.spool_dropped = heartbeat.spool_dropped.unwrap_or(self.spool_dropped);
        self.said = Some(heartbeat);
    }
}

/// The presence of all collectors.
pub struct Presence {
    db: Arc<Sqlite>,
    collectors: Collectors,
    events: Events,
    clock: Clock,
    slow_collection_ms: f64,
    known: Mutex<HashMap<CollectorId, Known>>,
}

struct Known {
    /// Nothing, for a collector of which only the status is known.
    seen: Option<Seen>,
    /// The status that was last published.
    status: Option<Status>,
    /// Whether it changed since it was last written.
    unsaved: bool,
}

impl Presence {
    /// Reads what was known when the daemon last ran.
    pub fn open(
        db: Arc<Sqlite>,
        collectors: Collectors,
        events: Events,
        clock: Clock,
        slow_collection_ms: f64,
    ) -> Result<Self, PresenceError> {
        let known = db.read(saved)?;
        let known = known
            .into_iter()
            .map(|(id, seen)| (id, Known { seen: Some(seen), status: None, unsaved: false }))
            .collect();
        Ok(Self { db, collectors, events, clock, slow_collection_ms, known: Mutex::new(known) })
    }

    pub fn seen(&self, id: CollectorId) -> Option<Seen> {
        self.known.lock().get(&id).and_then(|known| known.seen.clone())
    }

    pub fn verdict(&self, collector: &Collector, seen: Option<&Seen>) -> Verdict {
        status::decide(collector, seen, self.clock.now(), self.slow_collection_ms)
    }

    /// Takes in a heartbeat, and tells the browsers.
    pub fn heartbeat(&self, collector: &Collector, heartbeat: &Heartbeat) -> Result<(), PresenceError> {
        self.sign_of_life(collector, |seen| seen.hear(heartbeat.clone()))?;
        let data = json!({
            "cpu_usage": heartbeat.cpu_usage,
            "memory_usage": heartbeat.memory_usage,
            "network": heartbeat.network,
            "collection_time_ms": heartbeat.collection_time_ms,
            "last_error": heartbeat.last_error,
        });
        self.events.publish(EventKind::Heartbeat, Some(collector.id), data);
        Ok(())
    }

    /// Takes in a push as a sign of life, and tells the browsers how much came.
    pub fn pushed(&self, collector: &Collector, documents: u64) -> Result<(), PresenceError> {
        self.sign_of_life(collector, |_| {})?;
        let data = json!({ "documents": documents });
        self.events.publish(EventKind::Metrics, Some(collector.id), data);
        Ok(())
    }

    fn sign_of_life(
        &self,
        collector: &Collector,
        change: impl FnOnce(&mut Seen),
    ) -> Result<(), PresenceError> {
        if collector.state == State::Registered {
            self.collectors.mark_running(collector.id)?;
        }
        let now = self.clock.now();
        let mut known = self.known.lock();
        let known = known.entry(collector.id).or_insert_with(Known::unseen);
        let seen = known.seen.get_or_insert_with(|| Seen::at(now));
        seen.seen_at = now;
        change(seen);
        known.unsaved = true;
        self.publish_change(collector, known, now);
        Ok(())
    }

    /// An administrator's action is done. What the agent said of itself before that does not count any more.
    pub fn acted(self: &Arc<Self>, collector: &Collector) {
        let (presence, id, state) = (Arc::clone(self), collector.id, collector.state);
        after_commit(move || {
            let mut known = presence.known.lock();
            let seen = known.get_mut(&id).and_then(|known| known.seen.as_mut());
            let said =
                seen.and_then(|seen| seen.said.as_mut()).filter(|said| said.status == AgentStatus::Stopped);
            if let (State::Running, Some(said)) = (state, said) {
                said.status = AgentStatus::Active;
            }
        });
    }

    /// The registry has changed: tells the browsers when that changed the status.
    pub fn look_again(self: &Arc<Self>, collector: &Collector) {
        let (presence, collector) = (Arc::clone(self), collector.clone());
        after_commit(move || {
            let mut known = presence.known.lock();
            let known = known.entry(collector.id).or_insert_with(Known::unseen);
            presence.publish_change(&collector, known, presence.clock.now());
        });
    }

    /// The collector is gone. What was saved of it goes with its row.
    pub fn forget(self: &Arc<Self>, id: CollectorId) {
        let presence = Arc::clone(self);
        after_commit(move || drop(presence.known.lock().remove(&id)));
    }

    /// Looks at every collector again, as silence changes a status too.
    pub fn sweep(&self) -> Result<(), PresenceError> {
        let collectors = self.collectors.list()?;
        let now = self.clock.now();
        let mut known = self.known.lock();
        for collector in &collectors {
            if let Some(known) = known.get_mut(&collector.id) {
                self.publish_change(collector, known, now);
            }
        }
        Ok(())
    }

    fn publish_change(&self, collector: &Collector, known: &mut Known, now: Timestamp) {
        let verdict = status::decide(collector, known.seen.as_ref(), now, self.slow_collection_ms);
        let Some(old) = known.status.replace(verdict.status).filter(|old| *old != verdict.status) else {
            return;
        };
        let data = json!({
            "old_status": old.as_str(),
            "new_status": verdict.status.as_str(),
            "reason": verdict.reason,
        });
        let id = Some(collector.id);
        let is_away = |status| matches!(status, Status::Offline | Status::Pending);
        match (is_away(old), is_away(verdict.status)) {
            (true, false) => self.events.publish(EventKind::Connected, id, data.clone()),
            (false, true) => self.events.publish(EventKind::Disconnected, id, data.clone()),
            _ => {}
        }
        if verdict.status == Status::Error {
            self.events.publish(EventKind::Error, id, data.clone());
        }
        self.events.publish(EventKind::StatusChanged, id, data);
    }

    /// Writes what changed, in one transaction.
    pub fn save(&self) -> Result<usize, PresenceError> {
        let unsaved: BTreeMap<CollectorId, Seen> = {
            let mut known = self.known.lock();
            let changed = known.iter_mut().filter(|(_, known)| known.unsaved);
            changed
                .filter_map(|(id, known)| {
                    known.unsaved = false;
                    Some((*id, known.seen.clone()?))
                })
                .collect()
        };
        if !unsaved.is_empty() {
            self.db.write(|tx| {
                unsaved.iter().try_for_each(|(id, seen)| upsert(tx, *id, seen)).map_err(PresenceError::from)
            })?;
        }
        Ok(unsaved.len())
    }
}

impl Known {
    fn unseen() -> Self {
        Self { seen: None, status: Some(Status::Pending), unsaved: false }
    }
}

/// Publishes the statuses that silence changed, and saves what was heard.
pub struct PresenceJob(pub Arc<Presence>);

impl Job for PresenceJob {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn about(&self) -> &'static str {
        "notices collectors that fall silent, and saves what the others last said"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        let done = self.0.sweep().and_then(|()| self.0.save());
        done.map(|saved| format!("saved {saved} collectors")).map_err(|error| error.to_string())
    }
}

// -- rows

fn saved(tx: &rusqlite::Transaction<'_>) -> Result<Vec<(CollectorId, Seen)>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT collector_id, said FROM presence")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
    let mut known = Vec::new();
    for row in rows {
        let (id, said) = row?;
        match serde_json::from_str(&said) {
            Ok(seen) => known.push((id, seen)),
            Err(error) => tracing::warn!(collector = %id, %error, "forgot a presence that does not read"),
        }
    }
    Ok(known)
}

fn upsert(tx: &rusqlite::Transaction<'_>, id: CollectorId, seen: &Seen) -> Result<(), StoreError> {
    let said = serde_json::to_string(seen).map_err(|error| StoreError::Damaged(error.to_string()))?;
    // a collector that was unregistered meanwhile has no row to belong to
    let sql = "INSERT INTO presence(collector_id, seen_at, said)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM collectors WHERE id = ?1)
         ON CONFLICT(collector_id) DO UPDATE SET seen_at = excluded.seen_at, said = excluded.said";
    tx.prepare_cached(sql)?.execute(params![id, seen.seen_at, said])?;
    Ok(())
}
