//! API tokens: what a user's scripts sign in with.
//!
//! A token is random text of which only the hash is kept. It guarantees: it may never do more than its user
//! may at that moment; a revoked one is dead at the next call.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::Access;
use super::identity::{AccessError, SignedIn};
use super::role::Role;
use super::row_seal;
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::crypto::{Hash, KeyRing, Secret, random_hex, sha256};
use crate::ids::{TokenId, UserId};
use crate::limits::API_TOKENS_PER_USER;
use crate::storage::{self, StoreError, sealed};

/// What every API token begins with, so that scanners find one that was published by mistake.
pub(super) const PREFIX: &str = "pga_";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    pub id: TokenId,
    pub user: UserId,
    pub name: String,
    /// The most that the token may do.
    pub role: Role,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) token_hash: Hash,
}

#[derive(Debug, thiserror::Error)]
pub enum ApiTokenError {
    #[error("no such API token")]
    NotFound,
    #[error("the role {asked} is more than your own role {own}")]
    RoleTooHigh { asked: Role, own: Role },
    #[error("an API token cannot make another one: sign in with a password")]
    NoSession,
    #[error("you have {API_TOKENS_PER_USER} API tokens: revoke one first")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Makes a token for the caller. Its text is returned here and never again.
    pub fn create_api_token(
        &self,
        origin: &Origin,
        caller: &SignedIn,
        name: &str,
        role: Option<Role>,
        life: Duration,
    ) -> Result<(ApiToken, Secret), ApiTokenError> {
        // else a token that leaked could outlive its end
        if caller.session.is_none() {
            return Err(ApiTokenError::NoSession);
        }
        let role = role.unwrap_or(caller.role);
        if !caller.role.covers(role) {
            return Err(ApiTokenError::RoleTooHigh { asked: role, own: caller.role });
        }
        let secret = Secret::new(format!("{PREFIX}{}", random_hex::<32>()));
        let now = self.clock.now();
        let token = ApiToken {
            id: self.ids.next(now),
            user: caller.id,
            name: name.to_owned(),
            role,
            created_at: now,
            expires_at: now.plus(life),
            revoked_at: None,
            token_hash: sha256(secret.expose().as_bytes()),
        };
        self.db.write(|tx| {
            if live_of_user(tx, &self.ring, caller.id, now)?.len() >= API_TOKENS_PER_USER {
                return Err(ApiTokenError::TooMany);
            }
            put(tx, &self.ring, &token)?;
            let after = json!({"name": token.name, "role": role.as_str(), "expires_at": token.expires_at});
            let change = Change::new(Action::ApiTokenCreate, target(&token)).from_to(&json!({}), &after);
            self.audit.append(tx, origin, change)?;
            Ok(())
        })?;
        Ok((token, secret))
    }

    /// The tokens of a user that still work, oldest first.
    pub fn api_tokens(&self, user: UserId) -> Result<Vec<ApiToken>, ApiTokenError> {
        let now = self.clock.now();
        Ok(self.db.read(|tx| live_of_user(tx, &self.ring, user, now))?)
    }

    /// Revokes a token of the caller; an administrator revokes anybody's.
    pub fn revoke_api_token(
        &self,
        origin: &Origin,
        caller: &SignedIn,
        id: TokenId,
    ) -> Result<(), ApiTokenError> {
        self.db.write(|tx| {
            let found = by_id(tx, &self.ring, id)?;
            let mut token = found
                .filter(|token| token.revoked_at.is_none())
                .filter(|token| token.user == caller.id || caller.role == Role::Admin)
                .ok_or(ApiTokenError::NotFound)?;
            token.revoked_at = Some(self.clock.now());
            put(tx, &self.ring, &token)?;
            self.audit.append(tx, origin, Change::new(Action::ApiTokenRevoke, target(&token)))?;
            Ok(())
        })
    }

    pub(super) fn bearer_of_api_token(
        &self,
        tx: &Transaction<'_>,
        hash: Hash,
    ) -> Result<SignedIn, AccessError> {
        // looked up by hash, so that no time tells how much of a guess was right
        let found = by_hash(tx, &self.ring, hash)?;
        self.bearer(tx, &found.ok_or(AccessError::Invalid)?)
    }

    pub(super) fn user_of_api_token(
        &self,
        tx: &Transaction<'_>,
        id: TokenId,
    ) -> Result<SignedIn, AccessError> {
        self.bearer(tx, &by_id(tx, &self.ring, id)?.ok_or(AccessError::Revoked)?)
    }

    fn bearer(&self, tx: &Transaction<'_>, token: &ApiToken) -> Result<SignedIn, AccessError> {
        if token.revoked_at.is_some() {
            return Err(AccessError::Revoked);
        }
        if token.expires_at <= self.clock.now() {
            return Err(AccessError::Expired);
        }
        let (username, role) = self.standing(tx, token.user)?;
        let role = role.common_with(token.role);
        Ok(SignedIn {
            id: token.user,
            username,
            role,
            csrf_token: None,
            session: None,
            api_token: Some(token.id),
            expires_at: token.expires_at,
        })
    }
}

fn target(token: &ApiToken) -> Target {
    Target::new("api-token", token.id, &token.name)
}

const COLUMNS: &str = "id, user_id, name, role, token_hash, created_at, expires_at, revoked_at, row_seal";

impl ApiToken {
    fn with_fields<T>(&self, then: impl FnOnce(&str, &[&str]) -> T) -> T {
        let revoked_at = self.revoked_at.map_or_else(String::new, |at| at.as_millis().to_string());
        let expires_at = self.expires_at.as_millis().to_string();
        let (user, hash) = (self.user.to_string(), hex::encode(self.token_hash));
        then(&self.id.to_string(), &[&user, self.role.as_str(), &hash, &expires_at, &revoked_at])
    }
}

fn put(tx: &Transaction<'_>, ring: &KeyRing, token: &ApiToken) -> storage::Result<()> {
    let seal = token.with_fields(|id, fields| row_seal::seal(ring, &sealed::API_TOKEN, id, fields));
    let sql = format!(
        "INSERT INTO api_tokens({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT(id) DO UPDATE SET revoked_at = excluded.revoked_at, row_seal = excluded.row_seal"
    );
    tx.prepare_cached(&sql)?.execute(params![
        token.id,
        token.user,
        token.name,
        token.role,
        token.token_hash,
        token.created_at,
        token.expires_at,
        token.revoked_at,
        seal,
    ])?;
    Ok(())
}

fn by_id(tx: &Transaction<'_>, ring: &KeyRing, id: TokenId) -> storage::Result<Option<ApiToken>> {
    let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE id = ?");
    let found = tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

fn by_hash(tx: &Transaction<'_>, ring: &KeyRing, hash: Hash) -> storage::Result<Option<ApiToken>> {
    let sql = format!("SELECT {COLUMNS} FROM api_tokens WHERE token_hash = ?");
    let found = tx.prepare_cached(&sql)?.query_row([hash], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

fn live_of_user(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    user: UserId,
    now: Timestamp,
) -> storage::Result<Vec<ApiToken>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM api_tokens WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
         ORDER BY created_at, id"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map(params![user, now], from_row)?;
    rows.map(|row| checked(ring, row?)).collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(ApiToken, Vec<u8>)> {
    let token = ApiToken {
        id: row.get(0)?,
        user: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        token_hash: row.get(4)?,
        created_at: row.get(5)?,
        expires_at: row.get(6)?,
        revoked_at: row.get(7)?,
    };
    Ok((token, row.get(8)?))
}

fn checked(ring: &KeyRing, (token, seal): (ApiToken, Vec<u8>)) -> storage::Result<ApiToken> {
    token.with_fields(|id, fields| row_seal::check(ring, &sealed::API_TOKEN, id, fields, &seal))?;
    Ok(token)
}
