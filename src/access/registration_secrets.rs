//! Secrets with which agents register themselves.
//!
//! Only the hash is kept. Each has an end and a number of uses, which are checked and counted in the
//! transaction of the registration.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::Access;
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::crypto::{Hash, Secret, random_hex, sha256};
use crate::ids::RegistrationSecretId;
use crate::limits::REGISTRATION_SECRETS;
use crate::storage::{self, StoreError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationSecret {
    pub id: RegistrationSecretId,
    pub name: String,
    /// The name of the administrator who made it.
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub max_uses: u32,
    pub uses: u32,
    revoked_at: Option<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegistrationSecretError {
    #[error("no such registration secret")]
    NotFound,
    #[error("the registration secret is none of this appliance")]
    Unknown,
    #[error("the registration secret has expired")]
    Expired,
    #[error("the registration secret was used as often as it may be")]
    UsedUp,
    #[error("the registration secret was revoked")]
    Revoked,
    #[error("there are {REGISTRATION_SECRETS} registration secrets: revoke one first")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Access {
    /// Makes a secret. Its text is returned here and never again.
    pub fn create_registration_secret(
        &self,
        origin: &Origin,
        name: &str,
        max_uses: u32,
        life: Duration,
    ) -> Result<(RegistrationSecret, Secret), RegistrationSecretError> {
        let text = Secret::new(format!("pgr_{}", random_hex::<32>()));
        let now = self.clock.now();
        let secret = RegistrationSecret {
            id: self.ids.next(now),
            name: name.to_owned(),
            created_by: origin.actor.name.clone(),
            created_at: now,
            expires_at: now.plus(life),
            max_uses,
            uses: 0,
            revoked_at: None,
        };
        self.db.write(|tx| {
            if all(tx)?.len() >= REGISTRATION_SECRETS {
                return Err(RegistrationSecretError::TooMany);
            }
            insert(tx, &secret, sha256(text.expose().as_bytes()))?;
            let after = json!({"name": name, "max_uses": max_uses, "expires_at": secret.expires_at});
            let change = Change::new(Action::RegistrationSecretCreate, target(&secret));
            self.audit.append(tx, origin, change.from_to(&json!({}), &after))?;
            Ok(())
        })?;
        Ok((secret, text))
    }

    /// Those that were not revoked, newest first.
    pub fn registration_secrets(&self) -> Result<Vec<RegistrationSecret>, RegistrationSecretError> {
        Ok(self.db.read(all)?)
    }

    pub fn revoke_registration_secret(
        &self,
        origin: &Origin,
        id: RegistrationSecretId,
    ) -> Result<(), RegistrationSecretError> {
        self.db.write(|tx| {
            let secrets = all(tx)?;
            let secret = secrets.iter().find(|secret| secret.id == id);
            let secret = secret.ok_or(RegistrationSecretError::NotFound)?;
            set_revoked(tx, id, self.clock.now())?;
            self.audit.append(tx, origin, Change::new(Action::RegistrationSecretRevoke, target(secret)))?;
            Ok(())
        })
    }

    /// Counts one use, in the transaction of the registration that it is used for.
    pub fn spend_registration_secret(
        &self,
        tx: &Transaction<'_>,
        text: &Secret,
    ) -> Result<RegistrationSecret, RegistrationSecretError> {
        let found = by_hash(tx, sha256(text.expose().as_bytes()))?;
        let mut secret = found.ok_or(RegistrationSecretError::Unknown)?;
        if secret.revoked_at.is_some() {
            return Err(RegistrationSecretError::Revoked);
        }
        if secret.expires_at <= self.clock.now() {
            return Err(RegistrationSecretError::Expired);
        }
        if secret.uses >= secret.max_uses {
            return Err(RegistrationSecretError::UsedUp);
        }
        secret.uses += 1;
        set_uses(tx, secret.id, secret.uses)?;
        Ok(secret)
    }
}

fn target(secret: &RegistrationSecret) -> Target {
    Target::new("registration-secret", secret.id, &secret.name)
}

const COLUMNS: &str = "id, name, created_by, created_at, expires_at, max_uses, uses, revoked_at";

fn insert(tx: &Transaction<'_>, secret: &RegistrationSecret, hash: Hash) -> storage::Result<()> {
    let sql = format!(
        "INSERT INTO registration_secrets({COLUMNS}, secret_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
    );
    tx.execute(
        &sql,
        params![
            secret.id,
            secret.name,
            secret.created_by,
            secret.created_at,
            secret.expires_at,
            secret.max_uses,
            secret.uses,
            secret.revoked_at,
            hash,
        ],
    )?;
    Ok(())
}

fn all(tx: &Transaction<'_>) -> storage::Result<Vec<RegistrationSecret>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM registration_secrets WHERE revoked_at IS NULL ORDER BY created_at DESC, id DESC"
    );
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn by_hash(tx: &Transaction<'_>, hash: Hash) -> storage::Result<Option<RegistrationSecret>> {
    let sql = format!("SELECT {COLUMNS} FROM registration_secrets WHERE secret_hash = ?");
    Ok(tx.prepare_cached(&sql)?.query_row([hash], from_row).optional()?)
}

fn set_uses(tx: &Transaction<'_>, id: RegistrationSecretId, uses: u32) -> storage::Result<()> {
    tx.execute("UPDATE registration_secrets SET uses = ?2 WHERE id = ?1", params![id, uses])?;
    Ok(())
}

fn set_revoked(tx: &Transaction<'_>, id: RegistrationSecretId, at: Timestamp) -> storage::Result<()> {
    tx.execute("UPDATE registration_secrets SET revoked_at = ?2 WHERE id = ?1", params![id, at])?;
    Ok(())
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<RegistrationSecret> {
    Ok(RegistrationSecret {
        id: row.get(0)?,
        name: row.get(1)?,
        created_by: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        max_uses: row.get(5)?,
        uses: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}
