//! How an agent gets its identity and its access tokens.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::crypto::Secret;

/// What an agent sends with `X-Registration-Secret` to register itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    pub name: String,
    pub hostname: String,
    pub version: String,
    /// A certificate request in PEM form. Without it, the daemon makes the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct RegistrationReply {
    pub collector_id: String,
    pub token: Secret,
    pub certificate: String,
    /// Absent where the agent has made its key itself.
    #[serde(default)]
    pub private_key: Option<Secret>,
    pub expires_at: Timestamp,
}

/// What an agent sends to `POST /collectors/{id}/certificate` before its certificate ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificateRequest {
    pub csr: String,
}

/// The reply to it. The key stays where it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RenewedCertificate {
    pub certificate: String,
    /// The authority that the daemon's own certificate comes from.
    pub ca_certificate: String,
    pub expires_at: Timestamp,
}

/// The reply of `POST /collectors/refresh-token`: a token of at most one hour.
#[derive(Clone, Debug, Deserialize)]
pub struct AccessToken {
    pub token: Secret,
    pub expires_at: Timestamp,
}
