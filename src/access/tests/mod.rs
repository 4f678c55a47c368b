//! The whole of it on a real registry, with a clock that the tests set.

mod collectors;
mod sessions;
mod setup;
mod tokens;
mod users;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::params;

use super::*;
use crate::audit::{Action, Actor, Filter, MIGRATIONS, Origin};
use crate::ids::CollectorId;
use crate::replies::{Replies, ReplyKey};
use crate::storage::Poison;

pub(super) const PASSWORD: &str = "purple mountain lamp";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A registry in a temporary folder, and the access on it.
pub(super) struct Fixture {
    folder: tempfile::TempDir,
    ring: Arc<KeyRing>,
    pub clock: Clock,
    ids: IdSource,
    pub db: Arc<Sqlite>,
    pub access: Arc<Access>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ring = Arc::new(KeyRing::generate());
        let clock = Clock::manual("2026-11-20T14:00:00Z".parse().unwrap());
        let ids = IdSource::seeded(1);
        let (db, access) = open(folder.path(), &ring, &clock, &ids);
        Self { folder, ring, clock, ids, db, access }
    }

    /// With an administrator named ada.
    pub(super) fn with_admin() -> (Self, User) {
        let fixture = Self::new();
        let ada = fixture.add("ada", Role::Admin);
        (fixture, ada)
    }

    pub(super) fn add(&self, name: &str, role: Role) -> User {
        self.access.create_user(&origin(), &username(name), &password(PASSWORD), role).unwrap()
    }

    pub(super) fn login(&self, name: &str) -> SignIn {
        self.access.login(&origin(), name, &Secret::new(PASSWORD)).unwrap()
    }

    pub(super) fn signed_in(&self, token: &Secret) -> SignedIn {
        let identity = self.access.identify(token.expose()).unwrap();
        // and again, without a read
        assert_eq!(self.access.known_bearer(token.expose(), None).as_ref(), Some(&identity));
        match identity {
            Identity::User(user) => user,
            Identity::Collector { id, .. } => panic!("{id} is a collector"),
        }
    }

    /// Closes everything and opens it again on the same files.
    pub(super) fn restart(&mut self) {
        (self.db, self.access) = open(self.folder.path(), &self.ring, &self.clock, &self.ids);
    }

    pub(super) fn setup_code_path(&self) -> PathBuf {
        self.folder.path().join("setup-code")
    }

    pub(super) fn sql(&self, sql: &str) -> usize {
        self.db.write(|tx| Ok::<_, StoreError>(tx.execute(sql, [])?)).unwrap()
    }

    /// Actions, outcomes and target names of the audit log, newest first.
    pub(super) fn audited(&self) -> Vec<(String, String, String)> {
        let page = self.access.audit.page(&Filter::default(), 100).unwrap();
        page.entries.into_iter().map(|entry| (entry.action, entry.result, entry.target.name)).collect()
    }

    pub(super) fn last_audited(&self) -> (String, String, String) {
        self.audited().remove(0)
    }

    pub(super) fn add_collector(&self) -> CollectorId {
        let id: CollectorId = self.ids.next(self.clock.now());
        let insert = "INSERT INTO collectors(id, name, type, environment, description, host, port, database,
                username, password_sealed, ssl_mode, collection_interval, query_limit, state, config_version, registered_by,
                registered_at, last_modified_at)
            VALUES (?1, ?1, 'postgresql', 'production', '', 'db.example', 5432, 'app', 'app', x'', 'prefer', 60, 100,
                'registered', 1, 'ada', 0, 0)";
        self.db.write(|tx| Ok::<_, StoreError>(tx.execute(insert, params![id])?)).unwrap();
        id
    }

    pub(super) fn enrol(&self, collector: CollectorId) -> Issued {
        self.db.write(|tx| self.access.issue_enrolment(tx, collector)).unwrap()
    }
}

fn open(
    folder: &std::path::Path,
    ring: &Arc<KeyRing>,
    clock: &Clock,
    ids: &IdSource,
) -> (Arc<Sqlite>, Arc<Access>) {
    let db = Arc::new(Sqlite::open(&folder.join("registry"), MIGRATIONS, Poison::default()).unwrap());
    let audit = AuditLog::new(Arc::clone(&db), clock.clone(), ids.clone());
    let mut options = Options::new(folder.join("setup-code"));
    options.hash_cost = HashCost { memory_kib: 8, passes: 1 };
    let (ring, clock, ids) = (Arc::clone(ring), clock.clone(), ids.clone());
    let access = Access::open(Arc::clone(&db), ring, audit, clock, ids, options).unwrap();
    (db, Arc::new(access))
}

pub(super) fn origin() -> Origin {
    Origin {
        actor: Actor::command_line(),
        ip_address: "192.0.2.1".to_owned(),
        user_agent: "test".to_owned(),
        request_id: "req_1".to_owned(),
    }
}

pub(super) fn username(name: &str) -> Username {
    Username::new(name).unwrap()
}

pub(super) fn password(text: &str) -> NewPassword {
    NewPassword::new(Secret::new(text), "x").unwrap()
}

/// Which of the three answers a dead token gets.
pub(super) fn refusal(access: &Access, token: &str) -> &'static str {
    assert_eq!(access.known_bearer(token, None), None);
    match access.identify(token) {
        Err(AccessError::Expired) => "expired",
        Err(AccessError::Revoked) => "revoked",
        Err(AccessError::Invalid) => "invalid",
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_access_whose_hash_cost_is_impossible_does_not_open() {
    let fixture = Fixture::new();
    let mut options = Options::new(fixture.setup_code_path());
    options.hash_cost = HashCost { memory_kib: 0, passes: 0 };
    let Fixture { db, ring, clock, ids, .. } = &fixture;
    let audit = AuditLog::new(Arc::clone(db), clock.clone(), ids.clone());
    let opened = Access::open(Arc::clone(db), Arc::clone(ring), audit, clock.clone(), ids.clone(), options);
    assert!(matches!(opened, Err(OpenError::Hash(HashError::Refused(_)))));
}

#[test]
fn pruning_keeps_what_lives_and_what_died_of_late() {
    use crate::jobs::Job;
    let (fixture, _) = Fixture::with_admin();
    let mut job = PruneJob::new(Arc::clone(&fixture.access));
    fixture.login("ada");
    let ada = fixture.signed_in(&fixture.login("ada").token);
    let (old, _) = fixture.access.create_api_token(&origin(), &ada, "old", None, DAY).unwrap();
    fixture.access.create_api_token(&origin(), &ada, "new", None, DAY * 100).unwrap();
    fixture.access.create_registration_secret(&origin(), "rack 7", 1, DAY).unwrap();
    fixture.enrol(fixture.add_collector());
    let Fixture { db, ring, clock, .. } = &fixture;
    let replies = Replies::new(Arc::clone(db), Arc::clone(ring), clock.clone());
    let key = ReplyKey { caller: ada.id.to_string(), key: "k".to_owned() };
    replies.keep(&key, 0, &[0; 32], b"reply").unwrap();
    let mut results = Vec::new();
    for _ in 0..40 {
        fixture.clock.advance(DAY);
        results.push(job.step(fixture.clock.now()).unwrap());
    }
    results.retain(|result| result != "deleted 0 rows");
    let expected = ["deleted 1 rows", "deleted 2 rows", "deleted 2 rows"];
    assert_eq!(results, expected, "the reply, then sessions, then token and secret");
    let kept = fixture.access.api_tokens(ada.id).unwrap();
    assert!(kept.len() == 1 && kept[0].id != old.id);
}

#[test]
fn pruning_deletes_nothing_after_a_leap_of_the_clock() {
    use crate::jobs::Job;
    let (fixture, _) = Fixture::with_admin();
    let mut job = PruneJob::new(Arc::clone(&fixture.access));
    let session = fixture.login("ada");
    let before = fixture.clock.now();
    for _ in 0..3 {
        fixture.clock.advance(DAY * 365);
        assert!(job.step(fixture.clock.now()).unwrap().contains("leapt"));
    }
    fixture.clock.set(before);
    assert_eq!(job.step(before).unwrap(), "deleted 0 rows");
    fixture.signed_in(&session.token);
}

#[test]
fn nothing_secret_is_stored_in_clear() {
    let (fixture, _) = Fixture::with_admin();
    let ada = fixture.signed_in(&fixture.login("ada").token);
    let enrolment = fixture.enrol(fixture.add_collector()).token;
    let api_token = fixture.access.create_api_token(&origin(), &ada, "ci", None, DAY).unwrap().1;
    let secret = fixture.access.create_registration_secret(&origin(), "rack 7", 1, DAY).unwrap().1;
    let mut bytes = std::fs::read(fixture.folder.path().join("registry")).unwrap();
    bytes.extend(std::fs::read(fixture.folder.path().join("registry-wal")).unwrap_or_default());
    for secret in [PASSWORD, enrolment.expose(), api_token.expose(), secret.expose()] {
        assert!(!bytes.windows(secret.len()).any(|there| there == secret.as_bytes()));
    }
}
