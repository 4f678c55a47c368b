//! Reads of the trail are part of the trail. A page that stays open asks again and again, so that a reader is
//! written down once in a while, and not at every look; an export is written down each time.

use std::collections::HashMap;
use std::time::Duration;

use super::chain::AuditLog;
use super::entry::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::limits::AUDIT_READERS;
use crate::storage;

/// A reader is written down again after this.
const WHILE: Duration = Duration::from_secs(10 * 60);

/// When each reader was last written down, by what was read, id and address.
pub(super) type Readers = HashMap<(&'static str, String, String), Timestamp>;

impl AuditLog {
    /// Writes down that the whole log is read.
    pub fn note_reading(&self, origin: &Origin) -> storage::Result<()> {
        self.note_now_and_then(origin, Action::AuditRead)
    }

    /// Writes down that the chain is checked.
    pub fn note_verification(&self, origin: &Origin) -> storage::Result<()> {
        self.note_now_and_then(origin, Action::AuditVerify)
    }

    /// Writes down that the log is exported.
    pub fn note_export(&self, origin: &Origin) -> storage::Result<()> {
        self.note(origin, Change::new(Action::AuditExport, log()))
    }

    fn note_now_and_then(&self, origin: &Origin, action: Action) -> storage::Result<()> {
        let now = self.clock.now();
        let reader = (action.as_str(), origin.actor.id.clone(), origin.ip_address.clone());
        let mut readers = self.readers.lock();
        // a time in the future is one from before the clock was set back
        if readers.get(&reader).is_some_and(|at| *at <= now && now.since(*at) < WHILE) {
            return Ok(());
        }
        self.note(origin, Change::new(action, log()))?;
        if readers.len() == AUDIT_READERS {
            readers.clear();
        }
        readers.insert(reader, now);
        Ok(())
    }
}

fn log() -> Target {
    Target::new("audit", "log", "audit log")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::audit::{Actor, Filter, MIGRATIONS};
    use crate::clock::Clock;
    use crate::ids::IdSource;
    use crate::storage::{Poison, Sqlite};

    #[test]
    fn a_reader_is_written_down_once_in_a_while_and_an_export_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registry.sqlite");
        let db = Arc::new(Sqlite::open(&path, MIGRATIONS, Poison::default()).unwrap());
        let clock = Clock::manual(Timestamp::from_millis(1_000));
        let log = AuditLog::new(db, clock.clone(), IdSource::seeded(1));
        let entries = || log.page(&Filter::default(), 100).unwrap().entries.len();

        let ada = Origin::local(Actor::anonymous("ada"));
        let grace = Origin { ip_address: "192.0.2.7".to_owned(), ..ada.clone() };
        (0..3).for_each(|_| log.note_reading(&ada).unwrap());
        assert_eq!(entries(), 1);
        log.note_reading(&grace).unwrap();
        assert_eq!(entries(), 2);
        clock.advance(WHILE);
        log.note_reading(&ada).unwrap();
        assert_eq!(entries(), 3);
        (0..2).for_each(|_| log.note_export(&ada).unwrap());
        assert_eq!(entries(), 5);
    }
}
