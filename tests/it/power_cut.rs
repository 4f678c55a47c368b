//! The power goes at any moment: what was acknowledged is on the disk, whole and once, and the rest opens and reads.
//!
//! A process takes pushes, changes the registry, folds, seals and merges, and every call by which it changes a file is
//! recorded below its stores (`support/recordio.c`): those of redb, of SQLite and of the segments alike. Of the record
//! up to a random call an image is made as a disk may hold it then (`support/recorded.rs`), and a node opens it.
//!
//! The short form has 40 images, `PGANALYTICS_SOAK=1` three thousand. Disks that lie about syncs are the control: the
//! same checks must find that they lose something. A run prints its seed; `PGANALYTICS_SEED` takes it again.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pganalytics::access::HashCost;
use pganalytics::archive::Totals;
use pganalytics::audit::Origin;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::jobs::Job;
use pganalytics::logs::{Filter, NewEntry};
use pganalytics::metrics::{Batch, DocumentsQuery, Folding, Merging, Seal};
use pganalytics::node::{Node, OpenError, Options};
use pganalytics::registry::NewGroup;
use pganalytics::wire::LogLevel;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::support::daemon::new_collector;
use crate::support::random::Random;
use crate::support::recorded::{Call, Disk, calls};
use crate::support::{OWN_PROGRAM, shim};

const FOLDER: &str = "PGANALYTICS_TEST_RECORDED";
const ACKNOWLEDGED: &str = "acknowledged";
/// 2026-11-20T15:00:00Z
const START: Timestamp = Timestamp::from_millis(1_795_186_800_000);
const HOUR: Duration = Duration::from_secs(3600);
const COLLECTORS: usize = 2;
const ROUNDS: u32 = 24;
const PUSHES_PER_ROUND: u32 = 3;

/// One push, known by its key; its documents are of several hours, so that they are sealed into several segments.
struct Planned {
    round: u32,
    collector: usize,
    key: String,
    documents: Vec<Value>,
}

/// All pushes, in their order: the same for who sends them and for who checks them.
fn plan() -> Vec<Planned> {
    let one = |round: u32, collector: usize, push: u32| {
        let key = format!("{collector}-{round}-{push}");
        let document = |part: u32| {
            let age = HOUR * (part * 11 + push * 5);
            let at = START.plus(HOUR * round).minus(age);
            json!({"type": "x", "timestamp": at, "key": key, "part": part, "load": f64::from(round) / 7.0,
                "text": format!("the text of {key}, which is new every time"), "disks": [{"name": "vda", "io": part}]})
        };
        let documents = (0..4).map(document).collect();
        Planned { round, collector, key, documents }
    };
    let places = (0..ROUNDS).flat_map(|round| (0..COLLECTORS).map(move |collector| (round, collector)));
    places.flat_map(|(round, place)| (0..PUSHES_PER_ROUND).map(move |push| one(round, place, push))).collect()
}

/// A node whose work in the background is done by [`work`] alone.
fn open(folder: &Path, clock: Clock, ids: IdSource) -> Result<Node, OpenError> {
    let hash_cost = HashCost { memory_kib: 64, passes: 1 };
    let options = Options { hash_cost, ..Options::on(folder.join("data")) };
    let node = Node::open(&options, clock, ids)?;
    node.jobs.stop();
    Ok(node)
}

/// Not a test of its own: what the recorded process does. It writes down each acknowledgement, in the same record.
#[test]
fn the_process_whose_writes_are_recorded() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let clock = Clock::manual(START);
    let mut node = open(&folder, clock.clone(), IdSource::seeded(1)).unwrap();
    let mut side = File::create(folder.join(ACKNOWLEDGED)).unwrap();
    let mut acknowledge = |line: &str| side.write_all(format!("{line}\n").as_bytes()).unwrap();
    let collectors: Vec<CollectorId> = (0..COLLECTORS)
        .map(|number| {
            let new = new_collector(&format!("db-{number}"));
            let id = node.registrar.register(&Origin::system(), new).unwrap().collector.id;
            acknowledge(&format!("collector {id}"));
            id
        })
        .collect();
    let plan = plan();
    for round in 0..ROUNDS {
        for planned in plan.iter().filter(|planned| planned.round == round) {
            push(&node, collectors[planned.collector], planned);
            acknowledge(&format!("push {}", planned.key));
        }
        node.groups.create(&Origin::system(), group(round)).unwrap();
        acknowledge(&format!("group {round}"));
        node.logs.append(collectors[0], Some(&round.to_string()), &[log_entry(round)]).unwrap();
        acknowledge(&format!("log {round}"));
        clock.advance(HOUR);
        if round % 4 == 3 {
            work(&node, clock.now());
        }
        if round == ROUNDS / 2 {
            node.close();
            drop(node);
            node = open(&folder, clock.clone(), IdSource::Random).unwrap();
        }
    }
    assert!(node.segments.totals().unwrap().segments > 4, "it was sealed");
    node.close();
}

fn push(node: &Node, collector: CollectorId, planned: &Planned) {
    let texts: Vec<Box<RawValue>> =
        planned.documents.iter().map(|value| to_raw_value(value).unwrap()).collect();
    let documents = texts.iter().map(AsRef::as_ref).collect();
    let batch = Batch { collector, idempotency_key: Some(&planned.key), timestamp: None, documents };
    assert_eq!(node.metrics.accept(&batch).unwrap().inserted, 4);
}

fn group(round: u32) -> NewGroup {
    let (description, icon) = (String::new(), "storage".to_owned());
    NewGroup {
        name: format!("group {round}"),
        description,
        color: "#112233".to_owned(),
        icon,
        display_order: None,
    }
}

fn log_entry(round: u32) -> NewEntry {
    NewEntry { time: START, level: LogLevel::Info, message: format!("log {round}"), fields: "{}".to_owned() }
}

/// What goes on in the background.
fn work(node: &Node, now: Timestamp) {
    let mut jobs: [Box<dyn Job>; 3] = [
        Box::new(Folding::new(Arc::clone(&node.metrics))),
        Box::new(Seal::new(Arc::clone(&node.metrics))),
        Box::new(Merging::new(Arc::clone(&node.metrics))),
    ];
    for job in &mut jobs {
        job.step(now).unwrap();
    }
}

/// The record of one such process, made once for all tests.
static RECORD: LazyLock<Vec<Call>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("disk"), folder.path().join("log"));
    // whoever installs it makes the data directory
    std::fs::create_dir_all(data.join("data")).unwrap();
    let done = Command::new(OWN_PROGRAM)
        .args(["--exact", "power_cut::the_process_whose_writes_are_recorded", "--nocapture"])
        .env(FOLDER, &data)
        .env("RECORD_FOLDER", &data)
        .env("RECORD_LOG", &log)
        .env("LD_PRELOAD", shim::of("recordio.c"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    calls(&log)
});

/// What had been acknowledged at some moment.
#[derive(Default)]
struct Acknowledged {
    file: Option<u64>,
    text: String,
}

impl Acknowledged {
    fn see(&mut self, call: &Call) {
        match call {
            Call::Create { file, name } if name == ACKNOWLEDGED => self.file = Some(*file),
            Call::Write { file, bytes, .. } if self.file == Some(*file) => {
                self.text.push_str(std::str::from_utf8(bytes).unwrap());
            }
            _ => {}
        }
    }

    fn of<'a>(&'a self, what: &'a str) -> impl Iterator<Item = &'a str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(what)?.strip_prefix(' '))
    }
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Opens an image, and says which law is broken.
fn check(folder: &Path, acknowledged: &Acknowledged, is_worked_on: bool) -> Result<(), String> {
    let now = START.plus(HOUR * ROUNDS);
    let node = open(folder, Clock::manual(now), IdSource::Random).map_err(in_words)?;
    let checked = check_node(&node, acknowledged).and_then(|()| {
        if is_worked_on {
            work(&node, now);
            check_node(&node, acknowledged)?;
        }
        Ok(())
    });
    node.close();
    checked
}

fn check_node(node: &Node, acknowledged: &Acknowledged) -> Result<(), String> {
    let sent: BTreeMap<String, Planned> =
        plan().into_iter().map(|planned| (planned.key.clone(), planned)).collect();
    let (mut found, mut documents) = (BTreeMap::<String, Vec<Value>>::new(), 0);
    for id in acknowledged.of("collector") {
        for document in all_documents(node, id.parse().map_err(in_words)?)? {
            documents += 1;
            found.entry(document["key"].as_str().unwrap_or_default().to_owned()).or_default().push(document);
        }
    }
    for (key, parts) in &mut found {
        let planned = sent.get(key).ok_or(format!("{key} is invented"))?;
        parts.sort_by_key(|document| document["part"].as_u64());
        if *parts != planned.documents {
            return Err(format!("{key} is not there whole, once and equal: {parts:?}"));
        }
    }
    let lost = acknowledged.of("push").find(|key| !found.contains_key(*key));
    lost.map_or(Ok(()), |key| Err(format!("push {key} is lost; {documents} documents are there")))?;
    check_registry(node, acknowledged)?;
    let Totals { missing, damaged, .. } = node.segments.totals().map_err(in_words)?;
    if missing + damaged > 0 {
        Err(format!("{missing} segments are missing, {damaged} damaged"))
    } else {
        Ok(())
    }
}

fn check_registry(node: &Node, acknowledged: &Acknowledged) -> Result<(), String> {
    let groups = node.groups.list().map_err(in_words)?;
    let names: BTreeSet<&str> = groups.iter().filter_map(|group| group.name.strip_prefix("group ")).collect();
    let mut logged = BTreeSet::new();
    for id in acknowledged.of("collector").take(1) {
        let id = id.parse().map_err(in_words)?;
        let page = node.logs.page(id, &Filter::default(), 1000, 0).map_err(in_words)?;
        for entry in page.entries {
            if !logged.insert(entry.message.clone()) {
                return Err(format!("{} is doubled", entry.message));
            }
        }
    }
    node.logs.verify().map_err(in_words)??;
    if let Some(round) = acknowledged.of("group").find(|round| !names.contains(round)) {
        return Err(format!("group {round} is lost"));
    }
    if let Some(round) = acknowledged.of("log").find(|round| !logged.contains(&format!("log {round}"))) {
        return Err(format!("log entry {round} is lost"));
    }
    let audit = node.audit.verify(&*node.access.signing_keys()).map_err(in_words)?;
    audit.first_bad_entry.map_or(Ok(()), |entry| Err(format!("the audit log is broken at {entry}")))
}

fn all_documents(node: &Node, collector: CollectorId) -> Result<Vec<Value>, String> {
    let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    let mut query = DocumentsQuery { collector, kind: None, from, to, limit: 1000, after: None };
    let mut values = Vec::new();
    loop {
        let page = node.metrics.documents(&query).map_err(in_words)?;
        values.extend(page.documents.iter().map(|found| serde_json::from_str(&found.text).unwrap()));
        query.after = page.next;
        if query.after.is_none() {
            return Ok(values);
        }
    }
}

/// In memory where there is such a file system: the images have survived already.
fn image_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// Cuts the power at so many random moments, and gives what was found broken. A disk that lies does so as soon as
/// something is acknowledged.
fn cut(images: u64, lies_about: Option<&'static str>) -> Vec<String> {
    let (record, mut random) = (&*RECORD, Random::seeded());
    let mut moments: Vec<u64> = (0..images).map(|_| random.below(record.len() as u64 + 1)).collect();
    moments.sort_unstable();
    let (mut disk, mut acknowledged, mut done) = (Disk::with_folder("data"), Acknowledged::default(), 0);
    let mut broken = Vec::new();
    for (number, moment) in moments.into_iter().enumerate() {
        let until = usize::try_from(moment).unwrap();
        for call in &record[done..until] {
            acknowledged.see(call);
            disk.apply(call);
            if let Some(name) = lies_about.filter(|_| acknowledged.of("push").next().is_some()) {
                disk.lie_about(name);
            }
        }
        done = until;
        let folder = image_folder();
        disk.write_image(&mut random, folder.path());
        if let Err(what) = check(folder.path(), &acknowledged, number % 10 == 0) {
            broken.push(format!("at call {moment} of {}: {what}", record.len()));
        }
    }
    broken
}

fn images(short: u64, long: u64) -> u64 {
    if env::var_os("PGANALYTICS_SOAK").is_some() { long } else { short }
}

#[test]
fn whatever_was_acknowledged_survives_a_power_cut_at_any_moment() {
    let images = images(40, 3000);
    let broken = cut(images, None);
    println!("{images} power cuts in {} calls, {} broken", RECORD.len(), broken.len());
    assert!(broken.is_empty(), "{}: {:#?}", broken.len(), &broken[..broken.len().min(10)]);
}

#[test]
fn a_disk_that_lies_about_its_syncs_is_caught() {
    let images = images(16, 100);
    for lie in ["hot.redb", "hot.redb-journal", "registry.sqlite", "logs.sqlite", "segments"] {
        let broken = cut(images, Some(lie));
        println!("{images} power cuts on a disk that lies about {lie}, {} found", broken.len());
        assert!(broken.len() as u64 > images / 8, "{lie}: {broken:?}");
    }
}
