//! One durable commit of many pushes.
//!
//! It guarantees: documents, dedup entries, shapes, spans and counters of a push become durable together or not
//! at all; the same push is stored once, however often it comes.

use std::collections::{BTreeMap, HashMap, HashSet};

use parking_lot::Mutex;
use redb::WriteTransaction;

use super::Hot;
use super::document::Document;
use super::hot::{self, Counter, Place, PushRecord, Rows, Span};
use super::index::{self, Index};
use super::shape::ShapeHash;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// A push that was checked and waits to be stored.
#[derive(Debug)]
pub(super) struct Push {
    pub(super) collector: CollectorId,
    pub(super) identity: Identity,
    pub(super) received_at: Timestamp,
    pub(super) documents: Vec<Document>,
}

/// How a push is known again.
#[derive(Debug)]
pub(super) enum Identity {
    /// By the key that the sender gave it, and the content that the key stands for.
    Key { key: String, content: [u8; 16] },
    /// By its documents: the sender repeats them in pushes that grow.
    Contents,
    /// The daemon's own, which come once and are not counted.
    Own,
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Stored {
        inserted: u64,
        duplicates: u64,
    },
    /// Its key stands for another push.
    Mismatch,
}

impl Push {
    /// Bytes that it takes in memory while it waits, which is more than it will take on the disk.
    pub(super) fn waiting_bytes(&self) -> usize {
        let shapes: HashMap<_, _> =
            self.documents.iter().map(|document| (document.shape_hash, document.shape.len())).collect();
        self.documents.iter().map(Document::waiting_bytes).chain(shapes.into_values()).sum()
    }
}

/// The shapes that are surely stored. It is looked at and changed inside of write transactions only, of which
/// there is one at a time.
#[derive(Default)]
pub(super) struct KnownShapes(Mutex<HashSet<(CollectorId, ShapeHash)>>);

impl KnownShapes {
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }

    fn has(&self, collector: CollectorId, shape: ShapeHash) -> bool {
        self.0.lock().contains(&(collector, shape))
    }

    fn add(&self, collector: CollectorId, shape: ShapeHash) {
        let mut known = self.0.lock();
        if known.len() >= limits::KNOWN_SHAPES {
            known.clear();
        }
        known.insert((collector, shape));
    }
}

/// Stores the pushes in one transaction. A push that meets a damaged value gets an error of its own, and the
/// others are stored without it; any other error is everybody's.
pub(super) fn commit(hot: &Hot, pushes: &[Push]) -> Result<Vec<Result<Outcome, RedbError>>, RedbError> {
    let mut failed: Vec<Option<RedbError>> = pushes.iter().map(|_| None).collect();
    loop {
        let mut at = 0;
        let committed = hot.file.write(|tx| {
            let mut store = Store::open(tx, &hot.known)?;
            let mut outcomes = Vec::new();
            for (place, push) in pushes.iter().enumerate() {
                at = place;
                outcomes.push(if failed[place].is_none() { Some(store.add(push)?) } else { None });
            }
            Ok((outcomes, store.finish()?))
        });
        match committed {
            Ok((outcomes, changed)) => {
                hot.counters.lock().extend(changed);
                return Ok(join(outcomes, failed));
            }
            // what the aborted transaction put into the cache is not stored
            Err(error @ RedbError::Damaged { .. }) => {
                hot.known.forget();
                failed[at] = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
}

fn join(outcomes: Vec<Option<Outcome>>, failed: Vec<Option<RedbError>>) -> Vec<Result<Outcome, RedbError>> {
    let pairs = outcomes.into_iter().zip(failed);
    pairs.filter_map(|(outcome, error)| error.map(Err).or(outcome.map(Ok))).collect()
}

/// The open tables of one transaction.
struct Store<'tx> {
    known: &'tx KnownShapes,
    documents: Rows<'tx>,
    numbers: Rows<'tx>,
    shapes: Rows<'tx>,
    index: Index<'tx>,
    pushes: Rows<'tx>,
    contents: Rows<'tx>,
    counters: Rows<'tx>,
    meta: Rows<'tx>,
    next_seq: u64,
    changed: HashMap<CollectorId, Counter>,
}

impl<'tx> Store<'tx> {
    fn open(tx: &'tx WriteTransaction, known: &'tx KnownShapes) -> Result<Self, RedbError> {
        let meta = tx.open_table(hot::META)?;
        let next_seq = hot::get(&meta, hot::NEXT_SEQ, index::open_count)?;
        let next_seq = next_seq.ok_or_else(|| damaged("next sequence number", hot::NEXT_SEQ))?;
        Ok(Self {
            known,
            documents: tx.open_table(hot::DOCUMENTS)?,
            numbers: tx.open_table(hot::NUMBERS)?,
            shapes: tx.open_table(hot::SHAPES)?,
            index: Index::open(tx)?,
            pushes: tx.open_table(hot::PUSHES)?,
            contents: tx.open_table(hot::CONTENTS)?,
            counters: tx.open_table(hot::COUNTERS)?,
            meta,
            next_seq,
            changed: HashMap::new(),
        })
    }

    /// Notes the next sequence number, and gives the counters as they will be when all this is durable.
    fn finish(mut self) -> Result<HashMap<CollectorId, Counter>, RedbError> {
        index::put_count(&mut self.meta, hot::NEXT_SEQ, self.next_seq)?;
        Ok(self.changed)
    }

    fn add(&mut self, push: &Push) -> Result<Outcome, RedbError> {
        let all = push.documents.len() as u64;
        let inserted = match &push.identity {
            Identity::Key { key, content } => match self.recall(push, key, *content)? {
                Recalled::New => self.insert_all(push, push.documents.iter())?,
                Recalled::Same => 0,
                Recalled::Other => return Ok(Outcome::Mismatch),
            },
            Identity::Contents => {
                let new = self.new_among(push)?;
                self.insert_all(push, new.into_iter())?
            }
            Identity::Own => {
                self.insert_all(push, push.documents.iter())?;
                return Ok(Outcome::Stored { inserted: all, duplicates: 0 });
            }
        };
        self.count(push, inserted)?;
        Ok(Outcome::Stored { inserted, duplicates: all - inserted })
    }

    /// Looks up what the key stands for, and lets it stand for this push when it is new.
    fn recall(&mut self, push: &Push, key: &str, content: [u8; 16]) -> Result<Recalled, RedbError> {
        let row = hot::push_key(push.collector, key);
        if let Some(record) = hot::get(&self.pushes, &row, PushRecord::open)? {
            return Ok(if record.content == content { Recalled::Same } else { Recalled::Other });
        }
        let record = PushRecord { content, received_at: push.received_at };
        hot::put(&mut self.pushes, &row, &record.bytes())?;
        Ok(Recalled::New)
    }

    /// The documents that were not stored before. Two equal ones in one push are two measurements; the same
    /// two in a later push are a repetition, and a third one there is new.
    fn new_among<'a>(&mut self, push: &'a Push) -> Result<Vec<&'a Document>, RedbError> {
        let mut new = Vec::new();
        let mut seen = HashMap::<Vec<u8>, u64>::new();
        for document in &push.documents {
            let key = hot::content_key(push.collector, document.timestamp, document.content);
            let occurrence = seen.entry(key).or_default();
            *occurrence += 1;
            let key = hot::content_key(push.collector, document.timestamp, document.content);
            let open = |key: &[u8], sealed: &[u8]| hot::words("content count", key, sealed);
            let [stored] = hot::get(&self.contents, &key, open)?.unwrap_or([0]);
            if *occurrence > stored {
                hot::put(&mut self.contents, &key, &occurrence.to_le_bytes())?;
                new.push(document);
            }
        }
        Ok(new)
    }

    fn insert_all<'a>(
        &mut self,
        push: &Push,
        documents: impl Iterator<Item = &'a Document>,
    ) -> Result<u64, RedbError> {
        let mut inserted = 0;
        let mut tally = Tally::default();
        for document in documents {
            let kind = hot::of_kind(push.collector, &document.kind);
            let place = Place { timestamp: document.timestamp, seq: self.next_seq };
            hot::put(&mut self.documents, &hot::document_key(&kind, place), &document.value)?;
            if !document.numbers.is_empty() {
                let key = hot::numbers_key(push.collector, document.shape_hash, place);
                hot::put(&mut self.numbers, &key, &document.numbers)?;
            }
            self.put_shape(push.collector, document)?;
            tally.add(kind, document);
            self.next_seq += 1;
            inserted += 1;
        }
        tally.store(push.collector, &mut self.index)?;
        Ok(inserted)
    }

    fn put_shape(&mut self, collector: CollectorId, document: &Document) -> Result<(), RedbError> {
        if self.known.has(collector, document.shape_hash) {
            return Ok(());
        }
        let key = hot::shape_key(collector, document.shape_hash);
        if redb::ReadableTable::get(&self.shapes, key.as_slice())?.is_none() {
            hot::put(&mut self.shapes, &key, &hot::put_shape(&document.shape))?;
        }
        self.known.add(collector, document.shape_hash);
        Ok(())
    }

    fn count(&mut self, push: &Push, inserted: u64) -> Result<(), RedbError> {
        let key = hot::of_collector(push.collector);
        let known = hot::get(&self.counters, &key, Counter::open)?;
        let counter = Counter {
            documents: known.map_or(0, |known| known.documents).saturating_add(inserted),
            last_push_documents: push.documents.len() as u64,
            last_push_received_at: push.received_at,
        };
        self.changed.insert(push.collector, counter);
        hot::put(&mut self.counters, &key, &counter.bytes())
    }
}

/// What the documents of one push add to the index.
#[derive(Default)]
struct Tally {
    /// Documents of a type and a shape in an hour.
    hours: BTreeMap<(Vec<u8>, Timestamp, ShapeHash), u64>,
    spans: BTreeMap<(Vec<u8>, ShapeHash), Span>,
}

impl Tally {
    fn add(&mut self, of_kind: Vec<u8>, document: &Document) {
        let (shape, hour) = (document.shape_hash, hot::hour_of(document.timestamp));
        *self.hours.entry((of_kind.clone(), hour, shape)).or_default() += 1;
        let moment = Span { first: document.timestamp, last: document.timestamp };
        let span = self.spans.entry((of_kind, shape)).or_insert(moment);
        *span = span.with(moment);
    }

    fn store(self, collector: CollectorId, index: &mut Index<'_>) -> Result<(), RedbError> {
        for ((of_kind, hour, shape), count) in self.hours {
            index.add_documents(&of_kind, hour, shape, count)?;
        }
        for ((of_kind, shape), span) in self.spans {
            index.stretch(collector, &of_kind, shape, span)?;
        }
        Ok(())
    }
}

/// What an idempotency key stands for.
enum Recalled {
    New,
    Same,
    Other,
}
