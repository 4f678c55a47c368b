//! Hours of the hot store as slices, and their removal once a slice is kept elsewhere.
//!
//! It guarantees: a slice has every document of its hours, or it is an error; an hour is removed only when it is still
//! the one that was read.

use std::collections::HashMap;
use std::sync::Arc;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::batch::Batch;
use super::bytes::Reader;
use super::dictionary::Naming;
use super::hot::{self, Hour, Place};
use super::hours::{Hours, each_batch, each_value};
use super::layouts::Layouts;
use super::pack::{self, Packed};
use super::retention::oldest;
use super::text::{self, Step};
use super::{Hot, Metrics};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Column, Image, Piece, Row, Slice, Table, Value, merge};

/// Hours of one collector as they were read.
pub(super) struct ReadHours {
    pub(super) slice: Slice,
    pub(super) hours: Vec<(Timestamp, Hour)>,
}

impl Metrics {
    /// The collectors that have something in the hot store, and their first hour.
    pub(super) fn first_hours(&self) -> Result<Vec<(CollectorId, Timestamp)>, RedbError> {
        self.hot.file.read(|tx| {
            let mut first = Vec::new();
            for collector in hot::collectors_in(&tx.open_table(hot::HOURS)?)? {
                if let Some((hour, _)) = Hours::all(tx, collector)?.next()? {
                    first.push((collector, hour));
                }
            }
            Ok(first)
        })
    }

    /// Reads the hours that begin between two moments, up to the one with which there are `most` samples.
    pub(super) fn read_hours(
        &self,
        collector: CollectorId,
        from: Timestamp,
        before: Timestamp,
        most: usize,
    ) -> Result<ReadHours, RedbError> {
        self.hot.file.read(|tx| {
            let (mut slices, mut read, mut samples) = (Vec::new(), Vec::new(), 0);
            let mut hours = Hours::new(tx, collector, from, Timestamp::from_millis(before.as_millis() - 1))?;
            while let Some((hour, counts)) = hours.next()? {
                let slice = slice_of_hour(tx, collector, hour, counts)?;
                samples += slice.tables.iter().map(Table::samples).sum::<usize>();
                slices.push(slice);
                read.push((hour, counts));
                if samples >= most {
                    break;
                }
            }
            Ok::<_, RedbError>(ReadHours { slice: merge(slices), hours: read })
        })
    }

    /// Removes hours, but for those to which something was added since they were read: says how many went.
    pub(super) fn remove_hours(
        &self,
        collector: CollectorId,
        hours: &[(Timestamp, Hour)],
    ) -> Result<usize, RedbError> {
        self.hot.file.write(|tx| remove_hours(tx, &self.hot, collector, hours))
    }
}

fn remove_hours(
    tx: &WriteTransaction,
    store: &Hot,
    collector: CollectorId,
    hours: &[(Timestamp, Hour)],
) -> Result<usize, RedbError> {
    let mut removed = 0;
    for (hour, counts) in hours {
        let key = hot::hour_key(collector, *hour);
        let mut rows = tx.open_table(hot::HOURS)?;
        if hot::get(&rows, &key, Hour::open)? != Some(*counts) {
            continue;
        }
        rows.remove(key.as_slice())?;
        for table in [hot::BATCHES, hot::IMAGES] {
            hot::remove_all(&mut tx.open_table(table)?, &key)?;
        }
        removed += 1;
    }
    Naming::open(tx, &store.dictionaries)?.shorten(collector, oldest(tx, collector)?)?;
    Ok(removed)
}

/// All documents of an hour: those of its batches and those of its image.
pub(super) fn slice_of_hour(
    tx: &ReadTransaction,
    collector: CollectorId,
    hour: Timestamp,
    counts: Hour,
) -> Result<Slice, RedbError> {
    let mut batches = Vec::new();
    let rows = tx.open_table(hot::BATCHES)?;
    each_batch(
        &rows,
        (collector, hour, counts),
        |_| true,
        |_, batch| {
            batches.push(batch);
            Ok::<_, RedbError>(())
        },
    )?;
    let mut slices = vec![slice_of_batches(tx, collector, hour, &batches)?];
    if counts.chunks > 0 {
        slices.push(image_of_hour(&tx.open_table(hot::IMAGES)?, collector, hour, counts)?);
    }
    Ok(merge(slices))
}

fn image_of_hour(
    images: &impl ReadableTable<&'static [u8], &'static [u8]>,
    collector: CollectorId,
    hour: Timestamp,
    counts: Hour,
) -> Result<Slice, RedbError> {
    let key = hot::hour_key(collector, hour);
    let mut found = None;
    each_value(images, &key, &mut |_, bytes| {
        found = Image::open(bytes).and_then(|image| image.slice()).ok();
        Ok::<_, RedbError>(())
    })?;
    let documents = |slice: &Slice| slice.tables.iter().map(|table| table.rows.len() as u64).sum::<u64>();
    found.filter(|slice| documents(slice) == counts.folded).ok_or_else(|| damaged("image of an hour", &key))
}

/// The documents of batches by type, each type by time and sequence number.
fn slice_of_batches(
    tx: &ReadTransaction,
    collector: CollectorId,
    hour: Timestamp,
    batches: &[Batch],
) -> Result<Slice, RedbError> {
    let mut layouts = Layouts::new(tx, collector)?;
    let mut places: Vec<(&str, Place, &Batch, usize)> = Vec::new();
    for batch in batches {
        for (index, document) in batch.documents.iter().enumerate() {
            let kind = batch.kinds.get(document.kind).map_or("", String::as_str);
            places.push((kind, Place { timestamp: document.timestamp, seq: document.seq }, batch, index));
        }
    }
    places.sort_unstable_by_key(|(kind, place, ..)| (*kind, *place));
    let mut tables = Vec::new();
    for of_kind in places.chunk_by(|one, next| one.0 == next.0) {
        let mut draft = Draft::default();
        for (kind, place, batch, index) in of_kind {
            draft.table.kind.replace_range(.., kind);
            let is_whole = draft.add(batch, *index, &mut layouts)?.is_some();
            if !is_whole {
                return Err(damaged("document", &hot::batch_key(collector, hour, place.seq)));
            }
        }
        tables.push(draft.table);
    }
    Ok(Slice { collector: hot::of_collector(collector), tables })
}

/// A table that grows document by document.
#[derive(Default)]
struct Draft {
    table: Table,
    /// Where the columns of each piece begin.
    firsts: Vec<usize>,
    /// The places of pieces by their numbers in the dictionary, and by their bytes.
    numbers: HashMap<u32, u32>,
    pieces: HashMap<Arc<[u8]>, u32>,
    shapes: HashMap<Vec<u32>, u32>,
}

impl Draft {
    /// Adds a document. `None` means that its values are none of its shape.
    fn add(&mut self, batch: &Batch, index: usize, layouts: &mut Layouts) -> Result<Option<()>, RedbError> {
        let Some(found) = batch.documents.get(index) else { return Ok(None) };
        let by_number = layouts.shape(&found.shape)?;
        let mut shape = Vec::with_capacity(by_number.len());
        for number in &*by_number {
            shape.push(match number.checked_sub(1) {
                None => 0,
                Some(number) => self.piece(number, layouts)? + 1,
            });
        }
        let next = place(self.table.shapes.len());
        let shape = *self.shapes.entry(shape).or_insert_with_key(|shape| {
            self.table.shapes.push(shape.clone());
            next
        });
        let Place { timestamp, seq } = Place { timestamp: found.timestamp, seq: found.seq };
        self.table.rows.push(Row { timestamp, seq, received_at: batch.received_at, shape });
        let mut values = Reader(batch.values(found));
        let (numbers, firsts, columns) = (&self.numbers, &self.firsts, &mut self.table.columns);
        let walked = text::walk(
            &by_number,
            |piece| layouts.piece(piece),
            |step| {
                let Step::Slot { piece, slot } = step else { return Some(()) };
                let first = firsts.get(*numbers.get(&piece)? as usize)?;
                columns.get_mut(first + slot as usize)?.push(value(pack::read(&mut values)?));
                Some(())
            },
        )?;
        Ok(walked.filter(|()| values.is_empty()))
    }

    /// The place of a piece in the table.
    fn piece(&mut self, number: u32, layouts: &mut Layouts) -> Result<u32, RedbError> {
        if let Some(known) = self.numbers.get(&number) {
            return Ok(*known);
        }
        let layout = layouts.piece(number)?;
        let next = place(self.table.pieces.len());
        let place = *self.pieces.entry(Arc::clone(layout.bytes())).or_insert(next);
        if place == next {
            let piece =
                Piece { bytes: Arc::clone(layout.bytes()), slots: layout.slots, family: layout.family() };
            self.firsts.push(self.table.columns.len());
            self.table.columns.extend((0..piece.slots).map(|_| Column::default()));
            self.table.pieces.push(piece);
        }
        self.numbers.insert(number, place);
        Ok(place)
    }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn value(packed: Packed<'_>) -> Value {
    match packed {
        Packed::Null => Value::Null,
        Packed::False => Value::False,
        Packed::True => Value::True,
        Packed::Whole(value) => Value::Whole(value),
        Packed::Real(value) => Value::Real(value),
        Packed::Digits(digits) => Value::Digits(digits.into()),
        Packed::Text(text) => Value::Text(text.into()),
    }
}
