//! The laws of the spool, on real folders.

use std::fs;

use super::*;
use crate::clock::Timestamp;
use crate::ids::IdSource;

const ROOMY: u64 = 1 << 20;

fn batch(ids: &IdSource, at_ms: i64) -> Batch {
    let now = Timestamp::from_millis(at_ms);
    let header = Header {
        id: ids.next(now),
        collector_id: ids.next(now),
        collected_at: now,
        documents: 3,
        encoding: "zstd".to_owned(),
        log_position: None,
    };
    Batch { header, body: vec![7; 100] }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_batch_survives_a_restart_with_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let made = batch(&IdSource::seeded(1), 1_000);
    let sequence = Spool::open(folder.path(), ROOMY).unwrap().add(&made).unwrap();
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!(spool.read(sequence).unwrap(), Some(made));
    assert_eq!(spool.newest(), Some(sequence));
}

#[test]
fn an_acknowledged_batch_is_gone_and_its_bytes_are_free() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    let sequence = spool.add(&batch(&IdSource::seeded(1), 1_000)).unwrap();
    assert_eq!(spool.bytes(), BLOCK_BYTES);
    spool.acknowledged(sequence).unwrap();
    assert_eq!((spool.bytes(), spool.is_empty()), (0, true));
    assert_eq!(spool.read(sequence).unwrap(), None);
    assert_eq!(names(folder.path()), ["lock"]);
}

#[test]
fn a_full_spool_drops_its_oldest_and_counts_them_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), 3 * BLOCK_BYTES).unwrap();
    for at_ms in 0..5 {
        spool.add(&batch(&ids, at_ms)).unwrap();
    }
    assert_eq!(spool.batches.keys().copied().collect::<Vec<_>>(), [3, 4, 5]);
    drop(spool);
    let spool = Spool::open(folder.path(), 3 * BLOCK_BYTES).unwrap();
    assert_eq!((spool.dropped(), spool.counts.dropped_documents), (2, 6));
    assert!(spool.bytes() <= 3 * BLOCK_BYTES);
}

#[test]
fn order_is_the_order_of_making_also_when_the_clock_runs_backwards() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    let first = spool.add(&batch(&ids, 9_000)).unwrap();
    let second = spool.add(&batch(&ids, 1_000)).unwrap();
    assert_eq!(spool.oldest_after(0), Some(first));
    assert_eq!(spool.oldest_after(first), Some(second));
    assert_eq!(spool.newest_until(first), Some(first));
}

#[test]
fn a_drop_that_a_crash_interrupted_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    let sequence = spool.add(&batch(&IdSource::seeded(1), 1)).unwrap();
    // the crash comes after the count and before the deletion
    spool.counts.dropped_batches = 1;
    spool.counts.dropping = Some(sequence);
    spool.counts.write(folder.path()).unwrap();
    drop(spool);
    let spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!((spool.dropped(), spool.is_empty(), spool.bytes()), (1, true, 0));
}

#[test]
fn every_damaged_byte_is_found_and_the_file_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let made = batch(&IdSource::seeded(1), 1);
    let whole = made.encode().unwrap();
    assert_eq!(Batch::decode(&whole).unwrap(), made);
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        assert!(Batch::decode(&flipped).is_err(), "byte {at}");
        assert!(Batch::decode(&whole[..at]).is_err(), "cut at {at}");
    }
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    let sequence = spool.add(&made).unwrap();
    fs::OpenOptions::new().write(true).open(spool.path(sequence, "batch")).unwrap().set_len(40).unwrap();
    assert!(matches!(spool.read(sequence), Err(SpoolError::Damaged { damage: Damage::Checksum, .. })));
    assert!(spool.is_empty());
    assert_eq!(names(folder.path()), ["00000000000000000001.damaged", "counts.json", "lock"]);
}

#[test]
fn a_refused_batch_is_kept_aside_counted_and_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    let sequence = spool.add(&batch(&ids, 1)).unwrap();
    spool.set_aside(sequence).unwrap();
    drop(spool);
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!((spool.refused(), spool.is_empty()), (1, true));
    // the file aside is not overwritten by the next batch
    assert_eq!(spool.add(&batch(&ids, 2)).unwrap(), sequence + 1);
}

#[test]
fn what_was_refused_goes_before_anything_that_can_still_be_sent() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), 2 * BLOCK_BYTES).unwrap();
    let kept = spool.add(&batch(&ids, 1)).unwrap();
    let refused = spool.add(&batch(&ids, 2)).unwrap();
    spool.set_aside(refused).unwrap();
    drop(spool);
    let mut spool = Spool::open(folder.path(), 2 * BLOCK_BYTES).unwrap();
    let added = spool.add(&batch(&ids, 3)).unwrap();
    assert_eq!(spool.batches.keys().copied().collect::<Vec<_>>(), [kept, added]);
    assert_eq!((spool.refused(), spool.dropped()), (1, 0));
    assert!(!spool.path(refused, "refused").exists());
}

#[test]
fn a_batch_that_the_disk_does_not_take_is_declared_as_soon_as_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    // a folder in the place of the file that is prepared makes the write fail, for root as well
    let in_the_way = files::beside(&spool.path(1, "batch"));
    let also_in_the_way = files::beside(&folder.path().join("counts.json"));
    fs::create_dir(&in_the_way).unwrap();
    fs::create_dir(&also_in_the_way).unwrap();
    assert!(matches!(spool.add(&batch(&ids, 1)), Err(SpoolError::Io { operation: "write a batch", .. })));
    assert_eq!(spool.dropped(), 1);
    fs::remove_dir(&in_the_way).unwrap();
    fs::remove_dir(&also_in_the_way).unwrap();
    spool.add(&batch(&ids, 2)).unwrap();
    drop(spool);
    assert_eq!(Spool::open(folder.path(), ROOMY).unwrap().dropped(), 1);
}

#[test]
fn a_spool_belongs_to_one_agent() {
    let folder = tempfile::tempdir().unwrap();
    let _held = Spool::open(folder.path(), ROOMY).unwrap();
    assert!(matches!(Spool::open(folder.path(), ROOMY), Err(SpoolError::InUse(_))));
}

#[test]
fn a_batch_that_can_never_fit_is_counted_as_dropped_and_drops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let mut spool = Spool::open(folder.path(), 2 * BLOCK_BYTES).unwrap();
    spool.add(&batch(&ids, 1)).unwrap();
    let mut large = batch(&ids, 2);
    large.body = vec![0; 3 * 4096];
    assert!(matches!(spool.add(&large), Err(SpoolError::TooLarge { .. })));
    assert_eq!((spool.dropped(), spool.batches.len()), (1, 1));
}

#[test]
fn what_a_crash_left_half_written_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    fs::File::create(folder.path().join("00000000000000000007.batch.tmp")).unwrap();
    let spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert!(spool.is_empty());
    assert_eq!(names(folder.path()), ["lock"]);
}

#[test]
fn the_position_in_the_log_is_that_of_the_last_batch_whatever_a_crash_came_between() {
    let folder = tempfile::tempdir().unwrap();
    let ids = IdSource::seeded(1);
    let at = |offset: u64| {
        let mut made = batch(&ids, 1_000);
        made.header.log_position = Some(offset.into());
        made
    };
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!(log_position(folder.path()), None);
    spool.add(&at(10)).unwrap();
    let noted = fs::read(folder.path().join("log.position")).unwrap();
    let second = spool.add(&at(20)).unwrap();
    drop(spool);

    // the second note was lost with the power, its batch was not
    crate::files::write_whole(&folder.path().join("log.position"), &noted, Access::Group).unwrap();
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!(log_position(folder.path()), Some(20.into()));

    // the newest batch is gone, and the one before does not turn the position back
    spool.acknowledged(second).unwrap();
    drop(spool);
    let mut spool = Spool::open(folder.path(), ROOMY).unwrap();
    assert_eq!(log_position(folder.path()), Some(20.into()));
    assert!(spool.add(&batch(&ids, 1_000)).unwrap() > second, "batches stay newer than the note");
}
