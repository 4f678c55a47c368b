//! Taking in: once, in order, the good without the bad.

use super::*;

fn counts(accepted: &Accepted) -> (u64, u64) {
    (accepted.inserted, accepted.duplicates)
}

#[test]
fn a_push_is_stored_once_under_its_key() {
    let store = Store::new();
    let documents = [document(1, 1), document(2, 2)];
    assert_eq!(counts(&store.push(1, Some("a"), &documents).unwrap()), (2, 0));
    assert_eq!(counts(&store.push(1, Some("a"), &documents).unwrap()), (0, 2));
    // another collector's key is another key
    assert_eq!(counts(&store.push(2, Some("a"), &documents).unwrap()), (2, 0));
    let store = store.reopen();
    assert_eq!(counts(&store.push(1, Some("a"), &documents).unwrap()), (0, 2));
    assert_eq!(store.values(1), documents);
}

#[test]
fn a_key_that_stands_for_another_push_is_refused_and_stores_nothing() {
    let store = Store::new();
    store.push(1, Some("a"), &[document(1, 1)]).unwrap();
    assert_eq!(store.push(1, Some("a"), &[document(1, 2)]), Err(AcceptError::IdempotencyMismatch));
    assert_eq!(store.values(1), [document(1, 1)]);
    for bad in ["", "line\nbreak", &"k".repeat(limits::IDEMPOTENCY_KEY_BYTES + 1)] {
        assert_eq!(store.push(1, Some(bad), &[document(1, 1)]), Err(AcceptError::BadIdempotencyKey));
    }
}

#[test]
fn a_buffer_that_is_sent_again_and_grows_doubles_nothing() {
    let store = Store::new();
    let same = document(1, 1);
    let first = [same.clone(), same.clone(), document(1, 2)];
    assert_eq!(counts(&store.push(1, None, &first).unwrap()), (3, 0));
    assert_eq!(counts(&store.push(1, None, &first).unwrap()), (0, 3));
    let grown = [same.clone(), same.clone(), document(1, 2), same.clone(), document(2, 3)];
    assert_eq!(counts(&store.push(1, None, &grown).unwrap()), (2, 3));
    let store = store.reopen();
    assert_eq!(counts(&store.push(1, None, &grown).unwrap()), (0, 5));
    assert_eq!(store.values(1), [same.clone(), same.clone(), document(1, 2), same, document(2, 3)]);
}

#[test]
fn bad_documents_are_named_and_the_good_ones_kept() {
    let store = Store::new();
    let mut deep = json!(1);
    for _ in 0..limits::DOCUMENT_DEPTH {
        deep = json!([deep]);
    }
    let too_old = START.minus(limits::RETENTION).minus(Duration::from_secs(1));
    let too_new = START.plus(limits::AHEAD).plus(Duration::from_secs(1));
    let numbers = vec![1; limits::DOCUMENT_NUMBERS + 1];
    let documents = [
        document(0, 1),
        json!([]),
        json!({"timestamp": START}),
        json!({"type": 7}),
        json!({"type": ""}),
        json!({"type": "t".repeat(limits::DOCUMENT_TYPE_CHARS + 1)}),
        json!({"type": "a\u{0}b"}),
        json!({"type": "x", "timestamp": "yesterday"}),
        json!({"type": "x", "timestamp": 5}),
        json!({"type": "x", "timestamp": too_old}),
        json!({"type": "x", "timestamp": too_new}),
        json!({"type": "x", "deep": deep}),
        json!({"type": "agent"}),
        json!({"type": "x", "numbers": numbers}),
        document(1, 2),
    ];
    let accepted = store.push(1, None, &documents).unwrap();
    assert_eq!(counts(&accepted), (2, 0));
    let found: Vec<_> =
        accepted.rejected.iter().map(|bad| (bad.index, bad.field.as_str(), bad.code.as_str())).collect();
    let expected = [
        (1, "", "not_an_object"),
        (2, "type", "required"),
        (3, "type", "invalid"),
        (4, "type", "invalid"),
        (5, "type", "too_long"),
        (6, "type", "invalid"),
        (7, "timestamp", "invalid"),
        (8, "timestamp", "invalid"),
        (9, "timestamp", "out_of_range"),
        (10, "timestamp", "out_of_range"),
        (11, "", "too_deep"),
        (12, "type", "reserved"),
        (13, "", "too_large"),
    ];
    assert_eq!(found, expected);
    assert_eq!(store.values(1), [document(0, 1), document(1, 2)]);
}

#[test]
fn a_document_without_a_time_has_that_of_its_push_or_of_its_arrival() {
    let store = Store::new();
    let text = to_raw_value(&json!({"type": "x", "timestamp": null, "n": 1})).unwrap();
    let batch =
        |timestamp| Batch { collector: id(1), idempotency_key: None, timestamp, documents: vec![&text] };
    store.metrics.accept(&batch(Some(at(7)))).unwrap();
    store.metrics.accept(&batch(None)).unwrap();
    let times: Vec<_> = store.documents(1).iter().map(|document| document.timestamp).collect();
    assert_eq!(times, [START, at(7)]);
}

#[test]
fn pushes_at_the_same_time_share_commits_and_are_all_there() {
    let store = Store::new();
    std::thread::scope(|scope| {
        for collector in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..20 {
                    store.push(collector, Some(&number.to_string()), &[document(number, 1)]).unwrap();
                }
            });
        }
    });
    for collector in 0..8 {
        assert_eq!(store.documents(collector).len(), 20);
        assert_eq!(store.stored(id(collector)), 20);
    }
    let mut seqs: Vec<_> =
        (0..8).flat_map(|collector| store.documents(collector)).map(|found| found.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=160).collect::<Vec<_>>());
}

#[test]
fn counters_count_what_was_stored_and_not_what_came_twice() {
    let store = Store::new();
    assert_eq!(store.metrics.counter(id(1)), None);
    store.push(1, Some("a"), &[document(0, 1), document(1, 2)]).unwrap();
    store.clock.advance(Duration::from_secs(60));
    store.push(1, Some("a"), &[document(0, 1), document(1, 2)]).unwrap();
    store.push(2, None, &[document(0, 1)]).unwrap();
    store.metrics.record_agent(id(2), at(60), &crate::metrics::AgentFigures::default()).unwrap();
    let store = store.reopen();
    let first = Counter { documents: 2, last_push_received_at: at(60), last_push_documents: 2 };
    assert_eq!(store.metrics.counter(id(1)), Some(first));
    assert_eq!(store.metrics.counters().len(), 2);
    assert_eq!(store.stored(id(2)), 1);
}

#[test]
fn a_full_disk_refuses_pushes_goes_on_reading_and_heals() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1)]).unwrap();
    store.free.store(limits::FREE_BYTES, Ordering::SeqCst);
    let refused = store.push(1, None, &[document(1, 2)]);
    assert!(matches!(refused, Err(AcceptError::StorageFull(full)) if full.free == limits::FREE_BYTES));
    assert_eq!(store.values(1), [document(0, 1)]);
    store.free.store(PLENTY, Ordering::SeqCst);
    assert_eq!(counts(&store.push(1, None, &[document(1, 2)]).unwrap()), (1, 0));
}

#[test]
fn nothing_is_acknowledged_after_a_failed_write() {
    let store = Store::new();
    store.push(1, None, &[document(0, 1)]).unwrap();
    store.poison.set("the disk is gone");
    assert!(matches!(store.push(1, None, &[document(1, 2)]), Err(AcceptError::NotStored(_))));
    assert_eq!(store.values(1), [document(0, 1)]);
}

#[test]
fn too_many_documents_are_refused_at_once() {
    let store = Store::new();
    let text = to_raw_value(&json!({"type": "x"})).unwrap();
    let texts = vec![text; limits::PUSH_DOCUMENTS + 1];
    let expected = AcceptError::TooManyDocuments(limits::PUSH_DOCUMENTS + 1);
    assert_eq!(store.push_texts(1, None, &texts), Err(expected));
}
