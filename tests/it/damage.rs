//! What happens to files on the disk behind the daemon's back: a byte flips, a file is cut, emptied, taken away or
//! replaced by another one.
//!
//! For every file in the data directory: `verify`, the start or whoever reads is told, or nothing that is read has
//! changed; no metrics or log lines are read that were never there; nothing panics; nothing is deleted; and without one
//! segment the daemon serves the rest. Of the registry, only what carries a seal or a hash is known to be right when it is served.
//!
//! The short form flips 6 bytes of each file, `PGANALYTICS_SOAK=1` three hundred. A run prints its seed;
//! `PGANALYTICS_SEED` takes it again.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pganalytics::access::{HashCost, NewPassword, Role, Username};
use pganalytics::audit::Origin;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::crypto::Secret;
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::jobs::Job;
use pganalytics::logs::{Filter, NewEntry};
use pganalytics::metrics::{Batch, DocumentsQuery, Folding, Seal};
use pganalytics::node::{self, Node, Options};
use pganalytics::wire::LogLevel;
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::support::appliance::write;
use crate::support::daemon::new_collector;
use crate::support::random::Random;

/// 2026-11-20T15:00:00Z
const START: Timestamp = Timestamp::from_millis(1_795_186_800_000);
const HOUR: Duration = Duration::from_secs(3600);
const DOCUMENTS: u32 = 24;

/// The files of a data directory, by their names in it.
type Files = BTreeMap<String, Vec<u8>>;

fn options(folder: &Path) -> Options {
    let hash_cost = HashCost { memory_kib: 64, passes: 1 };
    Options { hash_cost, ..Options::on(folder) }
}

fn open(folder: &Path) -> Result<Node, String> {
    let node = Node::open(&options(folder), Clock::manual(START), IdSource::Random);
    let node = node.map_err(|error| error.to_string())?;
    node.jobs.stop();
    Ok(node)
}

/// A data directory that was closed, with a user and two collectors, whose metrics are hot, folded and sealed.
fn directory() -> Files {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path()).unwrap();
    let username = Username::new("ada").unwrap();
    let password = NewPassword::new(Secret::new("correct horse battery staple"), "ada").unwrap();
    node.access.create_user(&Origin::system(), &username, &password, Role::Admin).unwrap();
    for name in ["db-0", "db-1"] {
        let registered = node.registrar.register(&Origin::system(), new_collector(name)).unwrap();
        fill(&node, registered.collector.id);
    }
    Seal::new(Arc::clone(&node.metrics)).step(START).unwrap();
    Folding::new(Arc::clone(&node.metrics)).step(START).unwrap();
    fill(&node, node.collectors.list().unwrap()[0].id);
    node.close();
    drop(node);
    let mut files = files(folder.path());
    // empty ones, which are only locked
    files.retain(|_, bytes| !bytes.is_empty());
    files
}

fn fill(node: &Node, collector: CollectorId) {
    for number in 0..DOCUMENTS {
        let words = format!("{number} is a text that fills some pages ").repeat(20);
        let at = START.minus(HOUR * number * 3);
        let text = to_raw_value(&json!({"type": "x", "timestamp": at, "n": number, "text": words})).unwrap();
        let key = format!("k{number}");
        let idempotency_key = Some(key.as_str());
        let batch = Batch { collector, idempotency_key, timestamp: None, documents: vec![&text] };
        // the second time it is there already
        let _ = node.metrics.accept(&batch);
    }
    let (level, fields) = (LogLevel::Info, "{}".to_owned());
    let entry = NewEntry { time: START, level, message: format!("a line of {collector}"), fields };
    node.logs.append(collector, None, &[entry]).unwrap();
}

fn files(folder: &Path) -> Files {
    fn add(folder: &Path, root: &Path, files: &mut Files) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, root, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = Files::new();
    add(folder, folder, &mut found);
    found
}

fn laid_out(files: &Files) -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        write(&path, bytes);
    }
    folder
}

/// What readers get: users, collectors, documents, log lines; and what they are told can't be read.
#[derive(Debug, Default, PartialEq)]
struct Read {
    documents: usize,
    everything: Vec<String>,
    errors: Vec<String>,
}

impl Read {
    fn of(node: &Node) -> Self {
        let mut read = Self::default();
        match node.access.users() {
            Ok(users) => read.everything.extend(users.iter().map(|user| format!("{:?}", user.username))),
            Err(error) => read.errors.push(error.to_string()),
        }
        match node.collectors.list() {
            Ok(collectors) => {
                for collector in collectors {
                    read.everything.push(collector.name);
                    read.add_collector(node, collector.id);
                }
            }
            Err(error) => read.errors.push(error.to_string()),
        }
        read
    }

    fn add_collector(&mut self, node: &Node, collector: CollectorId) {
        let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        let query = DocumentsQuery { collector, kind: None, from, to, limit: 1000, after: None };
        match node.metrics.documents(&query) {
            Ok(page) => {
                self.documents += page.documents.len();
                self.everything.extend(page.documents.into_iter().map(|found| found.text));
            }
            Err(error) => self.errors.push(error.to_string()),
        }
        match node.logs.page(collector, &Filter::default(), 100, 0) {
            Ok(page) => self.everything.extend(page.entries.into_iter().map(|entry| entry.message)),
            Err(error) => self.errors.push(error.to_string()),
        }
    }
}

/// What became of a directory.
struct Outcome {
    /// What `verify` names.
    named: Vec<String>,
    /// What is read then, or why it does not open.
    read: Result<Read, String>,
    after: Files,
}

fn outcome(files_before: &Files) -> Outcome {
    let folder = laid_out(files_before);
    let named = match node::verify(&options(folder.path())) {
        Ok(reports) => reports.into_iter().filter_map(|report| report.found.err()).collect(),
        Err(error) => vec![error.to_string()],
    };
    let read = open(folder.path()).map(|node| {
        let read = Read::of(&node);
        node.close();
        read
    });
    Outcome { named, read, after: files(folder.path()) }
}

struct Damaged<'a> {
    whole: &'a Files,
    intact: &'a Read,
    name: &'a str,
    what: String,
}

impl Damaged<'_> {
    /// Does the damage and checks what becomes of it. Says whether anybody was told.
    fn check(&self, damage: impl FnOnce(&mut Files)) -> bool {
        let Self { whole, intact, name, what } = self;
        let mut files = (*whole).clone();
        damage(&mut files);
        let outcome = catch_unwind(AssertUnwindSafe(|| outcome(&files)));
        let Outcome { named, read, after } = outcome.unwrap_or_else(|_| panic!("{name} {what}: a panic"));
        let is_same = read.as_ref().is_ok_and(|read| read == *intact);
        let story = || match &read {
            Ok(read) => {
                let lost = intact.everything.iter().find(|one| !read.everything.contains(one));
                format!(
                    "of {} documents {}, {:?}, {lost:?} is not read",
                    intact.documents, read.documents, read.errors
                )
            }
            Err(error) => error.clone(),
        };
        let is_told = !named.is_empty() || read.as_ref().map_or(true, |read| !read.errors.is_empty());
        assert!(is_same || is_told, "{name} {what}: nobody is told: {}", story());
        if let Some(read) = read.as_ref().ok().filter(|_| *name != "registry.sqlite") {
            let invented = read.everything.iter().find(|one| !intact.everything.contains(one));
            assert!(invented.is_none(), "{name} {what}: {invented:?} is read");
        }
        // an engine writes to its file when it opens it; whatever else there is stays as it is, under its name or
        // aside
        for (file, bytes) in &files {
            let is_of_an_engine = [".sqlite", ".redb"].iter().any(|end| file.ends_with(end));
            let mut kept = after.iter().filter(|(now, _)| now.starts_with(file.as_str()));
            let is_kept = kept.any(|(_, now)| is_of_an_engine || now == bytes);
            assert!(is_kept, "{name} {what}: {file} is not kept");
        }
        if name.starts_with("segments/") {
            let read = read.unwrap_or_else(|error| panic!("{name} {what}: it does not start: {error}"));
            assert!(
                read.documents > intact.documents / 2 && read.errors.is_empty(),
                "{name} {what}: {read:?}"
            );
        }
        is_told
    }
}

#[test]
fn whatever_is_damaged_is_named_and_kept_and_the_rest_is_served() {
    let flips = if env::var_os("PGANALYTICS_SOAK").is_some() { 300 } else { 6 };
    let (whole, other) = (directory(), directory());
    let Outcome { named, read, .. } = outcome(&whole);
    assert_eq!(named, Vec::<String>::new());
    let intact = read.unwrap();
    assert_eq!((intact.documents, intact.errors.len()), (2 * DOCUMENTS as usize, 0));
    let names: Vec<&str> = whole.keys().map(String::as_str).collect();
    for kind in ["registry.sqlite", "hot.redb", "logs.sqlite", "root.key"] {
        assert!(names.contains(&kind), "{names:?}");
    }
    let segments: Vec<&str> = names.iter().copied().filter(|name| name.starts_with("segments/")).collect();
    assert!(segments.len() > 4, "{names:?}");
    let mut random = Random::seeded();
    let (mut noticed, mut all) = (0, 0);
    for name in names {
        let damaged = |what: String| Damaged { whole: &whole, intact: &intact, name, what };
        let length = whole[name].len();
        for _ in 0..flips {
            let place = used_place(&whole[name], &mut random);
            let bit = 1 << random.below(8);
            let flip = |files: &mut Files| files.get_mut(name).unwrap()[place] ^= bit;
            noticed += u32::from(damaged(format!("with byte {place} flipped")).check(flip));
            all += 1;
        }
        let last = length - 1;
        for length in [length / 2, last, 0] {
            let cut = |files: &mut Files| files.get_mut(name).unwrap().truncate(length);
            let is_named = damaged(format!("cut to {length} bytes")).check(cut);
            // the last byte of a file may be one that says nothing
            assert!(is_named || length == last, "{name} cut to {length} bytes is not named");
        }
        let is_named = damaged("missing".to_owned()).check(|files| drop(files.remove(name)));
        assert!(is_named, "{name} is missing, and that is not named");
        // of another appliance where it has one of that name; else the next segment of this one
        let beside = segments.iter().find(|one| **one != name).unwrap();
        let replacement = other.get(name).unwrap_or(&whole[*beside]).clone();
        let swap = |files: &mut Files| drop(files.insert(name.to_owned(), replacement));
        let is_named = damaged("replaced".to_owned()).check(swap);
        assert!(is_named, "{name} is another one, and that is not named");
    }
    println!("{noticed} of {all} flipped bytes were told, the others changed nothing that is read");
    assert!(noticed * 4 > all, "most flips hit something: {noticed} of {all}");
}

/// Most of what is zero is not in use.
fn used_place(bytes: &[u8], random: &mut Random) -> usize {
    loop {
        let place = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        if bytes[place] != 0 {
            return place;
        }
    }
}

#[test]
fn a_folder_of_segments_that_is_missing_is_named() {
    let mut whole = directory();
    whole.retain(|name, _| !name.starts_with("segments/"));
    let Outcome { named, read, .. } = outcome(&whole);
    assert!(named.len() > 4, "{named:?}");
    assert!(read.unwrap().documents > 0);
}
