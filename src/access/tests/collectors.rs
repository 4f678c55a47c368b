//! The tokens of collectors, and the secrets with which they register themselves.

use super::*;
use crate::clock::Timestamp;

/// What the bearer of either token gets for it.
fn exchange(fixture: &Fixture, token: &Secret) -> Result<Issued, AccessError> {
    match fixture.access.identify(token.expose())? {
        Identity::Collector { id, token, .. } => fixture.access.exchange(id, token),
        Identity::User(user) => panic!("{} is a user", user.username),
    }
}

fn revoke(fixture: &Fixture, collector: CollectorId, at: Timestamp) {
    fixture.db.write(|tx| fixture.access.revoke_of_collector(tx, collector, at)).unwrap();
}

#[test]
fn both_tokens_name_the_collector_and_an_access_token_lives_an_hour() {
    let fixture = Fixture::new();
    let collector = fixture.add_collector();
    let enrolment = fixture.enrol(collector);
    assert_eq!(enrolment.expires_at, fixture.clock.now().plus(DAY * 365));
    let access_token = exchange(&fixture, &enrolment.token).unwrap();
    let bearer = Identity::Collector { id: collector, token: enrolment.id, proof: None };
    for token in [&enrolment.token, &access_token.token] {
        assert_eq!(fixture.access.identify(token.expose()).unwrap(), bearer);
        assert_eq!(fixture.access.known_bearer(token.expose(), None).as_ref(), Some(&bearer));
    }
    fixture.clock.advance(Duration::from_secs(3590));
    let next = exchange(&fixture, &access_token.token).unwrap();
    fixture.clock.advance(Duration::from_secs(10));
    assert_eq!(refusal(&fixture.access, access_token.token.expose()), "expired");
    assert_eq!(fixture.access.identify(next.token.expose()).unwrap(), bearer);
}

#[test]
fn an_access_token_ends_with_its_enrolment_token_at_the_latest() {
    let fixture = Fixture::new();
    let enrolment = fixture.enrol(fixture.add_collector());
    fixture.clock.set(enrolment.expires_at.minus(Duration::from_secs(60)));
    let access_token = exchange(&fixture, &enrolment.token).unwrap();
    assert_eq!(access_token.expires_at, enrolment.expires_at);
    fixture.clock.advance(Duration::from_secs(60));
    for token in [&enrolment.token, &access_token.token] {
        assert_eq!(refusal(&fixture.access, token.expose()), "expired");
    }
}

#[test]
fn revocation_reaches_the_access_tokens_at_once_and_survives_a_restart() {
    let mut fixture = Fixture::new();
    let (one, other) = (fixture.add_collector(), fixture.add_collector());
    let enrolment = fixture.enrol(one);
    let untouched = fixture.enrol(other);
    let access_token = exchange(&fixture, &enrolment.token).unwrap();
    let identity = fixture.access.identify(access_token.token.expose()).unwrap();
    fixture.access.check_again(&identity).unwrap();
    revoke(&fixture, one, fixture.clock.now());
    assert!(matches!(fixture.access.check_again(&identity), Err(AccessError::Revoked)));
    assert!(matches!(fixture.access.exchange(one, enrolment.id), Err(AccessError::Revoked)));
    assert!(matches!(fixture.access.exchange(one, untouched.id), Err(AccessError::Invalid)));
    fixture.restart();
    for token in [&enrolment.token, &access_token.token] {
        assert_eq!(refusal(&fixture.access, token.expose()), "revoked");
    }
    fixture.access.identify(untouched.token.expose()).unwrap();
}

#[test]
fn a_revocation_may_leave_time_for_the_next_token() {
    let fixture = Fixture::new();
    let collector = fixture.add_collector();
    let old = fixture.enrol(collector);
    revoke(&fixture, collector, fixture.clock.now().plus(Duration::from_secs(30)));
    let new = fixture.enrol(collector);
    fixture.access.identify(old.token.expose()).unwrap();
    fixture.clock.advance(Duration::from_secs(30));
    assert_eq!(refusal(&fixture.access, old.token.expose()), "revoked");
    fixture.access.identify(new.token.expose()).unwrap();
    let good_until = fixture.db.read(|tx| fixture.access.enrolment_expires_at(tx, collector)).unwrap();
    assert_eq!(good_until, Some(new.expires_at));
}

#[test]
fn the_revocation_of_one_moment_can_be_taken_back() {
    let fixture = Fixture::new();
    let collector = fixture.add_collector();
    let first = fixture.enrol(collector);
    revoke(&fixture, collector, fixture.clock.now());
    fixture.clock.advance(DAY);
    let second = fixture.enrol(collector);
    let archived_at = fixture.clock.now();
    revoke(&fixture, collector, archived_at);
    fixture.clock.advance(DAY);
    fixture.db.write(|tx| fixture.access.revive_of_collector(tx, collector, archived_at)).unwrap();
    fixture.access.identify(second.token.expose()).unwrap();
    assert_eq!(refusal(&fixture.access, first.token.expose()), "revoked");
}

#[test]
fn an_edited_token_row_is_refused() {
    let fixture = Fixture::new();
    let enrolment = fixture.enrol(fixture.add_collector());
    let collector = fixture.add_collector();
    revoke(&fixture, fixture.add_collector(), fixture.clock.now());
    fixture.sql(&format!("UPDATE collector_tokens SET collector_id = '{collector}'"));
    let refused = fixture.access.identify(enrolment.token.expose());
    assert!(matches!(refused, Err(AccessError::Store(StoreError::Damaged(_)))));
}

fn spend(fixture: &Fixture, text: &Secret) -> Result<RegistrationSecret, RegistrationSecretError> {
    fixture.db.write(|tx| fixture.access.spend_registration_secret(tx, text))
}

#[test]
fn a_registration_secret_has_so_many_uses_and_an_end() {
    let (fixture, _) = Fixture::with_admin();
    let (secret, text) = fixture.access.create_registration_secret(&origin(), "rack 7", 2, DAY).unwrap();
    assert_eq!(spend(&fixture, &text).unwrap().uses, 1);
    let unused: Result<(), RegistrationSecretError> = fixture.db.write(|tx| {
        fixture.access.spend_registration_secret(tx, &text)?;
        Err(RegistrationSecretError::NotFound)
    });
    assert!(unused.is_err(), "a registration that failed");
    assert_eq!(spend(&fixture, &text).unwrap().uses, 2);
    assert!(matches!(spend(&fixture, &text), Err(RegistrationSecretError::UsedUp)));
    fixture.clock.advance(DAY);
    assert!(matches!(spend(&fixture, &text), Err(RegistrationSecretError::Expired)));
    assert_eq!(fixture.access.registration_secrets().unwrap()[0].uses, 2);
    fixture.access.revoke_registration_secret(&origin(), secret.id).unwrap();
    assert!(matches!(spend(&fixture, &text), Err(RegistrationSecretError::Revoked)));
    assert!(fixture.access.registration_secrets().unwrap().is_empty());
    let again = fixture.access.revoke_registration_secret(&origin(), secret.id);
    assert!(matches!(again, Err(RegistrationSecretError::NotFound)));
    assert!(matches!(spend(&fixture, &Secret::new("pgr_")), Err(RegistrationSecretError::Unknown)));
}

#[test]
fn the_last_use_goes_to_one_of_many_at_once() {
    let (fixture, _) = Fixture::with_admin();
    let (_, text) = fixture.access.create_registration_secret(&origin(), "rack 7", 3, DAY).unwrap();
    let spent = std::thread::scope(|threads| {
        let racers: Vec<_> = (0..8).map(|_| threads.spawn(|| spend(&fixture, &text).is_ok())).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(spent, 3);
}

#[test]
fn registration_secrets_are_bounded_in_number() {
    let (fixture, _) = Fixture::with_admin();
    fixture.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
         INSERT INTO registration_secrets(id, name, secret_hash, created_by, created_at, expires_at, max_uses, uses)
         SELECT 'sec_' || printf('%08x-0000-7000-8000-000000000000', n), '', CAST(n AS BLOB), '', 0, 0, 0, 0 FROM n",
    );
    let refused = fixture.access.create_registration_secret(&origin(), "rack 7", 1, DAY);
    assert!(matches!(refused, Err(RegistrationSecretError::TooMany)));
}
