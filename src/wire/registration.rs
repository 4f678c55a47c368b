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
}

#[derive(Clone, Debug, Deserialize)]
pub struct RegistrationReply {
    pub collector_id: String,
    pub token: Secret,
    pub certificate: String,
    pub private_key: Secret,
    pub expires_at: Timestamp,
}

/// The reply of `POST /collectors/refresh-token`: a token of at most one hour.
#[derive(Clone, Debug, Deserialize)]
pub struct AccessToken {
    pub token: Secret,
    pub expires_at: Timestamp,
}
