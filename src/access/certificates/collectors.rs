//! The certificates of collectors as the registry lists them: a client's certificate counts for what stands here.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use crate::access::{Access, AccessError, row_seal};
use crate::audit::{Action, Change, Origin, Target};
use crate::clock::Timestamp;
use crate::crypto::Facts;
use crate::crypto::{Hash, KeyRing};
use crate::ids::CollectorId;
use crate::limits::COLLECTOR_CERTIFICATES;
use crate::storage::{self, sealed};

/// What a connection proved by its certificate: the certificate's SHA-256, and that its key is on the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof(pub Hash);

/// A listed certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectorCertificate {
    pub fingerprint: Hash,
    /// In hexadecimal digits.
    pub serial: String,
    pub collector: CollectorId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
}

impl CollectorCertificate {
    pub(super) fn new(collector: CollectorId, facts: &Facts, created_at: Timestamp) -> Self {
        Self {
            fingerprint: facts.fingerprint,
            serial: facts.serial.clone(),
            collector,
            created_at,
            expires_at: facts.not_after,
            revoked_at: None,
        }
    }

    fn with_fields<T>(&self, then: impl FnOnce(&str, &[&str]) -> T) -> T {
        let revoked_at = self.revoked_at.map_or_else(String::new, |at| at.as_millis().to_string());
        let expires_at = self.expires_at.as_millis().to_string();
        then(
            &self.serial,
            &[&hex::encode(self.fingerprint), &self.collector.to_string(), &expires_at, &revoked_at],
        )
    }
}

impl Access {
    /// Whether the certificate is this collector's, and good now.
    pub(in crate::access) fn check_proof(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
        proof: Proof,
    ) -> Result<(), AccessError> {
        let found = by_fingerprint(tx, &self.ring, proof.0)?.ok_or(AccessError::RevokedCertificate)?;
        if found.collector != collector {
            return Err(AccessError::ForeignCertificate);
        }
        if found.revoked_at.is_some() {
            return Err(AccessError::RevokedCertificate);
        }
        if found.expires_at <= self.clock.now() { Err(AccessError::ExpiredCertificate) } else { Ok(()) }
    }

    /// All that are listed for a collector, the newest first.
    pub fn certificates_of(&self, collector: CollectorId) -> storage::Result<Vec<CollectorCertificate>> {
        self.db.read(|tx| of_collector(tx, &self.ring, collector))
    }

    /// Revokes one by its number; `None` when the collector has no such certificate.
    pub fn revoke_certificate(
        &self,
        origin: &Origin,
        collector: &Target,
        id: CollectorId,
        serial: &str,
    ) -> storage::Result<Option<CollectorCertificate>> {
        self.db.write(|tx| {
            let found = of_collector(tx, &self.ring, id)?.into_iter().find(|found| found.serial == serial);
            let Some(mut found) = found else { return Ok(None) };
            if found.revoked_at.is_none() {
                found.revoked_at = Some(self.clock.now());
                put(tx, &self.ring, &found)?;
                let after = json!({ "serial": serial, "revoked": true });
                let entry =
                    Change::new(Action::CertificateRevoke, collector.clone()).from_to(&json!({}), &after);
                self.audit.append(tx, origin, entry)?;
            }
            Ok(Some(found))
        })
    }

    /// Revokes all that a collector has, in the transaction that sends it away.
    pub fn revoke_certificates(
        &self,
        tx: &Transaction<'_>,
        collector: CollectorId,
        at: Timestamp,
    ) -> storage::Result<()> {
        for mut row in of_collector(tx, &self.ring, collector)? {
            if row.revoked_at.is_none() {
                row.revoked_at = Some(at);
                put(tx, &self.ring, &row)?;
            }
        }
        Ok(())
    }

    /// Takes back the revocation of exactly `at`, when a collector returns.
    pub fn revive_certificates(
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
}

/// Lists a new one. Of too many, the oldest is forgotten, and so does not count any more.
pub(super) fn add(tx: &Transaction<'_>, ring: &KeyRing, new: &CollectorCertificate) -> storage::Result<()> {
    put(tx, ring, new)?;
    let sql = "DELETE FROM collector_certificates WHERE collector_id = ?1 AND rowid NOT IN
         (SELECT rowid FROM collector_certificates WHERE collector_id = ?1 ORDER BY rowid DESC LIMIT ?2)";
    tx.prepare_cached(sql)?.execute(params![new.collector, COLLECTOR_CERTIFICATES])?;
    Ok(())
}

const COLUMNS: &str = "fingerprint, serial, collector_id, created_at, expires_at, revoked_at, row_seal";

fn put(tx: &Transaction<'_>, ring: &KeyRing, row: &CollectorCertificate) -> storage::Result<()> {
    let seal = row.with_fields(|id, fields| row_seal::seal(ring, &sealed::CERTIFICATE, id, fields));
    let sql = format!(
        "INSERT INTO collector_certificates({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(fingerprint) DO UPDATE SET revoked_at = excluded.revoked_at, row_seal = excluded.row_seal"
    );
    tx.prepare_cached(&sql)?.execute(params![
        row.fingerprint,
        row.serial,
        row.collector,
        row.created_at,
        row.expires_at,
        row.revoked_at,
        seal,
    ])?;
    Ok(())
}

fn by_fingerprint(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    fingerprint: Hash,
) -> storage::Result<Option<CollectorCertificate>> {
    let sql = format!("SELECT {COLUMNS} FROM collector_certificates WHERE fingerprint = ?");
    let found = tx.prepare_cached(&sql)?.query_row([fingerprint], from_row).optional()?;
    found.map(|row| checked(ring, row)).transpose()
}

fn of_collector(
    tx: &Transaction<'_>,
    ring: &KeyRing,
    collector: CollectorId,
) -> storage::Result<Vec<CollectorCertificate>> {
    let sql =
        format!("SELECT {COLUMNS} FROM collector_certificates WHERE collector_id = ? ORDER BY rowid DESC");
    let mut statement = tx.prepare_cached(&sql)?;
    let rows = statement.query_map([collector], from_row)?;
    rows.map(|row| checked(ring, row?)).collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<(CollectorCertificate, Vec<u8>)> {
    let certificate = CollectorCertificate {
        fingerprint: row.get(0)?,
        serial: row.get(1)?,
        collector: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        revoked_at: row.get(5)?,
    };
    Ok((certificate, row.get(6)?))
}

fn checked(
    ring: &KeyRing,
    (row, seal): (CollectorCertificate, Vec<u8>),
) -> storage::Result<CollectorCertificate> {
    row.with_fields(|id, fields| row_seal::check(ring, &sealed::CERTIFICATE, id, fields, &seal))?;
    Ok(row)
}
