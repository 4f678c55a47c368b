//! What is old goes, and nothing else; a clock that jumps removes nothing.

use std::cell::RefCell;
use std::collections::HashSet;

use super::*;
use crate::jobs::Job;
use crate::metrics::{Expired, Forgetting, Retention, Seal};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// Lets so many days go by, with the jobs at work as they are on a running daemon. Gives what was told of removals.
    fn live(&self, days: u32, kept: &[u128]) -> Vec<Expired> {
        let mut seal = Seal::new(Arc::clone(&self.metrics));
        let mut forgetting = Forgetting::new(Arc::clone(&self.metrics));
        let kept: HashSet<_> = kept.iter().map(|collector| id(*collector)).collect();
        let told = RefCell::new(Vec::new());
        for _ in 0..days {
            self.clock.advance(DAY);
            let now = self.clock.now();
            seal.step(now).unwrap();
            if self.metrics.look_at_clock(now).unwrap().is_none() {
                let tell = |_: &rusqlite::Transaction<'_>, gone: &Expired| {
                    told.borrow_mut().push(gone.clone());
                    Ok(())
                };
                self.metrics.expire(now, &mut 0, &kept, tell).unwrap();
            }
            forgetting.step(now).unwrap();
        }
        told.into_inner()
    }
}

#[test]
fn what_is_older_than_the_retention_goes_with_its_series_and_is_told() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1), json!({"type": "gone", "n": 1})]).unwrap();
    store.push(2, None, &[document(0, 1)]).unwrap();
    store.push(3, None, &[document(0, 1)]).unwrap();
    assert_eq!(store.live(60, &[3]), []);
    let late = json!({"type": "x", "timestamp": store.clock.now(), "host": "h", "n": 2});
    store.push(1, None, std::slice::from_ref(&late)).unwrap();
    assert_eq!(store.documents(1).len(), 3);
    let told = store.live(31, &[3]);
    assert_eq!(told.iter().map(|gone| gone.documents).sum::<u64>(), 3);
    assert!(told.iter().all(|gone| gone.span.is_some_and(|(first, last)| first == START && last == START)));
    assert_eq!(store.values(1), [late]);
    let series = store.metrics.series(id(1), &[]).unwrap();
    assert_eq!(series.len(), 1);
    assert!(series[0].first > START);
    assert!(store.metrics.series(id(2), &[]).unwrap().is_empty());
    // the counter tells what was ever stored, and who is unregistered keeps what there was
    assert_eq!(store.stored(id(1)), 3);
    assert_eq!(store.documents(3).len(), 1);
}

#[test]
fn a_type_is_kept_for_its_own_time() {
    let store = Store::with(Options {
        retention: Retention { of: [("brief".to_owned(), DAY * 5)].into(), ..Retention::default() },
        ..Options::default()
    });
    let brief = json!({"type": "brief", "timestamp": at(0), "n": 1});
    store.push(1, None, &[document(0, 1), brief.clone()]).unwrap();
    let told = store.live(10, &[]);
    assert_eq!(told.iter().map(|gone| gone.documents).sum::<u64>(), 1);
    assert_eq!(store.values(1), [document(0, 1)]);
    assert!(store.points(1, "brief.n").is_empty());
    // and may not be older than that when it comes
    let accepted = store.push(1, None, &[brief, document(1, 1)]).unwrap();
    assert_eq!((accepted.inserted, accepted.rejected.len()), (1, 1));
    assert_eq!(accepted.rejected[0].code, "out_of_range");
}

#[test]
fn a_repetition_is_known_for_days_and_then_forgotten() {
    let store = Store::new();
    let old = json!({"type": "x", "timestamp": START.minus(DAY * 30), "n": 1});
    store.push(1, None, std::slice::from_ref(&old)).unwrap();
    store.push(2, Some("key"), &[document(0, 1)]).unwrap();
    store.live(2, &[]);
    assert_eq!(store.push(1, None, std::slice::from_ref(&old)).unwrap().duplicates, 1);
    assert_eq!(store.push(2, Some("key"), &[document(0, 1)]).unwrap().duplicates, 1);
    store.live(6, &[]);
    assert_eq!(store.push(1, None, &[old]).unwrap().inserted, 1);
    // the key is free again
    assert_eq!(store.push(2, Some("key"), &[json!({"type": "x", "n": 5})]).unwrap().inserted, 1);
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing_until_it_is_confirmed_or_steady() {
    for confirmed in [true, false] {
        let store = Store::new();
        store.push(1, None, &[document(0, 1)]).unwrap();
        store.metrics.look_at_clock(store.clock.now()).unwrap();
        store.clock.advance(DAY * 400);
        assert_eq!(store.live(0, &[]), []);
        assert!(store.metrics.look_at_clock(store.clock.now()).unwrap().is_some());
        let store = store.reopen();
        assert!(store.metrics.look_at_clock(store.clock.now()).unwrap().is_some());
        assert_eq!(store.metrics.jumped_to().unwrap(), Some(store.clock.now()));
        assert_eq!(store.documents(1).len(), 1);
        if confirmed {
            store.metrics.confirm_clock().unwrap();
        }
        store.live(2, &[]);
        assert!(store.documents(1).is_empty());
        assert_eq!(store.metrics.jumped_to().unwrap(), None);
    }
}

#[test]
fn a_clock_that_was_ahead_and_returns_has_cost_nothing() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1)]).unwrap();
    store.metrics.look_at_clock(store.clock.now()).unwrap();
    store.clock.advance(DAY * 400);
    assert!(store.metrics.look_at_clock(store.clock.now()).unwrap().is_some());
    store.clock.set(START);
    assert_eq!(store.metrics.look_at_clock(START).unwrap(), None);
    assert_eq!(store.live(1, &[]), []);
    assert_eq!(store.documents(1).len(), 1);
}

#[test]
fn a_collector_that_is_discarded_leaves_the_others_alone() {
    let store = Store::new();
    for collector in [1, 2, 3] {
        store
            .push(collector, None, &[json!({"type": "x", "timestamp": START.minus(DAY * 3), "n": 1})])
            .unwrap();
    }
    store.live(0, &[]);
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    for collector in [1, 2, 3] {
        store.push(collector, Some("k"), &[document(0, 1)]).unwrap();
        store.push(collector, None, &[document(1, 1)]).unwrap();
    }
    assert_eq!(store.metrics.discard(id(2)).unwrap(), 3);
    assert!(store.documents(2).is_empty() && store.metrics.series(id(2), &[]).unwrap().is_empty());
    assert_eq!(store.stored(id(2)), 0);
    assert_eq!((store.documents(1).len(), store.documents(3).len()), (3, 3));
    // what it sends again is new
    assert_eq!(store.push(2, Some("k"), &[document(0, 1)]).unwrap().inserted, 1);
    assert_eq!(store.points(2, "x.n").len(), 1);
}
