//! The way to the mirror: a role of its own with a password from a file, over TLS to a server that shows who it is.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::appliance::{ADMIN, Appliance, now, write};
use crate::support::mirrored::{status, wait_until_mirrored};
use crate::support::postgres::{Postgres, give_away};
use crate::support::wait_for;

const PASSWORD: &str = "canary-of-the-mirror-81cc2e";

/// A server that takes the role `copier` over TLS and with its password only, and its certificate.
fn server() -> (Postgres, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let prepared = certificate.clone();
    let postgres = Postgres::start_with(move |data| {
        for (file, text) in [("server.crt", &prepared), ("server.key", &key)] {
            let path = data.join(file);
            write(&path, text.as_bytes());
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            give_away(&path);
        }
        let rules = "host all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        write(&data.join("pg_hba.conf"), rules.as_bytes());
        vec!["ssl=on".to_owned(), "password_encryption=scram-sha-256".to_owned()]
    });
    postgres.execute(&format!(
        "CREATE ROLE copier LOGIN PASSWORD '{PASSWORD}';\nCREATE DATABASE fleet OWNER copier"
    ));
    (postgres, certificate)
}

fn configure(appliance: &mut Appliance, host: &str, port: u16, authority: &str, password: &str) {
    let (ca, secret) = (appliance.folder().join("ca.pem"), appliance.folder().join("mirror.password"));
    write(&ca, authority.as_bytes());
    write(&secret, format!("{password}\n").as_bytes());
    let text = format!(
        "[mirror]\nurl = 'postgresql://copier@{host}:{port}/fleet'\nsite_id = 'hamburg'\ninterval = 1\n\
         ca_file = '{}'\npassword_file = '{}'\n",
        ca.display(),
        secret.display()
    );
    appliance.set_config(Some(&text));
}

#[test]
fn the_mirror_is_believed_by_its_authority_and_name_and_gets_its_password() {
    let (postgres, certificate) = server();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
    let (mut appliance, admin) = Appliance::with_admin();
    let (_, token) = appliance.collector(&admin, "db-1");
    let document = json!({"type": "probe", "timestamp": now(), "n": 1});
    assert_eq!(appliance.client.push(&token, "a", &[document]).status, 200);
    let refusals = [
        ("127.0.0.1", certificate.as_str(), PASSWORD, "not valid for"),
        ("localhost", other.as_str(), PASSWORD, "certificate"),
        ("localhost", certificate.as_str(), "wrong", "password authentication failed"),
    ];
    for (host, authority, password, expected) in refusals {
        assert_eq!(appliance.stop(), Some(0));
        configure(&mut appliance, host, postgres.port(), authority, password);
        appliance.restart();
        let admin = appliance.login(ADMIN);
        let error =
            wait_for("the refusal", || status(&appliance, &admin)["last_error"].as_str().map(str::to_owned));
        assert!(error.contains(expected), "{host}: {error}");
    }
    // the file is read at each try, so that a password is mended without a restart
    write(&appliance.folder().join("mirror.password"), PASSWORD.as_bytes());
    wait_until_mirrored(&appliance, &admin);
    let documents = "SELECT sum(record_count) FROM collector_metrics";
    assert_eq!(postgres.value("fleet", documents), "1");
    let is_tls = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE usename = 'copier'";
    assert_eq!(postgres.value("fleet", is_tls), "t");
    assert!(!appliance.said().contains(PASSWORD));
    assert!(!status(&appliance, &admin).to_string().contains(PASSWORD));
}
