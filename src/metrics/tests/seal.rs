//! Sealing: nothing leaves the hot store that no segment has, nothing is in two of them, and who reads sees no
//! difference.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;

use super::*;
use crate::files::{Access, write_whole};
use crate::jobs::Job;
use crate::metrics::{Merging, Retention, Seal};

const HOUR: Duration = Duration::from_secs(3600);

fn push(store: &Store, at: Timestamp, number: i64) {
    let document = json!({ "type": "sysstat", "timestamp": at, "load": number, "disks": [{ "name": "vda", "io": 1.5 }] });
    store.push(1, None, &[document]).unwrap();
}

/// The sequence numbers that all segments have, each of them once.
fn sealed(store: &Store) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for segment in store.metrics.segments.of(id(1)).unwrap() {
        for table in store.metrics.segments.image(&segment).unwrap().slice().unwrap().tables {
            assert!(table.rows.iter().all(|row| found.insert(row.seq)), "a document is sealed twice");
        }
    }
    found
}

/// Everything that readers are given.
fn read(store: &Store) -> (Vec<ReadDocument>, Vec<Points>, Vec<ListedSeries>) {
    (store.documents(1), store.points(1, "sysstat.load"), store.metrics.series(id(1), &[]).unwrap())
}

#[test]
fn what_is_older_than_the_window_goes_into_segments_and_what_comes_late_follows() {
    let store = Store::new();
    for hour in 0..30 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
    }
    let before = read(&store);
    let mut seal = Seal::new(Arc::clone(&store.metrics));
    seal.step(START).unwrap();
    // START lies 15 hours into its day: the slices that are due end at 12:00 of the day before
    let first = sealed(&store);
    assert_eq!(first.len(), 2, "{first:?}");
    assert_eq!(read(&store), before);
    push(&store, START.minus(HOUR * 29), 99);
    let before = read(&store);
    seal.step(START).unwrap();
    let second = sealed(&store);
    assert_eq!(second.len(), 3);
    assert!(second.is_superset(&first));
    seal.step(START).unwrap();
    assert_eq!(sealed(&store), second);
    assert_eq!(read(&store), before);
    drop(seal);
    assert_eq!(read(&store.reopen()), before);
}

#[test]
fn a_crash_between_the_segment_and_the_removal_seals_and_shows_nothing_twice() {
    let store = Store::new();
    for hour in 36..43 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
    }
    let before = read(&store);
    let begin = store.metrics.first_hour(id(1)).unwrap().unwrap();
    let slice = store.metrics.read_hours(id(1), (begin, START), usize::MAX).unwrap().slice;
    let segments = &store.metrics.segments;
    segments.publish(&slice, segments.moment()).unwrap();
    assert_eq!(read(&store), before);
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    assert_eq!(sealed(&store).len(), 7);
    assert!(store.metrics.hot_collectors().unwrap().is_empty());
    assert_eq!(read(&store), before);
}

#[test]
fn the_segments_of_a_day_and_of_a_week_become_one() {
    let store = Store::new();
    for hour in 24..24 * 20 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
    }
    let before = read(&store);
    let mut seal = Seal::new(Arc::clone(&store.metrics));
    (0..6).for_each(|_| drop(seal.step(START).unwrap()));
    let many = store.metrics.segments.of(id(1)).unwrap().len();
    let mut merging = Merging::new(Arc::clone(&store.metrics));
    let mut rounds = 0;
    // every second round begins with the first collector again
    while !(merging.step(START).unwrap().contains(" 0 ") && merging.step(START).unwrap().contains(" 0 ")) {
        rounds += 1;
        assert!(rounds < 100, "it never ends");
    }
    let few = store.metrics.segments.of(id(1)).unwrap().len();
    assert!(many > 70 && few < 16, "{many} {few}");
    // four hours lie in a slice that is not over the window yet
    assert_eq!(sealed(&store).len(), 24 * 19 - 4);
    assert_eq!(read(&store), before);
    drop((seal, merging));
    assert_eq!(read(&store.reopen()), before);
}

#[test]
fn a_hot_store_that_is_too_large_is_sealed_up_to_the_last_hour() {
    let store = Store::with(Options { hot_bytes: 1, ..Options::default() });
    for hour in 0..5 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
    }
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    // the hour that begins now, and the one before, which is over since this moment
    assert_eq!(sealed(&store).len(), 3);
    assert_eq!(store.documents(1).len(), 5);
}

#[test]
fn what_is_discarded_while_a_segment_is_made_of_it_does_not_come_back() {
    let store = Store::new();
    push(&store, START.minus(HOUR * 40), 1);
    let segments = &store.metrics.segments;
    let read_at = segments.moment();
    let begin = store.metrics.first_hour(id(1)).unwrap().unwrap();
    let slice = store.metrics.read_hours(id(1), (begin, START), usize::MAX).unwrap().slice;
    store.metrics.discard(id(1)).unwrap();
    assert!(segments.publish(&slice, read_at).is_err());
    assert!(store.documents(1).is_empty());
    let store = store.reopen();
    assert!(store.documents(1).is_empty() && store.metrics.segments.found().unlisted.is_empty());
}

#[test]
fn a_segment_that_is_damaged_is_told_and_the_rest_is_read() {
    let store = Store::new();
    for hour in [50, 40, 3] {
        push(&store, START.minus(HOUR * hour), hour.into());
    }
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    let all = store.metrics.segments.of(id(1)).unwrap();
    assert_eq!(all.len(), 2);
    let path = store.metrics.segments.path(&all[0]);
    let whole = std::fs::read(&path).unwrap();
    // in the first block behind the header: the index is whole, and what it leads to is not
    let mut bytes = whole.clone();
    bytes[40] ^= 1;
    write_whole(&path, &bytes, Access::Group).unwrap();
    let numbers = |store: &Store| -> Vec<i64> {
        store.values(1).iter().map(|document| document["load"].as_i64().unwrap()).collect()
    };
    assert_eq!(numbers(&store), [40, 3]);
    assert_eq!(store.points(1, "sysstat.load")[0].points.len(), 2);
    assert_eq!(store.metrics.segments.totals().unwrap().damaged, 1);
    assert!(!path.exists());
    // whoever has a copy puts it back
    write_whole(&path, &whole, Access::Group).unwrap();
    assert_eq!(numbers(&store.reopen()), [50, 40, 3]);
}

#[test]
fn a_segment_that_is_missing_leaves_the_rest() {
    let store = Store::new();
    for hour in [50, 40, 3] {
        push(&store, START.minus(HOUR * hour), hour.into());
    }
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    let first = store.metrics.segments.of(id(1)).unwrap().remove(0);
    let path = store.metrics.segments.path(&first);
    let whole = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let before = store.metrics.present();
    assert_eq!(store.documents(1).len(), 2);
    assert!(store.metrics.changed_since(before).is_some(), "what was computed before had the third");
    let store = store.reopen();
    assert_eq!(store.documents(1).len(), 2);
    assert_eq!(store.metrics.segments.totals().unwrap().missing, 1);
    let before = store.metrics.present();
    assert!(store.metrics.changed_since(before).is_none());
    write_whole(&path, &whole, Access::Group).unwrap();
    assert_eq!(store.documents(1).len(), 3);
    assert!(store.metrics.changed_since(before).is_some(), "what was computed before lacked it");
}

#[test]
fn a_segment_that_is_missing_keeps_no_others_from_being_merged_or_trimmed() {
    let store = Store::with(Options {
        retention: Retention { of: [("sysstat".to_owned(), HOUR * 100)].into(), ..Retention::default() },
        ..Options::default()
    });
    for hour in 24..24 * 4 {
        push(&store, START.minus(HOUR * hour), i64::from(hour));
        let other = json!({ "type": "x", "timestamp": START.minus(HOUR * hour), "n": hour });
        store.push(1, None, &[other]).unwrap();
    }
    let mut seal = Seal::new(Arc::clone(&store.metrics));
    (0..3).for_each(|_| drop(seal.step(START).unwrap()));
    let all = store.metrics.segments.of(id(1)).unwrap();
    std::fs::remove_file(store.metrics.segments.path(&all[3])).unwrap();
    store.metrics.segments.look_for_files(0).unwrap();
    let mut merging = Merging::new(Arc::clone(&store.metrics));
    (0..40).for_each(|_| drop(merging.step(START).unwrap()));
    let few = store.metrics.segments.of(id(1)).unwrap();
    // the two of the day before became one, and the other three of its day
    assert!(few.iter().any(|segment| segment.file == all[3].file));
    assert_eq!(few.len(), all.len() - 3);
    let later = START.plus(HOUR * 100);
    for _ in 0..few.len() {
        store.metrics.expire(later, &mut 0, &HashSet::new(), |_, _| Ok(())).unwrap();
    }
    for segment in store.metrics.segments.of(id(1)).unwrap() {
        let kinds: Vec<_> = segment.kinds.iter().map(|kind| kind.kind.as_str()).collect();
        let expected = if segment.file == all[3].file { vec!["sysstat", "x"] } else { vec!["x"] };
        assert_eq!(kinds, expected, "{segment:?}");
    }
}
