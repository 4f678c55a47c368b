//! A process that takes pushes is killed at a random moment. Whatever it acknowledged is there, once.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use super::*;

const FOLDER: &str = "PGANALYTICS_TEST_CRASH_FOLDER";
const KILLS: usize = 8;

/// Not a test of its own: what the killed process does. It pushes without end and prints each acknowledgement.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let clock = Clock::manual(START);
    let metrics = open(Path::new(&folder), &clock, Options::default(), &Poison::default());
    let first = metrics.counter(id(0)).map_or(0, |counter| counter.documents / 2);
    std::thread::scope(|scope| {
        for lane in 0..4_u64 {
            let metrics = &metrics;
            scope.spawn(move || {
                for number in first.. {
                    let key = format!("{lane}-{number}");
                    let documents = documents(&key);
                    let documents = documents.iter().map(AsRef::as_ref).collect();
                    let key = Some(key.as_str()).filter(|_| lane % 2 == 0);
                    let batch = Batch {
                        collector: id(u128::from(lane)),
                        idempotency_key: key,
                        timestamp: None,
                        documents,
                    };
                    metrics.accept(&batch).unwrap();
                    writeln!(std::io::stdout().lock(), "\nstored {lane}-{number}").unwrap();
                }
            });
        }
    });
}

/// The two documents of a push.
fn documents(key: &str) -> Vec<Box<RawValue>> {
    let document = |half| json!({"type": "x", "timestamp": START, "key": key, "half": half, "n": 1});
    [document("first"), document("second")].iter().map(|value| to_raw_value(value).unwrap()).collect()
}

/// Starts the process, reads some acknowledgements and kills it in the middle of its work.
fn run_and_kill(folder: &std::path::Path, after: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "metrics::tests::crash::the_process_that_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let stored = |line: String| line.strip_prefix("stored ").map(str::to_owned);
    let mut acknowledged: Vec<_> = lines.by_ref().filter_map(stored).take(after).collect();
    child.kill().unwrap();
    // what it had printed before it died was acknowledged, too
    acknowledged.extend(lines.filter_map(stored));
    child.wait().unwrap();
    acknowledged
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_when_the_process_is_killed() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let mut acknowledged = BTreeSet::new();
    for kill in 0..KILLS {
        let told = run_and_kill(folder.path(), 5 + kill * 7);
        assert!(told.len() >= 5 + kill * 7, "the process stopped by itself after {} pushes", told.len());
        acknowledged.extend(told);
        let store = Store::on(&folder, Options::default());
        let found: Vec<_> = (0..4).flat_map(|lane| store.values(lane)).collect();
        let halves: BTreeSet<_> =
            found.iter().map(|value| (value["key"].to_string(), value["half"].to_string())).collect();
        assert_eq!(halves.len(), found.len(), "something is doubled");
        let keys: BTreeSet<_> =
            found.iter().filter_map(|value| value["key"].as_str()).map(str::to_owned).collect();
        assert_eq!(halves.len(), keys.len() * 2, "half a push is there");
        assert_eq!(acknowledged.difference(&keys).next(), None, "an acknowledged push is lost");
        for lane in 0..4 {
            assert_eq!(store.stored(id(lane)), store.documents(lane).len() as u64);
        }
    }
}
