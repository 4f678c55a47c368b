//! Users, and what a change of one does to those who are signed in.

use super::*;

fn change(role: Option<Role>, disabled: Option<bool>) -> UserChange {
    UserChange { role, disabled, ..UserChange::default() }
}

#[test]
fn a_name_is_taken_whatever_its_case() {
    let (fixture, _) = Fixture::with_admin();
    let again = fixture.access.create_user(&origin(), &username("Ada"), &password(PASSWORD), Role::Viewer);
    assert!(matches!(again, Err(UserError::NameTaken(name)) if name == "Ada"));
    assert_eq!(fixture.access.users().unwrap().len(), 1);
    assert_eq!(fixture.access.user_named("ADA").unwrap().username, "ada");
}

#[test]
fn a_new_role_and_a_disabling_hold_at_the_next_call() {
    let (fixture, _) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Operator);
    let session = fixture.login("bob");
    fixture.access.update_user(&origin(), bob.id, change(Some(Role::Auditor), None)).unwrap();
    assert_eq!(fixture.signed_in(&session.token).role, Role::Auditor);
    assert_eq!(fixture.last_audited(), ("user.update".into(), "success".into(), "bob".into()));
    fixture.access.update_user(&origin(), bob.id, change(None, Some(true))).unwrap();
    assert_eq!(refusal(&fixture.access, session.token.expose()), "revoked");
    fixture.access.update_user(&origin(), bob.id, change(None, Some(false))).unwrap();
    assert_eq!(refusal(&fixture.access, session.token.expose()), "revoked", "the session does not come back");
    fixture.login("bob");
}

#[test]
fn a_user_gets_a_new_name_that_is_nobody_elses() {
    let (fixture, ada) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Operator);
    let session = fixture.login("bob");
    let named = |name: &str| UserChange { username: Some(username(name)), ..UserChange::default() };
    let taken = fixture.access.update_user(&origin(), bob.id, named("ADA"));
    assert!(matches!(taken, Err(UserError::NameTaken(name)) if name == "ADA"));
    let renamed = fixture.access.update_user(&origin(), bob.id, named("robert")).unwrap();
    assert_eq!((renamed.id, renamed.username.as_str()), (bob.id, "robert"));
    assert_eq!(fixture.signed_in(&session.token).username, "robert");
    fixture.login("robert");
    assert!(matches!(fixture.access.user_named("bob"), Err(UserError::NotFound)));
    let spelled = fixture.access.update_user(&origin(), ada.id, named("Ada")).unwrap();
    assert_eq!(spelled.username, "Ada", "one's own name in another case is not taken");
}

#[test]
fn a_deleted_user_is_gone_with_all_tokens() {
    let (fixture, _) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Operator);
    let session = fixture.login("bob");
    let caller = fixture.signed_in(&session.token);
    let (_, api_token) = fixture.access.create_api_token(&origin(), &caller, "ci", None, DAY).unwrap();
    fixture.access.delete_user(&origin(), bob.id).unwrap();
    assert_eq!(refusal(&fixture.access, session.token.expose()), "revoked");
    assert_eq!(refusal(&fixture.access, api_token.expose()), "invalid");
    let again = fixture.access.delete_user(&origin(), bob.id);
    assert!(matches!(again, Err(UserError::NotFound)));
    assert!(matches!(fixture.access.user(bob.id), Err(UserError::NotFound)));
}

#[test]
fn the_last_enabled_administrator_stays() {
    let (fixture, ada) = Fixture::with_admin();
    let eve = fixture.add("eve", Role::Admin);
    fixture.access.update_user(&origin(), eve.id, change(None, Some(true))).unwrap();
    let attempts = [
        fixture.access.update_user(&origin(), ada.id, change(Some(Role::Operator), None)),
        fixture.access.update_user(&origin(), ada.id, change(None, Some(true))),
        fixture.access.delete_user(&origin(), ada.id),
    ];
    for attempt in attempts {
        assert!(matches!(attempt, Err(UserError::LastAdmin)));
    }
    assert_eq!(fixture.access.user(ada.id).unwrap().role, Role::Admin);
    fixture.access.update_user(&origin(), eve.id, change(None, Some(false))).unwrap();
    fixture.access.delete_user(&origin(), ada.id).unwrap();
}

#[test]
fn an_update_that_changes_nothing_is_no_entry_of_the_audit_log() {
    let (fixture, ada) = Fixture::with_admin();
    let before = fixture.audited().len();
    fixture.access.update_user(&origin(), ada.id, change(Some(Role::Admin), Some(false))).unwrap();
    assert_eq!(fixture.audited().len(), before);
}

#[test]
fn a_changed_password_ends_the_other_sessions() {
    let (fixture, ada) = Fixture::with_admin();
    let (here, elsewhere) = (fixture.login("ada"), fixture.login("ada"));
    let new = password("green valley kettle");
    let current = Secret::new(PASSWORD);
    let change = |current: &Secret| {
        fixture.access.change_password(&origin(), ada.id, Some(here.session), current, &new)
    };
    assert!(matches!(change(&Secret::new("wrong")), Err(UserError::WrongPassword)));
    fixture.signed_in(&elsewhere.token);
    change(&current).unwrap();
    assert_eq!(fixture.last_audited(), ("auth.change-password".into(), "success".into(), "ada".into()));
    fixture.signed_in(&here.token);
    assert_eq!(refusal(&fixture.access, elsewhere.token.expose()), "revoked");
    assert!(fixture.access.login(&origin(), "ada", &current).is_err());
    fixture.access.login(&origin(), "ada", &Secret::new("green valley kettle")).unwrap();
}

#[test]
fn guesses_at_the_current_password_are_slowed_down() {
    let (fixture, ada) = Fixture::with_admin();
    let wrong = Secret::new("wrong");
    let guess = || fixture.access.change_password(&origin(), ada.id, None, &wrong, &password(PASSWORD));
    assert!(std::iter::repeat_with(guess).take(20).any(|result| matches!(result, Err(UserError::Paused(_)))));
}

#[test]
fn a_reset_password_ends_all_sessions() {
    let (fixture, _) = Fixture::with_admin();
    let bob = fixture.add("bob", Role::Viewer);
    let session = fixture.login("bob");
    fixture.access.reset_password(&origin(), bob.id, &password("green valley kettle")).unwrap();
    assert_eq!(refusal(&fixture.access, session.token.expose()), "revoked");
    fixture.access.login(&origin(), "bob", &Secret::new("green valley kettle")).unwrap();
    let entry = fixture.access.audit.page(&Filter::default(), 2).unwrap().entries.remove(1);
    assert_eq!(entry.action, Action::UserResetPassword.as_str());
    assert_eq!(entry.new_values.as_deref(), Some(r#"{"password":"changed"}"#));
}

#[test]
fn a_row_that_was_edited_behind_our_back_is_refused() {
    let (fixture, _) = Fixture::with_admin();
    fixture.add("bob", Role::Viewer);
    let session = fixture.login("bob");
    fixture.sql("UPDATE users SET role = 'admin' WHERE username = 'bob'");
    let refused = fixture.access.identify(session.token.expose());
    assert!(matches!(refused, Err(AccessError::Store(StoreError::Damaged(_)))));
    let refused = fixture.access.login(&origin(), "bob", &Secret::new(PASSWORD));
    assert!(matches!(refused, Err(SignInError::Store(StoreError::Damaged(_)))));
    assert!(matches!(fixture.access.users(), Err(UserError::Store(StoreError::Damaged(_)))));
}

#[test]
fn users_are_bounded_in_number() {
    let (fixture, _) = Fixture::with_admin();
    fixture.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
         INSERT INTO users(id, username, role, password_hash, created_at, modified_at, row_seal)
         SELECT 'usr_' || n, 'user' || n, 'viewer', '', 0, 0, x'' FROM n",
    );
    let refused = fixture.access.create_user(&origin(), &username("bob"), &password(PASSWORD), Role::Viewer);
    assert!(matches!(refused, Err(UserError::TooMany)));
}

#[test]
fn a_busy_hasher_creates_nobody() {
    let (fixture, _) = Fixture::with_admin();
    let _held = fixture.access.hasher.fill();
    let busy = fixture.access.create_user(&origin(), &username("bob"), &password(PASSWORD), Role::Viewer);
    assert!(matches!(busy, Err(UserError::Hash(HashError::Busy))));
}
