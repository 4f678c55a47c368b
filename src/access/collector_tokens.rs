//! The tokens of collectors.
//!
//! A collector is registered with an enrolment token that lives a year; only its hash is kept. It is
//! exchanged for access tokens of an hour, which name it and die with it at once.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::Access;
use super::identity::AccessError;
use super::row_seal;
use super::token::{self, Kind};
use crate::clock::Timestamp;
use crate::crypto::{Hash, KeyRing, Secret, sha256};
use crate::ids::{CollectorId, TokenId};
use crate::limits::{COLLECTOR_ACCESS_LIFE, ENROLMENT_LIFE};
use crate::storage::{self, StoreError, sealed};

/// A token as it is handed out. Its text is nowhere else.
#[derive(Clone, Debug)]
pub struct Issued {
    pub id: TokenId,
    pub token: Secret,
    pub expires_at: Timestamp,
}

/// An enrolment token as it is kept.
pub(super) struct Enrolment {
    pub id: TokenId,
    pub collector: CollectorId,
    pub token_hash: Hash,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// May lie in the future, while the agent is given time to take the next token.
    pub revoked_at: Option<Timestamp>,
}

impl Access {
    /// Makes the token that a collector is registered with, in the transaction that registers it.
    pub fn issue_enrolment(&self, tx: &Transaction<'_>, collector: CollectorId) -> storage::Result<Issued> {
        let now = self.clock.now();
        let id: TokenId = self.ids.next(now);
        let expires_at = now.plus(ENROLMENT_LIFE);
        let token = self.sign_for_collector(Kind::Enrolment, collector, id, id, expires_at)?;
        let token_hash = sha256(token.expose().as_bytes());
        let row = Enrolment { id, collector, token_hash, created_at: now, expires_at, revoked_at: None };
        put(tx, &self.ring, &row)?;
        Ok(Issued { id, token, expires_at })
    }

    /// An access token for whoever was identified by the enrolment token or by an access token of it. It ends
    /// no later than the enrolment token.
    pub fn exchange(&self, collector: CollectorId, enrolment: TokenId) -> Result<Issued, AccessError> {
        let end = self.db.read(|tx| self.good_enrolment(tx, collector, enrolment, None))?.expires_at;
        let now = self.clock.now();
        let id: TokenId = self.ids.next(now);
        let expires_at = now.plus(COLLECTOR_ACCESS_LIFE).min(end);
        let token = self.sign_for_collector(Kind::Collector, collector, id, enrolment, expires_at)?;
        Ok(Issued { id, token, expires_at })
    }

    /// Revokes all tokens that the collector has, at once or at a time to come. Those that end earlier anyway
    /// keep their end.
    pub fn revoke_of_collector(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
        at: Timestamp,
    ) -> storage::Result<()> {
        for mut row in of_collector(tx, &self.ring, collector)? {
            if row.revoked_at.is_none_or(|already| already > at) {
                row.revoked_at = Some(at);
                put(tx, &self.ring, &row)?;
            }
        }
        Ok(())
    }

    /// Takes back the revocation of exactly `at`: the old token of an archived collector works again.
    pub fn revive_of_collector(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
        at: Timestamp,
    ) -> storage::Result<()> {
        for mut row in of_collector(tx, &self.ring, collector)? {
            if row.revoked_at == Some(at) {
                row.revoked_at = None;
                put(tx, &self.ring, &row)?;
            }
        }
        Ok(())
    }

    /// When the newest token of the collector that is good now will end.
    pub fn enrolment_expires_at(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
    ) -> storage::Result<Option<Timestamp>> {
        let now = self.clock.now();
        let rows = of_collector(tx, &self.ring, collector)?;
        let good = rows.into_iter().filter(|row| row.revoked_at.is_none_or(|at| at > now));
        Ok(good.map(|row| row.expires_at).filter(|at| *at > now).max())
    }

    fn sign_for_collector(
        &self,
        kind: Kind,
        collector: CollectorId,
        id: TokenId,
        of: TokenId,
        expires_at: Timestamp,
    ) -> Result<Secret, StoreError> {
        let new = token::New {
            kind,
            subject: &collector.to_string(),
            id: &id.to_string(),
            of: &of.to_string(),
            issued_at: self.clock.now(),
            expires_at,
        };
        new.sign(&self.keys)
    }
}

const COLUMNS: &str = "id, collector_id, token_hash, created_at, expires_at, revoked_at, row_seal";

impl Enrolment {
    fn with_fields<T>(&self, then: impl FnOnce(&str, &[&str]) -> T) -> T {
        let revoked_at = self.revoked_at.map_or_else(String::new, |at| at.as_millis().to_string());
        let expires_at = self.expires_at.as_millis().to_string();
        let (collector, hash) = (self.collector.to_string(), hex::encode(self.token_hash));
        then(&self.id.to_string(), &[&collector, &hash, &expires_at, &revoked_at])
    }
}

fn put(tx: &Transaction<'_>, ring: &KeyRing, row: &Enrolment) -> storage::Result<()> {
    let seal = row.with_fields(|id, fields| row_seal::seal(ring, &sealed::COLLECTOR_TOKEN, id, fields));
    let sql = format!(
        "INSERT INTO collector_tokens({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(id) DO UPDATE SET revoked_at = excluded.revoked_at, row_seal = excluded.row_seal"
    );
    tx.prepare_cached(&sql)?.execute(params![
        row.id,
        row.collector,
        row.token_hash,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        seal,
    ])?;
    Ok(())
}

pub(super) fn by_id(tx: &Transaction<'_>, ring: &KeyRing, id: TokenId) -> storage::Result<Option<Enrolment>> {
    let sql = format!("SELECT {COLUMNS} FROM collector_tokens WHERE id = ?");
    let found = tx.prepare_cached(&sql)?.query_row([id], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

fn of_collector(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    collector: CollectorId,
) -> storage::Result<Vec<Enrolment>> {
    let sql = format!("SELECT {COLUMNS} FROM collector_tokens WHERE collector_id = ? ORDER BY created_at");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([collector], from_row)?;
    rows.map(|row| checked(ring, row?)).collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(Enrolment, Vec<u8>)> {
    let enrolment = Enrolment {
        id: row.get(0)?,
        collector: row.get(1)?,
        token_hash: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        revoked_at: row.get(5)?,
    };
    Ok((enrolment, row.get(6)?))
}

fn checked(ring: &KeyRing, (row, seal): (Enrolment, Vec<u8>)) -> storage::Result<Enrolment> {
    row.with_fields(|id, fields| row_seal::check(ring, &sealed::COLLECTOR_TOKEN, id, fields, &seal))?;
    Ok(row)
}
