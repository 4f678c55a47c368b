//! Trust by a pinned hash: the daemon shows its chain, and the one certificate in it whose SHA-256 was named is
//! believed, for nothing that it does not prove to have issued.

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::uplink::ClientError;
use crate::crypto::{Hash, pem, sha256};
use crate::limits::DAEMON_CONNECT_TIME;

/// Reads a SHA-256 as people copy it: hexadecimal digits, with colons or without.
pub(super) fn parse(text: &str) -> Result<Hash, String> {
    let digits: String = text.trim().chars().filter(|letter| *letter != ':').collect();
    let mut hash = [0; 32];
    hex::decode_to_slice(digits, &mut hash).map_err(|_| "must be 64 hexadecimal digits".to_owned())?;
    Ok(hash)
}

/// The certificate of this hash that the daemon's own stands on, in PEM form.
pub(super) async fn fetch(base: &reqwest::Url, pin: Hash) -> Result<String, ClientError> {
    let (Some(host), Some(port), "https") = (base.host_str(), base.port_or_known_default(), base.scheme())
    else {
        let rule = "a pinned authority needs an address that begins with https://";
        return Err(ClientError::Tls(rule.to_owned()));
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let fetched = tokio::task::spawn_blocking(move || shake_hands(&host, port, pin)).await;
    match fetched {
        Ok(found) => found.map_err(|error| ClientError::Unreachable(error.to_string())),
        Err(_) => Err(ClientError::Unreachable("the look at its certificate was cut off".to_owned())),
    }
}

fn shake_hands(host: &str, port: u16, pin: Hash) -> io::Result<String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Arc::new(Pinned { pin, provider: Arc::clone(&provider), found: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut session = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let address = (host, port).to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("it has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, DAEMON_CONNECT_TIME)?;
    stream.set_read_timeout(Some(DAEMON_CONNECT_TIME))?;
    stream.set_write_timeout(Some(DAEMON_CONNECT_TIME))?;
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    let found = verifier.found.lock().take();
    found.ok_or_else(|| io::Error::other("it showed no certificate"))
}

/// Believes one certificate, and checks as strictly as ever what stands on it: signature, dates and name.
#[derive(Debug)]
struct Pinned {
    pin: Hash,
    provider: Arc<CryptoProvider>,
    found: Mutex<Option<String>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = || intermediates.iter().chain([end_entity]);
        let Some(pinned) = shown().find(|certificate| sha256(certificate) == self.pin) else {
            let hashes: Vec<_> = shown().map(|certificate| hex::encode(sha256(certificate))).collect();
            return Err(Error::General(format!(
                "none of its certificates has the SHA-256 {}; they have {}: whoever answers is not the daemon that \
                 was meant, or its authority is another now",
                hex::encode(self.pin),
                hashes.join(", ")
            )));
        };
        let mut roots = RootCertStore::empty();
        roots.add(pinned.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        let strict = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let strict = strict.map_err(|error| Error::General(error.to_string()))?;
        let verified = strict.verify_server_cert(end_entity, intermediates, name, ocsp, now)?;
        *self.found.lock() = Some(pem("CERTIFICATE", pinned));
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
