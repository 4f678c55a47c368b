//! Who is there: the last sign of life of each collector, and what its agent said of itself.
//!
//! It lives in memory and is written in bulk by a job: after a crash a few seconds of it may be missing, and
//! the next heartbeat brings them back. What counts (documents stored) is kept by `metrics`, exactly.
//!
//! Silence is measured in time that has passed: when somebody sets the clock, what was seen moves with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;

use super::availability::{Account, Day, Standing, Total};
use super::presence_rows as rows;
use super::seen::{Seen, Sender};
use super::status::{self, Status, Verdict};
use crate::clock::{Clock, Timestamp};
use crate::events::{EventKind, Events};
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits::{ACCOUNTS_SAVED, CLOCK_JUMP, LOOKS_SAVED};
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

/// The presence of all collectors.
pub struct Presence {
    db: Arc<Sqlite>,
    collectors: Collectors,
    events: Events,
    clock: Clock,
    slow_collection_ms: f64,
    /// The steady time when it was opened.
    opened: Duration,
    board: Mutex<Board>,
}

/// What is known of all collectors, and when it was written.
struct Board {
    known: HashMap<CollectorId, Known>,
    /// How far the clock is ahead of the steady time, in milliseconds.
    ahead_ms: i64,
    /// The steady times of the last writing of all accounts, and of a look.
    accounts_saved: Duration,
    look_saved: Duration,
}

struct Known {
    /// Nothing, for a collector of which only the status is known.
    seen: Option<Seen>,
    /// The status that was last published.
    status: Option<Status>,
    account: Account,
    /// Whether it changed since it was last written.
    unsaved: bool,
    account_unsaved: bool,
}

impl Known {
    fn unseen(now: Timestamp) -> Self {
        let account = Account::new(now);
        Self { seen: None, status: Some(Status::Pending), account, unsaved: false, account_unsaved: false }
    }
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
        let now = clock.now();
        let opened = clock.steady();
        let (seen, accounts, last_look) = db.read(|tx| {
            Ok::<_, StoreError>((rows::all_seen(tx)?, rows::all_accounts(tx)?, rows::last_look(tx)?))
        })?;
        let mut known: HashMap<CollectorId, Known> = HashMap::new();
        for (id, mut account) in accounts {
            account.resume(last_look.unwrap_or(account.settled_at), now);
            known.insert(id, Known { account, account_unsaved: true, ..Known::unseen(now) });
        }
        for (id, seen) in seen {
            let known = known.entry(id).or_insert_with(|| Known::unseen(now));
            (known.seen, known.status) = (Some(seen), None);
        }
        let ahead_ms = ahead_ms(now, opened);
        let board = Mutex::new(Board { known, ahead_ms, accounts_saved: opened, look_saved: opened });
        Ok(Self { db, collectors, events, clock, slow_collection_ms, opened, board })
    }

    /// A mean collection time above this means slow.
    pub fn slow_collection_ms(&self) -> f64 {
        self.slow_collection_ms
    }

    pub fn seen(&self, id: CollectorId) -> Option<Seen> {
        self.board.lock().known.get(&id).and_then(|known| known.seen.clone())
    }

    pub fn verdict(&self, collector: &Collector, seen: Option<&Seen>) -> Verdict {
        status::decide(collector, seen, self.clock.now(), self.slow_collection_ms)
    }

    /// The last so many days with today, oldest first.
    pub fn days(&self, id: CollectorId, count: usize) -> Vec<Day> {
        let now = self.clock.now();
        let board = self.board.lock();
        let unknown = Account::new(now);
        let account = board.known.get(&id).map_or(&unknown, |known| &known.account);
        account.days(now, count).collect()
    }

    /// The last so many days with today, oldest first, each with the sum over these collectors.
    pub fn days_together(&self, collectors: &[Collector], count: usize) -> Vec<(Day, Total)> {
        let now = self.clock.now();
        let board = self.board.lock();
        let mut days: Vec<_> =
            Account::new(now).days(now, count).map(|day| (day, Total::default())).collect();
        for known in collectors.iter().filter_map(|collector| board.known.get(&collector.id)) {
            for ((_, total), day) in days.iter_mut().zip(known.account.days(now, count)) {
                *total = total.and(Total::of([day]));
            }
        }
        days
    }

    /// The days that a range touches, in one sum.
    pub fn total_between(&self, id: CollectorId, from: Timestamp, to: Timestamp) -> Total {
        let now = self.clock.now();
        let board = self.board.lock();
        board.known.get(&id).map(|known| known.account.between(now, from, to)).unwrap_or_default()
    }

    /// The last so many days with today, in one sum.
    pub fn total(&self, id: CollectorId, count: usize) -> Total {
        let now = self.clock.now();
        let board = self.board.lock();
        board.known.get(&id).map(|known| known.account.total(now, count)).unwrap_or_default()
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
    pub fn pushed(&self, collector: &Collector, sender: Sender, documents: u64) -> Result<(), PresenceError> {
        self.sign_of_life(collector, |seen| seen.introduce(sender))?;
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
        let mut board = self.board.lock();
        let now = board.mind_the_clock(&self.clock);
        let known = board.known.entry(collector.id).or_insert_with(|| Known::unseen(now));
        let seen = known.seen.get_or_insert_with(|| Seen::at(now));
        seen.seen_at = now;
        change(seen);
        known.unsaved = true;
        let standing = self.standing(collector, known.seen.as_ref(), now);
        known.account_unsaved |= standing != known.account.standing;
        known.account.heard(now, standing);
        self.publish_change(collector, known, now);
        Ok(())
    }

    /// What this moment counts as. What was asked of the agent does not change it before it is done.
    fn standing(&self, collector: &Collector, seen: Option<&Seen>, now: Timestamp) -> Standing {
        let verdict = status::condition(collector, seen, now, self.slow_collection_ms);
        let was_away_ourselves =
            self.clock.steady().saturating_sub(self.opened) <= status::longest_silence(collector);
        match verdict.status {
            // nobody could be heard while no daemon ran
            Status::Offline if was_away_ourselves => Standing::Unknown,
            status => status.into(),
        }
    }

    /// An administrator's action is done. What the agent said of itself before that does not count any more.
    pub fn acted(self: &Arc<Self>, collector: &Collector) {
        let (presence, id, state) = (Arc::clone(self), collector.id, collector.state);
        after_commit(move || {
            let mut board = presence.board.lock();
            let seen = board.known.get_mut(&id).and_then(|known| known.seen.as_mut());
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
            let mut board = presence.board.lock();
            let now = board.mind_the_clock(&presence.clock);
            let known = board.known.entry(collector.id).or_insert_with(|| Known::unseen(now));
            presence.look(&collector, known, now);
        });
    }

    /// The collector was unregistered. Its account stays for its return.
    pub fn left(self: &Arc<Self>, id: CollectorId) {
        let presence = Arc::clone(self);
        after_commit(move || {
            let mut board = presence.board.lock();
            let now = board.mind_the_clock(&presence.clock);
            if let Some(known) = board.known.get_mut(&id) {
                (known.seen, known.status, known.unsaved) = (None, Some(Status::Pending), false);
                known.account.looked(now, Standing::Unknown);
                known.account_unsaved = true;
            }
        });
    }

    /// The collector is gone for good. What was saved of it goes with its row.
    pub fn forget(self: &Arc<Self>, id: CollectorId) {
        let presence = Arc::clone(self);
        after_commit(move || drop(presence.board.lock().known.remove(&id)));
    }

    /// Looks at every collector again, as silence changes a status too.
    pub fn sweep(&self) -> Result<(), PresenceError> {
        let collectors = self.collectors.list()?;
        let collectors: HashMap<CollectorId, &Collector> =
            collectors.iter().map(|collector| (collector.id, collector)).collect();
        let mut board = self.board.lock();
        let now = board.mind_the_clock(&self.clock);
        for (id, known) in &mut board.known {
            match collectors.get(id) {
                Some(collector) => self.look(collector, known, now),
                // archived: a push that was under way when it left must not count as its presence
                None => known.account.looked(now, Standing::Unknown),
            }
        }
        Ok(())
    }

    fn look(&self, collector: &Collector, known: &mut Known, now: Timestamp) {
        let standing = self.standing(collector, known.seen.as_ref(), now);
        known.account_unsaved |= standing != known.account.standing;
        known.account.looked(now, standing);
        self.publish_change(collector, known, now);
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
        let now = self.clock.now();
        let unsaved = self.board.lock().take_unsaved(self.clock.steady());
        if unsaved.is_nothing() {
            return Ok(0);
        }
        self.db.write(|tx| {
            for (id, seen) in &unsaved.seen {
                rows::put_seen(tx, *id, seen)?;
            }
            for (id, account) in &unsaved.accounts {
                rows::put_account(tx, *id, account)?;
            }
            rows::put_last_look(tx, now)
        })?;
        Ok(unsaved.seen.len())
    }

    /// Writes everything, before the daemon ends.
    pub fn close(&self) -> Result<usize, PresenceError> {
        self.board.lock().known.values_mut().for_each(|known| known.account_unsaved = true);
        self.save()
    }
}

/// What the next transaction writes.
#[derive(Default)]
struct Unsaved {
    seen: BTreeMap<CollectorId, Seen>,
    accounts: BTreeMap<CollectorId, Account>,
    look: bool,
}

impl Unsaved {
    fn is_nothing(&self) -> bool {
        self.seen.is_empty() && self.accounts.is_empty() && !self.look
    }
}

impl Board {
    /// The time. When the clock was set, what was seen moves with it: no silence comes of that.
    fn mind_the_clock(&mut self, clock: &Clock) -> Timestamp {
        let now = clock.now();
        let ahead_ms = ahead_ms(now, clock.steady());
        let jump_ms = ahead_ms - self.ahead_ms;
        self.ahead_ms = ahead_ms;
        if u128::from(jump_ms.unsigned_abs()) >= CLOCK_JUMP.as_millis() {
            tracing::warn!(jump_ms, "the clock was set: what was seen before moves with it");
            for known in self.known.values_mut() {
                known.account.shift(jump_ms);
                known.account_unsaved = true;
                if let Some(seen) = &mut known.seen {
                    seen.seen_at = seen.seen_at.shifted(jump_ms);
                    known.unsaved = true;
                }
            }
        }
        now
    }

    fn take_unsaved(&mut self, steady: Duration) -> Unsaved {
        let all_accounts = steady.saturating_sub(self.accounts_saved) >= ACCOUNTS_SAVED;
        let mut unsaved = Unsaved::default();
        for (id, known) in &mut self.known {
            if let Some(seen) = known.seen.as_ref().filter(|_| known.unsaved) {
                unsaved.seen.insert(*id, seen.clone());
            }
            if known.account_unsaved || all_accounts {
                unsaved.accounts.insert(*id, known.account.clone());
            }
            (known.unsaved, known.account_unsaved) = (false, false);
        }
        let is_due = steady.saturating_sub(self.look_saved) >= LOOKS_SAVED;
        unsaved.look = is_due && !self.known.is_empty();
        if all_accounts {
            self.accounts_saved = steady;
        }
        if !unsaved.is_nothing() {
            self.look_saved = steady;
        }
        unsaved
    }
}

fn ahead_ms(now: Timestamp, steady: Duration) -> i64 {
    now.minus(steady).as_millis()
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
