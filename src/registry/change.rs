//! Changing what is registered: the connection, and the configuration of the agent with its versions.

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::collector::{Collector, Environment};
use super::collector_rows as rows;
use super::collectors::{Collectors, CollectorsError};
use crate::crypto::Secret;
use crate::ids::CollectorId;
use crate::names::named;
use crate::postgres::SslMode;
use crate::storage::stored_as_text;

named!(LogLevel, "a log level", { Error = "error", Warn = "warn", Info = "info", Debug = "debug" });

stored_as_text!(LogLevel);

/// A checked request to change a collector; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct CollectorChange {
    pub description: Option<String>,
    pub environment: Option<Environment>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub database: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub ssl_mode: Option<SslMode>,
    /// `Some(None)` removes it.
    pub ssl_certificate: Option<Option<String>>,
}

/// A checked request to change what an agent does; what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ConfigChange {
    pub collection_interval: Option<u32>,
    pub query_limit: Option<u32>,
    pub tags: Option<Vec<String>>,
    /// Id or name of a group; `Some(None)` takes the collector out of its group.
    pub group: Option<Option<String>>,
    /// An empty list stands for all types that the agent has.
    pub enabled_types: Option<Vec<String>>,
    pub log_level: Option<LogLevel>,
}

/// A collector before and after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    pub before: Collector,
    pub after: Collector,
}

impl Collector {
    /// Another one after each change of the row.
    pub fn revision(&self) -> String {
        format!("{}-{}", self.last_modified_at.as_millis(), self.config_version)
    }

    /// What the registry decides for the agent.
    pub fn config(&self) -> Value {
        json!({
            "collection_interval": self.collection_interval,
            "query_limit": self.query_limit,
            "tags": self.tags,
            "group_id": self.group,
            "enabled_types": self.enabled_types,
            "log_level": self.log_level.map(LogLevel::as_str),
        })
    }
}

impl Collectors {
    /// Changes a collector in the caller's transaction. With `expected`, only if it has that revision.
    pub fn update(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
        change: CollectorChange,
        expected: Option<&str>,
    ) -> Result<Changed, CollectorsError> {
        let before = self.get_in(tx, id)?;
        if expected.is_some_and(|expected| expected != before.revision()) {
            return Err(CollectorsError::ChangedMeanwhile(id));
        }
        let old = before.clone();
        let after = Collector {
            description: change.description.unwrap_or(old.description),
            environment: change.environment.unwrap_or(old.environment),
            host: change.host.unwrap_or(old.host),
            port: change.port.unwrap_or(old.port),
            database: change.database.unwrap_or(old.database),
            username: change.username.unwrap_or(old.username),
            ssl_mode: change.ssl_mode.unwrap_or(old.ssl_mode),
            last_modified_at: self.later_than(&before),
            ..before.clone()
        };
        rows::update(tx, &after)?;
        if change.password.is_some() || change.ssl_certificate.is_some() {
            let mut credentials = self.credentials_in(tx, id)?;
            credentials.password = change.password.unwrap_or(credentials.password);
            credentials.ssl_certificate = change.ssl_certificate.unwrap_or(credentials.ssl_certificate);
            rows::reseal(tx, id, &self.seal(id, &credentials))?;
        }
        Ok(Changed { before, after })
    }

    /// Makes the next version of an agent's configuration, in the caller's transaction. A change that changes
    /// nothing makes none, unless the agent has refused what there is.
    pub fn configure(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
        change: ConfigChange,
        by: &str,
    ) -> Result<Changed, CollectorsError> {
        let before = self.get_in(tx, id)?;
        let group = match change.group {
            None => before.group,
            Some(None) => None,
            Some(Some(group)) => Some(self.group_in(tx, &group)?),
        };
        let old = before.clone();
        let after = Collector {
            collection_interval: change.collection_interval.unwrap_or(old.collection_interval),
            query_limit: change.query_limit.unwrap_or(old.query_limit),
            tags: change.tags.unwrap_or(old.tags),
            group,
            enabled_types: change.enabled_types.or(old.enabled_types).filter(|types| !types.is_empty()),
            log_level: change.log_level.or(old.log_level),
            config_version: before.config_version + 1,
            config_error: None,
            last_modified_at: self.later_than(&before),
            ..before.clone()
        };
        if after.config() == before.config() && before.config_error.is_none() {
            return Ok(Changed { after: before.clone(), before });
        }
        rows::update(tx, &after)?;
        rows::replace_tags(tx, &after)?;
        rows::keep_version(tx, &before, before.registered_at, &before.registered_by)?;
        rows::keep_version(tx, &after, after.last_modified_at, by)?;
        Ok(Changed { before, after })
    }

    /// Whether no living collector has the name.
    pub fn check_name_is_free(&self, tx: &Transaction<'_>, name: &str) -> Result<(), CollectorsError> {
        if rows::is_name_taken(tx, name)? {
            return Err(CollectorsError::NameTaken(name.to_owned()));
        }
        Ok(())
    }

    /// Takes an archived collector back into service.
    pub fn restore(&self, tx: &Transaction<'_>, id: CollectorId, name: &str) -> Result<(), CollectorsError> {
        self.check_name_is_free(tx, name)?;
        Ok(rows::restore(tx, id)?)
    }

    /// Removes an archived collector for good, with all that belongs to its row.
    pub fn remove(&self, tx: &Transaction<'_>, id: CollectorId) -> Result<(), CollectorsError> {
        Ok(rows::remove(tx, id)?)
    }

    /// Now, or a moment later, so that each change has a time of its own.
    fn later_than(&self, before: &Collector) -> crate::clock::Timestamp {
        let next = before.last_modified_at.plus(std::time::Duration::from_millis(1));
        self.clock.now().max(next)
    }
}
