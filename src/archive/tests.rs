//! Segments as files: a crash after every step, removal, damage, and files that do not belong.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::publish::Draft;
use super::*;
use crate::storage::segment::{Column, Piece, Row, Slice, Table};

/// The catalog alone.
const MIGRATIONS: &[&str] =
    &[include_str!("../audit/schema/0009_segments.sql"), include_str!("../audit/schema/0015_losses.sql")];
const COLLECTOR: u128 = 7;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn segments(&self) -> Segments {
        let poison = Poison::default();
        let db =
            Sqlite::open(&self.folder.path().join("registry.sqlite"), MIGRATIONS, poison.clone()).unwrap();
        let clock = Clock::manual(Timestamp::from_millis(1_795_186_800_000));
        Segments::open(Arc::new(db), &self.folder.path().join("segments"), poison, clock).unwrap()
    }

    /// The names of all files below the folder of segments.
    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in fs::read_dir(self.folder.path().join("segments")).unwrap() {
            for file in fs::read_dir(folder.unwrap().path()).unwrap() {
                names.push(file.unwrap().file_name().into_string().unwrap());
            }
        }
        names.sort();
        names
    }
}

fn collector() -> CollectorId {
    CollectorId::from(uuid::Uuid::from_u128(COLLECTOR))
}

/// So many documents with one number each, a minute apart.
fn slice(first: i64, documents: i64) -> Slice {
    let row = |n: i64| Row {
        timestamp: Timestamp::from_millis(first + n * 60_000),
        seq: u64::try_from(first + n).unwrap(),
        received_at: Timestamp::from_millis(first + n * 60_000 + 5),
        shape: 0,
    };
    let table = Table {
        kind: "sysstat".to_owned(),
        pieces: vec![Piece { bytes: b"cpu".as_slice().into(), slots: 1, family: 1 }],
        shapes: vec![vec![1]],
        rows: (0..documents).map(row).collect(),
        columns: vec![Column::Whole((0..documents).map(|n| n * n).collect())],
    };
    Slice { collector: COLLECTOR.to_be_bytes(), tables: vec![table] }
}

fn publish(segments: &Segments, slice: &Slice) -> Segment {
    segments.publish(slice, segments.moment()).unwrap()
}

fn read(segments: &Segments) -> Vec<Slice> {
    let all = segments.of(collector()).unwrap();
    all.iter().map(|segment| segments.image(segment).unwrap().slice().unwrap()).collect()
}

#[test]
fn a_segment_is_listed_and_reads_back_after_a_restart() {
    let place = Place::new();
    let written = publish(&place.segments(), &slice(1_000, 90));
    assert_eq!((written.documents, written.samples), (90, 90));
    assert_eq!(
        written.file,
        format!("{}/19700101T0000Z-{}.segment", collector(), hex::encode(&written.sha256[..8]))
    );
    let segments = place.segments();
    assert_eq!(segments.of(collector()).unwrap(), std::slice::from_ref(&written));
    assert_eq!(read(&segments), [slice(1_000, 90)]);
    assert_eq!(segments.found(), &Found::default());
    let at = Timestamp::from_millis;
    assert!(segments.between(collector(), at(0), at(999)).unwrap().is_empty());
    assert_eq!(segments.between(collector(), at(2_000), at(3_000)).unwrap().len(), 1);
    let totals = segments.totals().unwrap();
    assert_eq!((totals.segments, totals.bytes, totals.documents), (1, written.bytes, 90));
}

#[test]
fn a_crash_after_any_step_leaves_what_was_listed_and_the_next_attempt_succeeds() {
    for steps in 0..4 {
        let place = Place::new();
        let segments = place.segments();
        publish(&segments, &slice(1_000, 5));
        let new = slice(900_000, 9);
        if steps > 0 {
            let Draft { segment, beside } = segments.write_draft(&new).unwrap();
            if steps > 1 {
                segments.check_draft(&segment, &beside, &new).unwrap();
            }
            if steps > 2 {
                segments.name_draft(&segment, &beside).unwrap();
            }
        }
        drop(segments);
        let segments = place.segments();
        assert_eq!(read(&segments), [slice(1_000, 5)], "after {steps} steps");
        // what has the name of a segment was whole; what has not was thrown away
        assert_eq!(segments.found().unlisted.len(), usize::from(steps == 3));
        assert!(place.files().iter().all(|name| !name.contains(".tmp")));
        publish(&segments, &new);
        assert_eq!(read(&segments), [slice(1_000, 5), new]);
        // it is still told after another start
        assert_eq!(place.segments().found().unlisted.len(), usize::from(steps == 3));
    }
}

#[test]
fn a_crash_within_a_replacement_leaves_one_or_the_other() {
    let place = Place::new();
    let segments = place.segments();
    let parts = [slice(1_000, 5), slice(900_000, 9)];
    let old: Vec<_> = parts.iter().map(|part| publish(&segments, part)).collect();
    let whole = crate::storage::segment::merge(parts.to_vec());
    // before the transaction, all is as it was
    let failed = segments.replace(&old, &whole, segments.moment(), |_, _| Err(StoreError::Full));
    assert!(failed.is_err());
    drop(segments);
    let segments = place.segments();
    assert_eq!(read(&segments), parts);
    // behind it, a crash leaves files that the next start removes
    segments
        .replace(&[], &whole, segments.moment(), |tx, _| {
            old.iter().try_for_each(|segment| catalog::set_leaving(tx, segment.id))
        })
        .unwrap();
    drop(segments);
    let segments = place.segments();
    assert_eq!(read(&segments), [whole]);
    let listed: Vec<_> = place.files().into_iter().filter(|name| !name.contains(".segment.")).collect();
    assert_eq!(listed.len(), 1);
}

#[test]
fn what_is_removed_is_gone_with_its_file_also_when_a_crash_came_between() {
    let place = Place::new();
    let segments = place.segments();
    let segment = publish(&segments, &slice(1_000, 5));
    segments.db.write(|tx| catalog::set_leaving(tx, segment.id)).unwrap();
    assert!(segments.of(collector()).unwrap().is_empty());
    drop(segments);
    let segments = place.segments();
    assert!(place.files().is_empty());
    publish(&segments, &slice(1_000, 5));
    assert_eq!(segments.discard(collector()).unwrap(), 5);
    segments.sweep().unwrap();
    assert!(place.files().is_empty());
    assert_eq!(segments.totals().unwrap(), Totals::default());
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    files::write_whole(path, &bytes, files::Access::Group).unwrap();
}

#[test]
fn a_flipped_byte_is_found_set_aside_and_told() {
    let place = Place::new();
    let segment = publish(&place.segments(), &slice(1_000, 90));
    let path = place.segments().path(&segment);
    let whole = fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(7) {
        flip(&path, at);
        let segments = place.segments();
        let mut checks = Vec::new();
        segments.verify(|check| checks.push(check)).unwrap();
        assert!(checks.len() == 1 && checks[0].found.is_err(), "byte {at}");
        let listed = segments.of(collector()).unwrap().remove(0);
        let image = segments.image(&listed);
        let slice = image.and_then(|image| image.slice().map_err(|error| segments.refuse(&listed, error)));
        assert!(slice.is_err(), "byte {at}");
        assert!(!path.exists() && path.with_extension("segment.damaged").exists());
        let listed = segments.of(collector()).unwrap().remove(0);
        assert!(listed.damage.is_some());
        assert_eq!(segments.totals().unwrap().damaged, 1);
        // whoever has a good copy puts it back
        files::write_whole(&path, &whole, files::Access::Group).unwrap();
        assert_eq!(place.segments().of(collector()).unwrap(), std::slice::from_ref(&segment));
    }
}

#[test]
fn a_cut_an_exchanged_a_missing_and_an_extra_file_are_found() {
    let place = Place::new();
    let segments = place.segments();
    let one = publish(&segments, &slice(1_000, 90));
    let other = publish(&segments, &slice(90_000_000, 90));
    let (one_path, other_path) = (segments.path(&one), segments.path(&other));
    let (one_bytes, other_bytes) = (fs::read(&one_path).unwrap(), fs::read(&other_path).unwrap());
    drop(segments);

    fs::remove_file(&one_path).unwrap();
    let segments = place.segments();
    assert_eq!(segments.totals().unwrap().missing, 1);
    assert!(segments.image(&one).is_err());
    drop(segments);
    files::write_whole(&one_path, &one_bytes, files::Access::Group).unwrap();
    assert_eq!(place.segments().found(), &Found::default());

    files::write_whole(&one_path, &other_bytes, files::Access::Group).unwrap();
    let segments = place.segments();
    assert!(matches!(segments.image(&one), Err(SegmentError::Exchanged(_))) || one.bytes != other.bytes);
    assert!(segments.of(collector()).unwrap()[0].damage.is_some());
    drop(segments);

    files::write_whole(&other_path, &other_bytes[..other_bytes.len() - 1], files::Access::Group).unwrap();
    files::write_whole(&other_path.with_file_name("20261120T1500Z-00.segment"), b"", files::Access::Group)
        .unwrap();
    let segments = place.segments();
    assert!(segments.of(collector()).unwrap()[1].damage.is_some());
    assert_eq!(segments.found().unlisted.len(), 1);
    assert_eq!(segments.unlisted().unwrap(), segments.found().unlisted);
}

/// The ids of segments, each time with what became of them.
type Told = Arc<Mutex<Vec<(Fate, Vec<i64>)>>>;

impl Place {
    fn told(&self) -> (Segments, Told) {
        let (segments, told) = (self.segments(), Told::default());
        let tell = Arc::clone(&told);
        segments.tell_losses(Box::new(move |_, fate, segments| {
            tell.lock().push((fate, segments.iter().map(|segment| segment.id).collect()));
            Ok(())
        }));
        (segments, told)
    }
}

fn readable(segments: &Segments) -> usize {
    let all = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
    segments.images(collector(), all, |_| true).unwrap().len()
}

#[test]
fn each_loss_and_each_return_is_noted_and_told_once_and_the_rest_is_read() {
    let place = Place::new();
    let (segments, told) = place.told();
    let one = publish(&segments, &slice(1_000, 90));
    publish(&segments, &slice(90_000_000, 90));
    let path = segments.path(&one);
    let whole = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    for _ in 0..3 {
        assert_eq!(readable(&segments), 1);
        assert_eq!(segments.look_for_files(0).unwrap(), Some(2));
    }
    assert_eq!(*told.lock(), [(Fate::Missing, vec![one.id])]);
    assert_eq!(segments.totals().unwrap().missing, 1);
    assert_eq!(segments.of(collector()).unwrap()[0].lost_at, Some(segments.clock.now()));
    // a reader finds it, and so does a look at the files
    files::write_whole(&path, &whole, files::Access::Group).unwrap();
    assert_eq!((readable(&segments), segments.losses()), (2, 2));
    assert_eq!(told.lock().pop(), Some((Fate::Found, vec![one.id])));
    fs::remove_file(&path).unwrap();
    segments.look_for_files(0).unwrap();
    files::write_whole(&path, &whole, files::Access::Group).unwrap();
    segments.look_for_files(0).unwrap();
    assert_eq!(told.lock()[1..], [(Fate::Missing, vec![one.id]), (Fate::Found, vec![one.id])]);
    assert_eq!((segments.totals().unwrap().missing, segments.look_for_files(2).unwrap()), (0, None));

    // cut while it was missing: it is damaged then, and told as that
    fs::remove_file(&path).unwrap();
    segments.look_for_files(0).unwrap();
    files::write_whole(&path, &whole[..50], files::Access::Group).unwrap();
    segments.look_for_files(0).unwrap();
    segments.look_for_files(0).unwrap();
    assert_eq!(told.lock()[3..], [(Fate::Missing, vec![one.id]), (Fate::Damaged, vec![one.id])]);
    let totals = segments.totals().unwrap();
    assert_eq!((totals.damaged, totals.missing, readable(&segments)), (1, 0, 1));
}
