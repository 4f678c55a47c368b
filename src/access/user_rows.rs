//! The rows of users: one function per statement. Each row is sealed as a whole when it is written, and
//! checked when it is read.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::role::Role;
use super::row_seal;
use super::users::User;
use crate::clock::Timestamp;
use crate::crypto::KeyRing;
use crate::ids::UserId;
use crate::storage::sqlite::stored_as_text;
use crate::storage::{self, sealed};

/// A user with what only this module's neighbours may see.
#[derive(Clone)]
pub(super) struct StoredUser {
    pub user: User,
    /// In PHC form.
    pub password_hash: String,
}

stored_as_text!(Role);

const COLUMNS: &str = "id, username, role, password_hash, created_at, modified_at, disabled_at, last_login_at, \
     row_seal";

impl StoredUser {
    fn seal(&self, ring: &KeyRing) -> Vec<u8> {
        self.with_fields(|id, fields| row_seal::seal(ring, &sealed::USER, id, fields))
    }

    fn with_fields<T>(&self, then: impl FnOnce(&str, &[&str]) -> T) -> T {
        let User { id, username, role, disabled_at, created_at, modified_at, .. } = &self.user;
        let disabled_at = disabled_at.map_or_else(String::new, |at| at.as_millis().to_string());
        let times = [created_at, modified_at].map(|at| at.as_millis().to_string());
        let fields = [username, role.as_str(), &self.password_hash, &disabled_at, &times[0], &times[1]];
        then(&id.to_string(), &fields)
    }
}

/// Inserts the user or replaces all fields but the time of the last login.
pub(super) fn put(tx: &Transaction<'_>, ring: &KeyRing, stored: &StoredUser) -> storage::Result<()> {
    let User { id, username, role, created_at, modified_at, disabled_at, .. } = &stored.user;
    tx.prepare_cached(
        "INSERT INTO users(id, username, role, password_hash, created_at, modified_at, disabled_at, row_seal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT(id) DO UPDATE SET username = excluded.username, role = excluded.role,
             password_hash = excluded.password_hash, modified_at = excluded.modified_at,
             disabled_at = excluded.disabled_at, row_seal = excluded.row_seal",
    )?
    .execute(params![
        id,
        username,
        role,
        stored.password_hash,
        created_at,
        modified_at,
        disabled_at,
        stored.seal(ring),
    ])?;
    Ok(())
}

pub(super) fn by_id(tx: &Transaction<'_>, ring: &KeyRing, id: UserId) -> storage::Result<Option<StoredUser>> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE id = ?");
    let found = tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

pub(super) fn by_name(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    username: &str,
) -> storage::Result<Option<StoredUser>> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE username = ?");
    let found = tx.prepare_cached(&sql)?.query_row([username], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

/// All of them, by name.
pub(super) fn all(tx: &Transaction<'_>, ring: &KeyRing) -> storage::Result<Vec<StoredUser>> {
    let sql = format!("SELECT {COLUMNS} FROM users ORDER BY username");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    rows.map(|row| checked(ring, row?)).collect()
}

pub(super) fn count(tx: &Transaction<'_>) -> storage::Result<usize> {
    Ok(tx.prepare_cached("SELECT count(*) FROM users")?.query_row([], |row| row.get(0))?)
}

pub(super) fn has_enabled_admin(tx: &Transaction<'_>) -> storage::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled_at IS NULL)";
    Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn set_last_login(tx: &Transaction<'_>, id: UserId, at: Timestamp) -> storage::Result<()> {
    tx.prepare_cached("UPDATE users SET last_login_at = ?2 WHERE id = ?1")?.execute(params![id, at])?;
    Ok(())
}

/// Deletes the user, and with it its sessions and API tokens.
pub(super) fn delete(tx: &Transaction<'_>, id: UserId) -> storage::Result<()> {
    tx.prepare_cached("DELETE FROM users WHERE id = ?")?.execute([id])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(StoredUser, Vec<u8>)> {
    let user = User {
        id: row.get(0)?,
        username: row.get(1)?,
        role: row.get(2)?,
        created_at: row.get(4)?,
        modified_at: row.get(5)?,
        disabled_at: row.get(6)?,
        last_login_at: row.get(7)?,
    };
    Ok((StoredUser { user, password_hash: row.get(3)? }, row.get(8)?))
}

fn checked(ring: &KeyRing, (stored, seal): (StoredUser, Vec<u8>)) -> storage::Result<StoredUser> {
    stored.with_fields(|id, fields| row_seal::check(ring, &sealed::USER, id, fields, &seal))?;
    Ok(stored)
}
