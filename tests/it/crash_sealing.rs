//! kill -9 while metrics are folded, sealed and merged without a pause: nothing that was acknowledged is lost or
//! doubled, whether it is in the hot store, in a segment, or on its way from one to the other.
//!
//! The daemon does that work every ten seconds; here a process does nothing else, beside three that push documents of
//! the last weeks. The short form has 6 kills, `PGANALYTICS_SOAK=1` two hundred. A run prints its seed;
//! `PGANALYTICS_SEED` takes it again.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pganalytics::access::HashCost;
use pganalytics::audit::Origin;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::jobs::Job;
use pganalytics::metrics::{Batch, DocumentsQuery, Folding, Merging, Seal};
use pganalytics::node::{self, Node, Options};
use pganalytics::registry::NewGroup;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::support::daemon::new_collector;
use crate::support::random::Random;
use crate::support::{OWN_PROGRAM, wait_for};

const FOLDER: &str = "PGANALYTICS_TEST_SEALING";
const ROUND: &str = "PGANALYTICS_TEST_SEALING_ROUND";
const LANES: u64 = 3;
const HOUR: Duration = Duration::from_secs(3600);
const HOURS: u32 = 24 * 20;

fn options(folder: &Path) -> Options {
    let hash_cost = HashCost { memory_kib: 64, passes: 1 };
    Options { hash_cost, ..Options::on(folder.join("data")) }
}

/// A node whose work in the background is done by [`work`] alone.
fn open(folder: &Path) -> Node {
    let node = Node::open(&options(folder), Clock::System, IdSource::Random).unwrap();
    node.jobs.stop();
    node
}

/// The documents of a push, which its key tells; they lie in several slices of the last weeks.
fn documents(key: &str, number: u32, until: Timestamp) -> Vec<Value> {
    let document = |part: u32| {
        let age = HOUR * (30 + (number * 13 + part * 50) % HOURS);
        json!({"type": "x", "timestamp": until.minus(age), "key": key, "part": part, "load": f64::from(number) / 3.0})
    };
    (0..3).map(document).collect()
}

/// Not a test of its own: the process that is killed. It pushes, makes groups, folds, seals and merges without end.
#[test]
fn the_process_that_is_killed_while_it_seals() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let round = env::var_os(ROUND).unwrap().into_string().unwrap();
    let node = open(&folder);
    let collector = registered(&node, &round);
    // the hours of one round are the same for all its pushes
    let until = collector_time(&node, collector);
    let file = |what: &str, lane: u64| SideFile::create(&folder.join(format!("{what}-{round}-{lane}")));
    thread::scope(|scope| {
        for lane in 0..LANES {
            let (node, round) = (&node, &round);
            let (mut sent, mut acknowledged) = (file("sent", lane), file("acknowledged", lane));
            scope.spawn(move || {
                for number in 0.. {
                    let key = format!("{round}-{lane}-{number}");
                    sent.note(&format!("{number}"));
                    push(node, collector, &key, &documents(&key, number, until));
                    acknowledged.note(&format!("{number}"));
                }
            });
        }
        let mut groups = file("groups", 0);
        let (node, round) = (&node, &round);
        scope.spawn(move || {
            for number in 0.. {
                let name = format!("{round}-{number}");
                node.groups.create(&Origin::system(), group(&name)).unwrap();
                groups.note(&name);
            }
        });
        for number in 0_u64.. {
            work(node, number % 3 == 0);
        }
    });
}

struct SideFile(File);

impl SideFile {
    fn create(path: &Path) -> Self {
        Self(File::create(path).unwrap())
    }

    /// A line is on the disk before what comes next is done.
    fn note(&mut self, line: &str) {
        self.0.write_all(format!("{line}\n").as_bytes()).unwrap();
        self.0.sync_data().unwrap();
    }
}

/// The whole lines of a file that may be missing or cut.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_owned).collect()
}

fn registered(node: &Node, round: &str) -> CollectorId {
    let collectors = node.collectors.list().unwrap();
    let name = format!("db-{round}");
    let found = collectors.iter().find(|collector| collector.name == name);
    found.map_or_else(
        || node.registrar.register(&Origin::system(), new_collector(&name)).unwrap().collector.id,
        |collector| collector.id,
    )
}

/// When it was registered: what the child and who checks it agree on.
fn collector_time(node: &Node, id: CollectorId) -> Timestamp {
    node.collectors.list().unwrap().iter().find(|collector| collector.id == id).unwrap().registered_at
}

fn push(node: &Node, collector: CollectorId, key: &str, documents: &[Value]) {
    let texts: Vec<Box<RawValue>> = documents.iter().map(|value| to_raw_value(value).unwrap()).collect();
    let documents = texts.iter().map(AsRef::as_ref).collect();
    let batch = Batch { collector, idempotency_key: Some(key), timestamp: None, documents };
    node.metrics.accept(&batch).unwrap();
}

fn group(name: &str) -> NewGroup {
    let color = "#112233".to_owned();
    NewGroup {
        name: name.to_owned(),
        description: String::new(),
        color,
        icon: "storage".to_owned(),
        display_order: None,
    }
}

/// What goes on in the background.
fn work(node: &Node, is_merging: bool) {
    let now = Clock::System.now();
    Folding::new(Arc::clone(&node.metrics)).step(now).unwrap();
    Seal::new(Arc::clone(&node.metrics)).step(now).unwrap();
    if is_merging {
        Merging::new(Arc::clone(&node.metrics)).step(now).unwrap();
    }
}

/// Starts the process, waits until it is at work, and kills it.
fn run_and_kill(folder: &Path, round: u64, pause: Duration) {
    let mut child = Command::new(OWN_PROGRAM)
        .args(["--exact", "crash_sealing::the_process_that_is_killed_while_it_seals", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = folder.join(format!("acknowledged-{round}-0"));
    wait_for("a push", || (!lines(&first).is_empty() || has_ended(&mut child)).then_some(()));
    // the moment of the kill is the point of the test, and no condition that could be waited for
    thread::park_timeout(pause);
    let ended = has_ended(&mut child);
    child.kill().unwrap();
    let said = child.wait_with_output().unwrap().stderr;
    assert!(!ended, "the process ended by itself: {}", String::from_utf8_lossy(&said));
}

fn has_ended(child: &mut Child) -> bool {
    child.try_wait().unwrap().is_some()
}

/// Checks one round's laws and says how many pushes were acknowledged.
fn check(folder: &Path, node: &Node, round: u64) -> usize {
    let name = round.to_string();
    let collector = registered(node, &name);
    let until = collector_time(node, collector);
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for document in all_documents(node, collector) {
        found.entry(document["key"].as_str().unwrap().to_owned()).or_default().push(document);
    }
    let mut count = 0;
    for lane in 0..LANES {
        let file = |what: &str| folder.join(format!("{what}-{round}-{lane}"));
        let (sent, acknowledged) = (lines(&file("sent")), lines(&file("acknowledged")));
        count += acknowledged.len();
        for number in &sent {
            let key = format!("{round}-{lane}-{number}");
            let expected = documents(&key, number.parse().unwrap(), until);
            match found.remove(&key) {
                None => assert!(!acknowledged.contains(number), "{key} was acknowledged and is lost"),
                Some(mut parts) => {
                    parts.sort_by_key(|document| document["part"].as_u64());
                    assert_eq!(parts, expected, "{key} is not there whole, once and equal");
                }
            }
        }
    }
    assert!(found.is_empty(), "invented: {:?}", found.keys());
    let groups = node.groups.list().unwrap();
    let names: BTreeSet<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    for name in lines(&folder.join(format!("groups-{round}-0"))) {
        assert!(names.contains(name.as_str()), "group {name} is lost");
    }
    count
}

fn check_audit(node: &Node) {
    let audit = node.audit.verify(&*node.access.signing_keys()).unwrap();
    assert_eq!(audit.first_bad_entry, None);
    assert_eq!(node.segments.totals().unwrap().missing, 0);
    assert_eq!(node.segments.totals().unwrap().damaged, 0);
}

fn all_documents(node: &Node, collector: CollectorId) -> Vec<Value> {
    let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    let mut query = DocumentsQuery { collector, kind: None, from, to, limit: 1000, after: None };
    let mut values = Vec::new();
    loop {
        let page = node.metrics.documents(&query).unwrap();
        values.extend(page.documents.iter().map(|found| serde_json::from_str(&found.text).unwrap()));
        query.after = page.next;
        if query.after.is_none() {
            return values;
        }
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_a_kill_while_metrics_are_folded_sealed_and_merged() {
    let rounds = if env::var_os("PGANALYTICS_SOAK").is_some() { 200 } else { 6 };
    let mut random = Random::seeded();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let mut pushes = 0;
    for round in 0..rounds {
        run_and_kill(folder.path(), round, Duration::from_millis(20 + random.below(800)));
        let node = open(folder.path());
        pushes += check(folder.path(), &node, round);
        check_audit(&node);
        node.close();
    }
    let node = open(folder.path());
    (0..rounds).for_each(|_| work(&node, true));
    for round in 0..rounds {
        check(folder.path(), &node, round);
    }
    check_audit(&node);
    let totals = node.segments.totals().unwrap();
    println!(
        "{rounds} kills, {pushes} pushes, {} documents in {} segments",
        totals.documents, totals.segments
    );
    assert!(totals.segments > 0 && pushes > 0, "something was sealed");
    node.close();
    drop(node);
    for report in node::verify(&options(folder.path())).unwrap() {
        assert!(report.found.is_ok(), "{report:?}");
    }
}
