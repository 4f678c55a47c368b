//! TLS on both sides of the agent: each `ssl_mode` means what it means in libpq, and the daemon is reached under a
//! private authority, with a certificate of the agent's own.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::agent::{COLLECTOR_ID, Configured, Running, reporting_to, write};
use crate::support::peer::Peer;
use crate::support::postgres::{Postgres, give_away};
use crate::support::wait_for;

/// A server whose certificate bears `name` and is its own authority, and which takes TLS only or not.
fn server(name: &str, rule: &str) -> (Postgres, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let certificate = made.cert.pem();
    let key = made.signing_key.serialize_pem();
    let prepared = certificate.clone();
    let postgres = Postgres::start_with(move |data| {
        for (file, text) in [("server.crt", &prepared), ("server.key", &key)] {
            let path = data.join(file);
            write(&path, text);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
        }
        let rules = format!("host all postgres 127.0.0.1/32 trust\n{rule} all all 127.0.0.1/32 trust\n");
        write(&data.join("pg_hba.conf"), &rules);
        vec!["ssl=on".to_owned()]
    });
    postgres.execute("CREATE ROLE watcher LOGIN");
    (postgres, certificate)
}

/// Whether a collection succeeds, and what was said if not.
fn try_mode(postgres: &Postgres, mode: &str, ca: Option<&str>) -> Result<(), String> {
    let port = postgres.port();
    let mut text = format!(
        "[postgres]\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"watcher\"\ndatabases = \"postgres\"\nssl_mode = \"{mode}\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    if let Some(ca) = ca {
        let path: &Path = &folder.path().join("ca.crt");
        write(path, ca);
        text = format!("{text}ca_file = \"{}\"\n", path.display());
    }
    let (status, push) = Configured::with(&text).once();
    if status == Some(0) { Ok(()) } else { Err(push["failures"].to_string()) }
}

#[test]
fn a_server_that_insists_on_tls_is_reached_by_all_modes_but_disable() {
    let (postgres, certificate) = server("127.0.0.1", "hostssl");
    let refused = try_mode(&postgres, "disable", None).unwrap_err();
    assert!(refused.contains("no pg_hba.conf entry"), "{refused}");
    for mode in ["allow", "prefer", "require"] {
        assert_eq!(try_mode(&postgres, mode, None), Ok(()), "{mode}");
    }
    for mode in ["requireCA", "requireFull", "verify-full"] {
        assert_eq!(try_mode(&postgres, mode, Some(&certificate)), Ok(()), "{mode}");
    }
}

#[test]
fn a_server_without_tls_is_reached_where_tls_is_not_required() {
    let (postgres, _) = server("127.0.0.1", "hostnossl");
    for mode in ["disable", "allow", "prefer"] {
        assert_eq!(try_mode(&postgres, mode, None), Ok(()), "{mode}");
    }
    assert!(try_mode(&postgres, "require", None).is_err());
}

#[test]
fn a_wrong_name_fails_require_full_only_and_a_wrong_authority_fails_both() {
    let (postgres, certificate) = server("elsewhere.example", "hostssl");
    assert_eq!(try_mode(&postgres, "require", None), Ok(()));
    assert_eq!(try_mode(&postgres, "requireCA", Some(&certificate)), Ok(()));
    let refused = try_mode(&postgres, "requireFull", Some(&certificate)).unwrap_err();
    assert!(refused.contains("TLS with 127.0.0.1"), "{refused}");

    let other = rcgen::generate_simple_self_signed(vec!["elsewhere.example".to_owned()]).unwrap().cert.pem();
    for mode in ["requireCA", "requireFull"] {
        let refused = try_mode(&postgres, mode, Some(&other)).unwrap_err();
        assert!(refused.contains("TLS with 127.0.0.1"), "{mode}: {refused}");
    }
}

#[test]
fn an_authority_that_signed_the_servers_certificate_is_believed() {
    let (ca, issuer) = authority();
    let (certificate, key) = issued("elsewhere.example", &issuer);
    let postgres = Postgres::start_with(move |data| {
        for (file, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(file);
            write(&path, &text);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
        }
        vec!["ssl=on".to_owned()]
    });
    postgres.execute("CREATE ROLE watcher LOGIN");
    assert_eq!(try_mode(&postgres, "requireCA", Some(&ca)), Ok(()));
    assert!(try_mode(&postgres, "requireFull", Some(&ca)).is_err());
}

/// An authority's certificate, and what it signs with.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem();
    (certificate, Issuer::new(params, key))
}

/// Certificate and key.
fn issued(name: &str, issuer: &Issuer<'static, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// A daemon's side of TLS that lets nobody in without a certificate of `ca`.
fn mutual(ca: &str, certificate: &str, key: &str) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
        )
        .unwrap()
}

#[test]
fn the_daemon_is_reached_under_a_private_authority_with_the_agents_certificate_and_not_otherwise() {
    let (ca, issuer) = authority();
    let (certificate, key) = issued("127.0.0.1", &issuer);
    let peer = Peer::start_with(200, Some(mutual(&ca, &certificate, &key)));
    let (own_certificate, own_key) = issued(COLLECTOR_ID, &issuer);
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("ca", &ca), ("crt", &own_certificate), ("key", &own_key)] {
        write(&folder.path().join(name), text);
    }
    let at = folder.path().display();
    let proven = format!("[tls]\nca_file = \"{at}/ca\"\ncert_file = \"{at}/crt\"\nkey_file = \"{at}/key\"\n");
    let configured = reporting_to(&peer.url(), &proven);
    let agent = Running::start(&configured);
    wait_for("a push", || peer.pushes(200).into_iter().next());
    assert_eq!(agent.stop(), Some(0));

    let unproven = format!("[tls]\nca_file = \"{at}/ca\"\n");
    for more in ["", &unproven] {
        let (status, findings) = reporting_to(&peer.url(), more).check();
        let backend = findings["sources"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((status, &backend["ok"]), (Some(3), &false.into()), "{findings}");
        assert!(backend["message"].as_str().unwrap().starts_with("cannot reach the daemon"), "{backend}");
    }
}
