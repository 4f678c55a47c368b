//! The background job that keeps the listener's certificate good.

use std::sync::Arc;
use std::time::Duration;

use super::server::{ServerCertificate, Source};
use crate::clock::Timestamp;
use crate::jobs::Job;
use crate::limits::CERTIFICATE_WARNING;

/// Renews what the internal authority issued, and counts the days of what the site brought.
pub struct CertificateJob(pub Option<Arc<ServerCertificate>>);

impl Job for CertificateJob {
    fn name(&self) -> &'static str {
        "certificates"
    }

    fn about(&self) -> &'static str {
        "renews the server's certificate before it ends, and warns of one of the site's that is about to end"
    }

    fn step(&mut self, now: Timestamp) -> Result<String, String> {
        let Some(certificate) = &self.0 else { return Ok("the listener speaks no TLS".to_owned()) };
        let renewed = certificate.renew_if_due().map_err(|error| format!("cannot renew: {error}"))?;
        let facts = certificate.facts();
        let left = facts.not_after.since(now);
        let ends = format!(
            "the certificate ends at {}, in {} days",
            facts.not_after,
            left.as_secs() / DAY.as_secs()
        );
        match certificate.source() {
            Source::Files { .. } if left < CERTIFICATE_WARNING => {
                Err(format!("{ends}: replace it and reload the daemon"))
            }
            _ if renewed => Ok(format!("renewed; {ends}")),
            _ => Ok(ends),
        }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);
