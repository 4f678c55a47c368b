//! The server's side of TLS: 1.3 only, with the site's certificate or one of the internal authority.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::access::{Authority, server_names};
use crate::config::Tls;

pub(super) fn server_config(
    tls: &Tls,
    authority: &Authority,
    listen: IpAddr,
) -> Result<Option<ServerConfig>, String> {
    let (chain, key) = match tls {
        Tls::Off => return Ok(None),
        Tls::Internal => internal(authority, listen)?,
        Tls::Files { certificate, private_key } => files(certificate, private_key)?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| format!("cannot use TLS 1.3: {error}"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| format!("the certificate cannot be used with its key: {error}"))?;
    Ok(Some(config))
}

type ChainAndKey = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn internal(authority: &Authority, listen: IpAddr) -> Result<ChainAndKey, String> {
    let hostname = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let names = server_names(&hostname.unwrap_or_default(), listen);
    let certified = authority.certify_server(names).map_err(|error| error.to_string())?;
    let certificate = CertificateDer::from_pem_slice(certified.certificate.as_bytes());
    let issuer = CertificateDer::from_pem_slice(authority.certificate().as_bytes());
    let key = PrivateKeyDer::from_pem_slice(certified.private_key.expose().as_bytes());
    let failed = |error| format!("the internal certificate does not read: {error}");
    Ok((vec![certificate.map_err(failed)?, issuer.map_err(failed)?], key.map_err(failed)?))
}

fn files(certificate: &Path, private_key: &Path) -> Result<ChainAndKey, String> {
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("cannot read the certificate {}: {error}", certificate.display()))?;
    let key = PrivateKeyDer::from_pem_file(private_key)
        .map_err(|error| format!("cannot read the private key {}: {error}", private_key.display()))?;
    Ok((chain, key))
}
