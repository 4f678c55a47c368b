//! The certificate that the listener shows: issued by the authority for the names of the machine, or the site's own.
//!
//! Each new connection is shown what stands here then, so a renewal and a reload need no restart. What cannot be
//! used never takes the place of what can.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;
use rusqlite::{OptionalExtension, Transaction, params};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde_json::json;

use super::authority::{Authority, AuthorityError};
use super::names::Names;
use super::pair::{Pair, PairError};
use crate::audit::{Action, AuditLog, Change, Origin, Target};
use crate::clock::{Clock, Timestamp};
use crate::crypto::Facts;
use crate::crypto::{EnvelopeError, KeyRing};
use crate::storage::{self, Sqlite, StoreError, sealed};

/// Where the listener's certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The internal authority, for these names.
    Internal(Names),
    /// The site.
    Files { certificate: PathBuf, private_key: PathBuf },
}

#[derive(Debug, thiserror::Error)]
pub enum ServerCertificateError {
    #[error(transparent)]
    Pair(#[from] PairError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error("cannot open the key of the server's certificate: {0}")]
    Key(#[from] EnvelopeError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Result<T> = std::result::Result<T, ServerCertificateError>;

pub struct ServerCertificate {
    source: Source,
    authority: Arc<Authority>,
    db: Arc<Sqlite>,
    ring: Arc<KeyRing>,
    audit: AuditLog,
    clock: Clock,
    shown: RwLock<Pair>,
}

impl std::fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerCertificate").field("source", &self.source).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().key))
    }
}

impl ServerCertificate {
    /// Reads the site's files, or takes the authority's certificate from the registry; there it is made where there
    /// is none that can be used now.
    pub fn open(
        source: Source,
        authority: Arc<Authority>,
        db: Arc<Sqlite>,
        ring: Arc<KeyRing>,
        audit: AuditLog,
        clock: Clock,
    ) -> Result<Self> {
        let ground = Ground { authority: &authority, db: &db, ring: &ring, audit: &audit };
        let shown = match &source {
            Source::Files { certificate, private_key } => {
                let pair = Pair::read(certificate, private_key)?;
                authority.set_anchor(pair.anchor());
                pair
            }
            Source::Internal(names) => {
                authority.renew_if_due()?;
                let names = names.now();
                let kept = ground.kept()?.filter(|kept| is_good(kept, &names, clock.now()));
                kept.map_or_else(|| ground.renew(names, None), Ok)?
            }
        };
        Ok(Self { source, authority, db, ring, audit, clock, shown: RwLock::new(shown) })
    }

    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What the certificate that is shown now says.
    pub fn facts(&self) -> Facts {
        self.shown.read().facts.clone()
    }

    /// Reads the site's files again, or looks whether the authority's certificate is due. What is wrong leaves the
    /// old one in its place.
    pub fn reload(&self) -> Result<Facts> {
        if let Source::Files { certificate, private_key } = &self.source {
            let pair = Pair::read(certificate, private_key)?;
            self.authority.set_anchor(pair.anchor());
            *self.shown.write() = pair;
        } else {
            self.renew_if_due()?;
        }
        Ok(self.facts())
    }

    /// Makes the internal certificate anew when it is time for that. The site's own is the site's business.
    pub(super) fn renew_if_due(&self) -> Result<bool> {
        let Source::Internal(names) = &self.source else { return Ok(false) };
        let is_new_authority = self.authority.renew_if_due()?;
        let names = names.now();
        let shown = self.shown.read().clone();
        if !is_new_authority && is_good(&shown, &names, self.clock.now()) {
            return Ok(false);
        }
        let Self { authority, db, ring, audit, .. } = self;
        let made = Ground { authority, db, ring, audit }.renew(names, Some(&shown.facts))?;
        *self.shown.write() = made;
        Ok(true)
    }
}

fn is_good(pair: &Pair, names: &[String], now: Timestamp) -> bool {
    !pair.facts.is_due(now) && names.iter().all(|name| pair.facts.names.contains(name))
}

/// What certificates are made with and kept in.
struct Ground<'a> {
    authority: &'a Authority,
    db: &'a Sqlite,
    ring: &'a KeyRing,
    audit: &'a AuditLog,
}

impl Ground<'_> {
    /// The one in the registry, when this authority issued it and it can be read.
    fn kept(&self) -> Result<Option<Pair>> {
        let row = self.db.read(|tx| {
            let sql = "SELECT certificate, private_sealed FROM server_certificate WHERE authority_id = ?";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?));
            Ok::<_, StoreError>(tx.query_row(sql, [self.authority.id()], read).optional()?)
        })?;
        let Some((certificate, sealed)) = row else { return Ok(None) };
        let key = self.ring.open_text(sealed::SERVER_KEY.at("1"), &sealed)?;
        Ok(Some(self.pair(&certificate, key.expose())?))
    }

    fn pair(&self, certificate: &str, key: &str) -> Result<Pair> {
        let chain = format!("{certificate}{}", self.authority.certificate());
        Ok(Pair::of(chain.as_bytes(), key.as_bytes(), "of the registry", "beside it")?)
    }

    fn renew(&self, names: Vec<String>, old: Option<&Facts>) -> Result<Pair> {
        let made = self.authority.certify_server(names)?;
        let pair = self.pair(&made.certificate, made.private_key.expose())?;
        let sealed = self.ring.seal(sealed::SERVER_KEY.at("1"), made.private_key.expose().as_bytes());
        let facts = |facts: &Facts| json!({ "expires_at": facts.not_after, "names": facts.names });
        let target = Target::new("certificate", &pair.facts.serial, "server");
        let entry = Change::new(Action::CertificateRenew, target)
            .from_to(&old.map_or_else(|| json!({}), facts), &facts(&pair.facts));
        self.db.write(|tx| {
            put(tx, self.authority.id(), &made.certificate, &sealed)?;
            self.audit.append(tx, &Origin::system(), entry)?;
            Ok::<_, StoreError>(())
        })?;
        tracing::info!(names = ?pair.facts.names, expires_at = %pair.facts.not_after, "made a server certificate");
        Ok(pair)
    }
}

fn put(tx: &Transaction<'_>, authority: &str, certificate: &str, sealed: &[u8]) -> storage::Result<()> {
    tx.execute(
        "INSERT OR REPLACE INTO server_certificate(one, authority_id, certificate, private_sealed)
         VALUES (1, ?1, ?2, ?3)",
        params![authority, certificate, sealed],
    )?;
    Ok(())
}
