//! Folding: what an hour held is what its image gives, before and after, for every question.

use redb::{ReadableTable, WriteTransaction};

use super::*;
use crate::jobs::Job;
use crate::metrics::hot::{self, Hour};
use crate::metrics::{Folding, verify};
use crate::storage::RedbError;

const HOUR: Duration = Duration::from_secs(3600);

/// Folds everything that is over.
fn fold(store: &Store) -> String {
    let mut job = Folding::new(Arc::clone(&store.metrics));
    loop {
        let told = job.step(store.clock.now()).unwrap();
        if told == "folded 0 hours" {
            return told;
        }
    }
}

/// Documents of several types and shapes over some hours, some of them late.
fn filled() -> Store {
    let store = Store::new();
    for minute in 0..150 {
        let seconds = minute * 60;
        let rows: Vec<_> = (0..minute % 4)
            .map(|row| json!({"name": format!("t{}", (row + minute) % 5), "n": row * 1000, "share": 0.5, "note": null}))
            .collect();
        let documents = [
            document(seconds, i64::try_from(minute).unwrap()),
            json!({"type": "y", "timestamp": at(seconds), "rows": rows, "list": [1, 2.5, "a"], "big": u64::MAX}),
            document(seconds / 2, -7),
        ];
        store.push(1, Some(&minute.to_string()), &documents).unwrap();
        store.push(2, None, &documents[..1]).unwrap();
    }
    store.clock.advance(HOUR * 3);
    store
}

/// Everything that can be asked.
fn all(store: &Store) -> (Vec<ReadDocument>, Vec<Points>, Vec<crate::metrics::ListedSeries>) {
    let points = ["x.n", "y.rows.n", r#"y.rows.share{name="t1"}"#, "y.list", "y.big"]
        .map(|name| store.points(1, name));
    (store.documents(1), points.concat(), store.metrics.series(id(1), &[]).unwrap())
}

#[test]
fn a_folded_hour_gives_what_its_batches_gave() {
    let store = filled();
    let before = all(&store);
    assert_eq!(before.0.len(), 450);
    fold(&store);
    assert!(all(&store) == before, "folding changed what is read");
    let store = store.reopen();
    assert!(all(&store) == before, "what was folded does not last");
    // what comes late joins in
    store.push(1, Some("late"), &[document(61, 5)]).unwrap();
    let late = all(&store);
    assert_eq!(late.0.len(), 451);
    fold(&store);
    assert!(all(&store) == late, "folding again changed what is read");
    assert_eq!(store.values(2).len(), 150);
    let path = store.folder.path().join("hot");
    drop(store.metrics);
    assert_eq!(verify(&path).unwrap().documents, 451 + 150);
}

#[test]
fn an_hour_that_may_get_more_is_left_alone() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1)]).unwrap();
    store.clock.set(at(3600).plus(limits::FOLD_GRACE).minus(Duration::from_millis(1)));
    let mut job = Folding::new(Arc::clone(&store.metrics));
    assert_eq!(job.step(store.clock.now()).unwrap(), "folded 0 hours");
    store.clock.advance(Duration::from_millis(1));
    assert_eq!(job.step(store.clock.now()).unwrap(), "folded 1 hours");
    assert_eq!(store.values(1), [document(0, 1)]);
    // a repetition is known again when the hour is folded
    assert_eq!(store.push(1, None, &[document(0, 1)]).unwrap().duplicates, 1);
}

#[test]
fn what_waits_is_folded_at_once_while_nobody_pushes() {
    let store = Store::new();
    let hours = limits::FOLD_STEP as u64 * 2 + 1;
    for hour in 0..hours {
        store.push(1, None, &[document(hour * 3600, 1)]).unwrap();
    }
    store.clock.advance(HOUR * u32::try_from(hours + 1).unwrap());
    let told = Folding::new(Arc::clone(&store.metrics)).step(store.clock.now()).unwrap();
    assert_eq!(told, format!("folded {hours} hours"));
    let mut rounds = 0;
    let pushed = store.metrics.rounds(|| {
        rounds += 1;
        store.push(1, Some(&rounds.to_string()), &[document(rounds, 2)])?;
        Ok::<_, AcceptError>(1)
    });
    assert_eq!(pushed.unwrap(), 1, "it went on while documents were pushed");
}

#[test]
fn an_hour_that_is_damaged_keeps_no_other_from_being_folded() {
    let store = filled();
    let lose_a_row = |tx: &WriteTransaction| {
        let mut batches = tx.open_table(hot::BATCHES)?;
        let first = batches.first()?.map(|(key, _)| key.value().to_vec()).unwrap();
        batches.remove(first.as_slice())?;
        Ok(())
    };
    store.metrics.hot.file.write(lose_a_row).unwrap();
    store.clock.advance(HOUR);
    assert!(Folding::new(Arc::clone(&store.metrics)).step(store.clock.now()).is_err());
    let left = store.metrics.hot.file.read(|tx| {
        let mut left = 0;
        for row in tx.open_table(hot::HOURS)?.iter()? {
            let (key, sealed) = row?;
            left += usize::from(Hour::open(key.value(), sealed.value())?.batches > 0);
        }
        Ok::<_, RedbError>(left)
    });
    assert_eq!(left.unwrap(), 1);
}

#[test]
fn what_is_folded_goes_with_its_collector() {
    let store = filled();
    fold(&store);
    assert_eq!(store.metrics.discard(id(1)).unwrap(), 450);
    assert!(store.documents(1).is_empty() && store.metrics.series(id(1), &[]).unwrap().is_empty());
    assert_eq!(store.documents(2).len(), 150);
}

#[test]
fn an_hour_in_which_the_dictionary_began_anew_is_folded() {
    let store = Store::new();
    let a_document = limits::DICTIONARY_NUMBERS / 4;
    for minute in 0..7 {
        let statements = minute * a_document..(minute + 1) * a_document;
        let statements: Vec<_> =
            statements.map(|n| json!({ "text": format!("select {n}"), "calls": n })).collect();
        let at = at(u64::from(minute) * 60);
        store.push(1, None, &[json!({ "type": "y", "timestamp": at, "queries": statements })]).unwrap();
    }
    let before = store.documents(1);
    store.clock.advance(HOUR * 2);
    assert_eq!(Folding::new(Arc::clone(&store.metrics)).step(store.clock.now()).unwrap(), "folded 1 hours");
    assert!(store.documents(1) == before, "folding changed what is read");
}
