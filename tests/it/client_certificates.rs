//! Collectors that prove themselves by a certificate beside their token: whom the daemon takes for whom, what it
//! refuses, how soon a revocation counts, and what is left after the clock has leapt.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pganalytics::access::{ClientCertificates, Names, Role, Source};
use pganalytics::clock::Clock;
use pganalytics::fleet::Registered;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use reqwest::Method;
use serde_json::json;

use crate::support::client::{Client, Tls};
use crate::support::daemon::Daemon;
use crate::support::tls::SecureSocket;
use crate::support::wait_for;

const DAY: Duration = Duration::from_secs(24 * 3600);
const REFRESH: &str = "/api/v1/collectors/refresh-token";

fn daemon(rule: ClientCertificates, clock: &Clock) -> Daemon {
    Daemon::start_with(clock.clone(), |options| {
        let names = Names { listen: "127.0.0.1".parse().unwrap(), more: Vec::new() };
        options.certificate = Some(Source::Internal(names));
        options.client_certificates = rule;
    })
}

/// A manual clock at the time of the machine, for the client's TLS judges by that.
fn clock() -> Clock {
    Clock::manual(Clock::System.now())
}

fn own(registered: &Registered) -> (String, String) {
    let key = registered.private_key.as_ref().unwrap().expose().to_owned();
    (registered.certificate.clone(), key)
}

fn client(daemon: &Daemon, own: Option<(String, String)>) -> Client {
    Client::with(&daemon.url, Some(Tls { ca: daemon.node.authority.certificate(), own }))
}

/// Status and code of the answer to an exchange of the token.
fn exchange(client: &Client, registered: &Registered) -> (u16, String) {
    let reply = client.post(REFRESH, Some(registered.token.token.expose()), &json!({}));
    if reply.status == 200 { (200, String::new()) } else { (reply.problem().0, reply.problem().1.to_owned()) }
}

fn answer(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Whether the daemon lets such a certificate through its door at all.
fn is_let_in(daemon: &Daemon, own: (String, String)) -> bool {
    let client = client(daemon, Some(own));
    client.try_send(Method::GET, "/livez", &[], Vec::new()).is_ok()
}

/// A certificate with the collector's name that `issuer` signed; without one, it signed itself.
fn forged(name: &str, issuer: Option<&Issuer<'_, KeyPair>>) -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (certificate.pem(), key.serialize_pem())
}

#[test]
fn a_token_counts_with_its_own_collectors_certificate_only() {
    let daemon = daemon(ClientCertificates::Required, &clock());
    let (first, second) = (daemon.register("db-1"), daemon.register("db-2"));
    let (nobody, of_first) = (client(&daemon, None), client(&daemon, Some(own(&first))));
    assert_eq!(exchange(&of_first, &first), answer(200, ""));
    assert_eq!(exchange(&nobody, &first), answer(401, "certificate_required"));
    assert_eq!(exchange(&of_first, &second), answer(403, "forbidden"));

    // people have no certificate, and one of a collector is nothing to them
    let ada = daemon.user("ada", Role::Admin);
    for client in [&nobody, &of_first] {
        assert_eq!(client.get("/api/v1/collectors", Some(&ada)).body["total"], 2);
        assert_eq!(client.get("/", None).status, 200);
    }
    // a v3 collector that is answered 401 on its configuration asks again without end
    let path = format!("/api/v1/config/{}", first.collector.id);
    assert_eq!(nobody.get(&path, Some(first.token.token.expose())).status, 403);
}

#[test]
fn where_it_is_optional_a_token_alone_is_enough_and_a_wrong_certificate_is_still_refused() {
    let daemon = daemon(ClientCertificates::Optional, &clock());
    let (first, second) = (daemon.register("db-1"), daemon.register("db-2"));
    assert_eq!(exchange(&client(&daemon, None), &first), answer(200, ""));
    assert_eq!(exchange(&client(&daemon, Some(own(&first))), &first), answer(200, ""));
    assert_eq!(exchange(&client(&daemon, Some(own(&first))), &second), answer(403, "forbidden"));
}

#[test]
fn foreign_self_made_and_expired_certificates_do_not_get_through_the_door() {
    let clock = clock();
    let daemon = daemon(ClientCertificates::Optional, &clock);
    let registered = daemon.register("db-1");
    let name = registered.collector.id.to_string();
    assert!(is_let_in(&daemon, own(&registered)));
    assert!(!is_let_in(&daemon, forged(&name, None)));

    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let foreign = Issuer::new(params, KeyPair::generate().unwrap());
    assert!(!is_let_in(&daemon, forged(&name, Some(&foreign))));
    // the same name, and a key of its own
    let authority = daemon.node.authority.certificate();
    let pretended = Issuer::from_ca_cert_pem(&authority, KeyPair::generate().unwrap()).unwrap();
    assert!(!is_let_in(&daemon, forged(&name, Some(&pretended))));

    clock.advance(366 * DAY);
    assert!(!is_let_in(&daemon, own(&registered)));
}

/// A connection stays open, and each request on it is judged anew.
#[test]
fn a_revoked_certificate_is_dead_on_open_connections() {
    let daemon = daemon(ClientCertificates::Required, &clock());
    let registered = daemon.register("db-1");
    let id = registered.collector.id;
    let ada = daemon.user("ada", Role::Admin);
    let agent = client(&daemon, Some(own(&registered)));
    assert_eq!(exchange(&agent, &registered), answer(200, ""));
    let tls = Tls { ca: daemon.node.authority.certificate(), own: Some(own(&registered)) };
    let path = format!("/api/v1/collectors/{id}/channel");
    let mut channel =
        SecureSocket::open(&daemon.address, &path, registered.token.token.expose(), &tls).unwrap();

    let operator = client(&daemon, None);
    let listed = operator.get(&format!("/api/v1/collectors/{id}/certificates"), Some(&ada));
    assert_eq!(listed.body["total"], 1, "{}", listed.text);
    let serial = listed.body["certificates"][0]["serial"].as_str().unwrap();
    let path = format!("/api/v1/collectors/{id}/certificates/{serial}");
    let revoked = operator.call(Method::DELETE, &path, Some(&ada), None);
    assert_eq!(revoked.status, 200, "{}", revoked.text);
    let ended = Instant::now();
    assert_eq!(exchange(&agent, &registered), answer(401, "certificate_revoked"));
    wait_for("the channel to end", || channel.has_ended().then_some(()));
    assert!(ended.elapsed() < Duration::from_secs(5), "it took {:?}", ended.elapsed());
    assert_eq!(
        SecureSocket::open(
            &daemon.address,
            &format!("/api/v1/collectors/{id}/channel"),
            registered.token.token.expose(),
            &tls
        )
        .err(),
        Some(401)
    );
    let audited = operator.get(&format!("/api/v1/collectors/{id}/audit"), Some(&ada)).text;
    assert!(audited.contains("certificate.revoke"), "{audited}");
}

#[test]
fn a_collector_that_is_unregistered_takes_its_certificate_along_and_brings_it_back() {
    let daemon = daemon(ClientCertificates::Required, &clock());
    let registered = daemon.register("db-1");
    let ada = daemon.user("ada", Role::Admin);
    let (agent, operator) = (client(&daemon, Some(own(&registered))), client(&daemon, None));
    assert_eq!(exchange(&agent, &registered), answer(200, ""));
    let path = format!("/api/v1/collectors/{}", registered.collector.id);
    assert_eq!(
        operator.call(Method::DELETE, &path, Some(&ada), Some(&json!({"reason": "Other"}))).status,
        200
    );
    assert_eq!(exchange(&agent, &registered), answer(401, "token_revoked"));
    let back =
        json!({"archived_collector_id": registered.collector.id.to_string(), "generate_new_token": false});
    let back = operator.post("/api/v1/collectors/re-register", Some(&ada), &back);
    assert_eq!(back.status, 200, "{}", back.text);
    assert_eq!(exchange(&agent, &registered), answer(200, ""));
}

/// The agent's key stays where it is: it sends a request that it has signed, and gets a certificate for it.
#[test]
fn a_certificate_is_renewed_over_the_agents_own_key_and_counts_for_its_collector() {
    let daemon = daemon(ClientCertificates::Required, &clock());
    let registered = daemon.register("db-1");
    let agent = client(&daemon, Some(own(&registered)));
    let token = registered.token.token.expose();
    let path = format!("/api/v1/collectors/{}/certificate", registered.collector.id);
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    let csr = request.pem().unwrap();
    let mut unproven = request.der().to_vec();
    *unproven.last_mut().unwrap() ^= 1;
    let unproven = BASE64_STANDARD.encode(unproven);
    let unproven =
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{unproven}\n-----END CERTIFICATE REQUEST-----\n");
    for bad in [json!({}), json!({"csr": "rubbish"}), json!({"csr": unproven})] {
        let refused = agent.post(&path, Some(token), &bad);
        assert_eq!((refused.problem().0, refused.fields()), (400, vec!["csr"]), "{bad}");
    }
    let renewed = agent.post(&path, Some(token), &json!({"csr": csr}));
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert!(!renewed.text.contains("PRIVATE"), "no key travels");
    let next = client(&daemon, Some((renewed.string("certificate"), key.serialize_pem())));
    assert_eq!(exchange(&next, &registered), answer(200, ""));
    // the one before is good until it ends
    assert_eq!(exchange(&agent, &registered), answer(200, ""));

    let without = client(&daemon, None).post(&path, Some(token), &json!({"csr": csr}));
    assert_eq!(without.problem(), (401, "certificate_required"));
}

#[test]
fn an_administrator_gives_an_agent_that_was_locked_out_another_certificate() {
    let daemon = daemon(ClientCertificates::Required, &clock());
    let registered = daemon.register("db-1");
    let ada = daemon.user("ada", Role::Admin);
    let path = format!("/api/v1/collectors/{}/certificates", registered.collector.id);
    let issued = client(&daemon, None).post(&path, Some(&ada), &json!({}));
    assert_eq!(issued.status, 201, "{}", issued.text);
    let agent = client(&daemon, Some((issued.string("certificate"), issued.string("private_key"))));
    assert_eq!(exchange(&agent, &registered), answer(200, ""));
}

/// A machine without a battery for its clock starts years off. What was dated meanwhile must not keep anybody out
/// when the clock is right again.
#[test]
fn a_clock_that_leapt_and_was_set_back_locks_nobody_out() {
    let clock = clock();
    let now = clock.now();
    let daemon = daemon(ClientCertificates::Required, &clock);
    let before = daemon.register("db-1");
    clock.set(now.plus(3000 * DAY));
    daemon.node.certificate.as_ref().unwrap().reload().unwrap();
    let meanwhile = daemon.register("db-2");
    clock.set(now);
    let shown = daemon.node.certificate.as_ref().unwrap().reload().unwrap();
    assert!(shown.is_valid(now), "{shown:?}");
    // the client checks the daemon's certificate by the clock of the machine
    for registered in [&before, &meanwhile] {
        assert_eq!(exchange(&client(&daemon, Some(own(registered))), registered), answer(200, ""));
    }
}

/// The other way round: the clock was years behind when everything was made.
#[test]
fn a_clock_that_was_behind_leaves_a_daemon_that_renews_itself() {
    let right = Clock::System.now();
    let clock = Clock::manual(right.minus(2000 * DAY));
    let daemon = daemon(ClientCertificates::Required, &clock);
    let before = daemon.node.certificate.as_ref().unwrap().facts();
    clock.set(right);
    assert!(!before.is_valid(right));
    let renewed = daemon.node.certificate.as_ref().unwrap().reload().unwrap();
    assert!(renewed.is_valid(right) && renewed.fingerprint != before.fingerprint);
    let registered = daemon.register("db-1");
    assert_eq!(exchange(&client(&daemon, Some(own(&registered))), &registered), answer(200, ""));
}
