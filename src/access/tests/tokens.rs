//! Tokens that must not pass, API tokens and tickets.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::access::token::{Claims, Kind, New, TokenError};
use crate::audit::Signer;
use crate::limits::COLLECTOR_ACCESS_LIFE;

/// Header and claims of a token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap_or_default());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Any header and claims under the appliance's own signature.
fn signed_by_us(fixture: &Fixture, header: &Value, claims: &Value) -> String {
    let message = unsigned(header, claims);
    let (_, signature) = fixture.access.keys.sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn with(of: &Value, field: &str, value: Value) -> Value {
    let mut changed = of.clone();
    changed[field] = value;
    changed
}

fn without(of: &Value, field: &str) -> Value {
    let mut changed = of.clone();
    changed.as_object_mut().unwrap().remove(field);
    changed
}

/// A rotation signs nobody out; a key that was stolen is worth nothing when all that it has signed has ended.
#[test]
fn tokens_outlive_the_key_that_signed_them_until_they_end() {
    let (mut fixture, ada) = Fixture::with_admin();
    let before = fixture.login("ada").token;
    let checkpoint = fixture.access.signing_keys().sign(b"head");
    let first = fixture.access.keys.newest().id.clone();
    let second = fixture.access.rotate_signing_key(&origin()).unwrap();
    assert_ne!(first, second);
    let after = fixture.login("ada").token;
    for restarted in [false, true] {
        for token in [&before, &after] {
            assert_eq!(fixture.signed_in(token).id, ada.id);
        }
        assert_eq!(fixture.access.keys.newest().id, second, "restarted: {restarted}");
        assert!(fixture.access.keys.verifies(&checkpoint.0, b"head", &checkpoint.1));
        fixture.restart();
    }
    let header = jsonwebtoken::decode_header(after.expose()).unwrap();
    assert_eq!(header.kid, Some(second));
    assert!(fixture.audited().iter().any(|(action, ..)| action == "key.rotate"));

    // whatever a token of the retired key says of its end
    let claims = Claims {
        iss: "pganalytics".to_owned(),
        aud: "pganalytics:collector".to_owned(),
        sub: "col_00000000-0000-7000-8000-000000000001".to_owned(),
        jti: "tok_00000000-0000-7000-8000-000000000001".to_owned(),
        iat: fixture.clock.now().as_seconds(),
        exp: fixture.clock.now().plus(365 * DAY).as_seconds(),
        of: "tok_00000000-0000-7000-8000-000000000001".to_owned(),
    };
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    header.typ = Some("collector+jwt".to_owned());
    header.kid = Some(first.clone());
    let stolen = fixture.access.keys.by_id(&first).unwrap();
    let forged = jsonwebtoken::encode(&header, &claims, &stolen.encoding).unwrap();
    let read = |now| token::read(&fixture.access.keys, &forged, now);
    let now = fixture.clock.now();
    assert!(read(now).is_ok());
    assert_eq!(read(now.plus(COLLECTOR_ACCESS_LIFE)).unwrap_err(), TokenError::Expired);
}

#[test]
fn a_token_says_its_kind_its_key_and_all_claims() {
    let (fixture, ada) = Fixture::with_admin();
    let session = fixture.login("ada");
    let (header, claims) = parts(session.token.expose());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("user+jwt")));
    assert_eq!(header["kid"], json!(fixture.access.keys.newest().id));
    assert_eq!(claims["sub"], json!(ada.id.to_string()));
    assert_eq!(claims["exp"], json!(session.expires_at.as_seconds()));
    for claim in ["iss", "aud", "jti", "iat"] {
        assert!(!claims[claim].is_null(), "{claim}");
    }
}

#[test]
fn foreign_algorithms_and_keys_are_refused() {
    let (fixture, _) = Fixture::with_admin();
    let session = fixture.login("ada");
    let (header, claims) = parts(session.token.expose());
    let public = fixture.access.keys.public_key();
    let mut forged = vec![
        format!("{}.", unsigned(&with(&header, "alg", json!("none")), &claims)),
        format!("{}.", unsigned(&with(&header, "alg", json!("None")), &claims)),
        unsigned(&header, &claims),
        format!("{}.", unsigned(&header, &claims)),
        format!("{}.{}", unsigned(&header, &claims), URL_SAFE_NO_PAD.encode([0; 64])),
    ];
    for secret in
        [public.as_slice(), hex::encode(&public).as_bytes(), STANDARD.encode(&public).as_bytes(), b""]
    {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header: Header = serde_json::from_value(header.clone()).unwrap();
            header.alg = algorithm;
            forged.push(jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap());
        }
    }
    let foreign = Fixture::new();
    let foreign_key = |header: &Value| signed_by_us(&foreign, header, &claims);
    forged.push(foreign_key(&header));
    forged.push(foreign_key(&with(&header, "kid", json!(foreign.access.keys.newest().id))));
    forged.push(foreign_key(&without(&header, "kid")));
    forged.push(foreign_key(&with(&header, "jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}))));
    for algorithm in ["RS256", "PS256", "ES256", "ES384"] {
        forged.push(signed_by_us(&fixture, &with(&header, "alg", json!(algorithm)), &claims));
    }
    for token in forged {
        assert_eq!(refusal(&fixture.access, &token), "invalid", "{token}");
    }
    fixture.signed_in(&session.token);
}

#[test]
fn what_an_unregistered_v3_collector_signs_for_itself_is_refused() {
    let fixture = Fixture::new();
    let padded = |value: &Value| STANDARD.encode(value.to_string());
    let header = padded(&json!({"alg": "HS256", "typ": "JWT"}));
    let claims = padded(&json!({"collector_id": "collector-001", "exp": 4_102_444_800_i64}));
    let token = format!("{header}.{claims}.{}", STANDARD.encode([7; 32]));
    assert_eq!(refusal(&fixture.access, &token), "invalid");
}

#[test]
fn a_changed_or_missing_claim_is_refused_even_under_our_signature() {
    let (fixture, _) = Fixture::with_admin();
    let session = fixture.login("ada");
    let (header, claims) = parts(session.token.expose());
    fixture.access.identify(&signed_by_us(&fixture, &header, &claims)).unwrap();
    let expiry = claims["exp"].as_i64().unwrap();
    let mut forged: Vec<(Value, Value)> = Vec::new();
    for claim in ["exp", "iat", "aud", "iss", "sub", "jti", "of"] {
        forged.push((header.clone(), without(&claims, claim)));
        forged.push((header.clone(), with(&claims, claim, Value::Null)));
    }
    for (claim, value) in [
        ("exp", json!(expiry.to_string())),
        ("iat", json!("now")),
        ("aud", json!("pganalytics:collector")),
        ("aud", json!(["pganalytics:user", "pganalytics:collector"])),
        ("iss", json!("somebody else")),
        ("sub", json!("col_0")),
        ("of", json!("tok_0")),
    ] {
        forged.push((header.clone(), with(&claims, claim, value)));
    }
    for typ in ["JWT", "collector+jwt", "enrolment+jwt", "ticket+jwt", "USER+JWT"] {
        forged.push((with(&header, "typ", json!(typ)), claims.clone()));
    }
    forged.push((without(&header, "typ"), claims.clone()));
    forged.push((with(&header, "crit", json!(["exp"])), claims.clone()));
    for (header, claims) in forged {
        let token = signed_by_us(&fixture, &header, &claims);
        assert_eq!(refusal(&fixture.access, &token), "invalid", "{header} {claims}");
    }
    let past = with(&claims, "exp", json!(fixture.clock.now().as_seconds()));
    assert_eq!(refusal(&fixture.access, &signed_by_us(&fixture, &header, &past)), "expired");
}

#[test]
fn a_token_of_one_kind_or_subject_is_none_of_another() {
    let (fixture, _) = Fixture::with_admin();
    fixture.add("bob", Role::Viewer);
    let (ada, bob) = (fixture.login("ada"), fixture.login("bob"));
    let (header, claims) = parts(bob.token.expose());
    let as_ada = with(&claims, "sub", json!(ada.user.id.to_string()));
    assert_eq!(refusal(&fixture.access, &signed_by_us(&fixture, &header, &as_ada)), "invalid");

    let collector = fixture.add_collector();
    let enrolment = fixture.enrol(collector);
    let (header, claims) = parts(enrolment.token.expose());
    let other = with(&claims, "sub", json!(fixture.add_collector().to_string()));
    assert_eq!(refusal(&fixture.access, &signed_by_us(&fixture, &header, &other)), "invalid");
    let later = with(&claims, "exp", json!(9_999_999_999_i64));
    assert_eq!(refusal(&fixture.access, &signed_by_us(&fixture, &header, &later)), "invalid", "another text");
}

#[test]
fn rubbish_is_refused() {
    let fixture = Fixture::new();
    for token in ["", ".", "..", "...", "a.b.c", "pga_", "pga_x", "Bearer x", "\u{0}", "é.é.é"] {
        assert_eq!(refusal(&fixture.access, token), "invalid", "{token:?}");
    }
    assert_eq!(refusal(&fixture.access, &"x".repeat(1 << 20)), "invalid");
    assert_eq!(refusal(&fixture.access, &format!("pga_{}", "x".repeat(1 << 20))), "invalid");
}

#[test]
fn an_api_token_does_what_its_user_may_at_that_moment_and_no_more() {
    let (fixture, _) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Operator);
    let caller = fixture.signed_in(&fixture.login("bob").token);
    let make = |role| fixture.access.create_api_token(&origin(), &caller, "ci", role, DAY);
    for role in [Role::Admin, Role::Auditor] {
        let refused = make(Some(role));
        assert!(
            matches!(refused, Err(ApiTokenError::RoleTooHigh { asked, own: Role::Operator }) if asked == role)
        );
    }
    let (_, own) = make(None).unwrap();
    let (_, viewer) = make(Some(Role::Viewer)).unwrap();
    let roles = || [fixture.signed_in(&own).role, fixture.signed_in(&viewer).role];
    assert_eq!(roles(), [Role::Operator, Role::Viewer]);
    let become_role = |role| {
        let change = UserChange { role: Some(role), ..UserChange::default() };
        fixture.access.update_user(&origin(), bob.id, change).unwrap();
    };
    become_role(Role::Admin);
    assert_eq!(roles(), [Role::Operator, Role::Viewer], "a token does not rise with its user");
    become_role(Role::Auditor);
    assert_eq!(roles(), [Role::Viewer, Role::Viewer]);
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    fixture.access.update_user(&origin(), bob.id, disable).unwrap();
    assert_eq!(refusal(&fixture.access, own.expose()), "revoked");
}

#[test]
fn an_api_token_ends_when_it_is_revoked_or_expires() {
    let (mut fixture, ada) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Viewer);
    let caller = fixture.signed_in(&fixture.login("bob").token);
    let admin = fixture.signed_in(&fixture.login("ada").token);
    let (first, first_text) = fixture.access.create_api_token(&origin(), &caller, "one", None, DAY).unwrap();
    let (second, second_text) =
        fixture.access.create_api_token(&origin(), &caller, "two", None, DAY).unwrap();
    assert_eq!(fixture.access.api_tokens(bob.id).unwrap().len(), 2);
    assert!(fixture.access.api_tokens(ada.id).unwrap().is_empty());
    let bearer = Identity::User(fixture.signed_in(&first_text));
    fixture.access.check_again(&bearer).unwrap();
    fixture.access.revoke_api_token(&origin(), &admin, first.id).unwrap();
    assert!(matches!(fixture.access.check_again(&bearer), Err(AccessError::Revoked)));
    let again = fixture.access.revoke_api_token(&origin(), &caller, first.id);
    assert!(matches!(again, Err(ApiTokenError::NotFound)));
    fixture.restart();
    assert_eq!(refusal(&fixture.access, first_text.expose()), "revoked");
    fixture.clock.advance(DAY);
    assert_eq!(refusal(&fixture.access, second_text.expose()), "expired");
    fixture.access.revoke_api_token(&origin(), &caller, second.id).unwrap();
}

#[test]
fn nobody_but_an_administrator_revokes_the_token_of_another() {
    let (fixture, _) = Fixture::with_admin();
    fixture.add("bob", Role::Operator);
    let ada = fixture.signed_in(&fixture.login("ada").token);
    let bob = fixture.signed_in(&fixture.login("bob").token);
    let (token, text) = fixture.access.create_api_token(&origin(), &ada, "ci", None, DAY).unwrap();
    let refused = fixture.access.revoke_api_token(&origin(), &bob, token.id);
    assert!(matches!(refused, Err(ApiTokenError::NotFound)));
    fixture.signed_in(&text);
}

#[test]
fn an_api_token_has_no_session_and_a_user_has_so_many() {
    let (fixture, _) = Fixture::with_admin();
    let ada = fixture.signed_in(&fixture.login("ada").token);
    let make = || fixture.access.create_api_token(&origin(), &ada, "ci", None, DAY);
    let (_, text) = make().unwrap();
    let bearer = fixture.signed_in(&text);
    assert!(matches!(fixture.access.refresh(&bearer), Err(AccessError::NoSession)));
    assert!(matches!(fixture.access.logout(&origin(), &bearer), Err(AccessError::NoSession)));
    let child = fixture.access.create_api_token(&origin(), &bearer, "child", None, DAY);
    assert!(matches!(child, Err(ApiTokenError::NoSession)));
    for _ in 1..crate::limits::API_TOKENS_PER_USER {
        make().unwrap();
    }
    assert!(matches!(make(), Err(ApiTokenError::TooMany)));
}

#[test]
fn a_ticket_is_used_once_and_soon() {
    let (fixture, ada) = Fixture::with_admin();
    let caller = fixture.signed_in(&fixture.login("ada").token);
    let (ticket, expires_at) = fixture.access.issue_ticket(&caller).unwrap();
    assert_eq!(expires_at, fixture.clock.now().plus(Duration::from_secs(30)));
    assert_eq!(refusal(&fixture.access, ticket.expose()), "invalid", "a ticket is no bearer token");
    assert_eq!(fixture.access.redeem_ticket(ticket.expose()).unwrap().id, ada.id);
    assert!(matches!(fixture.access.redeem_ticket(ticket.expose()), Err(AccessError::Revoked)));
    let (late, _) = fixture.access.issue_ticket(&caller).unwrap();
    fixture.clock.advance(Duration::from_secs(30));
    assert!(matches!(fixture.access.redeem_ticket(late.expose()), Err(AccessError::Expired)));
    let session = fixture.login("ada");
    assert!(matches!(fixture.access.redeem_ticket(session.token.expose()), Err(AccessError::Invalid)));
}

#[test]
fn a_ticket_dies_with_the_session_that_it_was_given_to() {
    let (fixture, _) = Fixture::with_admin();
    let caller = fixture.signed_in(&fixture.login("ada").token);
    let (ticket, _) = fixture.access.issue_ticket(&caller).unwrap();
    fixture.access.logout(&origin(), &caller).unwrap();
    assert!(matches!(fixture.access.redeem_ticket(ticket.expose()), Err(AccessError::Revoked)));
}

#[test]
fn tickets_are_bounded_in_number_and_make_room_with_time() {
    let (fixture, _) = Fixture::with_admin();
    let caller = fixture.signed_in(&fixture.login("ada").token);
    for _ in 0..crate::limits::TICKETS_PER_USER {
        fixture.access.issue_ticket(&caller).unwrap();
    }
    assert!(matches!(fixture.access.issue_ticket(&caller), Err(TicketError::TooMany)));
    fixture.clock.advance(Duration::from_secs(30));
    fixture.access.issue_ticket(&caller).unwrap();
}

#[test]
fn a_caller_without_session_and_token_is_nobody() {
    let (fixture, _) = Fixture::with_admin();
    let mut caller = fixture.signed_in(&fixture.login("ada").token);
    caller.session = None;
    let refused = fixture.access.check_again(&Identity::User(caller));
    assert!(matches!(refused, Err(AccessError::Invalid)));
}

#[test]
fn a_collectors_access_token_needs_its_enrolment() {
    let fixture = Fixture::new();
    let collector = fixture.add_collector();
    let now = fixture.clock.now();
    let new = New {
        kind: Kind::Collector,
        subject: &collector.to_string(),
        id: "tok_019a0000-0000-7000-8000-000000000000",
        of: "tok_019a0000-0000-7000-8000-000000000000",
        issued_at: now,
        expires_at: now.plus(DAY),
    };
    let token = new.sign(&fixture.access.keys).unwrap();
    assert_eq!(refusal(&fixture.access, token.expose()), "revoked");
}
