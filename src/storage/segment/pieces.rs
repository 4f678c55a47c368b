//! The pieces, shapes and rows of a table as bytes, and the order in which its columns are stored.

use std::collections::HashMap;

use super::column::{put_steps, steps};
use super::table::{Piece, Row};
use crate::clock::Timestamp;
use crate::storage::bytes::{Reader, put_length, put_varint};

/// What is known of a piece without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub slots: u32,
    pub family: u64,
}

/// The slots and families of all pieces: the families once, in order of their first piece.
pub(super) fn put_heads(out: &mut Vec<u8>, pieces: &[Piece]) {
    let (mut places, mut families) = (HashMap::new(), Vec::new());
    let mut which = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let place = *places.entry(piece.family).or_insert_with(|| {
            families.push(piece.family);
            families.len() - 1
        });
        which.push(place);
    }
    put_length(out, families.len());
    for family in families {
        out.extend(family.to_le_bytes());
    }
    for (piece, place) in pieces.iter().zip(which) {
        put_length(out, place);
        put_varint(out, u64::from(piece.slots));
    }
}

pub(super) fn heads(bytes: &[u8], pieces: usize) -> Option<Vec<Head>> {
    let mut reader = Reader(bytes);
    let count = reader.listed()?;
    let families: Option<Vec<u64>> = (0..count).map(|_| reader.u64()).collect();
    let families = families?;
    let mut heads = Vec::with_capacity(pieces.min(bytes.len()));
    for _ in 0..pieces {
        let family = *families.get(reader.count(count)?)?;
        heads.push(Head { family, slots: u32::try_from(reader.varint()?).ok()? });
    }
    reader.is_empty().then_some(heads)
}

/// The columns in the order of their storage: family by family, like slots of its pieces side by side.
pub(super) fn storage_order(heads: impl Iterator<Item = Head>) -> Vec<usize> {
    let (mut places, mut families) = (HashMap::new(), Vec::<Vec<(usize, u32)>>::new());
    let mut first = 0;
    for head in heads {
        let place = *places.entry(head.family).or_insert_with(|| {
            families.push(Vec::new());
            families.len() - 1
        });
        families[place].push((first, head.slots));
        first += head.slots as usize;
    }
    let mut order = Vec::with_capacity(first);
    for members in families {
        let slots = members.iter().map(|(_, slots)| *slots).max().unwrap_or(0);
        for slot in 0..slots {
            let with_slot = members.iter().filter(|(_, slots)| slot < *slots);
            order.extend(with_slot.map(|(first, _)| first + slot as usize));
        }
    }
    order
}

/// The bytes of all pieces, their lengths first.
pub(super) fn put_pieces(out: &mut Vec<u8>, pieces: &[Piece]) {
    for piece in pieces {
        put_length(out, piece.bytes.len());
    }
    for piece in pieces {
        out.extend(&*piece.bytes);
    }
}

pub(super) fn pieces(bytes: &[u8], heads: &[Head]) -> Option<Vec<Piece>> {
    let mut reader = Reader(bytes);
    let lengths: Option<Vec<usize>> = heads.iter().map(|_| reader.count(usize::MAX)).collect();
    let mut pieces = Vec::with_capacity(heads.len());
    for (head, length) in heads.iter().zip(lengths?) {
        let bytes = reader.take(length)?.into();
        pieces.push(Piece { bytes, slots: head.slots, family: head.family });
    }
    reader.is_empty().then_some(pieces)
}

/// What came last time after each piece: rows that change places leave most of that as it is.
struct Successors {
    after: Vec<u32>,
    last: usize,
}

impl Successors {
    fn new(pieces: usize) -> Self {
        Self { after: vec![0; pieces + 1], last: 0 }
    }

    fn expected(&self) -> u32 {
        self.after.get(self.last).copied().unwrap_or(0)
    }

    fn learn(&mut self, entry: u32) {
        if let Some(after) = self.after.get_mut(self.last) {
            *after = entry;
        }
        self.last = entry as usize;
    }
}

/// The lengths of all shapes, then their entries: 0 where the expected one comes, else the entry and one.
pub(super) fn put_shapes(out: &mut Vec<u8>, shapes: &[Vec<u32>], pieces: usize) {
    for shape in shapes {
        put_length(out, shape.len());
    }
    let mut successors = Successors::new(pieces);
    for entry in shapes.iter().flatten() {
        let is_expected = *entry == successors.expected();
        put_varint(out, if is_expected { 0 } else { u64::from(*entry) + 1 });
        successors.learn(*entry);
    }
}

pub(super) fn shapes(bytes: &[u8], shapes: usize, pieces: usize) -> Option<Vec<Vec<u32>>> {
    let mut reader = Reader(bytes);
    let lengths: Option<Vec<usize>> = (0..shapes).map(|_| reader.count(bytes.len())).collect();
    let mut successors = Successors::new(pieces);
    let mut found = Vec::with_capacity(shapes.min(bytes.len()));
    for length in lengths? {
        if length > reader.0.len() {
            return None;
        }
        let mut shape = Vec::with_capacity(length);
        for _ in 0..length {
            let entry = match reader.varint()?.checked_sub(1) {
                None => successors.expected(),
                Some(entry) => u32::try_from(entry).ok().filter(|entry| *entry as usize <= pieces)?,
            };
            successors.learn(entry);
            shape.push(entry);
        }
        found.push(shape);
    }
    reader.is_empty().then_some(found)
}

/// A push, as its rows tell of it: what they have in common is stored once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    pub seq: u64,
    pub received_at: i64,
    pub timestamp: i64,
}

/// The arrivals of all rows: where the sequence goes on and the time of receiving changes, another one begins.
pub(super) fn arrivals<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Arrival> {
    let mut all: Vec<Arrival> = rows
        .map(|row| Arrival {
            seq: row.seq,
            received_at: row.received_at.as_millis(),
            timestamp: row.timestamp.as_millis(),
        })
        .collect();
    all.sort_unstable_by_key(|arrival| arrival.seq);
    all.dedup_by_key(|arrival| arrival.received_at);
    all
}

pub(super) fn put_arrivals(out: &mut Vec<u8>, arrivals: &[Arrival]) {
    let column = |get: fn(&Arrival) -> i64| arrivals.iter().map(get).collect::<Vec<_>>();
    put_steps(out, &column(|arrival| arrival.seq.cast_signed()));
    put_steps(out, &column(|arrival| arrival.received_at));
    put_steps(out, &column(|arrival| arrival.timestamp.wrapping_sub(arrival.received_at)));
}

pub(super) fn read_arrivals(bytes: &[u8], count: usize) -> Option<Vec<Arrival>> {
    let mut reader = Reader(bytes);
    let mut column = || steps(&mut reader, count);
    let (seqs, received, behind) = (column()?, column()?, column()?);
    let times = received.into_iter().zip(behind);
    let arrivals = seqs.into_iter().zip(times).map(|(seq, (received_at, behind))| Arrival {
        seq: seq.cast_unsigned(),
        received_at,
        timestamp: received_at.wrapping_add(behind),
    });
    reader.is_empty().then(|| arrivals.collect())
}

/// Rows by their arrival: which one, the place in it, how far the time is from its first one's, and the shape.
pub(super) fn put_rows(out: &mut Vec<u8>, rows: &[Row], arrivals: &[Arrival]) {
    let (mut which, mut places) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    let (mut times, mut shapes) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let index = arrivals.partition_point(|arrival| arrival.seq <= row.seq).saturating_sub(1);
        let (seq, timestamp) = arrivals.get(index).map_or((0, 0), |arrival| (arrival.seq, arrival.timestamp));
        which.push(i64::try_from(index).unwrap_or(i64::MAX));
        places.push(row.seq.wrapping_sub(seq).cast_signed());
        times.push(row.timestamp.as_millis().wrapping_sub(timestamp));
        shapes.push(i64::from(row.shape));
    }
    for column in [&which, &places, &times, &shapes] {
        put_steps(out, column);
    }
}

pub(super) fn rows(bytes: &[u8], count: usize, arrivals: &[Arrival], shapes: usize) -> Option<Vec<Row>> {
    let mut reader = Reader(bytes);
    let mut column = || steps(&mut reader, count);
    let (which, places, times, of_shapes) = (column()?, column()?, column()?, column()?);
    let mut rows = Vec::with_capacity(count);
    for (((which, place), time), shape) in which.into_iter().zip(places).zip(times).zip(of_shapes) {
        let arrival = arrivals.get(usize::try_from(which).ok()?)?;
        rows.push(Row {
            timestamp: Timestamp::from_millis(arrival.timestamp.wrapping_add(time)),
            seq: arrival.seq.wrapping_add(place.cast_unsigned()),
            received_at: Timestamp::from_millis(arrival.received_at),
            shape: u32::try_from(shape).ok().filter(|shape| (*shape as usize) < shapes)?,
        });
    }
    reader.is_empty().then_some(rows)
}
