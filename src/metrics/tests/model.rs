//! Random pushes, repetitions, refusals, restarts and time, in which hours become columns and segments, against a list of what must be there.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::jobs::Job;
use crate::metrics::{Folding, Merging, Seal};

#[derive(Clone, Debug)]
enum Step {
    /// Documents of these seconds and values, under a key or not.
    Push {
        collector: u128,
        key: Option<u8>,
        documents: Vec<(u64, i64)>,
    },
    /// The last push of the collector comes again, with more behind it when it has no key.
    Again {
        collector: u128,
        more: Vec<(u64, i64)>,
    },
    Reopen,
    /// Time passes, and the background work goes on.
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let documents = || prop::collection::vec((0_u64..5, 0_i64..3), 0..6);
    prop_oneof![
        4 => (0_u128..2, prop::option::of(0_u8..4), documents())
            .prop_map(|(collector, key, documents)| Step::Push { collector, key, documents }),
        3 => (0_u128..2, documents()).prop_map(|(collector, more)| Step::Again { collector, more }),
        1 => Just(Step::Reopen),
        2 => (1_u64..60_000).prop_map(Step::Advance),
    ]
}

/// Key and documents.
type LastPush = (Option<u8>, Vec<(u64, i64)>);

/// What the store must hold: the simplest thing that could be true.
#[derive(Default)]
struct Model {
    documents: HashMap<u128, Vec<(u64, i64)>>,
    keys: HashMap<(u128, u8), Vec<(u64, i64)>>,
    /// How often each document came without a key.
    contents: HashMap<(u128, (u64, i64)), usize>,
    last: HashMap<u128, LastPush>,
}

impl Model {
    /// The documents that a push adds, or `None` when it must be refused.
    fn push(&mut self, collector: u128, key: Option<u8>, documents: &[(u64, i64)]) -> Option<usize> {
        let mut added = Vec::new();
        match key.map(|key| (collector, key)) {
            Some(key) => match self.keys.get(&key) {
                Some(known) if known == documents => {}
                Some(_) => return None,
                None => {
                    self.keys.insert(key, documents.to_vec());
                    added = documents.to_vec();
                }
            },
            None => {
                for (place, document) in documents.iter().enumerate() {
                    let occurrence = documents[..=place].iter().filter(|other| *other == document).count();
                    let stored = self.contents.entry((collector, *document)).or_default();
                    if occurrence > *stored {
                        *stored = occurrence;
                        added.push(*document);
                    }
                }
            }
        }
        self.last.insert(collector, (key, documents.to_vec()));
        self.documents.entry(collector).or_default().extend(&added);
        Some(added.len())
    }
}

impl Store {
    /// What the background jobs do until they find nothing to do.
    fn tend(&self) {
        let now = self.clock.now();
        let mut jobs: [Box<dyn Job>; 3] = [
            Box::new(Folding::new(Arc::clone(&self.metrics))),
            Box::new(Seal::new(Arc::clone(&self.metrics))),
            Box::new(Merging::new(Arc::clone(&self.metrics))),
        ];
        for job in &mut jobs {
            while !job.step(now).unwrap().contains(" 0 ") {}
        }
    }
}

fn check(store: &Store, model: &Model) {
    for (collector, documents) in &model.documents {
        let mut expected = documents.clone();
        // in the order of time, and within a second in the order of arrival
        expected.sort_by_key(|(seconds, _)| *seconds);
        let found = store.values(*collector);
        assert_eq!(
            found,
            expected.iter().map(|(seconds, value)| document(*seconds, *value)).collect::<Vec<_>>()
        );
        let points = store.points(*collector, "x.n");
        let charted = points.first().map_or(0, |series| series.points.len());
        assert_eq!(charted, expected.len());
        assert_eq!(store.stored(id(*collector)), expected.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_is_what_was_acknowledged(steps in prop::collection::vec(step(), 1..20)) {
        let (mut store, mut model) = (Store::new(), Model::default());
        for step in steps {
            let (collector, key, documents) = match step {
                Step::Push { collector, key, documents } => (collector, key, documents),
                Step::Again { collector, more } => {
                    let Some((key, mut documents)) = model.last.get(&collector).cloned() else { continue };
                    documents.extend(if key.is_none() { more } else { Vec::new() });
                    (collector, key, documents)
                }
                Step::Reopen => {
                    store = store.reopen();
                    continue;
                }
                Step::Advance(seconds) => {
                    store.clock.advance(Duration::from_secs(seconds));
                    store.tend();
                    continue;
                }
            };
            let texts: Vec<_> = documents.iter().map(|(seconds, value)| document(*seconds, *value)).collect();
            let key_text = key.map(|key| key.to_string());
            let accepted = store.push(collector, key_text.as_deref(), &texts);
            if let Some(added) = model.push(collector, key, &documents) {
                let accepted = accepted.unwrap();
                prop_assert_eq!(accepted.inserted, added as u64);
                prop_assert_eq!(accepted.duplicates, (documents.len() - added) as u64);
            } else {
                prop_assert_eq!(accepted, Err(AcceptError::IdempotencyMismatch));
            }
        }
        check(&store, &model);
        check(&store.reopen(), &model);
    }
}
