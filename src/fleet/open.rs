//! Opening the fleet over the nouns that it joins.

use std::sync::Arc;

use super::operations::News;
use super::{Actions, Archive, Commands, Gaps, Operations, Presence, PresenceError, Pulse, Registrar};
use crate::access::{Access, Authority};
use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::events::Events;
use crate::ids::IdSource;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::registry::Collectors;
use crate::storage::Sqlite;

/// What the fleet stands on.
pub struct Ground {
    pub db: Arc<Sqlite>,
    pub ring: Arc<KeyRing>,
    pub audit: AuditLog,
    pub events: Events,
    pub clock: Clock,
    pub ids: IdSource,
    pub access: Arc<Access>,
    pub authority: Arc<Authority>,
    pub collectors: Collectors,
    pub metrics: Arc<Metrics>,
    pub logs: Arc<Logs>,
}

/// The parts of the fleet, ready for use.
pub struct Fleet {
    pub presence: Arc<Presence>,
    pub pulse: Arc<Pulse>,
    pub registrar: Arc<Registrar>,
    pub actions: Arc<Actions>,
    pub archive: Arc<Archive>,
    pub operations: Arc<Operations>,
    pub gaps: Gaps,
}

impl Fleet {
    pub fn open(ground: &Ground, slow_collection_ms: f64) -> Result<Self, PresenceError> {
        let Ground { db, ring, audit, events, clock, ids, access, authority, collectors, metrics, logs } =
            ground;
        let commands = Commands::new(Arc::clone(db), Arc::clone(ring), clock.clone(), ids.clone());
        let presence = Arc::new(Presence::open(
            Arc::clone(db),
            collectors.clone(),
            events.clone(),
            clock.clone(),
            slow_collection_ms,
        )?);
        let news = News::new(events.clone(), clock.clone());
        let registrar = Arc::new(Registrar {
            db: Arc::clone(db),
            audit: audit.clone(),
            events: events.clone(),
            access: Arc::clone(access),
            authority: Arc::clone(authority),
            collectors: collectors.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
        });
        let actions = Arc::new(Actions {
            db: Arc::clone(db),
            audit: audit.clone(),
            events: events.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            collectors: collectors.clone(),
            presence: Arc::clone(&presence),
            commands: commands.clone(),
            news: news.clone(),
        });
        let archive = Arc::new(Archive {
            db: Arc::clone(db),
            audit: audit.clone(),
            events: events.clone(),
            clock: clock.clone(),
            access: Arc::clone(access),
            collectors: collectors.clone(),
            presence: Arc::clone(&presence),
            metrics: Arc::clone(metrics),
            logs: Arc::clone(logs),
            commands,
            news: news.clone(),
        });
        let operations = Arc::new(Operations {
            db: Arc::clone(db),
            audit: audit.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            access: Arc::clone(access),
            collectors: collectors.clone(),
            registrar: Arc::clone(&registrar),
            actions: Arc::clone(&actions),
            archive: Arc::clone(&archive),
            news,
        });
        let pulse = Arc::new(Pulse::new(collectors.clone(), Arc::clone(&presence)));
        let gaps = Gaps { db: Arc::clone(db), collectors: collectors.clone(), clock: clock.clone() };
        Ok(Self { presence, pulse, registrar, actions, archive, operations, gaps })
    }
}
