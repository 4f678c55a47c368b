//! The listener's side of TLS: which versions, what it shows, and whether it asks for a certificate.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::server::NoClientAuth;

use crate::access::{ClientCertificates, client_verifier};
use crate::names::named;
use crate::node::Node;

named!(
    /// Versions of TLS. What is older than these is broken.
    TlsVersion, "a version of TLS", { V1_2 = "1.2", V1_3 = "1.3" }
);

/// Nothing where the node shows no certificate: then the listener speaks no TLS.
pub(super) fn server_config(node: &Node, oldest: TlsVersion) -> io::Result<Option<ServerConfig>> {
    let Some(certificate) = &node.certificate else { return Ok(None) };
    let versions = match oldest {
        TlsVersion::V1_3 => &[&rustls::version::TLS13][..],
        TlsVersion::V1_2 => &[&rustls::version::TLS13, &rustls::version::TLS12],
    };
    let verifier = match node.access.client_certificates() {
        ClientCertificates::Off => Arc::new(NoClientAuth),
        ClientCertificates::Optional | ClientCertificates::Required => {
            client_verifier(&node.authority, node.clock.clone()).map_err(io::Error::other)?
        }
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::clone(certificate) as _);
    Ok(Some(config))
}
