//! The internal certificate authority: it names this appliance's server and its collectors.
//!
//! Made at the first start; its key stands sealed in the registry and stays the same for good. Its certificate is
//! renewed over that key, so that whoever trusts an earlier one trusts what is issued later. A collector's
//! certificate bears the collector's id as its common name; what it stands for is read from the registry.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber,
};
use rusqlite::{OptionalExtension, Transaction, params};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;

use super::collectors::{self, CollectorCertificate};
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::{Clock, Timestamp};
use crate::crypto::Facts;
use crate::crypto::{EnvelopeError, KeyRing, Secret, fill_random};
use crate::ids::CollectorId;
use crate::storage::{self, Sqlite, StoreError, sealed};

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * 24 * 3600);
/// As long as the token that is handed out with it.
const COLLECTOR_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// What browsers take at most.
const SERVER_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot read the certificate request: {0}")]
    Request(rcgen::Error),
    #[error("cannot open the key of the certificate authority: {0}")]
    Key(#[from] EnvelopeError),
    #[error("the certificate {0} does not read")]
    Damaged(&'static str),
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

/// A certificate for a key that stayed with its owner.
#[derive(Clone, Debug)]
pub struct Signed {
    pub certificate: String,
    pub facts: Facts,
}

pub struct Authority {
    db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    audit: AuditLog,
    clock: Clock,
    id: String,
    key: KeyPair,
    /// Its certificate of now.
    own: RwLock<Signed>,
    /// What the listener's certificate stands on, where that is the site's.
    anchor: RwLock<Option<String>>,
}

impl Authority {
    /// Opens the authority of the registry, or makes it.
    pub fn open(
        db: Arc<Sqlite>,
        ring: Arc<KeyRing>,
        audit: AuditLog,
        clock: Clock,
    ) -> Result<Self, AuthorityError> {
        let (id, key, certificate) = match db.read(newest)? {
            Some(row) => {
                let key = KeyPair::from_pem(
                    ring.open_text(sealed::AUTHORITY_KEY.at(&row.id), &row.private_sealed)?.expose(),
                )?;
                (row.id, key, row.certificate)
            }
            None => first(&db, &ring, clock.now())?,
        };
        let own = RwLock::new(read(certificate, "of the authority")?);
        Ok(Self { db, ring, audit, clock, id, key, own, anchor: RwLock::default() })
    }

    /// Which authority of this registry it is.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The authority's own certificate.
    pub fn certificate(&self) -> String {
        self.own.read().certificate.clone()
    }

    /// The certificate that agents are given to trust: its own, unless the listener shows the site's.
    pub fn anchor(&self) -> String {
        self.anchor.read().clone().unwrap_or_else(|| self.certificate())
    }

    pub(super) fn set_anchor(&self, anchor: Option<String>) {
        *self.anchor.write() = anchor;
    }

    /// What its own certificate says.
    pub fn facts(&self) -> Facts {
        self.own.read().facts.clone()
    }

    /// Makes its own certificate anew when it is time for that, over the same key.
    pub(super) fn renew_if_due(&self) -> Result<bool, AuthorityError> {
        let now = self.clock.now();
        let old = self.facts();
        if !old.is_due(now) {
            return Ok(false);
        }
        let made = own_params(&self.id, now).self_signed(&self.key)?.pem();
        let made = read(made, "of the authority")?;
        self.db.write(|tx| {
            let sql = "UPDATE certificate_authorities SET certificate = ?2 WHERE id = ?1";
            tx.execute(sql, params![self.id, made.certificate]).map_err(StoreError::from)?;
            let target = Target::new("certificate", &made.facts.serial, "authority");
            let entry = Change::new(Action::CertificateRenew, target).from_to(
                &json!({ "expires_at": old.not_after }),
                &json!({ "expires_at": made.facts.not_after }),
            );
            self.audit.append(tx, &Origin::system(), entry)?;
            Ok::<_, AuthorityError>(())
        })?;
        *self.own.write() = made;
        Ok(true)
    }

    /// A certificate and a key for a collector, listed in the transaction that gives them.
    pub fn certify_collector(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
    ) -> Result<Certified, AuthorityError> {
        let key = KeyPair::generate()?;
        let signed = self.sign_for_collector(tx, id, &key)?;
        let private_key = Secret::new(key.serialize_pem());
        Ok(Certified { certificate: signed.certificate, private_key, expires_at: signed.facts.not_after })
    }

    /// A certificate for the key that a request in PEM form proves to have. Nothing else of the request counts.
    pub fn certify_request(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
        request: &str,
    ) -> Result<Signed, AuthorityError> {
        let request = CertificateSigningRequestParams::from_pem(request).map_err(AuthorityError::Request)?;
        self.sign_for_collector(tx, id, &request.public_key)
    }

    fn sign_for_collector(
        &self,
        tx: &Transaction<'_>,
        id: CollectorId,
        key: &impl PublicKeyData,
    ) -> Result<Signed, AuthorityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(&id.to_string());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = self.sign(params, COLLECTOR_LIFE, key)?;
        let listed = CollectorCertificate::new(id, &signed.facts, self.clock.now());
        collectors::add(tx, &self.ring, &listed)?;
        Ok(signed)
    }

    /// For the names and addresses by which the server is reached.
    pub(super) fn certify_server(&self, names: Vec<String>) -> Result<Certified, AuthorityError> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = named("pganalytics");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let signed = self.sign(params, SERVER_LIFE, &key)?;
        let private_key = Secret::new(key.serialize_pem());
        Ok(Certified { certificate: signed.certificate, private_key, expires_at: signed.facts.not_after })
    }

    fn sign(
        &self,
        mut params: CertificateParams,
        life: Duration,
        key: &impl PublicKeyData,
    ) -> Result<Signed, AuthorityError> {
        let now = self.clock.now();
        params.serial_number = Some(serial_number());
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // a day back, so that a client whose clock lags takes it at once
        params.not_before = date(now.minus(DAY));
        params.not_after = date(now.plus(life));
        let own = own_params(&self.id, now);
        let certificate = params.signed_by(key, &Issuer::from_params(&own, &self.key))?;
        read(certificate.pem(), "that was just made")
    }
}

fn first(db: &Sqlite, ring: &KeyRing, now: Timestamp) -> Result<(String, KeyPair, String), AuthorityError> {
    let id = crate::crypto::random_hex::<8>();
    let key = KeyPair::generate()?;
    let certificate = own_params(&id, now).self_signed(&key)?.pem();
    let private_sealed =
        ring.seal(sealed::AUTHORITY_KEY.at(&id), Secret::new(key.serialize_pem()).expose().as_bytes());
    let row = Row { id, certificate, private_sealed };
    db.write(|tx| insert(tx, &row, now))?;
    Ok((row.id, key, row.certificate))
}

fn read(certificate: String, which: &'static str) -> Result<Signed, AuthorityError> {
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).ok();
    let facts = der.and_then(|der| Facts::of(&der)).ok_or(AuthorityError::Damaged(which))?;
    Ok(Signed { certificate, facts })
}

fn own_params(id: &str, now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("pgAnalytics authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // browsers refuse two certificates of one issuer with one number
    params.serial_number = Some(serial_number());
    params.not_before = date(now.minus(DAY));
    params.not_after = date(now.plus(AUTHORITY_LIFE));
    params
}

fn serial_number() -> SerialNumber {
    let mut serial = [0; 16];
    fill_random(&mut serial);
    // a serial number is positive and has no leading zero
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&serial)
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
    certificate: String,
    private_sealed: Vec<u8>,
}

/// The one that was made last, by its row: a clock that was set back does not bring an earlier one to the top.
fn newest(tx: &Transaction<'_>) -> storage::Result<Option<Row>> {
    let sql =
        "SELECT id, certificate, private_sealed FROM certificate_authorities ORDER BY rowid DESC LIMIT 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Row { id: row.get(0)?, certificate: row.get(1)?, private_sealed: row.get(2)? })
    };
    Ok(tx.query_row(sql, [], read).optional()?)
}

fn insert(tx: &Transaction<'_>, row: &Row, now: Timestamp) -> storage::Result<()> {
    tx.execute(
        "INSERT INTO certificate_authorities(id, created_at, certificate, private_sealed) VALUES (?1, ?2, ?3, ?4)",
        params![row.id, now, row.certificate, row.private_sealed],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::pki_types::UnixTime;
    use rustls::server::WebPkiClientVerifier;

    use super::*;
    use crate::audit::MIGRATIONS;
    use crate::ids::IdSource;
    use crate::storage::Poison;

    struct Fixture {
        _folder: tempfile::TempDir,
        db: Arc<Sqlite>,
        ring: Arc<KeyRing>,
        clock: Clock,
    }

    impl Fixture {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Sqlite::open(&folder.path().join("db"), MIGRATIONS, Poison::default()).unwrap();
            let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
            Self { _folder: folder, db: Arc::new(db), ring: Arc::new(KeyRing::generate()), clock }
        }

        fn open(&self) -> Authority {
            let (db, clock) = (Arc::clone(&self.db), self.clock.clone());
            let audit = AuditLog::new(Arc::clone(&db), clock.clone(), IdSource::seeded(1));
            Authority::open(db, Arc::clone(&self.ring), audit, clock).unwrap()
        }
    }

    fn verify(root: &str, certificate: &str, now: Timestamp) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        let now = Duration::from_secs(now.as_seconds().try_into().unwrap());
        verifier.verify_client_cert(&certificate, &[], UnixTime::since_unix_epoch(now)).map(|_| ())
    }

    const ID: &str = "col_00000000-0000-7000-8000-000000000001";

    /// The listing of a certificate needs its collector; what is signed does not.
    fn certify(authority: &Authority) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(ID);
        authority.sign(params, COLLECTOR_LIFE, &KeyPair::generate().unwrap()).unwrap().certificate
    }

    #[test]
    fn a_collectors_certificate_is_of_the_authority_also_after_a_restart() {
        let fixture = Fixture::new();
        let first = fixture.open().certificate();
        let authority = fixture.open();
        assert_eq!(authority.certificate(), first);
        verify(&first, &certify(&authority), fixture.clock.now()).unwrap();
    }

    #[test]
    fn whoever_trusts_the_authority_of_before_its_renewal_trusts_what_is_issued_after_it() {
        let fixture = Fixture::new();
        let authority = fixture.open();
        let first = authority.certificate();
        assert!(!authority.renew_if_due().unwrap());
        fixture.clock.advance(AUTHORITY_LIFE * 3 / 4);
        assert!(authority.renew_if_due().unwrap());
        let second = authority.certificate();
        assert_ne!(first, second);
        assert!(authority.facts().not_after > fixture.clock.now().plus(AUTHORITY_LIFE / 2));
        let certificate = certify(&authority);
        for root in [&first, &second] {
            verify(root, &certificate, fixture.clock.now()).unwrap();
        }
        assert_eq!(fixture.open().certificate(), second);
    }

    #[test]
    fn an_authority_of_the_future_is_dated_anew_when_the_clock_is_set_back() {
        let fixture = Fixture::new();
        let now = fixture.clock.now();
        fixture.clock.set(now.plus(AUTHORITY_LIFE));
        let authority = fixture.open();
        fixture.clock.set(now);
        assert!(!authority.facts().is_valid(now));
        assert!(authority.renew_if_due().unwrap());
        assert!(authority.facts().is_valid(now));
    }
}
