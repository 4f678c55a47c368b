//! What an agent says besides metrics, over its channel and beside it: whatever is taken says the same when it is said
//! again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pganalytics::wire::{Command, CommandOutcome, Heartbeat, LogBatch};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn hold<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(said) = serde_json::from_slice::<T>(bytes) else { return };
    let again = serde_json::to_vec(&said).expect("it can be said again");
    let heard: T = serde_json::from_slice(&again).expect("it is heard again");
    assert_eq!(serde_json::to_vec(&heard).expect("and again"), again);
}

fuzz_target!(|bytes: &[u8]| {
    hold::<Heartbeat>(bytes);
    hold::<CommandOutcome>(bytes);
    hold::<Command>(bytes);
    hold::<LogBatch>(bytes);
});
