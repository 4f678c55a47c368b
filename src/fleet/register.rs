//! Registering a collector: its row, its token and the audit entry are one transaction.

use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::json;

use super::Commands;
use crate::access::{Access, Authority, AuthorityError, Issued, RegistrationSecretError};
use crate::audit::{Action, Actor, AuditLog, Change, Origin};
use crate::clock::Clock;
use crate::crypto::Secret;
use crate::events::{EventKind, Events};
use crate::registry::{Collector, Collectors, CollectorsError, NewCollector};
use crate::storage::{Sqlite, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    #[error(transparent)]
    Collectors(#[from] CollectorsError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    #[error(transparent)]
    Secret(#[from] RegistrationSecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a registration hands out. The token and the key are told this once.
#[derive(Debug)]
pub struct Registered {
    pub collector: Collector,
    pub token: Issued,
    pub certificate: String,
    /// Absent where it stayed with the agent.
    pub private_key: Option<Secret>,
    pub ca_certificate: String,
}

/// Makes collectors out of requests, and changes them.
pub struct Registrar {
    pub(crate) db: Arc<Sqlite>,
    pub(crate) audit: AuditLog,
    pub(crate) events: Events,
    pub(crate) access: Arc<Access>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) collectors: Collectors,
    pub(crate) commands: Commands,
    pub(crate) clock: Clock,
}

impl Registrar {
    /// Registers what an administrator asked for.
    pub fn register(&self, origin: &Origin, new: NewCollector) -> Result<Registered, RegisterError> {
        self.register_after(origin, new, None, |_| Ok(()))
    }

    /// Registers an agent that brought a registration secret, which is spent in the same transaction.
    pub fn register_agent(
        &self,
        origin: &Origin,
        secret: &Secret,
        new: NewCollector,
        request: Option<&str>,
    ) -> Result<Registered, RegisterError> {
        let actor = Actor::anonymous(&new.name);
        let origin = Origin { actor, ..origin.clone() };
        self.register_after(&origin, new, request, |tx| {
            self.access.spend_registration_secret(tx, secret)?;
            Ok(())
        })
    }

    fn register_after(
        &self,
        origin: &Origin,
        new: NewCollector,
        request: Option<&str>,
        first: impl FnOnce(&Transaction<'_>) -> Result<(), RegisterError>,
    ) -> Result<Registered, RegisterError> {
        let registered = self.db.write(|tx| {
            first(tx)?;
            self.register_in(tx, origin, new, request)
        })?;
        self.tell_registered(&registered.collector);
        Ok(registered)
    }

    /// Registers in the caller's transaction; the caller tells of it after the commit. With a certificate request,
    /// the key stays where it was made.
    pub(super) fn register_in(
        &self,
        tx: &Transaction<'_>,
        origin: &Origin,
        new: NewCollector,
        request: Option<&str>,
    ) -> Result<Registered, RegisterError> {
        let mut collector = self.collectors.insert(tx, new, &origin.actor.name)?;
        let token = self.access.issue_enrolment(tx, collector.id)?;
        collector.token_expires_at = Some(token.expires_at);
        // made inside the transaction, so that a registration without a certificate is none
        let (certificate, private_key) = if let Some(request) = request {
            (self.authority.certify_request(tx, collector.id, request)?.certificate, None)
        } else {
            let certified = self.authority.certify_collector(tx, collector.id)?;
            (certified.certificate, Some(certified.private_key))
        };
        let change = Change::new(Action::CollectorRegister, collector.target())
            .from_to(&json!({}), &collector.audited());
        self.audit.append(tx, origin, change)?;
        Ok(Registered { collector, token, certificate, private_key, ca_certificate: self.authority.anchor() })
    }

    pub(super) fn tell_registered(&self, collector: &Collector) {
        let data = json!({ "name": collector.name });
        self.events.publish(EventKind::Registered, Some(collector.id), data);
    }
}
