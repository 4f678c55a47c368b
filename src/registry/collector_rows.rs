//! The rows of collectors: one function per statement.

use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use serde_json::json;

use super::collector::{Collector, Control, Standing};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits::CONFIG_VERSIONS;
use crate::storage;

/// The encrypted columns.
pub(super) struct Sealed {
    pub(super) password: Vec<u8>,
    pub(super) ssl_certificate: Option<Vec<u8>>,
}

const COLUMNS: &str = "id, name, type, environment, group_id, description, host, port, database, username, \
     ssl_mode, collection_interval, query_limit, state, config_version, registered_by, registered_at, \
     last_modified_at";

/// Tags joined by a character that no tag may hold, the end of the newest living token, and the control.
const MORE: &str = "(SELECT group_concat(tag, char(31) ORDER BY position) FROM collector_tags
         WHERE collector_id = collectors.id),
     (SELECT max(expires_at) FROM collector_tokens
         WHERE collector_id = collectors.id AND revoked_at IS NULL),
     under_way, stop_reason, stopped_until, last_restart_at, restart_count,
     enabled_types, log_level, config_error";

pub(super) fn insert(tx: &Transaction<'_>, collector: &Collector, sealed: &Sealed) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO collectors({COLUMNS}, password_sealed, ssl_certificate_sealed) VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"
    );
    tx.prepare_cached(&sql)?.execute(params![
        collector.id,
        collector.name,
        collector.kind,
        collector.environment,
        collector.group,
        collector.description,
        collector.host,
        collector.port,
        collector.database,
        collector.username,
        collector.ssl_mode,
        collector.collection_interval,
        collector.query_limit,
        collector.state,
        collector.config_version,
        collector.registered_by,
        collector.registered_at,
        collector.last_modified_at,
        sealed.password,
        sealed.ssl_certificate,
    ])?;
    insert_tags(tx, collector)
}

fn insert_tags(tx: &Transaction<'_>, collector: &Collector) -> storage::Result<()> {
    let sql = "INSERT OR IGNORE INTO collector_tags(collector_id, position, tag) VALUES (?1, ?2, ?3)";
    let mut statement = tx.prepare_cached(sql)?;
    for (position, tag) in collector.tags.iter().enumerate() {
        statement.execute(params![collector.id, position, tag])?;
    }
    Ok(())
}

pub(super) fn by_id(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Option<Collector>> {
    let sql = format!("SELECT {COLUMNS}, {MORE} FROM collectors WHERE id = ? AND state <> 'archived'");
    Ok(tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?)
}

pub(super) fn by_name(tx: &Transaction<'_>, name: &str) -> storage::Result<Option<Collector>> {
    let sql = format!(
        "SELECT {COLUMNS}, {MORE} FROM collectors WHERE name = ? COLLATE NOCASE AND state <> 'archived'"
    );
    Ok(tx.prepare_cached(&sql)?.query_row([name], from_row).optional()?)
}

pub(super) fn name(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Option<String>> {
    let sql = "SELECT name FROM collectors WHERE id = ? AND state <> 'archived'";
    Ok(tx.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?)
}

pub(super) fn all(tx: &Transaction<'_>) -> storage::Result<Vec<Collector>> {
    let sql = format!(
        "SELECT {COLUMNS}, {MORE} FROM collectors WHERE state <> 'archived' ORDER BY name COLLATE NOCASE, id"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let collectors = statement.query_map([], from_row)?;
    Ok(collectors.collect::<Result<_, _>>()?)
}

/// What tells collectors apart, of all that are not archived.
pub(super) fn standings(tx: &Transaction<'_>) -> storage::Result<Vec<Standing>> {
    let sql = "SELECT collectors.id, collectors.name, environment, groups.name
         FROM collectors LEFT JOIN groups ON groups.id = group_id
         WHERE state <> 'archived' ORDER BY collectors.name COLLATE NOCASE, collectors.id";
    let standing = |row: &Row<'_>| {
        Ok(Standing { id: row.get(0)?, name: row.get(1)?, environment: row.get(2)?, group: row.get(3)? })
    };
    let mut statement = tx.prepare_cached(sql)?;
    let standings = statement.query_map([], standing)?;
    Ok(standings.collect::<Result<_, _>>()?)
}

/// Whether there has never been a collector whose row is still there, archived ones included.
pub(super) fn is_empty(tx: &Transaction<'_>) -> storage::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM collectors)";
    Ok(tx.query_row(sql, [], |row| row.get(0))?)
}

pub(super) fn mark_running(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<()> {
    let sql = "UPDATE collectors SET state = 'running' WHERE id = ? AND state = 'registered'";
    tx.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

pub(super) fn update(tx: &Transaction<'_>, collector: &Collector) -> storage::Result<()> {
    let enabled_types = collector.enabled_types.as_ref().map(|types| json!(types).to_string());
    let sql = "UPDATE collectors SET environment = ?2, group_id = ?3, description = ?4, host = ?5, port = ?6,
             database = ?7, username = ?8, ssl_mode = ?9, collection_interval = ?10, query_limit = ?11,
             enabled_types = ?12, log_level = ?13, config_version = ?14, config_error = ?15,
             last_modified_at = ?16 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        collector.id,
        collector.environment,
        collector.group,
        collector.description,
        collector.host,
        collector.port,
        collector.database,
        collector.username,
        collector.ssl_mode,
        collector.collection_interval,
        collector.query_limit,
        enabled_types,
        collector.log_level,
        collector.config_version,
        collector.config_error,
        collector.last_modified_at,
    ])?;
    Ok(())
}

pub(super) fn replace_tags(tx: &Transaction<'_>, collector: &Collector) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM collector_tags WHERE collector_id = ?")?.execute([collector.id])?;
    insert_tags(tx, collector)
}

pub(super) fn reseal(tx: &Transaction<'_>, id: CollectorId, sealed: &Sealed) -> storage::Result<()> {
    let sql = "UPDATE collectors SET password_sealed = ?2, ssl_certificate_sealed = ?3 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![id, sealed.password, sealed.ssl_certificate])?;
    Ok(())
}

/// Keeps a version of the configuration, unless it is kept already.
pub(super) fn keep_version(
    tx: &Transaction<'_>,
    collector: &Collector,
    at: Timestamp,
    by: &str,
) -> storage::Result<()> {
    let sql = "INSERT OR IGNORE INTO config_versions(collector_id, version, created_at, created_by, config)
         VALUES (?1, ?2, ?3, ?4, ?5)";
    let config = collector.config().to_string();
    tx.prepare_cached(sql)?.execute(params![collector.id, collector.config_version, at, by, config])?;
    let oldest_kept = collector.config_version.saturating_sub(CONFIG_VERSIONS);
    let sql = "DELETE FROM config_versions WHERE collector_id = ?1 AND version <= ?2";
    tx.prepare_cached(sql)?.execute(params![collector.id, oldest_kept])?;
    Ok(())
}

pub(super) fn is_name_taken(tx: &Transaction<'_>, name: &str) -> storage::Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM collectors WHERE name = ? COLLATE NOCASE AND state <> 'archived')";
    Ok(tx.prepare_cached(sql)?.query_row([name], |row| row.get(0))?)
}

/// It begins as if it had just been registered: its agent has to come first.
pub(super) fn restore(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<()> {
    let sql = "UPDATE collectors SET state = 'registered', stop_reason = NULL, stopped_until = NULL
         WHERE id = ? AND state = 'archived'";
    tx.prepare_cached(sql)?.execute([id])?;
    Ok(())
}

pub(super) fn remove(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM collectors WHERE id = ? AND state = 'archived'")?.execute([id])?;
    Ok(())
}

pub(super) fn set_config_error(
    tx: &Transaction<'_>,
    id: CollectorId,
    reason: Option<&str>,
) -> storage::Result<()> {
    tx.prepare_cached("UPDATE collectors SET config_error = ?2 WHERE id = ?1")?
        .execute(params![id, reason])?;
    Ok(())
}

pub(super) fn set_control(tx: &Transaction<'_>, collector: &Collector) -> storage::Result<()> {
    let Control { under_way, stop_reason, stopped_until, last_restart_at, restart_count } =
        &collector.control;
    let sql = "UPDATE collectors SET state = ?2, under_way = ?3, stop_reason = ?4, stopped_until = ?5,
             last_restart_at = ?6, restart_count = ?7 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute(params![
        collector.id,
        collector.state,
        under_way,
        stop_reason,
        stopped_until,
        last_restart_at,
        restart_count,
    ])?;
    Ok(())
}

pub(super) fn sealed(tx: &Transaction<'_>, id: CollectorId) -> storage::Result<Option<Sealed>> {
    let sql = "SELECT password_sealed, ssl_certificate_sealed FROM collectors
         WHERE id = ? AND state <> 'archived'";
    let read = |row: &Row<'_>| Ok(Sealed { password: row.get(0)?, ssl_certificate: row.get(1)? });
    Ok(tx.prepare_cached(sql)?.query_row([id], read).optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Collector> {
    let tags: Option<String> = row.get(18)?;
    let enabled_types: Option<String> = row.get(25)?;
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(25, Type::Text, Box::new(error));
    Ok(Collector {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: row.get(2)?,
        environment: row.get(3)?,
        group: row.get(4)?,
        description: row.get(5)?,
        host: row.get(6)?,
        port: row.get(7)?,
        database: row.get(8)?,
        username: row.get(9)?,
        ssl_mode: row.get(10)?,
        collection_interval: row.get(11)?,
        query_limit: row.get(12)?,
        state: row.get(13)?,
        config_version: row.get(14)?,
        registered_by: row.get(15)?,
        registered_at: row.get(16)?,
        last_modified_at: row.get(17)?,
        tags: tags.map_or_else(Vec::new, |tags| tags.split('\u{1f}').map(str::to_owned).collect()),
        token_expires_at: row.get(19)?,
        enabled_types: enabled_types
            .map(|list| serde_json::from_str(&list))
            .transpose()
            .map_err(unreadable)?,
        log_level: row.get(26)?,
        config_error: row.get(27)?,
        control: Control {
            under_way: row.get(20)?,
            stop_reason: row.get(21)?,
            stopped_until: row.get(22)?,
            last_restart_at: row.get(23)?,
            restart_count: row.get(24)?,
        },
    })
}
