//! What an entry of the trail says.

use std::fmt;

use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::crypto::Hash;
use crate::ids::AuditEntryId;
use crate::names::named;

/// Who acted. The id and role are as they were then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub id: String,
    pub name: String,
    pub role: String,
}

impl Actor {
    /// The daemon itself: jobs, first start.
    pub fn system() -> Self {
        Self { id: "system".to_owned(), name: "system".to_owned(), role: "system".to_owned() }
    }

    /// Whoever runs `pganalytics user add` on the machine.
    pub fn command_line() -> Self {
        Self { id: "command-line".to_owned(), name: "command line".to_owned(), role: "admin".to_owned() }
    }

    /// Somebody who has not signed in.
    pub fn anonymous(name: &str) -> Self {
        Self { id: "anonymous".to_owned(), name: name.to_owned(), role: "none".to_owned() }
    }
}

/// Where a change comes from: it goes down from the edge into every operation that changes something.
#[derive(Clone, Debug)]
pub struct Origin {
    pub actor: Actor,
    pub ip_address: String,
    pub user_agent: String,
    pub request_id: String,
}

impl Origin {
    /// For what the daemon does without being asked.
    pub fn system() -> Self {
        Self::local(Actor::system())
    }

    pub fn local(actor: Actor) -> Self {
        Self { actor, ip_address: String::new(), user_agent: String::new(), request_id: String::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub kind: String,
    pub id: String,
    pub name: String,
}

impl Target {
    pub fn new(kind: &str, id: impl fmt::Display, name: &str) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string(), name: name.to_owned() }
    }
}

/// One thing that was done, or was refused.
#[derive(Clone, Debug)]
pub struct Change {
    pub action: Action,
    pub target: Target,
    pub reason: Option<String>,
    /// Fields before; secrets stand as the text `changed`.
    pub old_values: Option<Map<String, Value>>,
    /// Fields after; secrets stand as the text `changed`.
    pub new_values: Option<Map<String, Value>>,
    pub outcome: Outcome,
}

impl Change {
    pub fn new(action: Action, target: Target) -> Self {
        let outcome = Outcome::Success;
        Self { action, target, reason: None, old_values: None, new_values: None, outcome }
    }

    pub fn because(mut self, reason: Option<String>) -> Self {
        self.reason = reason;
        self
    }

    /// Keeps the fields that differ between two objects.
    pub fn from_to(mut self, old: &Value, new: &Value) -> Self {
        let fields = |of: &Value, other: &Value| {
            let of = of.as_object()?;
            let differing = of.iter().filter(|(field, value)| other.get(field) != Some(value));
            let differing: Map<_, _> =
                differing.map(|(field, value)| (field.clone(), value.clone())).collect();
            (!differing.is_empty()).then_some(differing)
        };
        self.old_values = fields(old, new);
        self.new_values = fields(new, old);
        self
    }

    /// It was tried and did not come about.
    pub fn failed(mut self) -> Self {
        self.outcome = Outcome::Failure;
        self
    }

    /// It was given up, and came about nevertheless.
    pub fn came_about(mut self) -> Self {
        self.outcome = Outcome::Success;
        self
    }

    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Denied;
        self
    }
}

/// A row of the trail.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: u64,
    pub id: AuditEntryId,
    pub time: Timestamp,
    pub actor: Actor,
    pub action: String,
    pub target: Target,
    pub reason: Option<String>,
    /// JSON text as it was hashed.
    pub old_values: Option<String>,
    /// JSON text as it was hashed.
    pub new_values: Option<String>,
    pub ip_address: String,
    pub user_agent: String,
    pub request_id: String,
    pub result: String,
    pub prev_hash: Hash,
    pub hash: Hash,
}

named!(
    /// What can be done, as noun and verb. A name, once used, keeps its meaning.
    Action, "an action of the audit trail", {
    SetupComplete = "setup.complete",
    AuthLogin = "auth.login",
    AuthLogout = "auth.logout",
    AuthDenied = "auth.denied",
    AuthChangePassword = "auth.change-password",
    UserCreate = "user.create",
    UserUpdate = "user.update",
    UserDelete = "user.delete",
    UserResetPassword = "user.reset-password",
    ApiTokenCreate = "api-token.create",
    ApiTokenRevoke = "api-token.revoke",
    GroupCreate = "group.create",
    GroupUpdate = "group.update",
    GroupDelete = "group.delete",
    MetricsAcceptLoss = "metrics.accept-loss",
    AuditAcceptLoss = "audit.accept-loss",
    MetricsExpire = "metrics.expire",
    MetricsDamaged = "metrics.damaged",
    MetricsMissing = "metrics.missing",
    MetricsFound = "metrics.found",
    ClockConfirm = "clock.confirm",
    CollectorRegister = "collector.register",
    CollectorImport = "collector.import",
    CollectorUnregister = "collector.unregister",
    CollectorReRegister = "collector.re-register",
    CollectorPurge = "collector.purge",
    CollectorUpdate = "collector.update",
    CollectorUpdateConfig = "collector.update-config",
    CollectorAssignDashboards = "collector.assign-dashboards",
    CollectorRotateToken = "collector.rotate-token",
    CollectorStop = "collector.stop",
    CollectorRestart = "collector.restart",
    CollectorResume = "collector.resume",
    CollectorTestConnection = "collector.test-connection",
    OperationCreate = "operation.create",
    OperationStart = "operation.start",
    OperationCancel = "operation.cancel",
    OperationRefuse = "operation.refuse",
    OperationExpire = "operation.expire",
    CertificateIssue = "certificate.issue",
    CertificateRenew = "certificate.renew",
    CertificateRevoke = "certificate.revoke",
    KeyRotate = "key.rotate",
    KeyRemove = "key.remove",
    RegistrationSecretCreate = "registration-secret.create",
    RegistrationSecretRevoke = "registration-secret.revoke",
    AuditRead = "audit.read",
    AuditExport = "audit.export",
    AuditVerify = "audit.verify",
});

named!(Outcome, "an outcome", { Success = "success", Failure = "failure", Denied = "denied" });
