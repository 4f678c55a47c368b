//! A body as a sender may push it: whatever is taken reads back equal, hot and sealed, and nothing panics.

#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use pganalytics::wire::Push;
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Store, collector};

/// A store is thrown away before it is large.
const PUSHES_PER_STORE: u32 = 2000;

static STORE: LazyLock<Mutex<(Store, u32)>> = LazyLock::new(Mutex::default);

fuzz_target!(|body: &[u8]| {
    let Ok(push) = serde_json::from_slice::<Push<&RawValue>>(body) else { return };
    let mut held = STORE.lock().expect("no target panicked before");
    let (store, pushes) = &mut *held;
    if *pushes == PUSHES_PER_STORE {
        (*store, *pushes) = Default::default();
    }
    *pushes += 1;
    let documents = push.metrics;
    let accepted = store.push(documents.clone());
    let refused: Vec<u64> = accepted.rejected.iter().map(|refused| refused.index).collect();
    assert_eq!(accepted.inserted + accepted.duplicates + refused.len() as u64, documents.len() as u64);
    let found = store.read().expect("what was taken is read");
    let taken = (0_u64..).zip(&documents).filter(|(index, _)| !refused.contains(index));
    for (_, document) in taken {
        // a number that has no place in a value of this library is compared elsewhere
        let Ok(value) = serde_json::from_str::<Value>(document.get()) else { continue };
        assert!(found.contains(&value), "{value} does not read back");
    }
    store.metrics.discard(collector()).expect("it is discarded");
});
