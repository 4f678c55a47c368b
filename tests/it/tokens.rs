//! Tokens that are not ours, no longer ours, or made to look like ours.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::support::appliance::{ADMIN, Appliance, now};

fn part(token: &str, index: usize) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

fn encoded(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The same claims under another algorithm, signed with something that an attacker has.
fn signed_anew(token: &str, algorithm: Algorithm, key: &EncodingKey) -> String {
    let mut header = Header::new(algorithm);
    header.typ = part(token, 0)["typ"].as_str().map(str::to_owned);
    header.kid = part(token, 0)["kid"].as_str().map(str::to_owned);
    jsonwebtoken::encode(&header, &part(token, 1), key).unwrap()
}

/// What a v3 collector signs for itself when it was not registered: an empty secret, padded standard base64.
fn of_a_v3_collector(id: &str) -> String {
    let part = |value: &Value| BASE64_STANDARD.encode(value.to_string());
    let claims = json!({"sub": id, "collector_id": id, "iat": 1_700_000_000, "exp": 4_000_000_000_u64});
    let text = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(&claims));
    let signed =
        jsonwebtoken::crypto::sign(text.as_bytes(), &EncodingKey::from_secret(b""), Algorithm::HS256)
            .unwrap();
    let signature = BASE64_STANDARD.encode(BASE64_URL_SAFE_NO_PAD.decode(signed).unwrap());
    format!("{text}.{signature}")
}

fn forgeries(token: &str, id: &str) -> Vec<(&'static str, String)> {
    let (header, claims, signature) = {
        let mut parts = token.split('.');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
    };
    let with = |index: usize, member: &str, value: Value| {
        let mut changed = part(token, index);
        changed[member] = value;
        encoded(&changed)
    };
    let none = with(0, "alg", json!("none"));
    let another_key = EncodingKey::from_ed_pem(
        rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem().as_bytes(),
    )
    .unwrap();
    let kid = part(token, 0)["kid"].as_str().unwrap().to_owned();
    vec![
        ("no algorithm", format!("{none}.{claims}.")),
        ("no algorithm, with a signature", format!("{none}.{claims}.{signature}")),
        ("no signature", format!("{header}.{claims}.")),
        ("a later end", format!("{header}.{}.{signature}", with(1, "exp", json!(4_000_000_000_u64)))),
        ("another subject", format!("{header}.{}.{signature}", with(1, "sub", json!("usr_x")))),
        ("another type", format!("{}.{claims}.{signature}", with(0, "typ", json!("user+jwt")))),
        ("an empty shared secret", signed_anew(token, Algorithm::HS256, &EncodingKey::from_secret(b""))),
        (
            "the key id as the secret",
            signed_anew(token, Algorithm::HS256, &EncodingKey::from_secret(kid.as_bytes())),
        ),
        ("a key of somebody else", signed_anew(token, Algorithm::EdDSA, &another_key)),
        ("what a v3 collector makes", of_a_v3_collector(id)),
        ("a bit of the signature", flipped(token)),
        ("two tokens", format!("{token}.{token}")),
        ("an endless token", format!("{token}{}", "A".repeat(50_000))),
        ("nothing", String::new()),
    ]
}

fn flipped(token: &str) -> String {
    // not the last letter: some of its bits mean nothing
    let at = token.len() - 10;
    let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

#[test]
fn a_token_that_we_did_not_sign_opens_nothing() {
    let (appliance, ada) = Appliance::with_admin();
    let (id, enrolment) = appliance.collector(&ada, "db-1");
    let access = appliance
        .client
        .post("/api/v1/collectors/refresh-token", Some(&enrolment), &json!({}))
        .string("token");
    let push = json!({"metrics": [{"type": "probe", "timestamp": now()}]});
    for token in [&enrolment, &access] {
        assert_eq!(appliance.client.post("/api/v1/metrics/push", Some(token), &push).status, 200);
        for (what, forged) in forgeries(token, &id) {
            // the head of a request has its bound as well
            let forged = &forged[..forged.len().min(20_000)];
            let refused = appliance.client.post("/api/v1/metrics/push", Some(forged), &push);
            assert_eq!(refused.problem(), (401, "token_invalid"), "{what}");
            assert_eq!(
                appliance.client.post("/api/v1/collectors/refresh-token", Some(forged), &push).problem().0,
                401
            );
            assert_eq!(
                appliance.client.get(&format!("/api/v1/config/{id}"), Some(forged)).problem().0,
                403,
                "{what}"
            );
        }
    }
    for (what, forged) in forgeries(&ada, &id) {
        let forged = &forged[..forged.len().min(20_000)];
        assert_eq!(
            appliance.client.get("/api/v1/users", Some(forged)).problem(),
            (401, "token_invalid"),
            "{what}"
        );
    }
    for (what, token, path) in [
        ("a collector's for a user's", &enrolment, "/api/v1/users"),
        ("a collector's access token for a user's", &access, "/api/v1/auth/me"),
    ] {
        assert_eq!(appliance.client.get(path, Some(token)).problem().0, 403, "{what}");
    }
    let ticket = appliance.client.post("/api/v1/ws/ticket", Some(&ada), &json!({})).string("ticket");
    assert_eq!(
        appliance.client.get("/api/v1/auth/me", Some(&ticket)).problem().0,
        401,
        "a ticket is no session"
    );
}

#[test]
fn the_tokens_of_another_appliance_are_not_ours() {
    let (ours, _) = Appliance::with_admin();
    let (theirs, eve) = Appliance::with_admin();
    let (_, collector) = theirs.collector(&eve, "db-1");
    let api_token =
        theirs.client.post("/api/v1/api-tokens", Some(&eve), &json!({"name": "x"})).string("token");
    for token in [eve, collector, api_token] {
        assert_eq!(ours.client.get("/api/v1/auth/me", Some(&token)).problem(), (401, "token_invalid"));
    }
}

/// A token that was taken away stays dead, also after a power cut right behind it.
#[test]
fn what_was_revoked_stays_dead_after_a_kill() {
    let (mut appliance, ada) = Appliance::with_admin();
    let session = appliance.login(ADMIN);
    let made = appliance.client.post("/api/v1/api-tokens", Some(&ada), &json!({"name": "ci"}));
    let (bob, bobs) = appliance.user(&ada, "bob", "operator");
    let delete =
        |path: String| appliance.client.call(reqwest::Method::DELETE, &path, Some(&ada), None).status;
    assert_eq!(delete(format!("/api/v1/api-tokens/{}", made.string("id"))), 204);
    assert_eq!(delete(format!("/api/v1/users/{bob}")), 204);
    assert_eq!(appliance.client.post("/api/v1/auth/logout", Some(&session), &json!({})).status, 204);
    appliance.kill();
    appliance.restart();
    for token in [session, made.string("token"), bobs] {
        assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&token)).problem(), (401, "token_revoked"));
    }
    assert_eq!(appliance.client.get("/api/v1/auth/me", Some(&ada)).status, 200);
}

#[test]
fn guessing_is_slowed_down_and_tells_nothing() {
    let (appliance, _) = Appliance::with_admin();
    let wrong = appliance.try_login(ADMIN, "wrong wrong wrong");
    let unknown = appliance.try_login("nobody", "wrong wrong wrong");
    assert_eq!(wrong.problem(), (401, "invalid_credentials"));
    assert_eq!((wrong.problem(), wrong.string("detail")), (unknown.problem(), unknown.string("detail")));
    let refused =
        (0..10).map(|_| appliance.try_login(ADMIN, "wrong wrong wrong")).find(|reply| reply.status != 401);
    let refused = refused.expect("a pause after a few failures");
    assert_eq!(refused.problem(), (429, "rate_limited"));
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
}
