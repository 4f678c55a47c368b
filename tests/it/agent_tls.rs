//! Each `ssl_mode` means what it means in libpq, against a PostgreSQL that speaks TLS.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::agent::{Configured, write};
use crate::support::postgres::{Postgres, give_away};

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
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let ca = params.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(params, ca_key);
    let certificate = CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap().pem();
    let postgres = Postgres::start_with(move |data| {
        for (file, text) in [("server.crt", certificate), ("server.key", key.serialize_pem())] {
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
