//! The tables of the hot store and the bytes in them.
//!
//! `docs/formats.md` draws them; where a byte changes here, it changes there, and the version of the layout goes up.
//! Every value bears a checksum over its key and itself.

use redb::{ReadableTable, Table, TableDefinition};

use super::document::Content;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::bytes::{Reader, put_varint};
use crate::storage::journaled::Put;
use crate::storage::redb_file::{damaged, seal, unseal};

pub(super) type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// The documents of a push in one hour, by collector, hour and sequence, in chunks.
pub(super) const BATCHES: Definition = TableDefinition::new("batches");
/// The documents of one hour as columns, by collector and hour, in chunks.
pub(super) const IMAGES: Definition = TableDefinition::new("images");
/// How much a collector has in each hour.
pub(super) const HOURS: Definition = TableDefinition::new("hours");
/// The pieces and shapes of a collector's batches, by number.
pub(super) const DICTIONARY: Definition = TableDefinition::new("dictionary");
/// Which numbers the dictionary of a collector has.
pub(super) const DICTIONARIES: Definition = TableDefinition::new("dictionaries");
/// What each idempotency key of a collector stood for.
pub(super) const PUSHES: Definition = TableDefinition::new("pushes");
/// How often a document came in pushes without a key, by collector and minute.
pub(super) const CONTENTS: Definition = TableDefinition::new("contents");
/// What each collector sent in all.
pub(super) const COUNTERS: Definition = TableDefinition::new("counters");
/// Numbers of the store itself.
pub(super) const META: Definition = TableDefinition::new("meta");

/// All tables, with what a row of each is called.
pub(super) const ALL: [(&str, Definition); 9] = [
    ("batch", BATCHES),
    ("image", IMAGES),
    ("count of an hour", HOURS),
    ("entry of a dictionary", DICTIONARY),
    ("dictionary", DICTIONARIES),
    ("push record", PUSHES),
    ("contents of a minute", CONTENTS),
    ("counter", COUNTERS),
    ("figure of the store", META),
];
/// In `META`: the sequence number of the next document.
pub(super) const NEXT_SEQ: &[u8] = b"next_seq";
/// In `META`: the version of this layout.
pub(super) const VERSION: (&[u8], u64) = (b"version", 4);

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// What fits into two pages of the file beside its key. The file gives a value a power of two of pages, so larger
/// ones would waste up to half of them.
pub(super) const CHUNK_BYTES: usize = 8100;

/// The beginning of all keys of a collector.
pub(super) fn of_collector(collector: CollectorId) -> [u8; 16] {
    *collector.as_uuid().as_bytes()
}

/// The place of a document among those of its collector and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) timestamp: Timestamp,
    pub(super) seq: u64,
}

impl Place {
    /// The place that a cursor holds.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let (time, seq) = bytes.split_first_chunk::<8>()?;
        Some(Self { timestamp: from_ordered(*time), seq: u64::from_be_bytes(seq.try_into().ok()?) })
    }
}

/// The hour in which a moment lies, by its first millisecond.
pub(super) fn hour_of(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_millis(timestamp.as_millis().div_euclid(HOUR_MS).saturating_mul(HOUR_MS))
}

/// The first millisecond behind an hour.
pub(super) fn behind(hour: Timestamp) -> Timestamp {
    Timestamp::from_millis(hour.as_millis().saturating_add(HOUR_MS))
}

/// The key of an hour, with which those of its batches and of its image begin.
pub(super) fn hour_key(collector: CollectorId, hour: Timestamp) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&of_collector(collector));
    key[16..].copy_from_slice(&ordered(hour));
    key
}

/// The hour of a key that begins like that of an hour.
pub(super) fn hour_in(key: &[u8]) -> Option<Timestamp> {
    key.get(16..)?.first_chunk::<8>().copied().map(from_ordered)
}

/// The beginning of the keys of a batch, by the sequence number of its first document.
pub(super) fn batch_key(collector: CollectorId, hour: Timestamp, seq: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..24].copy_from_slice(&hour_key(collector, hour));
    key[24..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// The key of an entry of a dictionary.
pub(super) fn entry_key(collector: CollectorId, number: u32) -> [u8; 20] {
    let mut key = [0; 20];
    key[..16].copy_from_slice(&of_collector(collector));
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

pub(super) fn push_key(collector: CollectorId, idempotency_key: &str) -> Vec<u8> {
    [&of_collector(collector), idempotency_key.as_bytes()].concat()
}

/// The minute in which a moment lies, by its first millisecond.
pub(super) fn minute_of(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_millis(timestamp.as_millis().div_euclid(MINUTE_MS).saturating_mul(MINUTE_MS))
}

/// Big-endian with the sign turned, so that keys sort by time.
pub(super) fn ordered(timestamp: Timestamp) -> [u8; 8] {
    (timestamp.as_millis() ^ i64::MIN).to_be_bytes()
}

pub(super) fn from_ordered(bytes: [u8; 8]) -> Timestamp {
    Timestamp::from_millis(i64::from_be_bytes(bytes) ^ i64::MIN)
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

/// What a collector has in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hour {
    pub(super) batches: u64,
    /// Documents in the batches.
    pub(super) documents: u64,
    /// Chunks of the image.
    pub(super) chunks: u64,
    /// Documents in the image.
    pub(super) folded: u64,
}

impl Hour {
    pub(super) fn bytes(self) -> Vec<u8> {
        let Self { batches, documents, chunks, folded } = self;
        [batches, documents, chunks, folded].into_iter().flat_map(u64::to_le_bytes).collect()
    }

    pub(super) fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        let [batches, documents, chunks, folded] = words("hour", key, sealed)?;
        Ok(Self { batches, documents, chunks, folded })
    }
}

/// How often which documents of one minute came in one push without a key, at most.
pub(super) type Contents = std::collections::HashMap<(Timestamp, Content), u64>;

/// What came of a minute, and when the last of it did.
pub(super) fn put_contents(came: Timestamp, contents: &Contents) -> Vec<u8> {
    let mut value = came.as_millis().to_le_bytes().to_vec();
    for ((timestamp, content), count) in contents {
        value.extend(timestamp.as_millis().to_le_bytes());
        value.extend(content);
        put_varint(&mut value, *count);
    }
    value
}

pub(super) fn open_contents(key: &[u8], sealed: &[u8]) -> Result<(Timestamp, Contents), RedbError> {
    let mut reader = Reader(unseal("contents of a minute", key, sealed)?);
    let came = reader.i64().ok_or_else(|| damaged("contents of a minute", key))?;
    let mut contents = Contents::new();
    while !reader.is_empty() {
        let mut row = || Some(((Timestamp::from_millis(reader.i64()?), reader.array()?), reader.varint()?));
        let (content, count) = row().ok_or_else(|| damaged("contents of a minute", key))?;
        contents.insert(content, count);
    }
    Ok((Timestamp::from_millis(came), contents))
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
pub(super) fn put(rows: &mut impl Put, key: &[u8], value: &[u8]) -> Result<(), RedbError> {
    rows.put(key, &seal(key, value))
}

/// Stores a long value in chunks, under the key with their numbers behind it, and says how many there are.
pub(super) fn put_chunks(rows: &mut impl Put, key: &[u8], value: &[u8]) -> Result<u64, RedbError> {
    let mut chunks = 0;
    for chunk in value.chunks(CHUNK_BYTES) {
        put(rows, &chunk_key(key, chunks), chunk)?;
        chunks += 1;
    }
    Ok(u64::from(chunks))
}

pub(super) fn chunk_key(key: &[u8], chunk: u32) -> Vec<u8> {
    [key, &chunk.to_be_bytes()].concat()
}

/// The key without the number of its chunk, and that number.
pub(super) fn without_chunk(key: &[u8]) -> Option<(&[u8], u32)> {
    let (key, chunk) = key.split_last_chunk::<4>()?;
    Some((key, u32::from_be_bytes(*chunk)))
}

/// Removes everything whose key begins with `prefix`, and says how many rows there were.
pub(super) fn remove_all(
    rows: &mut Table<'_, &'static [u8], &'static [u8]>,
    prefix: &[u8],
) -> Result<usize, RedbError> {
    let mut removed = 0;
    let remove = |_: &[u8], _: &[u8]| {
        removed += 1;
        false
    };
    match first_behind(prefix) {
        Some(end) => rows.retain_in(prefix..end.as_slice(), remove)?,
        None => rows.retain_in(prefix.., remove)?,
    }
    Ok(removed)
}

/// The first key behind all that begin with `prefix`.
pub(super) fn first_behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// The collectors that have rows in a table.
pub(super) fn collectors_in(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
) -> Result<Vec<CollectorId>, RedbError> {
    let mut collectors = Vec::new();
    let mut next = Some(Vec::new());
    while let Some(first) = next {
        let Some(row) = table.range(first.as_slice()..)?.next() else { break };
        let (key, _) = row?;
        let collector = key.value().first_chunk::<16>().ok_or_else(|| damaged("key", key.value()))?;
        collectors.push(CollectorId::from(uuid::Uuid::from_bytes(*collector)));
        next = first_behind(collector);
    }
    Ok(collectors)
}

pub(super) fn open_count(key: &[u8], sealed: &[u8]) -> Result<u64, RedbError> {
    words("count", key, sealed).map(|[count]| count)
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

    #[test]
    fn keys_sort_by_collector_hour_and_sequence() {
        let collector = CollectorId::from(uuid::Uuid::from_u128(7));
        let key =
            |milliseconds, seq| batch_key(collector, hour_of(Timestamp::from_millis(milliseconds)), seq);
        let keys = [key(-1, 9), key(0, 0), key(0, 1), key(HOUR_MS, 0), key(i64::MAX, u64::MAX)];
        assert!(keys.is_sorted());
        assert_eq!(hour_in(&keys[3]), Some(Timestamp::from_millis(HOUR_MS)));
        assert_eq!(key(HOUR_MS - 1, 1), keys[2]);
    }

    #[test]
    fn the_contents_of_a_minute_read_back() {
        let content = |byte: u8, count| ((Timestamp::from_millis(byte.into()), [byte; 16]), count);
        let contents = Contents::from([content(1, 1), content(2, 300)]);
        let came = Timestamp::from_millis(7);
        let sealed = seal(b"k", &put_contents(came, &contents));
        assert_eq!(open_contents(b"k", &sealed).unwrap(), (came, contents));
        assert!(open_contents(b"k", &seal(b"k", &[1, 2, 3])).is_err());
    }
}
