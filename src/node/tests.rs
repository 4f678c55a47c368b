//! Rotation of the root key on a whole node: every sealed column is reached, whatever interrupts it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::access::{HashCost, Names, NewPassword, Role, Source, Username};
use crate::audit::Origin;
use crate::crypto::{Algorithm, Column, Secret};
use crate::fleet::Registered;
use crate::jobs::Job;
use crate::postgres::SslMode;
use crate::registry::{Credentials, Environment, Kind, NewCollector};
use crate::replies::ReplyKey;
use crate::storage::{Reseal, Resealed, reseal, sealed};

struct Fixture {
    folder: tempfile::TempDir,
    options: Options,
    clock: Clock,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::on(folder.path());
        options.hash_cost = HashCost { memory_kib: 8, passes: 1 };
        options.certificate =
            Some(Source::Internal(Names { listen: "127.0.0.1".parse().unwrap(), more: Vec::new() }));
        Self { folder, options, clock: Clock::manual("2026-11-20T14:00:00Z".parse().unwrap()) }
    }

    fn open(&self) -> Node {
        Node::open(&self.options, self.clock.clone(), IdSource::Random).unwrap()
    }

    fn records(&self) -> Records {
        Records::open(&self.options, &self.clock, &IdSource::Random).unwrap()
    }

    fn rotate(&self) -> u32 {
        self.records().rotate_root_key(&self.options, &Origin::system()).unwrap()
    }
}

/// Puts something into every sealed column.
fn fill(node: &Node) -> Registered {
    let origin = Origin::system();
    let username = Username::new("ada").unwrap();
    let password = NewPassword::new(Secret::new("purple mountain lamp"), "ada").unwrap();
    node.access.create_user(&origin, &username, &password, Role::Admin).unwrap();
    let signed_in = node.access.login(&origin, "ada", &Secret::new("purple mountain lamp")).unwrap();
    let identity = node.access.identify(signed_in.token.expose()).unwrap();
    let crate::access::Identity::User(ada) = identity else { panic!("ada is a user") };
    node.access.create_api_token(&origin, &ada, "ci", None, Duration::from_secs(86_400)).unwrap();
    let new = NewCollector {
        name: "db-1".to_owned(),
        kind: Kind::Postgresql,
        environment: Environment::Development,
        group: None,
        description: String::new(),
        host: "localhost".to_owned(),
        port: 5432,
        database: "postgres".to_owned(),
        username: "watcher".to_owned(),
        credentials: Credentials {
            password: Secret::new("canary-password"),
            ssl_certificate: Some("canary-certificate".to_owned()),
        },
        ssl_mode: SslMode::Prefer,
        tags: Vec::new(),
        collection_interval: 60,
        query_limit: 100,
    };
    let registered = node.registrar.register(&origin, new).unwrap();
    let grace = Duration::from_secs(3600);
    node.registrar.rotate_token(&origin, registered.collector.id, grace).unwrap();
    for key in 0..3 {
        let key = ReplyKey { caller: "usr_1".to_owned(), key: format!("k {key}") };
        node.replies.keep(&key, 0, &[7; 32], b"reply").unwrap();
    }
    registered
}

/// The columns of the schema that hold envelopes, as their names say.
fn columns_of_the_schema(node: &Node) -> BTreeSet<(String, String)> {
    let sql = "SELECT tables.name, columns.name FROM sqlite_schema tables, pragma_table_info(tables.name) columns
         WHERE tables.type = 'table' AND (columns.name LIKE '%\\_sealed' ESCAPE '\\' OR columns.name = 'row_seal')";
    let read = |tx: &rusqlite::Transaction<'_>| {
        let mut statement = tx.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<_, StoreError>(rows.collect::<Result<_, _>>()?)
    };
    node.db.read(read).unwrap()
}

fn count(node: &Node, column: &Column) -> u64 {
    let sql = format!("SELECT count({}) FROM {}", column.name, column.table);
    node.db.read(|tx| Ok::<_, StoreError>(tx.query_row(&sql, [], |row| row.get(0))?)).unwrap()
}

fn used(node: &Node) -> Vec<u32> {
    node.db.read(reseal::usage).unwrap().into_keys().collect()
}

#[test]
fn no_sealed_column_is_missing_in_the_list_and_none_is_left_out_of_a_rotation() {
    let fixture = Fixture::new();
    let node = fixture.open();
    node.jobs.stop();
    let listed: BTreeSet<_> =
        sealed::ALL.iter().map(|column| (column.table.to_owned(), column.name.to_owned())).collect();
    assert_eq!(columns_of_the_schema(&node), listed);

    fill(&node);
    let before: Vec<u64> = sealed::ALL.iter().map(|column| count(&node, column)).collect();
    assert!(before.iter().all(|count| *count > 0), "a column was not tried: {before:?}");
    assert_eq!(used(&node), [1]);
    assert_eq!(fixture.rotate(), 2);
    let mut job = keys::KeysJob::new(&node.db, &node.ring, &node.access);
    let said = job.step(fixture.clock.now()).unwrap();
    assert!(said.starts_with("all stands under root key 2, by xchacha20-poly1305"), "{said}");
    assert_eq!(used(&node), [2]);
    let after: Vec<u64> = sealed::ALL.iter().map(|column| count(&node, column)).collect();
    assert_eq!(before, after);
    node.close();
    drop(node);

    // with the old key gone, everything opens still
    fixture.records().remove_root_key(&fixture.options, &Origin::system(), 1).unwrap();
    let node = fixture.open();
    let collector = node.collectors.list().unwrap().remove(0);
    let credentials = node.collectors.credentials(collector.id).unwrap();
    assert_eq!(credentials.password.expose(), "canary-password");
    assert_eq!(credentials.ssl_certificate.as_deref(), Some("canary-certificate"));
    assert_eq!(node.ring.ids(), [2]);
    for key in 0..3 {
        let key = ReplyKey { caller: "usr_1".to_owned(), key: format!("k {key}") };
        assert!(node.replies.find(&key, 0, &[7; 32]).unwrap().is_some());
    }
    node.access.login(&Origin::system(), "ada", &Secret::new("purple mountain lamp")).unwrap();
    assert_eq!(node.audit.verify(&*node.access.signing_keys()).unwrap().first_bad_entry, None);
    node.close();
}

/// Each step is one transaction and nothing is remembered beside it, so that a new walk finds what is left.
#[test]
fn a_rotation_that_is_interrupted_after_any_step_is_finished_by_the_next() {
    let fixture = Fixture::new();
    let node = fixture.open();
    node.jobs.stop();
    fill(&node);
    let walk = || Reseal::new(Arc::clone(&node.db), Arc::clone(&node.ring));
    let mut steps = 0;
    loop {
        fixture.rotate();
        node.ring.reload().unwrap();
        let mut interrupted = walk();
        if (0..steps).any(|_| interrupted.step().unwrap() == Resealed::All) {
            break;
        }
        let mut next = walk();
        while next.step().unwrap() != Resealed::All {}
        assert_eq!(used(&node).len(), 1, "after {steps} steps");
        steps += 1;
    }
    assert!(steps >= sealed::ALL.len(), "{steps} steps");
    node.close();
}

/// In both directions, and back.
#[test]
fn another_algorithm_is_taken_for_what_is_there_too() {
    let mut fixture = Fixture::new();
    let node = fixture.open();
    fill(&node);
    node.close();
    drop(node);
    for (algorithm, byte) in [(Algorithm::Aes256Gcm, "02"), (Algorithm::XChaCha20Poly1305, "01")] {
        fixture.options.encryption = algorithm;
        let node = fixture.open();
        node.jobs.stop();
        let mut job = keys::KeysJob::new(&node.db, &node.ring, &node.access);
        let said = job.step(fixture.clock.now()).unwrap();
        assert!(said.contains(&format!("by {}", algorithm.as_str())), "{said}");
        for column in sealed::ALL {
            let sql = format!(
                "SELECT count(*) FROM {} WHERE substr({}, 1, 1) <> x'{byte}'",
                column.table, column.name
            );
            let others: u64 =
                node.db.read(|tx| Ok::<_, StoreError>(tx.query_row(&sql, [], |row| row.get(0))?)).unwrap();
            assert_eq!(others, 0, "{column:?}");
        }
        let collector = node.collectors.list().unwrap().remove(0);
        assert_eq!(node.collectors.credentials(collector.id).unwrap().password.expose(), "canary-password");
        node.close();
    }
}

/// What cannot be opened is left as it is and named, and the key that it names stays.
#[test]
fn a_damaged_value_is_named_and_keeps_its_key_in_the_ring() {
    let fixture = Fixture::new();
    let node = fixture.open();
    node.jobs.stop();
    fill(&node);
    let damage =
        "UPDATE collectors SET password_sealed = CAST(substr(password_sealed, 1, 40) || x'00' AS BLOB)";
    node.db.write(|tx| Ok::<_, StoreError>(tx.execute(damage, [])?)).unwrap();
    fixture.rotate();
    let mut job = keys::KeysJob::new(&node.db, &node.ring, &node.access);
    let error = job.step(fixture.clock.now()).unwrap_err();
    assert!(
        error.contains("1 values cannot be opened, such as collectors.password_sealed of row 1"),
        "{error}"
    );
    assert_eq!(used(&node), [1, 2]);
    let refused = fixture.records().remove_root_key(&fixture.options, &Origin::system(), 1).unwrap_err();
    assert!(matches!(refused, KeyError::InUse { id: 1, values: 1 }), "{refused}");
    for (id, said) in [(2, "seals what is written now"), (9, "no root key 9")] {
        let refused = fixture.records().remove_root_key(&fixture.options, &Origin::system(), id).unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    let ring = RingFile::Own(fixture.folder.path().join("root.key")).read().unwrap();
    assert_eq!(ring.ids(), [1, 2]);
    node.close();
}
