//! Sealing: nothing leaves the hot store that no segment has, and nothing is in two of them.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::archive::Segments;
use crate::audit::MIGRATIONS;
use crate::jobs::Job;
use crate::metrics::Seal;
use crate::storage::Sqlite;

const WINDOW: Duration = Duration::from_secs(24 * 3600);
const HOUR: Duration = Duration::from_secs(3600);

fn segments(store: &Store) -> Arc<Segments> {
    let poison = store.poison.clone();
    let db = Sqlite::open(&store.folder.path().join("registry.sqlite"), MIGRATIONS, poison.clone()).unwrap();
    let folder = store.folder.path().join("segments");
    Arc::new(Segments::open(Arc::new(db), &folder, poison, store.clock.clone()).unwrap())
}

fn push(store: &Store, at: Timestamp, number: i64) {
    let document = json!({ "type": "sysstat", "timestamp": at, "load": number, "disks": [{ "name": "vda", "io": 1.5 }] });
    store.push(1, None, &[document]).unwrap();
}

/// The sequence numbers that all segments have, each of them once.
fn sealed(segments: &Segments) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for segment in segments.of(id(1)).unwrap() {
        for table in segments.image(&segment).unwrap().slice().unwrap().tables {
            assert!(table.rows.iter().all(|row| found.insert(row.seq)), "a document is sealed twice");
        }
    }
    found
}

#[test]
fn what_is_older_than_the_window_goes_into_segments_and_what_comes_late_follows() {
    let store = Store::new();
    let segments = segments(&store);
    for hour in 0..30 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
    }
    let mut seal = Seal::new(Arc::clone(&store.metrics), Arc::clone(&segments), WINDOW);
    seal.step(START).unwrap();
    // START lies 15 hours into its day: the slices that are due end at 12:00 of the day before
    let first = sealed(&segments);
    assert_eq!(first.len(), 2, "{first:?}");
    assert_eq!(store.metrics.first_hours().unwrap().len(), 1);
    push(&store, START.minus(HOUR * 29), 99);
    seal.step(START).unwrap();
    let second = sealed(&segments);
    assert_eq!(second.len(), 3);
    assert!(second.is_superset(&first));
    seal.step(START).unwrap();
    assert_eq!(sealed(&segments), second);
}

#[test]
fn a_crash_between_the_segment_and_the_removal_seals_nothing_twice() {
    let store = Store::new();
    let segments = segments(&store);
    for hour in 40..43 {
        push(&store, START.minus(HOUR * hour), 7);
    }
    let begin = store.metrics.first_hours().unwrap()[0].1;
    let read = store.metrics.read_hours(id(1), begin, START, usize::MAX).unwrap();
    segments.publish(&read.slice).unwrap();
    let mut seal = Seal::new(Arc::clone(&store.metrics), Arc::clone(&segments), WINDOW);
    seal.step(START).unwrap();
    assert_eq!(sealed(&segments).len(), 3);
    assert!(store.metrics.first_hours().unwrap().is_empty());
}
