//! Unregistering collectors, and taking them back.
//!
//! It guarantees: an unregistered collector's tokens are dead with its transaction; until its archive expires it
//! returns as it was, with its history; after that a job removes it, metrics first, so that nothing is left
//! that nobody knows of. To delete at once is an archive that expires at once.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Transaction;
use serde_json::json;

use super::lifecycle::Progress;
use super::operations::{self, News, Tally};
use super::{Commands, Presence, action_rows, archive_rows as rows};
use crate::access::{Access, Issued};
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::{Clock, Timestamp};
use crate::events::{EventKind, Events};
use crate::ids::CollectorId;
use crate::jobs::Job;
use crate::limits::PURGED_AT_ONCE;
use crate::logs::{Logs, LogsError};
use crate::metrics::{Metrics, SealError};
use crate::registry::{Collector, Collectors, CollectorsError, State};
use crate::storage::{Sqlite, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("there is no archived collector {0}")]
    NotArchived(CollectorId),
    #[error("to delete metrics too, confirm_name must be the collector's name")]
    NotConfirmed,
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error("cannot remove the metrics: {0}")]
    Metrics(#[from] SealError),
    #[error("cannot remove the logs: {0}")]
    Logs(#[from] LogsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A checked request to unregister a collector.
#[derive(Clone, Debug)]
pub struct Farewell {
    pub reason: String,
    pub notes: Option<String>,
    pub keep: Keep,
}

/// What stays of an unregistered collector.
#[derive(Clone, Debug)]
pub enum Keep {
    /// Everything, for so long.
    For(Duration),
    /// Nothing; the name was typed to confirm it.
    Nothing { confirm_name: String },
    /// Nothing of many collectors; how many was typed to confirm it.
    NothingOfMany,
}

/// An unregistered collector that can return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    pub id: CollectorId,
    pub name: String,
    pub host: String,
    pub archived_at: Timestamp,
    pub reason: String,
    pub metrics_count: u64,
    pub expires_at: Timestamp,
}

/// How a collector shall return.
#[derive(Clone, Copy, Debug)]
pub struct Return {
    /// Otherwise the old token works again.
    pub new_token: bool,
    /// Otherwise what was stored is removed.
    pub restore_metrics: bool,
}

/// A collector that has returned.
#[derive(Debug)]
pub struct Returned {
    pub id: CollectorId,
    pub token: Option<Issued>,
    pub metrics_restored: u64,
}

pub struct Archive {
    pub(crate) db: Arc<Sqlite>,
    pub(crate) audit: AuditLog,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
    pub(crate) access: Arc<Access>,
    pub(crate) collectors: Collectors,
    pub(crate) presence: Arc<Presence>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) commands: Commands,
    pub(crate) news: News,
}

/// A collector that was unregistered, and the operation whose action on it ended with that.
pub(super) struct Gone {
    archived: Archived,
    tally: Option<Tally>,
}

impl Archive {
    /// Takes a collector out of service.
    pub fn unregister(
        &self,
        origin: &Origin,
        id: CollectorId,
        farewell: Farewell,
    ) -> Result<Archived, ArchiveError> {
        let gone = self.db.write(|tx| self.unregister_in(tx, origin, id, farewell))?;
        let archived = gone.archived.clone();
        self.unregistered(gone);
        Ok(archived)
    }

    /// The same in the caller's transaction, after whose commit it calls [`Archive::unregistered`].
    pub(super) fn unregister_in(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        id: CollectorId,
        farewell: Farewell,
    ) -> Result<Gone, ArchiveError> {
        let stored = self.metrics.counter(id).map_or(0, |counter| counter.documents);
        let mut collector = self.collectors.get_in(tx, id)?;
        let now = self.clock.now();
        let (metrics_count, expires_at) = match &farewell.keep {
            Keep::For(duration) => (stored, now.plus(*duration)),
            Keep::Nothing { confirm_name } if *confirm_name != collector.name => {
                return Err(ArchiveError::NotConfirmed);
            }
            Keep::Nothing { .. } | Keep::NothingOfMany => (0, now),
        };
        let archived = Archived {
            id,
            name: collector.name.clone(),
            host: collector.host.clone(),
            archived_at: now,
            reason: farewell.reason,
            metrics_count,
            expires_at,
        };
        let tally = Self::end_commands(tx, &mut collector, now)?;
        collector.state = State::Archived;
        self.collectors.set_control(tx, &collector)?;
        rows::insert(tx, &archived, &origin.actor.name, farewell.notes.as_deref())?;
        self.access.revoke_of_collector(tx, id, now)?;
        self.access.revoke_certificates(tx, id, now)?;
        let after = json!({
            "state": "archived",
            "archive_metrics": expires_at > now,
            "metrics_count": metrics_count,
            "expires_at": expires_at,
        });
        let entry = Change::new(Action::CollectorUnregister, collector.target())
            .because(Some(archived.reason.clone()))
            .from_to(&json!({}), &after);
        self.audit.append(tx, origin, entry)?;
        Ok(Gone { archived, tally })
    }

    /// Tells everybody of a collector that is gone, after the commit.
    pub(super) fn unregistered(&self, Gone { archived, tally }: Gone) {
        let id = archived.id;
        self.presence.left(id);
        self.commands.channels.wake(id);
        let data = json!({ "name": archived.name, "reason": archived.reason });
        self.events.publish(EventKind::Unregistered, Some(id), data);
        self.news.tell(tally);
    }

    /// Nobody will answer what the agent was told.
    fn end_commands(
        tx: &Transaction<'_>,
        collector: &mut Collector,
        now: Timestamp,
    ) -> Result<Option<Tally>, ArchiveError> {
        Commands::cancel(tx, collector.id)?;
        collector.control.under_way = None;
        let Some(mut action) = action_rows::under_way(tx, collector.id)? else { return Ok(None) };
        action.progress = Progress::Cancelled;
        action.completed_at = Some(now);
        action.error_message = Some("the collector was unregistered".to_owned());
        action_rows::update(tx, &action)?;
        Ok(operations::follow(tx, &action, now)?)
    }

    /// The archived collectors that can return, the newest first.
    pub fn list(&self) -> Result<Vec<Archived>, ArchiveError> {
        self.db.read(|tx| Ok(rows::all(tx, self.clock.now())?))
    }

    /// Takes an archived collector back, under its id and name, with its group, tags and history.
    pub fn restore(&self, origin: &Origin, id: CollectorId, how: Return) -> Result<Returned, ArchiveError> {
        let archived = self.db.read(|tx| self.archived(tx, id))?;
        if !how.restore_metrics {
            // before the collector is back: what it sends then is its own again
            self.db.read(|tx| self.collectors.check_name_is_free(tx, &archived.name))?;
            self.metrics.discard(id)?;
            self.logs.remove(id)?;
        }
        let token = self.db.write(|tx| {
            let archived = self.archived(tx, id)?;
            self.collectors.restore(tx, id, &archived.name)?;
            rows::remove(tx, id)?;
            // its agent still has the certificate and its key, which nothing was said against
            self.access.revive_certificates(tx, id, archived.archived_at)?;
            let token = if how.new_token {
                Some(self.access.issue_enrolment(tx, id)?)
            } else {
                self.access.revive_of_collector(tx, id, archived.archived_at)?;
                None
            };
            let target = Target::new("collector", id, &archived.name);
            let after = json!({ "state": "registered", "restore_metrics": how.restore_metrics,
                "token": if how.new_token { "changed" } else { "restored" } });
            let entry = Change::new(Action::CollectorReRegister, target).from_to(&json!({}), &after);
            self.audit.append(tx, origin, entry)?;
            Ok::<_, ArchiveError>(token)
        })?;
        self.events.publish(EventKind::Registered, Some(id), json!({ "name": archived.name }));
        let metrics_restored = if how.restore_metrics { archived.metrics_count } else { 0 };
        Ok(Returned { id, token, metrics_restored })
    }

    fn archived(&self, tx: &Transaction<'_>, id: CollectorId) -> Result<Archived, ArchiveError> {
        let found = rows::by_id(tx, id)?.filter(|archived| archived.expires_at > self.clock.now());
        found.ok_or(ArchiveError::NotArchived(id))
    }

    /// Removes collectors whose archives have expired, a few at a time. Returns how many.
    pub fn purge(&self) -> Result<usize, ArchiveError> {
        let expired = self.db.read(|tx| rows::expired(tx, self.clock.now(), PURGED_AT_ONCE))?;
        for archived in &expired {
            let documents = self.metrics.discard(archived.id)?;
            self.logs.remove(archived.id)?;
            self.db.write(|tx| {
                self.collectors.remove(tx, archived.id)?;
                let target = Target::new("collector", archived.id, &archived.name);
                let before = json!({ "state": "archived", "metrics_count": documents });
                let entry = Change::new(Action::CollectorPurge, target).from_to(&before, &json!({}));
                Ok::<_, ArchiveError>(self.audit.append(tx, &Origin::system(), entry)?)
            })?;
            self.presence.forget(archived.id);
        }
        Ok(expired.len())
    }
}

/// Removes what was archived for long enough.
pub struct PurgeJob(pub Arc<Archive>);

impl Job for PurgeJob {
    fn name(&self) -> &'static str {
        "archive-purge"
    }

    fn about(&self) -> &'static str {
        "removes unregistered collectors whose archives have expired, with their metrics"
    }

    fn step(&mut self, _: Timestamp) -> Result<String, String> {
        let done = self.0.purge();
        done.map(|purged| format!("removed {purged} collectors")).map_err(|error| error.to_string())
    }
}
