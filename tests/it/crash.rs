//! kill -9 under load: what was acknowledged is there after every restart, nothing is invented, and what was not
//! acknowledged can be sent again without being stored twice.
//!
//! The short form has ten kills, `PGANALYTICS_SOAK=1` two hundred, some of them late enough for the daemon to fold and
//! seal meanwhile. A run prints its seed; `PGANALYTICS_SEED` takes it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pganalytics::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::appliance::Appliance;
use crate::support::client::Client;
use crate::support::random::Random;

const SENDERS: u64 = 3;
const HOUR: Duration = Duration::from_secs(3600);
const HOURS: u32 = 24 * 20;
/// After that the daemon has folded and sealed.
const SEALED: Duration = Duration::from_secs(11);

/// What a sender writes down: a line is on the disk before the next request is sent.
struct SideFile(File);

impl SideFile {
    fn create(path: &Path) -> Self {
        Self(File::create(path).unwrap())
    }

    fn note(&mut self, line: &str) {
        writeln!(self.0, "{line}").unwrap();
        self.0.sync_data().unwrap();
    }
}

fn lines(path: &Path) -> BTreeSet<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// One push under a key of its own; its two documents are told apart by the key. They are days old, so that they are
/// due to be sealed at once.
fn body(key: &str, number: u32) -> Vec<u8> {
    let document = |part: u32| {
        let age = HOUR * (30 + (number * 7 + part * 50) % HOURS);
        json!({"type": "probe", "timestamp": Clock::System.now().minus(age), "key": key, "part": part})
    };
    json!({"metrics": [document(0), document(1)]}).to_string().into_bytes()
}

struct Sender {
    client: Client,
    token: String,
    sent: SideFile,
    acknowledged: SideFile,
    bodies: BTreeMap<String, Vec<u8>>,
}

impl Sender {
    /// Pushes until the daemon is gone.
    fn run(mut self, name: &str, stop: &AtomicBool) -> BTreeMap<String, Vec<u8>> {
        for number in 0.. {
            let key = format!("{name}-{number}");
            let body = body(&key, number);
            self.sent.note(&key);
            self.bodies.insert(key.clone(), body.clone());
            match push(&self.client, &self.token, &key, body) {
                Some(200) => self.acknowledged.note(&key),
                None => break,
                // somebody else may have the port of the killed daemon by now
                Some(_) if stop.load(Ordering::SeqCst) => break,
                Some(status) => panic!("a push was answered {status}"),
            }
        }
        self.bodies
    }
}

/// The status of the answer, if there was one.
fn push(client: &Client, token: &str, key: &str, body: Vec<u8>) -> Option<u16> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    client.try_send(Method::POST, "/api/v1/metrics/push", &headers, body).ok().map(|reply| reply.status)
}

/// Makes groups until the daemon is gone: changes of the registry, each with its audit entry.
fn make_groups(
    client: &Client,
    token: &str,
    name: &str,
    stop: &AtomicBool,
    [mut sent, mut acknowledged]: [SideFile; 2],
) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    for number in 0.. {
        let group = format!("{name}-{number}");
        sent.note(&group);
        let body = json!({"name": group, "color": "#112233"}).to_string().into_bytes();
        match client.try_send(Method::POST, "/api/v1/groups", &headers, body) {
            Ok(reply) if reply.status == 201 => acknowledged.note(&group),
            Ok(_) if stop.load(Ordering::SeqCst) => return,
            Ok(reply) => panic!("a group was answered {} {}", reply.status, reply.text),
            Err(_) => return,
        }
    }
}

/// How often each key's parts are stored.
fn stored(appliance: &Appliance, token: &str, collector: &str) -> BTreeMap<String, BTreeMap<u64, usize>> {
    let mut found: BTreeMap<String, BTreeMap<u64, usize>> = BTreeMap::new();
    for document in appliance.documents(token, collector, "probe") {
        let document = &document["document"];
        let (key, part) = (document["key"].as_str().unwrap(), document["part"].as_u64().unwrap());
        *found.entry(key.to_owned()).or_default().entry(part).or_default() += 1;
    }
    found
}

fn names(entries: &[Value], member: impl Fn(&Value) -> &Value) -> Vec<String> {
    entries.iter().map(|entry| member(entry).as_str().unwrap().to_owned()).collect()
}

struct Round {
    number: u64,
    folder: PathBuf,
    collector: String,
    token: String,
    bodies: BTreeMap<String, Vec<u8>>,
}

impl Round {
    fn file(&self, name: &str, sender: &str) -> PathBuf {
        self.folder.join(format!("{name}-{}-{sender}", self.number))
    }

    fn all(&self, name: &str) -> BTreeSet<String> {
        (0..SENDERS).flat_map(|sender| lines(&self.file(name, &sender.to_string()))).collect()
    }

    /// Loads the daemon from several threads and kills it in the middle.
    fn load_and_kill(&mut self, appliance: &mut Appliance, admin: &str, pause: Duration) {
        let stop = AtomicBool::new(false);
        let clients: Vec<Client> = (0..=SENDERS).map(|_| appliance.client.another()).collect();
        let this = &*self;
        let bodies = thread::scope(|scope| {
            let mut clients = clients.into_iter();
            let for_groups = clients.next().unwrap();
            let senders: Vec<_> = (0..SENDERS)
                .zip(clients)
                .map(|(number, client)| {
                    let name = number.to_string();
                    let sender = Sender {
                        client,
                        token: this.token.clone(),
                        sent: SideFile::create(&this.file("sent", &name)),
                        acknowledged: SideFile::create(&this.file("acknowledged", &name)),
                        bodies: BTreeMap::new(),
                    };
                    let (name, stop) = (format!("r{}-s{number}", this.number), &stop);
                    scope.spawn(move || sender.run(&name, stop))
                })
                .collect();
            let files = ["sent", "acknowledged"].map(|name| SideFile::create(&this.file(name, "groups")));
            let (name, stop) = (format!("g{}", this.number), &stop);
            scope.spawn(move || make_groups(&for_groups, admin, &name, stop, files));
            // the moment of the kill is the point of the test, and no condition that could be waited for
            thread::park_timeout(pause);
            appliance.kill();
            stop.store(true, Ordering::SeqCst);
            senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect()
        });
        self.bodies = bodies;
    }

    fn check_documents(&self, appliance: &Appliance, admin: &str) {
        let (sent, acknowledged) = (self.all("sent"), self.all("acknowledged"));
        let found = stored(appliance, admin, &self.collector);
        for key in &acknowledged {
            assert!(found.contains_key(key), "round {}: {key} was acknowledged and is lost", self.number);
        }
        for (key, parts) in &found {
            assert!(sent.contains(key), "round {}: {key} was never sent", self.number);
            let whole = BTreeMap::from([(0, 1), (1, 1)]);
            assert_eq!(*parts, whole, "round {}: {key} is not there whole and once", self.number);
        }
    }

    /// Sends everything again that was not acknowledged, and some of what was.
    fn send_again(&self, appliance: &Appliance) {
        let acknowledged = self.all("acknowledged");
        for (key, body) in &self.bodies {
            if !acknowledged.contains(key) || key.ends_with('0') {
                assert_eq!(push(&appliance.client, &self.token, key, body.clone()), Some(200), "{key}");
            }
        }
    }

    fn check_all_there(&self, appliance: &Appliance, admin: &str) {
        let found = stored(appliance, admin, &self.collector);
        let whole = BTreeMap::from([(0, 1), (1, 1)]);
        for key in self.bodies.keys() {
            assert_eq!(
                found.get(key),
                Some(&whole),
                "round {}: {key} is not there whole and once",
                self.number
            );
        }
        assert_eq!(found.len(), self.bodies.len());
    }

    fn check_groups(&self, appliance: &Appliance, admin: &str) {
        let ours = |name: &String| name.starts_with(&format!("g{}-", self.number));
        let groups = appliance.client.get("/api/v1/groups", Some(admin));
        let groups: Vec<_> = names(groups.body["groups"].as_array().unwrap(), |group| &group["name"])
            .into_iter()
            .filter(ours)
            .collect();
        let audited = appliance.audited(admin, "&action=group.create");
        let mut audited: Vec<_> =
            names(&audited, |entry| &entry["target"]["name"]).into_iter().filter(ours).collect();
        let there: BTreeSet<_> = groups.iter().cloned().collect();
        assert_eq!(there.len(), groups.len(), "round {}: a group is there twice", self.number);
        audited.sort_unstable();
        assert_eq!(
            audited,
            there.iter().cloned().collect::<Vec<_>>(),
            "round {}: each change with its entry, or neither",
            self.number
        );
        assert!(
            lines(&self.file("acknowledged", "groups")).is_subset(&there),
            "round {}: a group is lost",
            self.number
        );
        assert!(
            there.is_subset(&lines(&self.file("sent", "groups"))),
            "round {}: a group is invented",
            self.number
        );
    }
}

#[test]
fn whatever_was_acknowledged_survives_kill_9_at_any_moment() {
    let rounds = if std::env::var_os("PGANALYTICS_SOAK").is_some() { 200 } else { 10 };
    let mut random = Random::seeded();
    let (mut appliance, admin) = Appliance::with_admin();
    let folder = tempfile::tempdir().unwrap();
    let mut done: Vec<Round> = Vec::new();
    for number in 0..rounds {
        let (collector, token) = appliance.collector(&admin, &format!("db-{number}"));
        let folder = folder.path().to_owned();
        let mut round = Round { number, folder, collector, token, bodies: BTreeMap::new() };
        let pause = Duration::from_millis(20 + random.below(500));
        let pause = if number % 10 == 9 && rounds > 10 { pause + SEALED } else { pause };
        round.load_and_kill(&mut appliance, &admin, pause);
        appliance.restart();
        round.check_documents(&appliance, &admin);
        round.check_groups(&appliance, &admin);
        round.send_again(&appliance);
        round.check_all_there(&appliance, &admin);
        let verified = appliance.client.get("/api/v1/audit/verify", Some(&admin));
        assert_eq!(verified.body["verified"], true, "round {number}: {}", verified.text);
        done.push(round);
    }
    let pushes: usize = done.iter().map(|round| round.bodies.len()).sum();
    println!("{rounds} kills, {pushes} pushes");
    assert!(pushes > done.len() * 5, "there was a load: {pushes} pushes");
    for round in &done {
        round.check_all_there(&appliance, &admin);
    }
    assert_eq!(appliance.stop(), Some(0));
    assert_eq!(appliance.run(&["audit", "verify"], "").status.code(), Some(0));
}

/// Killed while it starts, again and again: the start itself must leave nothing half made.
#[test]
fn a_daemon_that_is_killed_while_it_starts_starts_the_next_time() {
    let mut random = Random::seeded();
    let mut appliance = Appliance::prepare();
    for _ in 0..12 {
        appliance.spawn();
        thread::park_timeout(Duration::from_millis(random.below(250)));
        appliance.kill();
    }
    appliance.restart();
    appliance.set_up();
    let admin = appliance.login(crate::support::appliance::ADMIN);
    let (_, token) = appliance.collector(&admin, "db-1");
    for _ in 0..6 {
        assert_eq!(push(&appliance.client, &token, "the same", b"{\"metrics\":[]}".to_vec()), Some(200));
        appliance.kill();
        appliance.spawn();
        thread::park_timeout(Duration::from_millis(random.below(250)));
        appliance.kill();
        appliance.restart();
    }
    assert_eq!(
        appliance.client.get("/api/v1/groups", Some(&admin)).body["groups"].as_array().unwrap().len(),
        7
    );
    assert_eq!(appliance.client.get("/api/v1/audit/verify", Some(&admin)).body["verified"], true);
    let leftovers: Vec<_> = fs::read_dir(appliance.data_dir())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".tmp"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");
}
