//! The internal certificate authority: it names this appliance's server and its collectors.
//!
//! Made at the first start; its key stands sealed in the registry. A collector's certificate bears the
//! collector's id as its common name, and nothing else identifies it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SerialNumber,
};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::clock::{Clock, Timestamp};
use crate::crypto::{EnvelopeError, KeyRing, Place, Secret, fill_random};
use crate::ids::CollectorId;
use crate::storage::{self, Sqlite, StoreError};

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * 24 * 3600);
/// As long as the token that is handed out with it.
const COLLECTOR_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// The server's is made anew at each start.
const SERVER_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot open the key of the certificate authority: {0}")]
    Key(#[from] EnvelopeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A certificate with its private key, both in PEM form.
#[derive(Clone, Debug)]
pub struct Certified {
    pub certificate: String,
    pub private_key: Secret,
    pub expires_at: Timestamp,
}

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    clock: Clock,
}

impl Authority {
    /// Opens the newest authority of the registry, or makes the first.
    pub fn open(db: &Arc<Sqlite>, ring: &KeyRing, clock: Clock) -> Result<Self, AuthorityError> {
        if let Some(row) = db.read(newest)? {
            let place = Place { table: "certificate_authorities", column: "private_sealed", row: &row.id };
            let key = KeyPair::from_pem(ring.open_text(place, &row.private_sealed)?.expose())?;
            let issuer = Issuer::new(authority_params(&row.id, row.created_at), key);
            return Ok(Self { issuer, certificate: row.certificate, clock });
        }
        let now = clock.now();
        let id = crate::crypto::random_hex::<8>();
        let key = KeyPair::generate()?;
        let params = authority_params(&id, now);
        let certificate = params.self_signed(&key)?.pem();
        let place = Place { table: "certificate_authorities", column: "private_sealed", row: &id };
        let private_sealed = ring.seal(place, Secret::new(key.serialize_pem()).expose().as_bytes());
        let row = Row { id, created_at: now, certificate: certificate.clone(), private_sealed };
        db.write(|tx| insert(tx, &row))?;
        Ok(Self { issuer: Issuer::new(params, key), certificate, clock })
    }

    /// The authority's own certificate, which clients are given to trust.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    pub fn certify_collector(&self, id: CollectorId) -> Result<Certified, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(&id.to_string());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.certify(params, COLLECTOR_LIFE)
    }

    /// For the names and addresses by which the server is reached.
    pub fn certify_server(&self, names: Vec<String>) -> Result<Certified, AuthorityError> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("pganalytics");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.certify(params, SERVER_LIFE)
    }

    fn certify(&self, mut params: CertificateParams, life: Duration) -> Result<Certified, AuthorityError> {
        let now = self.clock.now();
        let expires_at = now.plus(life);
        let mut serial = [0; 16];
        fill_random(&mut serial);
        // a serial number is positive and has no leading zero
        serial[0] = serial[0] & 0x7f | 0x40;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // a day back, so that a client whose clock lags takes it at once
        params.not_before = date(now.minus(DAY));
        params.not_after = date(expires_at);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Certified { certificate, private_key: Secret::new(key.serialize_pem()), expires_at })
    }
}

/// The names and addresses under which this machine's clients may know it.
pub fn server_names(hostname: &str, listen: IpAddr) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !hostname.is_empty() && hostname != "localhost" {
        names.push(hostname.to_owned());
    }
    if !listen.is_unspecified() && !listen.is_loopback() {
        names.push(listen.to_string());
    }
    names
}

fn authority_params(id: &str, created_at: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("pgAnalytics authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date(created_at.minus(DAY));
    params.not_after = date(created_at.plus(AUTHORITY_LIFE));
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn date(time: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(time.as_seconds()).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

struct Row {
    id: String,
    created_at: Timestamp,
    certificate: String,
    private_sealed: Vec<u8>,
}

fn newest(tx: &Transaction<'_>) -> storage::Result<Option<Row>> {
    let sql = "SELECT id, created_at, certificate, private_sealed FROM certificate_authorities
         ORDER BY created_at DESC, id LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Row {
            id: row.get(0)?,
            created_at: row.get(1)?,
            certificate: row.get(2)?,
            private_sealed: row.get(3)?,
        })
    };
    Ok(tx.query_row(sql, [], read).optional()?)
}

fn insert(tx: &Transaction<'_>, row: &Row) -> storage::Result<()> {
    tx.execute(
        "INSERT INTO certificate_authorities(id, created_at, certificate, private_sealed) VALUES (?1, ?2, ?3, ?4)",
        params![row.id, row.created_at, row.certificate, row.private_sealed],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, UnixTime};
    use rustls::server::WebPkiClientVerifier;

    use super::*;
    use crate::audit::MIGRATIONS;
    use crate::storage::Poison;

    #[test]
    fn a_collectors_certificate_is_of_the_authority_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(Sqlite::open(&folder.path().join("db"), MIGRATIONS, Poison::default()).unwrap());
        let ring = KeyRing::generate();
        let first = Authority::open(&db, &ring, Clock::System).unwrap().certificate().to_owned();
        let authority = Authority::open(&db, &ring, Clock::System).unwrap();
        assert_eq!(authority.certificate(), first);

        let id: CollectorId = "col_00000000-0000-7000-8000-000000000001".parse().unwrap();
        let certified = authority.certify_collector(id).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(first.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let certificate = CertificateDer::from_pem_slice(certified.certificate.as_bytes()).unwrap();
        verifier.verify_client_cert(&certificate, &[], UnixTime::now()).unwrap();
    }
}
