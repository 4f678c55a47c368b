//! Registration and configuration as an operator meets them at the command line.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::support::agent::{COLLECTOR_ID, Configured, Running, program, reporting_to, write};
use crate::support::appliance::Appliance;
use crate::support::peer::Peer;
use crate::support::wait_for;

/// Runs `register` with the secret on standard input.
fn register(url: &str, config: &Path) -> Output {
    let mut child = program()
        .args(["register", "--url", url, "--name", "db-1", "--secret-stdin", "--config"])
        .arg(config)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"canary-secret\n").unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn every_problem_of_a_configuration_is_told_at_once_and_no_secret_with_it() {
    let configured = Configured::with(
        "[collector]\nid = \"7\"\ninterval = 5\npush_interval = \"often\"\ntypo = 1\n\
         [backend]\nurl = \"http://pganalytics.example\"\ncompression = \"lz4\"\n\
         [postgres]\nport = 70000\npassword = \"canary-secret\"\nssl_mode = \"maybe\"\ndatabases = \"a,,b\"\n\
         [tls]\nverify = false\nca_file = \"/nonexistent/ca.crt\"\n\
         [spool]\nmax_bytes = \"2 bytes\"\n[pg_stats]\nenabled = \"yes\"\n[pg_stat]\nenabled = true\n",
    );
    let output = configured.run("run", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let fields = [
        "collector.id = 7: not an id",
        "collector.interval = 5: must be a whole number from 10 to 3600",
        "collector.push_interval = \"often\"",
        "collector.typo: is not a key",
        "collector.token_file: is missing",
        "backend.url = http://pganalytics.example: must be https",
        "backend.compression = lz4",
        "postgres.port = 70000",
        "postgres.password: is not a key of this section (a secret stands in a file of its own, named by password_file)",
        "postgres.ssl_mode = maybe",
        "postgres.databases",
        "tls.verify = false",
        "tls.ca_file = /nonexistent/ca.crt",
        "spool.max_bytes = \"2 bytes\"",
        "pg_stats.enabled = \"yes\"",
        "pg_stat: is not a section",
    ];
    for field in fields {
        assert!(said.contains(field), "{field} is not in: {said}");
    }
    assert!(said.contains(&format!("{} problem(s)", fields.len())), "{said}");
    assert!(!said.contains("canary-secret"), "{said}");
}

#[test]
fn broken_toml_is_told_by_line_without_quoting_it() {
    let configured = Configured::with("[postgres]\npassword = \"canary-secret\n");
    let output = configured.run("check", &[]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("line 2") && !said.contains("canary-secret"), "{said}");
}

/// What keeps an agent from running is said with the file that is at fault and what to do, and it ends with status 1.
#[test]
fn an_identity_that_cannot_be_used_is_refused_at_the_start() {
    let configured = reporting_to("https://127.0.0.1:9", "");
    let folder = configured.folder.path();
    let tls = format!("[tls]\ncert_file = \"{0}/crt\"\nkey_file = \"{0}/key\"\n", folder.display());
    let text = std::fs::read_to_string(&configured.file).unwrap();
    write(&configured.file, &(text + &tls));
    let pair = || {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let ((certificate, key), (_, other)) = (pair(), pair());
    for (certificate, key, said) in [
        (certificate.as_str(), other.as_str(), "crt: it does not belong to the key"),
        (&certificate[..80], &key, "crt: it is no whole certificate in PEM form"),
        (&certificate, &key[..80], "crt: there is no whole key in PEM form in"),
    ] {
        write(&folder.join("crt"), certificate);
        write(&folder.join("key"), key);
        let output = configured.run("run", &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(said) && told.contains("register the agent again"), "{said}: {told}");
        assert!(!told.contains("PRIVATE"), "{told}");
    }
    write(&folder.join("key"), &key);
    // a key is refused, and of a token the log tells
    for (name, is_refused) in [("key", true), ("token", false)] {
        let path = folder.join(name);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = configured.run("check", &[]);
        let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(told.contains(&format!("chmod 600 {}", path.display())), "{told}");
        assert_eq!(told.contains("cannot be opened: its mode"), is_refused, "{told}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn wrong_usage_is_status_2_and_a_secret_is_not_an_argument() {
    for arguments in
        [&["fly"][..], &["register", "--name", "x"], &["register", "--name", "x", "--secret", "s"]]
    {
        assert_eq!(program().args(arguments).output().unwrap().status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn registration_without_a_daemon_fails_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("collector.toml");
    let output = register("http://127.0.0.1:1", &config);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("cannot reach the daemon") && !said.contains("canary-secret"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Two agents of one machine may have their configurations in one folder. Neither loses its identity to the other.
#[test]
fn agents_that_are_registered_in_one_folder_have_each_an_identity() {
    let (folder, peer) = (tempfile::tempdir().unwrap(), Peer::start(200));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    for name in ["one", "two"] {
        let reply = json!({"collector_id": COLLECTOR_ID, "token": format!("token of {name}"),
            "certificate": format!("certificate of {name}"), "private_key": format!("key of {name}"),
            "expires_at": "2999-01-01T00:00:00.000Z"});
        *peer.registration.lock().unwrap() = reply.to_string();
        let output = register(&peer.url(), &folder.path().join(format!("{name}.toml")));
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for name in ["one", "two"] {
        let config: toml::Table = read(&format!("{name}.toml")).parse().unwrap();
        for (section, key, what) in [
            ("collector", "token_file", "token"),
            ("tls", "cert_file", "certificate"),
            ("tls", "key_file", "key"),
        ] {
            let file = config[section][key].as_str().unwrap();
            assert_eq!(read(file), format!("{what} of {name}"));
        }
    }
}

/// The daemon knows such a token. What the agent pushes with it would be refused nevertheless.
#[test]
fn check_tells_of_a_token_that_belongs_to_another_collector() {
    let (appliance, ada) = Appliance::with_admin();
    let (one, _) = appliance.collector(&ada, "db-1");
    let (other, token) = appliance.collector(&ada, "db-2");
    for (id, is_let_in) in [(other, true), (one, false)] {
        let configured = reporting_to(&format!("http://{}", appliance.client.address()), "");
        let text = std::fs::read_to_string(&configured.file).unwrap().replace(COLLECTOR_ID, &id);
        write(&configured.file, &text);
        write(&configured.folder.path().join("token"), &token);
        let (status, findings) = configured.check();
        let sources = findings["sources"].as_array().unwrap();
        let backend = sources.iter().find(|finding| finding["source"] == "backend").unwrap();
        assert_eq!((backend["ok"].as_bool(), status == Some(0)), (Some(is_let_in), is_let_in), "{backend}");
        let message = backend["message"].as_str().unwrap();
        assert_eq!(message.contains("the token belongs to another collector"), !is_let_in, "{message}");
    }
}

#[test]
fn a_registered_agent_finds_its_identity_beside_its_configuration_and_runs_with_it() {
    let made = rcgen::generate_simple_self_signed(vec![COLLECTOR_ID.to_owned()]).unwrap();
    let peer = Peer::start(200);
    let reply = json!({
        "collector_id": COLLECTOR_ID,
        "token": "canary-token",
        "certificate": made.cert.pem(),
        "private_key": made.signing_key.serialize_pem(),
        "expires_at": "2999-01-01T00:00:00.000Z",
    });
    *peer.registration.lock().unwrap() = reply.to_string();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("collector.toml");
    let spool = folder.path().join("spool");
    write(&config, &format!("# ours\n[spool]\ndirectory = \"{}\" # keep\n", spool.display()));

    let output = register(&peer.url(), &config);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(COLLECTOR_ID) && !said.contains("canary"), "{said}");
    let request = peer.requests("/api/v1/collectors/register").remove(0);
    assert_eq!(request.headers["x-registration-secret"], "canary-secret");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["name"], "db-1");
    assert!(body["hostname"].is_string() && body["version"].is_string());

    for name in ["collector.toml", "collector.token", "collector.crt", "collector.key"] {
        let access = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(access & 0o777, 0o600, "{name}");
    }
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.starts_with("# ours\n") && text.contains("# keep"), "{text}");
    assert!(!text.contains("canary"), "the configuration holds no secret: {text}");

    let configured = Configured { folder, file: config };
    let agent = Running::start(&configured);
    wait_for("a push", || peer.pushes(200).into_iter().next());
    let exchange = peer.requests("/api/v1/collectors/refresh-token").remove(0);
    assert_eq!(exchange.headers["authorization"], "Bearer canary-token");
    assert_eq!(agent.stop(), Some(0));
}
