//! The collectors: registering, reading, and their secrets.

use std::hash::Hash;
use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::collector::{Collector, Control, Credentials, NewCollector, Standing, State};
use super::{collector_rows as rows, groups};
use crate::audit::Target;
use crate::clock::Clock;
use crate::crypto::{EnvelopeError, KeyRing};
use crate::ids::{CollectorId, GroupId, IdSource};
use crate::limits::COLLECTORS_KNOWN;
use crate::storage::{self, Memo, Sqlite, StoreError, sealed};

#[derive(Debug, thiserror::Error)]
pub enum CollectorsError {
    #[error("a collector named {0} exists already")]
    NameTaken(String),
    #[error("there is no collector {0}")]
    NotFound(CollectorId),
    #[error("collector {0} was changed by somebody else: read it again")]
    ChangedMeanwhile(CollectorId),
    #[error("there is no group {0}")]
    NoSuchGroup(String),
    #[error("cannot open the stored credentials of collector {collector}: {source}")]
    Credentials { collector: CollectorId, source: EnvelopeError },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The collectors in the registry.
#[derive(Clone)]
pub struct Collectors {
    pub(super) db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    pub(super) clock: Clock,
    ids: IdSource,
    known: Arc<Memo<CollectorId, Collector>>,
}

impl Collectors {
    pub fn new(db: Arc<Sqlite>, ring: Arc<KeyRing>, clock: Clock, ids: IdSource) -> Self {
        let known = Arc::new(Memo::new(Arc::clone(&db), COLLECTORS_KNOWN));
        Self { db, ring, clock, ids, known }
    }

    /// For what others make of the registry, so many values at most.
    pub fn memo<K: Copy + Eq + Hash, V: Clone>(&self, most: usize) -> Memo<K, V> {
        Memo::new(Arc::clone(&self.db), most)
    }

    /// Adds a collector to the caller's transaction; the caller adds its token and the audit entry.
    pub fn insert(
        &self,
        tx: &Transaction<'_>,
        new: NewCollector,
        registered_by: &str,
    ) -> Result<Collector, CollectorsError> {
        let group = self.group_of(tx, &new)?;
        let now = self.clock.now();
        let collector = Collector {
            id: self.ids.next(now),
            name: new.name,
            kind: new.kind,
            environment: new.environment,
            group,
            description: new.description,
            host: new.host,
            port: new.port,
            database: new.database,
            username: new.username,
            ssl_mode: new.ssl_mode,
            tags: new.tags,
            collection_interval: new.collection_interval,
            query_limit: new.query_limit,
            state: State::Registered,
            control: Control::default(),
            enabled_types: None,
            log_level: None,
            config_version: 1,
            config_error: None,
            registered_by: registered_by.to_owned(),
            registered_at: now,
            last_modified_at: now,
            token_expires_at: None,
        };
        let sealed = self.seal(collector.id, &new.credentials);
        rows::insert(tx, &collector, &sealed).map_err(|error| {
            if error.is_duplicate() {
                CollectorsError::NameTaken(collector.name.clone())
            } else {
                error.into()
            }
        })?;
        Ok(collector)
    }

    /// The group that is asked for, by its id or its name.
    pub fn group_of(
        &self,
        tx: &Transaction<'_>,
        new: &NewCollector,
    ) -> Result<Option<GroupId>, CollectorsError> {
        new.group.as_ref().map(|group| self.group_in(tx, group)).transpose()
    }

    pub fn get(&self, id: CollectorId) -> Result<Collector, CollectorsError> {
        self.known.get(id, || self.db.read(|tx| self.get_in(tx, id)))
    }

    /// The collector, where that can be told without a read.
    pub fn known(&self, id: CollectorId) -> Option<Collector> {
        self.known.known(&id)
    }

    /// The collector as the caller's transaction sees it.
    pub fn get_in(&self, tx: &Transaction<'_>, id: CollectorId) -> Result<Collector, CollectorsError> {
        rows::by_id(tx, id)?.ok_or(CollectorsError::NotFound(id))
    }

    /// The living collector of that name, whatever its case, as the caller's transaction sees it.
    pub fn named(&self, tx: &Transaction<'_>, name: &str) -> Result<Option<Collector>, CollectorsError> {
        Ok(rows::by_name(tx, name)?)
    }

    /// The name of a collector that is not archived, as the caller's transaction sees it.
    pub fn name_in(&self, tx: &Transaction<'_>, id: CollectorId) -> Result<Option<String>, CollectorsError> {
        Ok(rows::name(tx, id)?)
    }

    /// The id of the group of that id or name.
    pub fn group_in(&self, tx: &Transaction<'_>, group: &str) -> Result<GroupId, CollectorsError> {
        let found = groups::find(tx, group)?;
        Ok(found.ok_or_else(|| CollectorsError::NoSuchGroup(group.to_owned()))?.id)
    }

    /// All collectors that are not archived, by name.
    pub fn list(&self) -> Result<Vec<Collector>, CollectorsError> {
        self.db.read(|tx| Ok(rows::all(tx)?))
    }

    /// What tells them apart, by name.
    pub fn standings(&self) -> Result<Vec<Standing>, CollectorsError> {
        self.db.read(|tx| Ok(rows::standings(tx)?))
    }

    /// Whether the registry has no collector at all, not even an archived one.
    pub fn none_ever(&self) -> Result<bool, CollectorsError> {
        self.db.read(|tx| Ok(rows::is_empty(tx)?))
    }

    /// The first sign of life takes a registered collector into service.
    pub fn mark_running(&self, id: CollectorId) -> Result<(), CollectorsError> {
        self.db.write(|tx| Ok(rows::mark_running(tx, id)?))
    }

    /// Moves a collector to where `collector` stands in its life; the caller's transaction has the audit entry.
    pub fn set_control(&self, tx: &Transaction<'_>, collector: &Collector) -> Result<(), CollectorsError> {
        Ok(rows::set_control(tx, collector)?)
    }

    pub fn credentials(&self, id: CollectorId) -> Result<Credentials, CollectorsError> {
        self.db.read(|tx| self.credentials_in(tx, id))
    }

    pub(super) fn credentials_in(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
    ) -> Result<Credentials, CollectorsError> {
        let sealed = rows::sealed(tx, id)?.ok_or(CollectorsError::NotFound(id))?;
        let damaged = |source| CollectorsError::Credentials { collector: id, source };
        let row = id.to_string();
        let password = self.ring.open_text(sealed::PASSWORD.at(&row), &sealed.password).map_err(damaged)?;
        let ssl_certificate = match sealed.ssl_certificate {
            None => None,
            Some(envelope) => {
                let text =
                    self.ring.open_text(sealed::SSL_CERTIFICATE.at(&row), &envelope).map_err(damaged)?;
                Some(text.expose().to_owned())
            }
        };
        Ok(Credentials { password, ssl_certificate })
    }

    pub(super) fn seal(&self, id: CollectorId, credentials: &Credentials) -> rows::Sealed {
        let row = id.to_string();
        let certificate = credentials.ssl_certificate.as_deref();
        rows::Sealed {
            password: self.ring.seal(sealed::PASSWORD.at(&row), credentials.password.expose().as_bytes()),
            ssl_certificate: certificate
                .map(|certificate| self.ring.seal(sealed::SSL_CERTIFICATE.at(&row), certificate.as_bytes())),
        }
    }
}

impl Collector {
    pub fn target(&self) -> Target {
        Target::new("collector", self.id, &self.name)
    }

    /// The fields that the audit trail keeps; the secrets stand as `changed`.
    pub fn audited(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.kind.as_str(),
            "environment": self.environment.as_str(),
            "group": self.group,
            "description": self.description,
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "username": self.username,
            "password": "changed",
            "ssl_mode": self.ssl_mode.as_str(),
            "tags": self.tags,
            "collection_interval": self.collection_interval,
            "query_limit": self.query_limit,
        })
    }
}

/// How many collectors there are that are not archived.
pub fn count(db: &Sqlite) -> storage::Result<u64> {
    db.read(|tx| {
        let sql = "SELECT count(*) FROM collectors WHERE state <> 'archived'";
        Ok::<_, StoreError>(tx.query_row(sql, [], |row| row.get(0))?)
    })
}
