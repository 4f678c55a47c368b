//! Signing in, refreshing, signing out.

use super::*;

#[test]
fn a_session_lives_twelve_hours_and_its_user_is_known_by_its_token() {
    let (fixture, ada) = Fixture::with_admin();
    let session = fixture.login("ADA");
    assert_eq!(session.user.id, ada.id);
    assert_eq!(session.expires_at, fixture.clock.now().plus(Duration::from_secs(12 * 3600)));
    let signed_in = fixture.signed_in(&session.token);
    assert_eq!((signed_in.id, signed_in.role), (ada.id, Role::Admin));
    assert_eq!(signed_in.csrf_token.as_deref(), Some(session.csrf_token.as_str()));
    assert_eq!(fixture.last_audited(), ("auth.login".into(), "success".into(), "ada".into()));
    assert_eq!(fixture.access.user(ada.id).unwrap().last_login_at, Some(fixture.clock.now()));
    fixture.clock.advance(Duration::from_secs(12 * 3600));
    assert_eq!(refusal(&fixture.access, session.token.expose()), "expired");
}

#[test]
fn a_wrong_name_a_wrong_password_and_a_disabled_user_get_one_answer() {
    let (fixture, ada) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Viewer);
    let disable = UserChange { disabled: Some(true), ..UserChange::default() };
    fixture.access.update_user(&origin(), bob.id, disable).unwrap();
    for (name, password) in [("ada", "wrong"), ("nobody", PASSWORD), ("bob", PASSWORD), ("", "")] {
        let refused = fixture.access.login(&origin(), name, &Secret::new(password));
        assert!(matches!(refused, Err(SignInError::InvalidCredentials)), "{name}");
        assert_eq!(fixture.last_audited(), ("auth.denied".into(), "denied".into(), name.into()));
    }
    // an auditor who asks for a user finds the attempts on that user's account
    for id in [ada.id, bob.id] {
        let filter =
            Filter { target: Some(id.to_string()), action: Some("auth.denied".into()), ..Filter::default() };
        assert_eq!(fixture.access.audit.page(&filter, 9).unwrap().entries.len(), 1);
    }
}

#[test]
fn what_was_tried_is_audited_unless_it_may_be_a_password_in_the_wrong_field() {
    let fixture = Fixture::new();
    let long = "x".repeat(10_000);
    for (name, shown) in
        [("line\nbreak", "linebreak"), ("canary-password", "unknown"), (long.as_str(), "unknown")]
    {
        let refused = fixture.access.login(&origin(), name, &Secret::new("another-canary"));
        assert!(matches!(refused, Err(SignInError::InvalidCredentials)));
        let entry = fixture.access.audit.page(&Filter::default(), 1).unwrap().entries.remove(0);
        assert_eq!((entry.target.name.as_str(), entry.actor.name.as_str()), (shown, shown));
        assert!(!format!("{entry:?}").contains("canary"));
    }
}

#[test]
fn guessing_is_slowed_down_and_the_right_password_waits_too() {
    let (fixture, _) = Fixture::with_admin();
    let attempt = |password: &str| fixture.access.login(&origin(), "ada", &Secret::new(password)).map(|_| ());
    let refused = std::iter::repeat_with(|| attempt("wrong")).take(20).find_map(|result| match result {
        Err(SignInError::Paused(wait)) => Some(wait),
        _ => None,
    });
    let wait = refused.unwrap();
    assert!(matches!(attempt(PASSWORD), Err(SignInError::Paused(_))));
    fixture.clock.advance(wait);
    attempt(PASSWORD).unwrap();
    attempt("wrong").unwrap_err();
    attempt(PASSWORD).unwrap();
}

#[test]
fn a_full_queue_of_hashes_is_told_and_not_waited_for() {
    let (fixture, _) = Fixture::with_admin();
    let held = fixture.access.hasher.fill();
    for _ in 0..100 {
        let busy = fixture.access.login(&origin(), "ada", &Secret::new(PASSWORD));
        assert!(matches!(busy, Err(SignInError::Hash(HashError::Busy))));
    }
    drop(held);
    fixture.login("ada");
}

#[test]
fn a_refreshed_session_slides_and_ends_within_a_week() {
    let (fixture, _) = Fixture::with_admin();
    let start = fixture.clock.now();
    let mut session = fixture.login("ada");
    let mut refreshes = 0;
    while fixture.clock.now() < session.expires_at {
        let caller = fixture.signed_in(&session.token);
        let next = fixture.access.refresh(&caller).unwrap();
        assert!(next.expires_at >= session.expires_at && next.session == session.session);
        session = next;
        refreshes += 1;
        fixture.clock.advance(Duration::from_secs(6 * 3600));
    }
    assert_eq!(fixture.clock.now(), start.plus(DAY * 7));
    assert_eq!(refreshes, 28);
    assert_eq!(refusal(&fixture.access, session.token.expose()), "expired");
}

#[test]
fn a_session_that_ended_is_not_refreshed() {
    let (fixture, _) = Fixture::with_admin();
    let session = fixture.login("ada");
    let caller = fixture.signed_in(&session.token);
    fixture.clock.advance(Duration::from_secs(12 * 3600));
    assert!(matches!(fixture.access.refresh(&caller), Err(AccessError::Expired)));
    let session = fixture.login("ada");
    let caller = fixture.signed_in(&session.token);
    fixture.access.logout(&origin(), &caller).unwrap();
    assert!(matches!(fixture.access.refresh(&caller), Err(AccessError::Revoked)));
}

#[test]
fn logout_ends_one_session_at_once_and_for_good() {
    let (mut fixture, _) = Fixture::with_admin();
    let (left, kept) = (fixture.login("ada"), fixture.login("ada"));
    let refreshed = fixture.access.refresh(&fixture.signed_in(&left.token)).unwrap();
    fixture.access.logout(&origin(), &fixture.signed_in(&left.token)).unwrap();
    assert_eq!(fixture.last_audited(), ("auth.logout".into(), "success".into(), "ada".into()));
    fixture.restart();
    for token in [&left.token, &refreshed.token] {
        assert_eq!(refusal(&fixture.access, token.expose()), "revoked");
    }
    fixture.signed_in(&kept.token);
}

#[test]
fn a_user_has_so_many_sessions_and_the_oldest_gives_way() {
    let (fixture, _) = Fixture::with_admin();
    let first = fixture.login("ada");
    for _ in 0..crate::limits::SESSIONS_PER_USER {
        fixture.clock.advance(Duration::from_secs(1));
        fixture.login("ada");
    }
    assert_eq!(refusal(&fixture.access, first.token.expose()), "revoked");
}

#[test]
fn a_clock_that_is_set_back_signs_nobody_out() {
    let (fixture, _) = Fixture::with_admin();
    let session = fixture.login("ada");
    fixture.clock.set(fixture.clock.now().minus(DAY * 30));
    fixture.signed_in(&session.token);
}
