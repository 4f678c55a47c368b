//! One push as one value: its documents' values behind a directory, compressed together.
//!
//! `docs/formats.md` draws it. Shapes that a collector sends again and again are named by their numbers; others
//! stand in the batch itself.

use std::cell::RefCell;
use std::ops::Range;

use crate::clock::Timestamp;
use crate::limits;
use crate::storage::bytes::{Reader, put_signed, put_text, put_varint};
use crate::storage::unpack::decompress;

const VERSION: u8 = 1;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Fast enough to compress every push while it is taken; the images are where bytes are saved.
const LEVEL: i32 = 1;
/// What is smaller does not get smaller.
const SMALLEST_COMPRESSED: usize = 128;

/// How a document names its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShapeName<'a> {
    /// By its number in the dictionary.
    Number(u32),
    /// By its pieces: their numbers plus one, and 0 where a list ends.
    Pieces(&'a [u32]),
}

/// A document as it goes into a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: &'a str,
    pub(super) timestamp: Timestamp,
    pub(super) seq: u64,
    pub(super) shape: ShapeName<'a>,
    pub(super) values: &'a [u8],
}

/// Encodes documents in the order of their sequence numbers; there is at least one.
pub(super) fn encode(received_at: Timestamp, entries: &[Entry<'_>]) -> Vec<u8> {
    let times = entries.iter().map(|entry| entry.timestamp.as_millis());
    let (first, last) = (times.clone().min().unwrap_or_default(), times.max().unwrap_or_default());
    let mut kinds: Vec<&str> = Vec::new();
    let mut directory = Vec::new();
    let (mut time, mut seq) = (first, entries.first().map_or(0, |entry| entry.seq));
    put_varint(&mut directory, seq);
    for entry in entries {
        let kind = kinds.iter().position(|kind| *kind == entry.kind).unwrap_or_else(|| {
            kinds.push(entry.kind);
            kinds.len() - 1
        });
        put_varint(&mut directory, kind as u64);
        put_signed(&mut directory, entry.timestamp.as_millis().wrapping_sub(time));
        put_varint(&mut directory, entry.seq.wrapping_sub(seq));
        (time, seq) = (entry.timestamp.as_millis(), entry.seq);
        put_shape(&mut directory, entry.shape);
        put_varint(&mut directory, entry.values.len() as u64);
    }
    let mut plain =
        Vec::with_capacity(directory.len() + entries.iter().map(|one| one.values.len()).sum::<usize>());
    put_varint(&mut plain, kinds.len() as u64);
    for kind in kinds {
        put_text(&mut plain, kind);
    }
    plain.extend(directory);
    for entry in entries {
        plain.extend(entry.values);
    }
    let mut value = vec![VERSION];
    value.extend(received_at.as_millis().to_le_bytes());
    value.extend(first.to_le_bytes());
    value.extend(last.to_le_bytes());
    put_varint(&mut value, entries.len() as u64);
    put_packed(&mut value, &plain);
    value
}

fn put_shape(out: &mut Vec<u8>, shape: ShapeName<'_>) {
    match shape {
        ShapeName::Number(number) => put_varint(out, u64::from(number) + 1),
        ShapeName::Pieces(pieces) => {
            put_varint(out, 0);
            put_pieces(out, pieces);
        }
    }
}

/// Appends the pieces of a shape, most of which come in the order in which they were numbered.
pub(super) fn put_pieces(out: &mut Vec<u8>, pieces: &[u32]) {
    put_varint(out, pieces.len() as u64);
    let mut before = 0;
    for piece in pieces {
        put_signed(out, i64::from(*piece) - before);
        before = i64::from(*piece);
    }
}

pub(super) fn read_pieces(reader: &mut Reader<'_>) -> Option<Vec<u32>> {
    let count = usize::try_from(reader.varint()?).ok()?;
    // each takes a byte at least
    let mut pieces = Vec::with_capacity(count.min(reader.0.len()));
    let mut before = 0;
    for _ in 0..count {
        before = reader.signed()?.checked_add(before)?;
        pieces.push(u32::try_from(before).ok()?);
    }
    Some(pieces)
}

thread_local! {
    /// Making a compressor costs more than compressing a small push.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Appends bytes, compressed where that makes them smaller.
pub(super) fn put_packed(value: &mut Vec<u8>, plain: &[u8]) {
    let packed = if plain.len() < SMALLEST_COMPRESSED { None } else { compressed(plain) };
    let (method, stored) = match &packed {
        Some(packed) if packed.len() < plain.len() => (ZSTD, packed.as_slice()),
        _ => (PLAIN, plain),
    };
    value.push(method);
    put_varint(value, plain.len() as u64);
    value.extend(stored);
}

fn compressed(plain: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        if compressor.is_none() {
            *compressor = zstd::bulk::Compressor::new(LEVEL).ok();
        }
        compressor.as_mut()?.compress(plain).ok()
    })
}

/// Reads what `put_packed` wrote, up to the end.
pub(super) fn read_packed(reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let [method] = reader.array()?;
    let length = reader.varint()?;
    let length = usize::try_from(length).ok().filter(|length| *length <= limits::BATCH_BYTES)?;
    let plain = match method {
        PLAIN => reader.0.to_vec(),
        ZSTD => decompress(reader.0, length).ok()?,
        _ => return None,
    };
    (plain.len() == length).then_some(plain)
}

/// What can be said of a batch without unpacking it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) received_at: Timestamp,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) documents: u64,
}

impl Head {
    /// Reads the head and leaves the reader at what is packed.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.array()? != [VERSION] {
            return None;
        }
        let mut time = || reader.i64().map(Timestamp::from_millis);
        let (received_at, first, last) = (time()?, time()?, time()?);
        Some(Self { received_at, first, last, documents: reader.varint()? })
    }
}

/// A document of a batch that was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Its place in the batch's list of kinds.
    pub(super) kind: usize,
    pub(super) timestamp: Timestamp,
    pub(super) seq: u64,
    /// A number, or a place among the batch's own shapes.
    pub(super) shape: FoundShape,
    values: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FoundShape {
    Number(u32),
    Pieces(std::sync::Arc<[u32]>),
}

/// A batch that was read back.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) received_at: Timestamp,
    pub(super) kinds: Vec<String>,
    pub(super) documents: Vec<Found>,
    plain: Vec<u8>,
}

impl Batch {
    /// Reads a batch. `None` means that the bytes are something else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let head = Head::read(&mut reader)?;
        let plain = read_packed(&mut reader)?;
        let mut reader = Reader(&plain);
        let mut kinds = Vec::new();
        for _ in 0..reader.varint()? {
            kinds.push(reader.text()?.to_owned());
        }
        let mut documents = Vec::new();
        let (mut time, mut seq) = (head.first.as_millis(), reader.varint()?);
        let mut end = 0_usize;
        for _ in 0..head.documents {
            let kind = usize::try_from(reader.varint()?).ok().filter(|kind| *kind < kinds.len())?;
            time = time.wrapping_add(reader.signed()?);
            seq = seq.wrapping_add(reader.varint()?);
            let shape = match reader.varint()? {
                0 => FoundShape::Pieces(read_pieces(&mut reader)?.into()),
                number => FoundShape::Number(u32::try_from(number - 1).ok()?),
            };
            let start = end;
            end = start.checked_add(usize::try_from(reader.varint()?).ok()?)?;
            let timestamp = Timestamp::from_millis(time);
            documents.push(Found { kind, timestamp, seq, shape, values: start..end });
        }
        let values = plain.len() - reader.0.len();
        if reader.0.len() != end {
            return None;
        }
        for found in &mut documents {
            found.values = found.values.start + values..found.values.end + values;
        }
        Some(Self { received_at: head.received_at, kinds, documents, plain })
    }

    /// The values of a document of it.
    pub(super) fn values(&self, found: &Found) -> &[u8] {
        self.plain.get(found.values.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            documents in prop::collection::vec(
                ("[a-c]", any::<i32>(), 1_u64..5, prop::option::of(0_u32..9),
                 prop::collection::vec(any::<u8>(), 0..300)), 1..8),
            pieces in prop::collection::vec(any::<u32>(), 0..9),
        ) {
            let mut seq = 7;
            let entries: Vec<_> = documents.iter().map(|(kind, time, more, number, values)| {
                seq += more;
                Entry {
                    kind,
                    timestamp: Timestamp::from_millis(i64::from(*time)),
                    seq,
                    shape: number.map_or(ShapeName::Pieces(&pieces), ShapeName::Number),
                    values,
                }
            }).collect();
            let bytes = encode(Timestamp::from_millis(5), &entries);
            let batch = Batch::read(&bytes).unwrap();
            let head = Head::read(&mut Reader(&bytes)).unwrap();
            prop_assert_eq!(head.documents, entries.len() as u64);
            prop_assert!(entries.iter().all(|one| (head.first..=head.last).contains(&one.timestamp)));
            for (entry, found) in entries.iter().zip(&batch.documents) {
                prop_assert_eq!(&batch.kinds[found.kind], entry.kind);
                prop_assert_eq!((found.timestamp, found.seq), (entry.timestamp, entry.seq));
                prop_assert_eq!(batch.values(found), entry.values);
                let same = match (&found.shape, entry.shape) {
                    (FoundShape::Number(one), ShapeName::Number(other)) => *one == other,
                    (FoundShape::Pieces(one), ShapeName::Pieces(other)) => &**one == other,
                    _ => false,
                };
                prop_assert!(same);
            }
        }

        #[test]
        fn other_bytes_never_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Batch::read(&bytes);
            let _ = Batch::read(&[&[VERSION], bytes.as_slice()].concat());
        }
    }
}
