//! A byte that changes on the disk is an error that says so, or changes nothing that is read. It is never data.

use std::os::unix::fs::FileExt;

use super::*;
use crate::metrics::{Number, OpenError, StepFunction, hot, verify};

const DOCUMENTS: u64 = 40;

/// A closed store with some documents, and what they are.
fn closed() -> (Arc<tempfile::TempDir>, Vec<Value>) {
    let store = Store::new();
    let words = "a text that fills some pages, so that most flips hit something ".repeat(20);
    let documents: Vec<_> = (0..DOCUMENTS)
        .map(|second| json!({"type": "x", "timestamp": at(second), "n": second, "text": format!("{second}{words}")}))
        .collect();
    store.push(1, Some("k"), &documents).unwrap();
    let Store { folder, metrics, .. } = store;
    drop(metrics);
    (folder, documents)
}

/// Opens the store as it lies there and reads everything, or says what went wrong.
fn read_all(folder: &std::path::Path) -> Result<(Vec<Value>, usize), String> {
    let path = folder.join("hot");
    let (clock, poison) = (Clock::manual(START), Poison::default());
    let segments = segments(folder, &clock, &poison);
    let metrics = Metrics::open(&path, segments, poison, clock, Options::default())
        .map_err(|error: OpenError| error.to_string())?;
    let (from, to) = (START, at(DOCUMENTS));
    let query = DocumentsQuery { collector: id(1), kind: None, from, to, limit: 1000, after: None };
    let page = metrics.documents(&query).map_err(|error| error.to_string())?;
    let values = page.documents.iter().map(|found| serde_json::from_str(&found.text).unwrap()).collect();
    let query = PointsQuery {
        collector: id(1),
        from,
        to,
        step: None,
        function: StepFunction::Last,
        matchers: vec![Matcher::named("x.n")],
    };
    let points = metrics.points(&query).map_err(|error| error.to_string())?;
    let numbers = points.iter().flat_map(|series| &series.points);
    let second = |time: Timestamp| i64::try_from(time.since(START).as_secs()).map(Number::Whole).ok();
    let exact = numbers.filter(|(time, number)| *number == second(*time));
    Ok((values, exact.count()))
}

#[test]
fn no_flipped_byte_is_served_as_data() {
    let (folder, documents) = closed();
    let path = folder.path().join("hot");
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(read_all(folder.path()), Ok((documents.clone(), documents.len())));
    assert_eq!(verify(&path).unwrap().documents, documents.len() as u64);
    // a prime, so that the flips fall on every part of a page; only where there is something
    let places: Vec<_> = (0..whole.len()).step_by(199).filter(|place| whole[*place] != 0).collect();
    let mut noticed = 0;
    for place in &places {
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(0).unwrap();
        file.write_all_at(&whole, 0).unwrap();
        file.write_all_at(&[whole[*place] ^ 0x10], *place as u64).unwrap();
        // a whole look finds at least what a reader meets
        let verified = verify(&path);
        match read_all(folder.path()) {
            Ok((values, points)) => {
                assert_eq!((values.len(), points), (documents.len(), documents.len()), "byte {place}");
                assert!(values == documents, "byte {place} changed a document");
            }
            Err(error) => {
                assert!(verified.is_err(), "byte {place}: {error}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 0, "none of {} flips hit anything that is read", places.len());
}

#[test]
fn a_file_that_is_cut_or_empty_is_never_made_anew() {
    let (folder, _) = closed();
    let path = folder.path().join("hot");
    let length = std::fs::metadata(&path).unwrap().len();
    for length in [length / 2, 100, 0] {
        std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
        let error = read_all(folder.path()).unwrap_err();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_store_of_another_release_is_left_alone() {
    let (folder, _) = closed();
    let path = folder.path().join("hot");
    let (name, known) = hot::VERSION;
    for (version, expected) in [(known + 1, "newer release"), (known - 1, "older ones")] {
        let file = crate::storage::RedbFile::open(&path, 1 << 20, Poison::default(), |_| Ok(())).unwrap();
        file.write(|tx| hot::put(&mut tx.open_table(hot::META)?, name, &version.to_le_bytes())).unwrap();
        drop(file);
        assert!(read_all(folder.path()).unwrap_err().contains(expected));
        assert!(verify(&path).unwrap_err().to_string().contains(expected));
    }
}

#[test]
fn there_is_nothing_to_verify_where_there_is_no_store_and_none_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hot");
    assert!(verify(&path).unwrap_err().to_string().contains(path.to_str().unwrap()));
    assert!(!path.exists());
}
