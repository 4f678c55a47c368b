//! A disk that fails while metrics are sealed and merged: what was acknowledged is there after the next start, nothing
//! is acknowledged after the failure, and a disk that is only full stops the sealing and nothing else.
//!
//! `support/faultio.c` fails the n-th sync of the chosen files and all after it; n goes from 1 up until everything was
//! done without meeting it: by seven in the short form, by one with `PGANALYTICS_SOAK=1`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use pganalytics::access::HashCost;
use pganalytics::audit::Origin;
use pganalytics::clock::{Clock, Timestamp};
use pganalytics::ids::{CollectorId, IdSource};
use pganalytics::jobs::Job;
use pganalytics::metrics::{Batch, DocumentsQuery, Merging, Metrics, Seal};
use pganalytics::node::{Node, OpenError, Options};
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::support::appliance::write;
use crate::support::daemon::new_collector;
use crate::support::{OWN_PROGRAM, shim};

const FOLDER: &str = "PGANALYTICS_TEST_FAULT_FOLDER";
/// 2026-11-20T15:00:00Z
const START: Timestamp = Timestamp::from_millis(1_795_186_800_000);
const HOUR: Duration = Duration::from_secs(3600);
const DOCUMENTS: u32 = 30;
/// More syncs than there are in one run.
const MOST_SYNCS: u32 = 80;

fn open(folder: &Path) -> Result<Node, OpenError> {
    let hash_cost = HashCost { memory_kib: 64, passes: 1 };
    let options = Options { hash_cost, ..Options::on(folder) };
    let node = Node::open(&options, Clock::manual(START), IdSource::Random)?;
    node.jobs.stop();
    Ok(node)
}

fn push(metrics: &Metrics, collector: CollectorId, number: u32) -> bool {
    let at = START.minus(HOUR * number * 5);
    let text = to_raw_value(&json!({"type": "x", "timestamp": at, "n": number})).unwrap();
    let batch = Batch { collector, idempotency_key: None, timestamp: None, documents: vec![&text] };
    metrics.accept(&batch).is_ok()
}

fn numbers(node: &Node, collector: CollectorId) -> Vec<u64> {
    let (from, to) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    let query = DocumentsQuery { collector, kind: None, from, to, limit: 1000, after: None };
    let documents = node.metrics.documents(&query).unwrap().documents;
    let number = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["n"].as_u64().unwrap();
    let mut numbers: Vec<_> = documents.iter().map(|found| number(&found.text)).collect();
    numbers.sort_unstable();
    numbers
}

fn collector(node: &Node) -> CollectorId {
    node.collectors.list().unwrap()[0].id
}

/// A directory with metrics that wait to be sealed.
fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let node = open(folder.path()).unwrap();
    node.registrar.register(&Origin::system(), new_collector("db-1")).unwrap();
    let collector = collector(&node);
    assert!((0..DOCUMENTS).all(|number| push(&node.metrics, collector, number)));
    node.close();
    folder
}

fn copied(from: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = folder.path().join(path.file_name().unwrap());
        if path.is_dir() {
            fs::create_dir(to).unwrap();
        } else {
            write(&to, &fs::read(path).unwrap());
        }
    }
    folder
}

/// Not a test of its own: the process whose disk fails. It says how far it came.
#[test]
fn the_process_whose_disk_fails_while_it_seals() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let Ok(node) = open(&folder) else {
        println!("outcome: failed");
        return;
    };
    let collector = collector(&node);
    let sealed = Seal::new(Arc::clone(&node.metrics)).step(START);
    let merged = Merging::new(Arc::clone(&node.metrics)).step(START);
    let pushed = push(&node.metrics, collector, DOCUMENTS);
    if pushed {
        println!("acknowledged: {DOCUMENTS}");
    }
    let is_poisoned = node.poison.check().is_err();
    // the disk is full, or it has failed
    if let Err(error) = sealed.and(merged) {
        println!("outcome: {} {error}", if is_poisoned { "failed" } else { "full" });
        assert!(is_poisoned || error.contains("no space left"), "{error}");
        assert_ne!(pushed, is_poisoned, "what was poisoned acknowledges nothing: {error}");
    } else {
        println!("outcome: {}", if is_poisoned { "failed" } else { "passed" });
    }
    node.close();
}

/// Runs the process with a fault, and gives what it said.
fn run(folder: &Path, fault: &[(&str, &str)]) -> String {
    let done = Command::new(OWN_PROGRAM)
        .args(["--exact", "fault_sealing::the_process_whose_disk_fails_while_it_seals", "--nocapture"])
        .env(FOLDER, folder)
        .env("LD_PRELOAD", shim::of("faultio.c"))
        .envs(fault.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{fault:?}: {said}{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// Opens the directory with a disk that works, and checks that all is there, before and after it was sealed.
fn everything_is_there(folder: &Path, said: &str, fault: &[(&str, &str)]) {
    let node = open(folder).unwrap_or_else(|error| panic!("{fault:?}: {error}"));
    let collector = collector(&node);
    for _ in 0..2 {
        let mut found = numbers(&node, collector);
        // a push without an answer may be there
        if !said.contains("acknowledged") {
            found.retain(|number| *number < u64::from(DOCUMENTS));
        }
        let most = DOCUMENTS + u32::from(said.contains("acknowledged"));
        assert_eq!(found, (0..u64::from(most)).collect::<Vec<_>>(), "{fault:?}: {said}");
        Seal::new(Arc::clone(&node.metrics)).step(START).unwrap();
        Merging::new(Arc::clone(&node.metrics)).step(START).unwrap();
    }
    assert!(node.segments.totals().unwrap().segments > 0);
    let totals = node.segments.totals().unwrap();
    assert_eq!((totals.missing, totals.damaged), (0, 0));
    node.close();
}

#[test]
fn a_failed_sync_while_sealing_loses_nothing_and_acknowledges_nothing_more() {
    let step = if env::var_os("PGANALYTICS_SOAK").is_some() { 1 } else { 7 };
    let prepared = prepared();
    for file in ["segments", "hot.redb", "registry.sqlite-wal"] {
        let passed = (1..=MOST_SYNCS).step_by(step).find(|n| {
            let folder = copied(prepared.path());
            let n = n.to_string();
            let fault = [("FAULT_PATH", file), ("FAULT_SYNC_N", n.as_str())];
            let said = run(folder.path(), &fault);
            everything_is_there(folder.path(), &said, &fault);
            said.contains("outcome: passed")
        });
        println!("{file}: passes without the failure of sync {passed:?}");
        assert!(passed.is_some_and(|n| n > 3), "{file}: {passed:?}");
    }
}

#[test]
fn a_disk_that_is_full_stops_the_sealing_and_nothing_else() {
    let prepared = prepared();
    for bytes in ["0", "100", "700"] {
        let folder = copied(prepared.path());
        let fault = [("FAULT_PATH", "segments"), ("FAULT_BYTES", bytes)];
        let said = run(folder.path(), &fault);
        assert!(said.contains("outcome: full") && said.contains("acknowledged"), "{said}");
        everything_is_there(folder.path(), &said, &fault);
    }
}
