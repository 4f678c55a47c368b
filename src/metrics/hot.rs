//! The tables of the hot store and the bytes in them.
//!
//! `docs/formats.md` draws them; where a byte changes here, it changes there, and the version of a document's
//! value goes up. Every value bears a checksum over its key and itself.

use std::cell::RefCell;

use redb::{ReadableTable, Table, TableDefinition};

use super::bytes::{self, Reader};
use super::number::Number;
use super::shape::ShapeHash;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::{damaged, seal, unseal};

pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;
pub(super) type Rows<'tx> = Table<'tx, &'static [u8], &'static [u8]>;

/// Every document, by collector, type, time and sequence.
pub(super) const DOCUMENTS: Definition = TableDefinition::new("documents");
/// The numbers of every document that has some, by collector, shape, time and sequence.
pub(super) const NUMBERS: Definition = TableDefinition::new("numbers");
/// Every shape of a collector, by its hash.
pub(super) const SHAPES: Definition = TableDefinition::new("shapes");
/// From when to when a collector sent documents of one type and shape.
pub(super) const SPANS: Definition = TableDefinition::new("spans");
/// How many types a collector has, and how many shapes each of them.
pub(super) const KINDS: Definition = TableDefinition::new("kinds");
/// How many documents of one type a collector has in each hour, and how many of each shape.
pub(super) const HOURS: Definition = TableDefinition::new("hours");
/// What each idempotency key of a collector stood for.
pub(super) const PUSHES: Definition = TableDefinition::new("pushes");
/// How often a document came in pushes without a key, by collector, time and content.
pub(super) const CONTENTS: Definition = TableDefinition::new("contents");
/// What each collector sent in all.
pub(super) const COUNTERS: Definition = TableDefinition::new("counters");
/// Numbers of the store itself.
pub(super) const META: Definition = TableDefinition::new("meta");

/// All tables, with what a row of each is called.
pub(super) const ALL: [(&str, Definition); 10] = [
    ("document", DOCUMENTS),
    ("row of numbers", NUMBERS),
    ("shape", SHAPES),
    ("span", SPANS),
    ("count of types", KINDS),
    ("count of an hour", HOURS),
    ("push record", PUSHES),
    ("count of a content", CONTENTS),
    ("counter", COUNTERS),
    ("figure of the store", META),
];
/// In `META`: the sequence number of the next document.
pub(super) const NEXT_SEQ: &[u8] = b"next_seq";
/// In `META`: the version of this layout.
pub(super) const VERSION: (&[u8], u64) = (b"version", 1);

const DOCUMENT_VERSION: u8 = 1;
const HOUR_MS: i64 = 60 * 60 * 1000;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Texts below this do not get smaller.
const SMALLEST_COMPRESSED: usize = 128;
/// Fast enough to compress every push while it is taken; the sealed segments are where bytes are saved.
const LEVEL: i32 = 1;

/// The beginning of all keys of a collector.
pub(super) fn of_collector(collector: CollectorId) -> [u8; 16] {
    *collector.as_uuid().as_bytes()
}

/// The beginning of all keys of one type of a collector. A type has no NUL, so none is the beginning of another.
pub(super) fn of_kind(collector: CollectorId, kind: &str) -> Vec<u8> {
    let mut key = of_collector(collector).to_vec();
    key.extend(kind.as_bytes());
    key.push(0);
    key
}

/// The place of a document among those of its collector and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) timestamp: Timestamp,
    pub(super) seq: u64,
}

impl Place {
    pub(super) const FIRST: Self = Self { timestamp: Timestamp::from_millis(i64::MIN), seq: 0 };

    /// The place that a document's key ends with.
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        let (_, seq) = key.split_last_chunk::<8>()?;
        let (_, time) = key.get(..key.len() - 8)?.split_last_chunk::<8>()?;
        Some(Self { timestamp: from_ordered(*time), seq: u64::from_be_bytes(*seq) })
    }
}

/// The key of a document behind `of_kind`, or of its numbers behind the key of their shape.
pub(super) fn document_key(of_kind: &[u8], place: Place) -> Vec<u8> {
    let mut key = of_kind.to_vec();
    key.extend(ordered(place.timestamp));
    key.extend(place.seq.to_be_bytes());
    key
}

/// The hour in which a moment lies, by its first millisecond.
pub(super) fn hour_of(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_millis(timestamp.as_millis().div_euclid(HOUR_MS).saturating_mul(HOUR_MS))
}

/// The first place behind an hour.
pub(super) fn behind_hour(hour: Timestamp) -> Place {
    Place { timestamp: Timestamp::from_millis(hour.as_millis().saturating_add(HOUR_MS)), seq: 0 }
}

pub(super) fn hour_key(of_kind: &[u8], hour: Timestamp) -> Vec<u8> {
    [of_kind, ordered(hour).as_slice()].concat()
}

pub(super) fn hour_shape_key(of_kind: &[u8], hour: Timestamp, shape: ShapeHash) -> Vec<u8> {
    [of_kind, ordered(hour).as_slice(), shape.as_slice()].concat()
}

pub(super) fn numbers_key(collector: CollectorId, shape: ShapeHash, place: Place) -> Vec<u8> {
    document_key(&shape_key(collector, shape), place)
}

pub(super) fn shape_key(collector: CollectorId, shape: ShapeHash) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&of_collector(collector));
    key[16..].copy_from_slice(&shape);
    key
}

pub(super) fn span_key(of_kind: &[u8], shape: ShapeHash) -> Vec<u8> {
    [of_kind, shape.as_slice()].concat()
}

pub(super) fn push_key(collector: CollectorId, idempotency_key: &str) -> Vec<u8> {
    [&of_collector(collector), idempotency_key.as_bytes()].concat()
}

pub(super) fn content_key(collector: CollectorId, timestamp: Timestamp, content: [u8; 16]) -> Vec<u8> {
    [&of_collector(collector)[..], &ordered(timestamp), &content].concat()
}

/// Big-endian with the sign turned, so that keys sort by time.
pub(super) fn ordered(timestamp: Timestamp) -> [u8; 8] {
    (timestamp.as_millis() ^ i64::MIN).to_be_bytes()
}

pub(super) fn from_ordered(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
}

/// A document as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredDocument<'a> {
    pub(super) received_at: Timestamp,
    pub(super) shape: ShapeHash,
    method: u8,
    text_bytes: u64,
    text: &'a [u8],
}

pub(super) fn put_document(received_at: Timestamp, shape: ShapeHash, text: &str) -> Vec<u8> {
    let mut value = vec![DOCUMENT_VERSION];
    value.extend(received_at.as_millis().to_le_bytes());
    value.extend(shape);
    put_compressed(&mut value, text.as_bytes());
    value
}

/// The numbers of a document, kept beside it so that a chart reads no text. None need no row.
pub(super) fn put_numbers(numbers: &[Number]) -> Vec<u8> {
    let mut value = Vec::new();
    if !numbers.is_empty() {
        bytes::put_numbers(&mut value, numbers);
    }
    value
}

impl<'a> StoredDocument<'a> {
    /// Reads the value under `key` after checking it.
    pub(super) fn open(key: &[u8], sealed: &'a [u8]) -> Result<Self, RedbError> {
        let mut reader = Reader(unseal("document", key, sealed)?);
        Self::read(&mut reader).ok_or_else(|| damaged("document", key))
    }

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        if reader.array()? != [DOCUMENT_VERSION] {
            return None;
        }
        let received_at = Timestamp::from_millis(reader.i64()?);
        let shape = reader.array()?;
        let [method] = reader.array()?;
        Some(Self { received_at, shape, method, text_bytes: reader.varint()?, text: reader.0 })
    }

    /// The JSON text, as it was pushed.
    pub(super) fn text(&self, key: &[u8]) -> Result<String, RedbError> {
        decompressed(self.method, self.text_bytes, self.text)
            .and_then(|text| String::from_utf8(text).ok())
            .ok_or_else(|| damaged("document", key))
    }
}

pub(super) fn put_shape(shape: &[u8]) -> Vec<u8> {
    let mut value = Vec::new();
    put_compressed(&mut value, shape);
    value
}

pub(super) fn open_shape(key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, RedbError> {
    let mut reader = Reader(unseal("shape", key, sealed)?);
    let read = |reader: &mut Reader<'_>| {
        let [method] = reader.array()?;
        decompressed(method, reader.varint()?, reader.0)
    };
    read(&mut reader).ok_or_else(|| damaged("shape", key))
}

thread_local! {
    /// Making a compressor costs more than compressing a small document.
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

fn put_compressed(value: &mut Vec<u8>, plain: &[u8]) {
    let compressed = if plain.len() < SMALLEST_COMPRESSED { None } else { compressed(plain) };
    let (method, stored) = match &compressed {
        Some(compressed) if compressed.len() < plain.len() => (ZSTD, compressed.as_slice()),
        _ => (PLAIN, plain),
    };
    value.push(method);
    bytes::put_varint(value, plain.len() as u64);
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

fn decompressed(method: u8, length: u64, stored: &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(length).ok().filter(|length| *length <= limits::PUSH_BYTES)?;
    let plain = match method {
        PLAIN => stored.to_vec(),
        ZSTD => zstd::bulk::decompress(stored, length).ok()?,
        _ => return None,
    };
    (plain.len() == length).then_some(plain)
}

/// What a collector sent in all. It does not count what the daemon wrote about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Documents stored since the collector was registered.
    pub documents: u64,
    /// Documents of its last push.
    pub last_push_documents: u64,
    pub last_push_received_at: Timestamp,
}

impl Counter {
    pub(super) fn bytes(self) -> Vec<u8> {
        let Self { documents, last_push_documents, last_push_received_at } = self;
        let fields = [documents, last_push_documents, last_push_received_at.as_millis().cast_unsigned()];
        fields.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [documents, last_push_documents, received_at] = words("counter", key, sealed)?;
        let last_push_received_at = Timestamp::from_millis(received_at.cast_signed());
        Ok(Self { documents, last_push_documents, last_push_received_at })
    }
}

/// From when to when there are documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl Span {
    pub(super) fn bytes(self) -> Vec<u8> {
        [self.first, self.last].into_iter().flat_map(|time| time.as_millis().to_le_bytes()).collect()
    }

    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [first, last] =
            words("span", key, sealed)?.map(|word| Timestamp::from_millis(word.cast_signed()));
        Ok(Self { first, last })
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self { first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// What a push with an idempotency key was, to tell a repetition from another push under the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PushRecord {
    pub(super) content: [u8; 16],
    pub(super) received_at: Timestamp,
}

impl PushRecord {
    pub(super) fn bytes(self) -> Vec<u8> {
        [&self.content[..], &self.received_at.as_millis().to_le_bytes()].concat()
    }

    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let mut reader = Reader(unseal("push record", key, sealed)?);
        let record = reader.array().zip(reader.i64());
        let (content, received_at) = record.ok_or_else(|| damaged("push record", key))?;
        Ok(Self { content, received_at: Timestamp::from_millis(received_at) })
    }
}

/// Values of so many little-endian words.
pub(super) fn words<const N: usize>(
    what: &'static str,
    key: &[u8],
    sealed: &[u8],
) -> Result<[u64; N], RedbError> {
    let mut reader = Reader(unseal(what, key, sealed)?);
    let mut words = [0; N];
    for word in &mut words {
        *word = reader.u64().ok_or_else(|| damaged(what, key))?;
    }
    Ok(words)
}

/// Stores a value with its checksum.
pub(super) fn put(rows: &mut Rows<'_>, key: &[u8], value: &[u8]) -> Result<(), RedbError> {
    rows.insert(key, seal(key, value).as_slice())?;
    Ok(())
}

/// The value under `key`, read by `open`, which checks it.
pub(super) fn get<T>(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
    open: impl FnOnce(&[u8], &[u8]) -> Result<T, RedbError>,
) -> Result<Option<T>, RedbError> {
    let sealed = rows.get(key)?;
    sealed.map(|sealed| open(key, sealed.value())).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::redb_file::seal;

    #[test]
    fn keys_sort_by_collector_type_time_and_sequence() {
        let collector = CollectorId::from(uuid::Uuid::from_u128(7));
        let place = |milliseconds, seq| Place { timestamp: Timestamp::from_millis(milliseconds), seq };
        let places =
            [Place::FIRST, place(-1, 9), place(0, 0), place(0, 1), place(256, 0), place(i64::MAX, u64::MAX)];
        let keys: Vec<_> =
            places.iter().map(|place| document_key(&of_kind(collector, "a"), *place)).collect();
        assert!(keys.is_sorted());
        assert!(keys[5] < document_key(&of_kind(collector, "a.b"), Place::FIRST));
        assert!(keys.iter().zip(places).all(|(key, place)| Place::of(key) == Some(place)));
    }

    #[test]
    fn a_document_reads_back_as_it_was_pushed() {
        for text in
            [r#"{"type":"x","n":12345678901234567890.10}"#.to_owned(), format!("[\"{}\"]", "é".repeat(500))]
        {
            let received_at = Timestamp::from_millis(77);
            let sealed = seal(b"k", &put_document(received_at, [9; 16], &text));
            let document = StoredDocument::open(b"k", &sealed).unwrap();
            assert_eq!((document.received_at, document.shape), (received_at, [9; 16]));
            assert_eq!(document.text(b"k").unwrap(), text);
            assert!(StoredDocument::open(b"other", &sealed).is_err());
        }
    }
}
