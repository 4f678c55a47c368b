//! The first administrator.

use std::os::unix::fs::PermissionsExt;

use super::*;

fn code_of(fixture: &Fixture) -> Secret {
    Secret::new(std::fs::read_to_string(fixture.setup_code_path()).unwrap().trim())
}

fn complete(fixture: &Fixture, code: &Secret, name: &str) -> Result<User, SetupError> {
    fixture.access.complete_setup(&origin(), code, &username(name), &password(PASSWORD))
}

#[test]
fn the_code_makes_one_administrator_and_goes() {
    let mut fixture = Fixture::new();
    assert!(fixture.access.setup_required().unwrap());
    let mode = std::fs::metadata(fixture.setup_code_path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let code = code_of(&fixture);
    fixture.restart();
    assert_eq!(code_of(&fixture).expose(), code.expose(), "a code that was read stays good");
    assert!(matches!(complete(&fixture, &Secret::new("wrong"), "ada"), Err(SetupError::WrongCode)));
    assert_eq!(complete(&fixture, &code, "ada").unwrap().role, Role::Admin);
    assert_eq!(fixture.last_audited(), ("setup.complete".into(), "success".into(), "ada".into()));
    assert!(!fixture.setup_code_path().exists() && !fixture.access.setup_required().unwrap());
    assert!(matches!(complete(&fixture, &code, "eve"), Err(SetupError::AlreadyDone)));
    fixture.restart();
    assert!(!fixture.setup_code_path().exists());
    fixture.login("ada");
}

#[test]
fn of_many_at_once_one_wins() {
    let fixture = Fixture::new();
    let code = code_of(&fixture);
    let results: Vec<_> = std::thread::scope(|threads| {
        let attempt = |number| complete(&fixture, &code, &format!("admin{number}"));
        let racers: Vec<_> = (0..8).map(|number| threads.spawn(move || attempt(number))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(fixture.access.users().unwrap().len(), 1);
}

#[test]
fn guessing_the_code_is_slowed_down() {
    let fixture = Fixture::new();
    let guess = || complete(&fixture, &Secret::new("wrong"), "ada");
    assert!(
        std::iter::repeat_with(guess).take(20).any(|result| matches!(result, Err(SetupError::Paused(_))))
    );
}

#[test]
fn a_user_made_at_the_command_line_ends_the_code() {
    let fixture = Fixture::new();
    let code = code_of(&fixture);
    fixture.add("ada", Role::Admin);
    assert!(!fixture.setup_code_path().exists());
    assert!(matches!(complete(&fixture, &code, "eve"), Err(SetupError::AlreadyDone)));
}

#[test]
fn a_damaged_code_is_replaced_and_one_that_cannot_be_written_is_said() {
    let mut fixture = Fixture::new();
    crate::files::write_whole(&fixture.setup_code_path(), b"half a co", crate::files::Access::Owner).unwrap();
    fixture.restart();
    assert_eq!(code_of(&fixture).expose().len(), 32);
    let Fixture { db, ring, clock, ids, .. } = &fixture;
    let audit = AuditLog::new(Arc::clone(db), clock.clone(), ids.clone());
    let nowhere = Options::new(fixture.folder.path().join("missing").join("setup-code"));
    let opened = Access::open(Arc::clone(db), Arc::clone(ring), audit, clock.clone(), ids.clone(), nowhere);
    assert!(matches!(opened, Err(OpenError::Setup(OfferError::Write { .. }))));
}
