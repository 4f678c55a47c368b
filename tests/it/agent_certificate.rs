//! The agent's own certificate and its trust: registered under a pinned authority, let in where certificates are
//! required, renewed before its certificate ends.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use pganalytics::access::{ClientCertificates, Names, Role, Source};
use pganalytics::clock::Clock;
use pganalytics::ids::CollectorId;
use serde_json::json;

use crate::support::agent::{Configured, Running, program, write};
use crate::support::client::{Client, Tls};
use crate::support::daemon::Daemon;
use crate::support::wait_for;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn daemon(clock: Clock) -> Daemon {
    daemon_that(ClientCertificates::Required, clock)
}

fn daemon_that(asks_for_certificates: ClientCertificates, clock: Clock) -> Daemon {
    Daemon::start_with(clock, |options| {
        let names = Names { listen: "127.0.0.1".parse().unwrap(), more: Vec::new() };
        options.certificate = Some(Source::Internal(names));
        options.client_certificates = asks_for_certificates;
    })
}

/// Somewhere to register, with a spool of its own.
fn unregistered() -> Configured {
    let configured = Configured::with("");
    let spool = configured.folder.path().join("spool");
    write(
        &configured.file,
        &format!("[collector]\ninterval = 10\n[spool]\ndirectory = \"{}\"\n", spool.display()),
    );
    configured
}

fn secret(daemon: &Daemon) -> String {
    let tls = Tls { ca: daemon.node.authority.certificate(), own: None };
    let ada = daemon.user("ada", Role::Admin);
    let made = Client::with(&daemon.url, Some(tls)).post(
        "/api/v1/registration-secrets",
        Some(&ada),
        &json!({"name": "s"}),
    );
    made.string("secret")
}

fn register(daemon: &Daemon, configured: &Configured, secret: &str, pin: &str) -> Output {
    let mut child = program()
        .args(["register", "--url", &daemon.url, "--name", "db-1", "--secret-stdin", "--ca-sha256", pin])
        .arg("--config")
        .arg(&configured.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a program that refuses its arguments does not read
    let _ = child.stdin.take().unwrap().write_all(secret.as_bytes());
    child.wait_with_output().unwrap()
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn registered(daemon: &Daemon) -> CollectorId {
    daemon.node.collectors.list().unwrap()[0].id
}

#[test]
fn an_agent_registers_under_a_pinned_authority_and_gets_in_with_a_key_that_it_made() {
    let daemon = daemon(Clock::System);
    let secret = secret(&daemon);
    let configured = unregistered();
    let folder = configured.folder.path();
    let before = files(folder);
    let pin = daemon.node.authority.facts().fingerprint;
    let mut wrong = pin;
    wrong[31] ^= 1;
    let refused = register(&daemon, &configured, &secret, &hex::encode(wrong));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("whoever answers is not the daemon that was meant"), "{said}");
    assert_eq!(register(&daemon, &configured, &secret, "not a hash").status.code(), Some(2));
    assert_eq!(files(folder), before, "nothing was written");
    assert!(daemon.node.collectors.list().unwrap().is_empty());

    // as openssl prints it
    let digits = hex::encode_upper(pin);
    let pairs: Vec<&str> = (0..32).map(|at| &digits[2 * at..2 * at + 2]).collect();
    let done = register(&daemon, &configured, &secret, &pairs.join(":"));
    let said = String::from_utf8([done.stdout, done.stderr].concat()).unwrap();
    assert_eq!(done.status.code(), Some(0), "{said}");
    let kept = std::fs::read_to_string(folder.join("collector-ca.crt")).unwrap();
    assert_eq!(kept.replace(['\r', '\n'], ""), daemon.node.authority.certificate().replace(['\r', '\n'], ""));
    assert!(std::fs::read_to_string(&configured.file).unwrap().contains("ca_file = "));

    let id = registered(&daemon);
    let agent = Running::start(&configured);
    wait_for("a sign of life", || daemon.node.presence.seen(id));
    assert_eq!(agent.stop(), Some(0));
}

/// Another machine that got hold of a name has another authority, and is not believed because somebody pinned ours.
#[test]
fn a_pinned_certificate_counts_only_for_what_it_has_issued() {
    let (daemon, other) = (daemon(Clock::System), daemon(Clock::System));
    let configured = unregistered();
    let pin = hex::encode(daemon.node.authority.facts().fingerprint);
    let refused = register(&other, &configured, "secret", &pin);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("none of its certificates has the SHA-256"), "{said}");
    assert_eq!(files(configured.folder.path()), ["collector.toml"]);
}

#[test]
fn an_agent_renews_its_certificate_before_it_ends_and_keeps_its_key() {
    let now = Clock::System.now();
    let clock = Clock::manual(now.minus(300 * DAY));
    let daemon = daemon(clock.clone());
    let secret = secret(&daemon);
    let configured = unregistered();
    let pin = hex::encode(daemon.node.authority.facts().fingerprint);
    let done = register(&daemon, &configured, &secret, &pin);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let id = registered(&daemon);
    let read = |name: &str| std::fs::read_to_string(configured.folder.path().join(name)).unwrap();
    let (certificate, key) = (read("collector.crt"), read("collector.key"));

    clock.set(now);
    daemon.node.certificate.as_ref().unwrap().reload().unwrap();
    let agent = Running::start(&configured);
    wait_for("another certificate", || (read("collector.crt") != certificate).then_some(()));
    wait_for("a sign of life", || daemon.node.presence.seen(id));
    assert_eq!(read("collector.key"), key);
    let listed = daemon.node.access.certificates_of(id).unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed[0].expires_at > now.plus(360 * DAY) && listed[1].expires_at < now.plus(70 * DAY));
    assert_eq!(agent.stop(), Some(0));

    // what was written lets it in again
    let agent = Running::start(&configured);
    let seen = daemon.node.presence.seen(id).unwrap();
    wait_for("a later sign of life", || {
        clock.advance(Duration::from_millis(20));
        daemon.node.presence.seen(id).filter(|later| later.seen_at > seen.seen_at)
    });
    assert_eq!(agent.stop(), Some(0));
}

/// The files of an agent that was away for longer than its certificate and its token lasted: its administrator has given
/// it another token.
fn long_away(daemon: &Daemon, clock: &Clock) -> (Configured, CollectorId, Client, String) {
    let registered = daemon.register("db-1");
    clock.set(Clock::System.now());
    daemon.node.certificate.as_ref().unwrap().reload().unwrap();
    let id = registered.collector.id;
    let ada = daemon.user("ada", Role::Admin);
    let ca = daemon.node.authority.certificate();
    let operator = Client::with(&daemon.url, Some(Tls { ca: ca.clone(), own: None }));
    let rotated = operator.post(&format!("/api/v1/collectors/{id}/restart-jwt"), Some(&ada), &json!({}));
    let configured = Configured::with("");
    let folder = configured.folder.path();
    write(&folder.join("token"), &rotated.string("new_jwt_token"));
    write(&folder.join("ca.crt"), &ca);
    write(&folder.join("own.crt"), &registered.certificate);
    write_key(&configured, registered.private_key.unwrap().expose());
    let (url, folder) = (&daemon.url, folder.display());
    write(
        &configured.file,
        &format!(
            "[collector]\nid = \"{id}\"\ntoken_file = \"{folder}/token\"\ninterval = 10\n[backend]\nurl = \"{url}\"\n\
             [tls]\nca_file = \"{folder}/ca.crt\"\ncert_file = \"{folder}/own.crt\"\nkey_file = \"{folder}/own.key\"\n\
             [spool]\ndirectory = \"{folder}/spool\"\n"
        ),
    );
    (configured, id, operator, ada)
}

fn write_key(configured: &Configured, pem: &str) {
    crate::support::appliance::write(&configured.folder.path().join("own.key"), pem.as_bytes());
}

fn log(configured: &Configured) -> String {
    std::fs::read_to_string(configured.folder.path().join("log")).unwrap()
}

/// A clock of a year ago: what is issued now has ended by the machine's clock.
fn long_ago() -> Clock {
    Clock::manual(Clock::System.now().minus(366 * DAY))
}

#[test]
fn an_agent_whose_certificate_has_ended_fetches_another_where_its_token_is_enough() {
    let clock = long_ago();
    let daemon = daemon_that(ClientCertificates::Optional, clock.clone());
    let (configured, id, ..) = long_away(&daemon, &clock);
    let path = configured.folder.path().join("own.crt");
    let ended = std::fs::read_to_string(&path).unwrap();
    let agent = Running::start(&configured);
    wait_for("another certificate", || (std::fs::read_to_string(&path).unwrap() != ended).then_some(()));
    wait_for("a sign of life", || daemon.node.presence.seen(id));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn where_certificates_are_required_an_agent_whose_own_has_ended_says_what_to_do() {
    let clock = long_ago();
    let daemon = daemon_that(ClientCertificates::Required, clock.clone());
    let (configured, id, operator, ada) = long_away(&daemon, &clock);
    let agent = Running::start(&configured);
    wait_for("what to do", || {
        let log = log(&configured);
        (log.contains("have an administrator issue one") && log.contains("own.crt")).then_some(())
    });
    wait_for("the refusal", || log(&configured).contains("refuses this agent").then_some(()));
    assert_eq!(agent.stop(), Some(0));
    assert!(daemon.node.presence.seen(id).is_none());

    let path = format!("/api/v1/collectors/{id}/certificates");
    let issued = operator.post(&path, Some(&ada), &json!({}));
    assert_eq!(issued.status, 201, "{}", issued.text);
    write(&configured.folder.path().join("own.crt"), &issued.string("certificate"));
    write_key(&configured, &issued.string("private_key"));
    let agent = Running::start(&configured);
    wait_for("a sign of life", || daemon.node.presence.seen(id));
    assert_eq!(agent.stop(), Some(0));
}

#[test]
fn a_key_that_others_may_read_is_not_used_and_the_agent_says_how_to_mend_that() {
    let clock = Clock::manual(Clock::System.now());
    let daemon = daemon_that(ClientCertificates::Required, clock.clone());
    let (configured, id, ..) = long_away(&daemon, &clock);
    let key = configured.folder.path().join("own.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = configured.run("run", &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!(
            "its mode is 0644, and a secret is for its owner alone: chmod 600 {}",
            key.display()
        )),
        "{said}"
    );
    assert!(daemon.node.presence.seen(id).is_none());

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let agent = Running::start(&configured);
    wait_for("a sign of life", || daemon.node.presence.seen(id));
    assert_eq!(agent.stop(), Some(0));
}
