//! The reader of pieces and shapes: a segment whose frame is right and whose pieces say anything at all is read or is
//! refused.

#![no_main]

use std::sync::{Arc, LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use pganalytics::storage::segment::Slice;
use store::{Store, collector};

/// A store is thrown away before it is large.
const SLICES_PER_STORE: u32 = 2000;

static SAMPLE: LazyLock<Slice> = LazyLock::new(Store::sample);
static STORE: LazyLock<Mutex<(Store, u32)>> = LazyLock::new(Mutex::default);

fuzz_target!(|data: &[u8]| {
    let mut held = STORE.lock().expect("no target panicked before");
    let (store, slices) = &mut *held;
    if *slices == SLICES_PER_STORE {
        (*store, *slices) = Default::default();
    }
    *slices += 1;
    // columns that fit no piece any more are refused by the writer
    let _ = store.segments.publish(&changed(data), store.segments.moment());
    store.read();
    store.metrics.discard(collector()).expect("it is discarded");
    store.segments.sweep().expect("the files go");
});

/// A table of the sample with some of its pieces and shapes replaced: the first byte says which table, and each change
/// what it changes, and its bytes.
fn changed(data: &[u8]) -> Slice {
    let Some((table, mut data)) = data.split_first() else { return Slice::default() };
    let mut table = SAMPLE.tables[usize::from(*table) % SAMPLE.tables.len()].clone();
    let (pieces, shapes) = (table.pieces.len(), table.shapes.len());
    while let [which, place, length, rest @ ..] = data {
        let (bytes, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        data = rest;
        let piece = &mut table.pieces[usize::from(*place) % pieces];
        match which % 3 {
            0 => piece.bytes = Arc::from(bytes),
            1 => {
                let mut whole = piece.bytes.to_vec();
                let length = whole.len().max(1);
                for pair in bytes.chunks_exact(2) {
                    whole.get_mut(usize::from(pair[0]) % length).into_iter().for_each(|byte| *byte = pair[1]);
                }
                piece.bytes = Arc::from(whole);
            }
            _ => {
                let shape = &mut table.shapes[usize::from(*place) % shapes];
                let length = shape.len().max(1);
                for pair in bytes.chunks_exact(2) {
                    let Some(entry) = shape.get_mut(usize::from(pair[0]) % length) else { continue };
                    *entry = u32::from(pair[1]) % u32::try_from(pieces + 1).expect("few pieces");
                }
            }
        }
    }
    Slice { collector: SAMPLE.collector, tables: vec![table] }
}
