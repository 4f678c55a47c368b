//! The versions of an agent's configuration: what each said, and whether the agent took it.
//!
//! It guarantees: a version that the agent refused is not offered to it again, as long as there is another.

use rusqlite::{OptionalExtension, Transaction, params};
use serde_json::Value;

use super::collector::Collector;
use super::collector_rows as rows;
use super::collectors::{Collectors, CollectorsError};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::{self, StoreError};

/// One version.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigVersion {
    pub version: u64,
    pub created_at: Timestamp,
    pub created_by: String,
    /// The text of a JSON object.
    pub config: String,
    /// When the agent first said that it applies it.
    pub applied_at: Option<Timestamp>,
    pub refused: Option<RefusedConfig>,
}

/// When the agent refused a version, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedConfig {
    pub at: Timestamp,
    pub because: String,
}

impl Collectors {
    /// The versions of a collector, newest first.
    pub fn config_versions(
        &self,
        id: CollectorId,
        most: usize,
    ) -> Result<Vec<ConfigVersion>, CollectorsError> {
        self.db.read(|tx| {
            let collector = self.get_in(tx, id)?;
            let versions = select(tx, id, most)?;
            // the version of the registration is written down when something happens to it
            Ok(if versions.is_empty() { vec![first(&collector)] } else { versions })
        })
    }

    /// The agent says that it applies a version; what it said against it before does not count any more.
    pub fn config_applied(&self, id: CollectorId, version: u64) -> Result<(), CollectorsError> {
        let now = self.clock.now();
        self.db.write(|tx| {
            let collector = self.present(tx, id)?;
            let sql = "UPDATE config_versions SET applied_at = coalesce(applied_at, ?3), refused_at = NULL,
                 refused_because = NULL WHERE collector_id = ?1 AND version = ?2";
            execute(tx, sql, params![id, version, now])?;
            if version == collector.config_version && collector.config_error.is_some() {
                rows::set_config_error(tx, id, None)?;
            }
            Ok(())
        })
    }

    /// The agent refused a version of its configuration.
    pub fn config_refused(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
        version: u64,
        because: &str,
    ) -> Result<(), CollectorsError> {
        let collector = self.present(tx, id)?;
        let sql = "UPDATE config_versions SET refused_at = ?3, refused_because = ?4
             WHERE collector_id = ?1 AND version = ?2";
        execute(tx, sql, params![id, version, self.clock.now(), because])?;
        if version == collector.config_version {
            rows::set_config_error(tx, id, Some(because))?;
        }
        Ok(())
    }

    /// The same in a transaction of its own.
    pub fn note_refused_config(
        &self,
        id: CollectorId,
        version: u64,
        because: &str,
    ) -> Result<(), CollectorsError> {
        self.db.write(|tx| self.config_refused(tx, id, version, because))
    }

    /// The collector with the configuration that its agent is offered: the newest that it has not refused.
    pub fn offered(&self, collector: Collector) -> Result<Collector, CollectorsError> {
        if collector.config_error.is_none() {
            return Ok(collector);
        }
        let newest =
            self.db.read(|tx| newest_not_refused(tx, collector.id).map_err(CollectorsError::from))?;
        Ok(match newest {
            Some((version, config)) => as_of(collector, version, &config),
            None => collector,
        })
    }

    /// The collector, of whose present version there is a row.
    fn present(&self, tx: &Transaction<'_>, id: CollectorId) -> Result<Collector, CollectorsError> {
        let collector = self.get_in(tx, id)?;
        if collector.config_version == 1 {
            rows::keep_version(tx, &collector, collector.registered_at, &collector.registered_by)?;
        }
        Ok(collector)
    }
}

fn first(collector: &Collector) -> ConfigVersion {
    ConfigVersion {
        version: collector.config_version,
        created_at: collector.registered_at,
        created_by: collector.registered_by.clone(),
        config: collector.config().to_string(),
        applied_at: None,
        refused: None,
    }
}

/// The collector as an earlier version had it.
fn as_of(collector: Collector, version: u64, config: &str) -> Collector {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    let number = |name: &str, now: u32| {
        config[name].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(now)
    };
    let types = config["enabled_types"].as_array();
    Collector {
        collection_interval: number("collection_interval", collector.collection_interval),
        query_limit: number("query_limit", collector.query_limit),
        enabled_types: types
            .map(|types| types.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect()),
        log_level: config["log_level"].as_str().and_then(|level| level.parse().ok()),
        config_version: version,
        ..collector
    }
}

// -- rows

fn execute(tx: &Transaction<'_>, sql: &str, values: impl rusqlite::Params) -> storage::Result<()> {
    tx.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn select(tx: &Transaction<'_>, id: CollectorId, most: usize) -> storage::Result<Vec<ConfigVersion>> {
    let sql = "SELECT version, created_at, created_by, config, applied_at, refused_at, refused_because
         FROM config_versions WHERE collector_id = ?1 ORDER BY version DESC LIMIT ?2";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map(params![id, most], |row| {
        let refused_at: Option<Timestamp> = row.get(5)?;
        let because: Option<String> = row.get(6)?;
        Ok(ConfigVersion {
            version: row.get(0)?,
            created_at: row.get(1)?,
            created_by: row.get(2)?,
            config: row.get(3)?,
            applied_at: row.get(4)?,
            refused: refused_at.map(|at| RefusedConfig { at, because: because.unwrap_or_default() }),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn newest_not_refused(tx: &Transaction<'_>, id: CollectorId) -> Result<Option<(u64, String)>, StoreError> {
    let sql = "SELECT version, config FROM config_versions
         WHERE collector_id = ? AND refused_at IS NULL ORDER BY version DESC LIMIT 1";
    Ok(tx.prepare_cached(sql)?.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}
