//! Opening the certificate authority and what the listener shows.

use std::sync::Arc;

use super::open::{OpenError, Options};
use crate::access::{Authority, ServerCertificate};
use crate::audit::AuditLog;
use crate::clock::Clock;
use crate::crypto::KeyRing;
use crate::storage::Sqlite;

pub(super) struct Certificates {
    pub(super) authority: Arc<Authority>,
    /// Absent where the listener speaks no TLS.
    pub(super) server: Option<Arc<ServerCertificate>>,
}

impl Certificates {
    pub(super) fn open(
        options: &Options,
        db: &Arc<Sqlite>,
        ring: &Arc<KeyRing>,
        audit: &AuditLog,
        clock: &Clock,
    ) -> Result<Self, OpenError> {
        let ground = || (Arc::clone(db), Arc::clone(ring), audit.clone(), clock.clone());
        let (of_db, of_ring, of_audit, of_clock) = ground();
        let authority = Arc::new(Authority::open(of_db, of_ring, of_audit, of_clock)?);
        let server = match options.certificate.clone() {
            None => None,
            Some(source) => {
                let (db, ring, audit, clock) = ground();
                let server = ServerCertificate::open(source, Arc::clone(&authority), db, ring, audit, clock)?;
                Some(Arc::new(server))
            }
        };
        Ok(Self { authority, server })
    }
}
