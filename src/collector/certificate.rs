//! The agent's own certificate: the key that never leaves its machine, and the request for a certificate of it.

use rcgen::{CertificateParams, KeyPair};

/// A key for a certificate.
pub(super) fn new_key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate()
}

/// What the daemon is sent: the public part of the key, signed with it. Who the agent is, its token says.
pub(super) fn request(key: &KeyPair) -> Result<String, rcgen::Error> {
    CertificateParams::default().serialize_request(key)?.pem()
}
