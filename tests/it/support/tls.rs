//! TLS by hand: handshakes with chosen versions and certificates, and a WebSocket on top of one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion,
};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, WebSocket};

use super::client::Tls;

type Stream = StreamOwned<ClientConnection, TcpStream>;

/// A connection whose handshake is done; TLS 1.3 tells of a refused client certificate only after that.
pub(crate) fn connect(
    address: &str,
    tls: &Tls,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<Stream> {
    let certificate = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&tls.ca)).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let config = match &tls.own {
        None => config.with_no_client_auth(),
        Some((own, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![certificate(own)], key).unwrap()
        }
    };
    let name = address.rsplit_once(':').unwrap().0.to_owned().try_into().unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    while session.is_handshaking() {
        session.complete_io(&mut stream)?;
    }
    Ok(StreamOwned::new(session, stream))
}

/// The chain that a listener shows, in PEM form, whoever issued it; nothing where no handshake comes about. Only for
/// looking: what it gives is checked by whoever connects with it.
pub(crate) fn shown(address: &str, versions: &[&'static SupportedProtocolVersion]) -> Option<Vec<String>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let looker = Arc::new(Looker(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(looker)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut session = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = TcpStream::connect(address).ok()?;
    while session.is_handshaking() {
        session.complete_io(&mut stream).ok()?;
    }
    let pem = |der: &CertificateDer<'_>| {
        let text = BASE64_STANDARD.encode(der);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    };
    Some(session.peer_certificates()?.iter().map(pem).collect())
}

#[derive(Debug)]
struct Looker(Arc<CryptoProvider>);

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Says hello in a version of the past, as an old client does, and gives what comes back: an alert begins with 21.
pub(crate) fn old_hello(address: &str, version: [u8; 2]) -> Vec<u8> {
    // one suite of that time, no compression, no extensions
    let body = [&version[..], &[7; 32], &[0, 0, 4, 0xc0, 0x13, 0x00, 0x2f, 1, 0]].concat();
    let hello = [&[1, 0, 0, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
    let record = [&[22, 3, 1, 0, u8::try_from(hello.len()).unwrap()], hello.as_slice()].concat();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&record).unwrap();
    let mut answer = Vec::new();
    // the daemon closes after its alert
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Whether a listener goes on with a client of TLS 1.2 that knows this one suite, as a scanner finds it out.
pub(crate) fn takes_suite(address: &str, suite: u16) -> bool {
    let extensions: &[&[u8]] = &[
        // groups: x25519, secp256r1, secp384r1
        &[0, 10, 0, 8, 0, 6, 0, 29, 0, 23, 0, 24],
        // points as they are
        &[0, 11, 0, 2, 1, 0],
        // signatures: ECDSA, RSA-PSS and RSA with SHA-256 and SHA-384, and with SHA-1
        &[0, 13, 0, 18, 0, 16, 4, 3, 5, 3, 8, 4, 8, 5, 4, 1, 5, 1, 2, 3, 2, 1],
        // extended master secret, renegotiation info
        &[0, 23, 0, 0, 0xff, 1, 0, 1, 0],
    ];
    let extensions = extensions.concat();
    let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let [high, low] = suite.to_be_bytes();
    let body = [&[3, 3], &[7; 32][..], &[0, 0, 2, high, low, 1, 0], &length(extensions.len()), &extensions];
    let body = body.concat();
    let hello = [&[1, 0], &length(body.len())[..], &body].concat();
    let record = [&[22, 3, 1], &length(hello.len())[..], &hello].concat();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(&record).unwrap();
    let mut first = [0];
    // its own hello begins with 22, an alert with 21
    stream.read_exact(&mut first).is_ok() && first == [22]
}

/// A WebSocket over TLS.
pub(crate) struct SecureSocket(WebSocket<Stream>);

impl SecureSocket {
    /// Opens it with a token; otherwise the status of the refusal.
    pub(crate) fn open(address: &str, path: &str, token: &str, tls: &Tls) -> Result<Self, u16> {
        let stream = connect(address, tls, rustls::DEFAULT_VERSIONS).unwrap();
        let mut request = format!("wss://{address}{path}").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("no WebSocket and no refusal: {error}"),
        }
    }

    /// Reads one message; whether the other side has closed.
    pub(crate) fn has_ended(&mut self) -> bool {
        match self.0.read() {
            Ok(message) => message.is_close(),
            Err(_) => true,
        }
    }
}
