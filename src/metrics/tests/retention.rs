//! What is old goes, and nothing else; a clock that jumps removes nothing.

use super::*;
use crate::jobs::Job;
use crate::metrics::Retention;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets so many days go by, with the job at work as it is on a running daemon.
fn live(store: &Store, job: &mut Retention, days: u32) {
    for _ in 0..days {
        store.clock.advance(DAY);
        job.step(store.clock.now()).unwrap();
    }
}

#[test]
fn what_is_older_than_the_retention_goes_with_its_series_and_dedup_entries() {
    let store = Store::new();
    let mut job = Retention::new(Arc::clone(&store.metrics));
    store.push(1, None, &[document(0, 1), json!({"type": "gone", "n": 1})]).unwrap();
    store.push(2, Some("key"), &[document(0, 1)]).unwrap();
    live(&store, &mut job, 60);
    let late = json!({"type": "x", "timestamp": store.clock.now(), "host": "h", "n": 2});
    store.push(1, None, std::slice::from_ref(&late)).unwrap();
    assert_eq!(store.documents(1).len(), 3);
    live(&store, &mut job, 31);
    assert_eq!(store.values(1), [late]);
    let series = store.metrics.series(id(1), &[]).unwrap();
    assert_eq!(series.len(), 1);
    assert!(series[0].first > START);
    assert!(store.metrics.series(id(2), &[]).unwrap().is_empty());
    // the key is free again, and the counter tells what was ever stored
    let new = json!({"type": "x", "n": 5});
    assert_eq!(store.push(2, Some("key"), &[new]).unwrap().inserted, 1);
    assert_eq!(store.stored(id(1)), 3);
    assert!(store.metrics.bytes().unwrap() > 0);
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing_until_it_is_confirmed_or_steady() {
    for confirmed in [true, false] {
        let store = Store::new();
        let mut job = Retention::new(Arc::clone(&store.metrics));
        store.push(1, None, &[document(0, 1)]).unwrap();
        job.step(store.clock.now()).unwrap();
        store.clock.advance(DAY * 400);
        assert!(job.step(store.clock.now()).unwrap().contains("jumped"));
        let store = store.reopen_with(&mut job);
        assert!(job.step(store.clock.now()).unwrap().contains("jumped"));
        assert_eq!(store.documents(1).len(), 1);
        if confirmed {
            store.metrics.confirm_clock().unwrap();
            job.step(store.clock.now()).unwrap();
        } else {
            live(&store, &mut job, 2);
        }
        assert!(store.documents(1).is_empty());
    }
}

#[test]
fn a_clock_that_was_ahead_and_returns_has_cost_nothing() {
    let store = Store::new();
    let mut job = Retention::new(Arc::clone(&store.metrics));
    store.push(1, None, &[document(0, 1)]).unwrap();
    job.step(store.clock.now()).unwrap();
    store.clock.advance(DAY * 400);
    job.step(store.clock.now()).unwrap();
    store.clock.set(START);
    assert!(job.step(store.clock.now()).unwrap().starts_with("removed 0"));
    assert_eq!(store.documents(1).len(), 1);
}

#[test]
fn a_collector_that_is_discarded_leaves_the_others_alone() {
    let store = Store::new();
    for collector in [1, 2, 3] {
        store.push(collector, Some("k"), &[document(0, 1)]).unwrap();
        store.push(collector, None, &[document(1, 1)]).unwrap();
    }
    assert_eq!(store.metrics.discard(id(2)).unwrap(), 2);
    assert!(store.documents(2).is_empty() && store.metrics.series(id(2), &[]).unwrap().is_empty());
    assert_eq!(store.stored(id(2)), 0);
    assert_eq!((store.documents(1).len(), store.documents(3).len()), (2, 2));
    // what it sends again is new
    assert_eq!(store.push(2, Some("k"), &[document(0, 1)]).unwrap().inserted, 1);
    assert_eq!(store.points(2, "x.n").len(), 1);
}

impl Store {
    fn reopen_with(self, job: &mut Retention) -> Self {
        // the job holds the store open
        *job = Retention::new(Arc::new(open(
            tempfile::tempdir().unwrap().path(),
            &self.clock,
            &self.free,
            &self.poison,
        )));
        let store = self.reopen();
        *job = Retention::new(Arc::clone(&store.metrics));
        store
    }
}
