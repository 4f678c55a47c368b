//! The rows of presence: one function per statement.

use rusqlite::{OptionalExtension, Transaction, params};

use super::availability::Account;
use super::seen::Seen;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::{self, StoreError};

/// What was last seen of the collectors that are in service.
pub(super) fn all_seen(tx: &Transaction<'_>) -> storage::Result<Vec<(CollectorId, Seen)>> {
    let sql = "SELECT collector_id, said FROM presence JOIN collectors ON collectors.id = collector_id
         WHERE state <> 'archived'";
    let mut statement = tx.prepare_cached(sql)?;
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

/// A collector that was removed meanwhile has no row to belong to.
pub(super) fn put_seen(tx: &Transaction<'_>, id: CollectorId, seen: &Seen) -> storage::Result<()> {
    let said = serde_json::to_string(seen).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let sql = "INSERT INTO presence(collector_id, seen_at, said)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM collectors WHERE id = ?1)
         ON CONFLICT(collector_id) DO UPDATE SET seen_at = excluded.seen_at, said = excluded.said";
    tx.prepare_cached(sql)?.execute(params![id, seen.seen_at, said])?;
    Ok(())
}

/// The accounts of all collectors, archived ones too, as they return with them.
pub(super) fn all_accounts(tx: &Transaction<'_>) -> storage::Result<Vec<(CollectorId, Account)>> {
    let sql = "SELECT collector_id, standing, settled_at, days FROM availability";
    let mut statement = tx.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        let account = Account::decode(row.get(1)?, row.get(2)?, row.get_ref(3)?.as_blob()?);
        Ok((row.get(0)?, account))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn put_account(tx: &Transaction<'_>, id: CollectorId, account: &Account) -> storage::Result<()> {
    let sql = "INSERT INTO availability(collector_id, standing, settled_at, days)
         SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM collectors WHERE id = ?1)
         ON CONFLICT(collector_id) DO UPDATE SET standing = excluded.standing,
             settled_at = excluded.settled_at, days = excluded.days";
    let Account { standing, settled_at, .. } = account;
    tx.prepare_cached(sql)?.execute(params![id, standing, settled_at, account.encode()])?;
    Ok(())
}

pub(super) fn last_look(tx: &Transaction<'_>) -> storage::Result<Option<Timestamp>> {
    let sql = "SELECT at FROM last_look";
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

pub(super) fn put_last_look(tx: &Transaction<'_>, at: Timestamp) -> storage::Result<()> {
    let sql = "INSERT INTO last_look(one, at) VALUES (1, ?) ON CONFLICT(one) DO UPDATE SET at = excluded.at";
    tx.prepare_cached(sql)?.execute([at])?;
    Ok(())
}
