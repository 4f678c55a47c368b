//! The feed: whoever copies what it names has every document once, wherever the documents have gone meanwhile.

use std::collections::BTreeMap;

use super::*;
use crate::jobs::Job;
use crate::metrics::{AgentFigures, Arrival, Content, FeedKey, Folding, Gap, Link, Seal};

const LINK: Link = Link { id: 7, commits: 1 };
const HOUR: Duration = Duration::from_secs(3600);

fn fed() -> Store {
    Store::with(Options { is_fed: true, ..Options::default() })
}

/// What a copy knows: the texts by sequence number, none of them twice.
#[derive(Default)]
struct Copy(BTreeMap<u64, String>);

impl Copy {
    fn add(&mut self, documents: Vec<ReadDocument>) {
        for document in documents {
            assert_eq!(self.0.insert(document.seq, document.text), None, "{} comes twice", document.seq);
        }
    }

    /// Takes everything that waits, a little at a time, and has it forgotten.
    fn take(&mut self, store: &Store, most_bytes: usize) -> Vec<FeedKey> {
        let (mut after, mut keys) = (None, Vec::new());
        loop {
            let arrivals = store.metrics.arrivals(after, most_bytes).unwrap();
            let Some(last) = arrivals.last() else { break };
            after = Some(last.key);
            for Arrival { key, documents, content, .. } in arrivals {
                keys.push(key);
                match content {
                    Content::Documents(found) => {
                        assert_eq!(found.len() as u64, documents);
                        self.add(found);
                    }
                    Content::Discarded => self.0.retain(|seq, _| *seq > key.first_seq),
                    Content::Damaged(error) => panic!("{error}"),
                }
            }
        }
        keys
    }

    fn fill(&mut self, store: &Store, mut gap: Option<Gap>) {
        while let Some(page) = gap.and_then(|gap| store.metrics.fill(gap).unwrap()) {
            self.add(page.documents);
            gap = page.rest;
        }
    }
}

fn gap(store: &Store) -> Option<Gap> {
    store.metrics.feed_state().unwrap().gap
}

/// The documents of some collectors by their sequence numbers.
fn stored(store: &Store, collectors: &[u128]) -> BTreeMap<u64, String> {
    let all = collectors.iter().flat_map(|collector| store.documents(*collector));
    all.map(|document| (document.seq, document.text)).collect()
}

/// One document in each of two hours, the later one first.
fn push(store: &Store, collector: u128, hours_ago: u32) {
    let documents = [1, 2].map(|hours| {
        let timestamp = START.minus(HOUR * (hours_ago + hours));
        json!({"type": "x", "timestamp": timestamp, "host": "h", "n": hours_ago})
    });
    store.push(collector, None, &documents).unwrap();
}

#[test]
fn nothing_is_noted_where_no_feed_is_wanted() {
    let store = Store::new();
    store.metrics.feed_restart(LINK).unwrap();
    push(&store, 1, 0);
    let state = store.metrics.feed_state().unwrap();
    assert_eq!((state.pushes, state.documents, state.noted_before), (0, 0, 1));
}

#[test]
fn batches_are_found_wherever_their_documents_have_gone() {
    let store = fed();
    store.metrics.feed_restart(LINK).unwrap();
    for hours_ago in 0..60 {
        push(&store, 1, hours_ago);
        push(&store, 2, hours_ago);
    }
    store.metrics.record_agent(id(1), START, &AgentFigures::default()).unwrap();
    let before = stored(&store, &[1, 2]);
    assert_eq!(before.len(), 240);
    let state = store.metrics.feed_state().unwrap();
    assert_eq!((state.pushes, state.documents, state.noted_before), (240, 240, 242));
    assert_eq!(store.metrics.feed_oldest().unwrap(), Some(START));
    for most_bytes in [1, 1000, usize::MAX] {
        let mut copy = Copy::default();
        copy.take(&store, most_bytes);
        assert_eq!(copy.0, before);
    }
    let mut folding = Folding::new(Arc::clone(&store.metrics));
    for _ in 0..20 {
        folding.step(START.plus(HOUR)).unwrap();
    }
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    assert!(store.metrics.segments.totals().unwrap().documents > 50, "some were sealed");
    for most_bytes in [1, 1000, usize::MAX] {
        let mut copy = Copy::default();
        let keys = copy.take(&store, most_bytes);
        assert_eq!(copy.0, before);
        assert_eq!(keys.len(), 240);
    }
    drop(folding);
    let keys = Copy::default().take(&store, 1000);
    store.metrics.feed_done(&keys[..100], None, LINK).unwrap();
    assert_eq!(store.metrics.feed_state().unwrap().documents, 140);
    assert_eq!(Copy::default().take(&store.reopen(), 1000).len(), 140);
}

#[test]
fn what_was_stored_before_and_without_a_feed_is_its_gap() {
    let store = Store::new();
    for hours_ago in 0..30 {
        push(&store, 1, hours_ago);
    }
    Seal::new(Arc::clone(&store.metrics)).step(START).unwrap();
    let store = store.reopen_fed(true);
    // before anybody came for it, nothing is noted, and everything will be in the gap
    push(&store, 2, 0);
    store.metrics.feed_restart(LINK).unwrap();
    push(&store, 2, 1);
    let mut copy = Copy::default();
    copy.fill(&store, gap(&store));
    assert_eq!(copy.0.len(), 62);
    let keys = copy.take(&store, 1000);
    assert_eq!(copy.0, stored(&store, &[1, 2]));
    store.metrics.feed_done(&keys, None, LINK).unwrap();
    assert!(!store.metrics.feed_resume().unwrap(), "it has no hole");
    let store = store.reopen_fed(false);
    push(&store, 1, 40);
    let store = store.reopen_fed(true);
    push(&store, 2, 3);
    assert!(store.metrics.feed_resume().unwrap());
    copy.fill(&store, gap(&store));
    assert_eq!(copy.0, stored(&store, &[1, 2]));
}

impl Store {
    fn reopen_fed(mut self, is_fed: bool) -> Self {
        self.options.is_fed = is_fed;
        self.reopen()
    }
}

#[test]
fn what_is_discarded_is_forgotten_by_the_copy_and_what_comes_later_is_not() {
    let store = fed();
    store.metrics.feed_restart(LINK).unwrap();
    push(&store, 1, 0);
    push(&store, 2, 0);
    let mut copy = Copy::default();
    copy.take(&store, 1000);
    store.metrics.discard(id(1)).unwrap();
    push(&store, 1, 5);
    let mut later = Copy(copy.0.into_iter().filter(|(seq, _)| *seq < 3).collect());
    let keys = store.metrics.arrivals(None, 1000).unwrap();
    assert!(matches!(keys[0].content, Content::Discarded));
    later.take(&store, 1000);
    assert_eq!(later.0, stored(&store, &[1, 2]));
    assert_eq!(store.metrics.feed_state().unwrap().documents, 4);
}
