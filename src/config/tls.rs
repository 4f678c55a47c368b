//! What the `[server]` section says of TLS.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

use super::one_of;
use crate::access::{ClientCertificates, Names, Pair, Source};
use crate::files::open_secret;
use crate::http::TlsVersion;
use crate::limits::{SERVER_NAME_CHARS, SERVER_NAMES};
use crate::names::named;
use crate::settings::{Environment, Found, Section};

named!(TlsMode, "a TLS mode", { Off = "off", Internal = "internal", Files = "files" });

pub(super) struct Tls {
    /// Where the certificate comes from; without it there is no TLS.
    pub(super) certificate: Option<Source>,
    pub(super) client_certificates: ClientCertificates,
    pub(super) oldest: TlsVersion,
}

pub(super) fn read(
    server: &mut Section<'_>,
    environment: &Environment,
    found: &Found,
    listen: SocketAddr,
) -> Tls {
    let oldest = one_of(environment, "PGANALYTICS_TLS_MIN_VERSION", server, "tls_min_version", found);
    let clients =
        one_of(environment, "PGANALYTICS_CLIENT_CERTIFICATES", server, "client_certificates", found);
    let certificate = source(server, environment, found, listen);
    if certificate.is_none() && clients == Some(ClientCertificates::Required) {
        let rule = "cannot be required where tls is off";
        server.note(
            "client_certificates",
            Some("required".to_owned()),
            rule,
            "take internal or files for tls",
        );
    }
    let usual = if certificate.is_some() { ClientCertificates::Optional } else { ClientCertificates::Off };
    Tls {
        client_certificates: clients.filter(|_| certificate.is_some()).unwrap_or(usual),
        certificate,
        oldest: oldest.unwrap_or(TlsVersion::V1_3),
    }
}

fn source(
    server: &mut Section<'_>,
    environment: &Environment,
    found: &Found,
    listen: SocketAddr,
) -> Option<Source> {
    let mode = one_of::<TlsMode>(environment, "PGANALYTICS_TLS", server, "tls", found);
    let hint = "it must be readable by the user that the daemon runs as";
    let certificate = server.file("certificate", hint);
    let private_key = server.file_by(open_secret, "private_key_file", hint);
    let further = server.texts("names", SERVER_NAMES, SERVER_NAME_CHARS).unwrap_or_default();
    let is_local = listen.ip().is_loopback();
    match mode.unwrap_or(if is_local { TlsMode::Off } else { TlsMode::Internal }) {
        TlsMode::Off if !is_local => {
            let rule =
                format!("must be internal or files, as {} is reached from other machines", listen.ip());
            found.note("server.tls", Some("off".to_owned()), &rule, "or listen on 127.0.0.1");
            None
        }
        TlsMode::Off => None,
        TlsMode::Internal => Some(Source::Internal(Names { listen: listen.ip(), more: further })),
        TlsMode::Files => {
            if let (Some(certificate), Some(private_key)) = (certificate, private_key) {
                check_pair(server, &certificate, &private_key);
                return Some(Source::Files { certificate, private_key });
            }
            let rule = "files needs certificate and private_key_file";
            found.note("server.tls", Some("files".to_owned()), rule, "or take internal");
            None
        }
    }
}

/// Before anything is opened, so that a bad pair changes nothing. A file that cannot be opened was told already.
fn check_pair(server: &Section<'_>, certificate: &Path, private_key: &Path) {
    let can_be_opened = File::open(certificate).is_ok() && open_secret(private_key).is_ok();
    if can_be_opened && let Err(error) = Pair::read(certificate, private_key) {
        let hint = "the certificate first, then those that it stands on, and the key of the first";
        server.note("certificate", None, &error.to_string(), hint);
    }
}
