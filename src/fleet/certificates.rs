//! Certificates of registered collectors: each is made in one transaction with its audit entry.

use serde_json::json;

use super::{RegisterError, Registrar};
use crate::access::{Certified, CollectorCertificate, Signed};
use crate::audit::{Action, Change, Origin};
use crate::ids::CollectorId;
use crate::registry::CollectorsError;

impl Registrar {
    /// Signs the request of an agent whose certificate is about to end. The key stays with the agent.
    pub fn renew_certificate(
        &self,
        origin: &Origin,
        id: CollectorId,
        request: &str,
    ) -> Result<Signed, RegisterError> {
        self.db.write(|tx| {
            let collector = self.collectors.get_in(tx, id)?;
            let signed = self.authority.certify_request(tx, id, request)?;
            let after = json!({ "serial": signed.facts.serial, "expires_at": signed.facts.not_after });
            let entry = Change::new(Action::CertificateRenew, collector.target()).from_to(&json!({}), &after);
            self.audit.append(tx, origin, entry)?;
            Ok(signed)
        })
    }

    /// Makes a certificate with its key for an agent that has lost its own, or let it end.
    pub fn issue_certificate(&self, origin: &Origin, id: CollectorId) -> Result<Certified, RegisterError> {
        self.db.write(|tx| {
            let collector = self.collectors.get_in(tx, id)?;
            let certified = self.authority.certify_collector(tx, id)?;
            let after = json!({ "certificate": "changed", "expires_at": certified.expires_at });
            let entry = Change::new(Action::CertificateIssue, collector.target()).from_to(&json!({}), &after);
            self.audit.append(tx, origin, entry)?;
            Ok(certified)
        })
    }

    /// All certificates that are listed for a collector, the newest first.
    pub fn certificates(&self, id: CollectorId) -> Result<Vec<CollectorCertificate>, CollectorsError> {
        self.collectors.get(id)?;
        Ok(self.access.certificates_of(id)?)
    }

    /// Revokes one by its number; `None` when the collector has no such certificate.
    pub fn revoke_certificate(
        &self,
        origin: &Origin,
        id: CollectorId,
        serial: &str,
    ) -> Result<Option<CollectorCertificate>, CollectorsError> {
        let collector = self.collectors.get(id)?;
        let revoked = self.access.revoke_certificate(origin, &collector.target(), id, serial)?;
        self.commands.channels.wake(id);
        Ok(revoked)
    }

    /// What an agent is to trust, in PEM form.
    pub fn anchor(&self) -> String {
        self.authority.anchor()
    }
}
