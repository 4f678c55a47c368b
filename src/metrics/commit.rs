//! One durable commit of many pushes.
//!
//! It guarantees: documents, dedup entries, dictionaries and counters of a push become durable together or not at
//! all; the same push is stored once, however often it comes.

use std::collections::{BTreeMap, HashMap};

use super::Hot;
use super::batch::{self, Entry, ShapeName};
use super::dictionary::{Named, Naming};
use super::document::Document;
use super::feed::{FeedEntry, FeedKey, Noting};
use super::hot::{self, Contents, Counter, Hour, PushRecord};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::journaled::{Journaled, Rows};
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
        self.documents.iter().map(Document::waiting_bytes).sum()
    }
}

/// Stores the pushes in one transaction. A push that meets a damaged value gets an error of its own, and the
/// others are stored without it; any other error is everybody's.
pub(super) fn commit(hot: &Hot, pushes: &[Push]) -> Result<Vec<Result<Outcome, RedbError>>, RedbError> {
    let mut failed: Vec<Option<RedbError>> = pushes.iter().map(|_| None).collect();
    loop {
        let mut at = 0;
        let committed = hot.file.write_journaled(|tx| {
            let mut store = Store::open(tx, hot)?;
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
            // what the aborted transaction numbered is not stored
            Err(error) => {
                hot.dictionaries.forget();
                if !matches!(error, RedbError::Damaged { .. }) {
                    return Err(error);
                }
                failed[at] = Some(error);
            }
        }
    }
}

fn join(outcomes: Vec<Option<Outcome>>, failed: Vec<Option<RedbError>>) -> Vec<Result<Outcome, RedbError>> {
    let pairs = outcomes.into_iter().zip(failed);
    pairs.filter_map(|(outcome, error)| error.map(Err).or(outcome.map(Ok))).collect()
}

/// The open tables of one transaction.
struct Store<'tx> {
    naming: Naming<'tx>,
    batches: Rows<'tx>,
    hours: Rows<'tx>,
    pushes: Rows<'tx>,
    contents: Rows<'tx>,
    counters: Rows<'tx>,
    meta: Rows<'tx>,
    /// Where somebody copies the store.
    feed: Option<Noting<'tx>>,
    next_seq: u64,
    changed: HashMap<CollectorId, Counter>,
}

impl<'tx> Store<'tx> {
    fn open(tx: &Journaled<'tx>, hot: &'tx Hot) -> Result<Self, RedbError> {
        let meta = tx.open_table(hot::META)?;
        let next_seq = hot::get(&*meta, hot::NEXT_SEQ, hot::open_count)?;
        let next_seq = next_seq.ok_or_else(|| damaged("next sequence number", hot::NEXT_SEQ))?;
        let feed = if hot.is_fed { Noting::open(tx, &meta, next_seq)? } else { None };
        Ok(Self {
            naming: Naming::new(
                tx.open_table(hot::DICTIONARY)?,
                tx.open_table(hot::DICTIONARIES)?,
                &hot.dictionaries,
            ),
            batches: tx.open_table(hot::BATCHES)?,
            hours: tx.open_table(hot::HOURS)?,
            pushes: tx.open_table(hot::PUSHES)?,
            contents: tx.open_table(hot::CONTENTS)?,
            counters: tx.open_table(hot::COUNTERS)?,
            meta,
            feed,
            next_seq,
            changed: HashMap::new(),
        })
    }

    /// Notes the next sequence number, and gives the counters as they will be when all this is durable.
    fn finish(mut self) -> Result<HashMap<CollectorId, Counter>, RedbError> {
        hot::put(&mut self.meta, hot::NEXT_SEQ, &self.next_seq.to_le_bytes())?;
        if let Some(feed) = self.feed {
            feed.finish(&mut self.meta, self.next_seq)?;
        }
        Ok(self.changed)
    }

    fn add(&mut self, push: &Push) -> Result<Outcome, RedbError> {
        let all = push.documents.len() as u64;
        let inserted = match &push.identity {
            Identity::Key { key, content } => match self.recall(push, key, *content)? {
                Recalled::New => self.insert(push, &push.documents.iter().collect::<Vec<_>>())?,
                Recalled::Same => 0,
                Recalled::Other => return Ok(Outcome::Mismatch),
            },
            Identity::Contents => {
                let new = self.new_among(push)?;
                self.insert(push, &new)?
            }
            Identity::Own => {
                self.insert(push, &push.documents.iter().collect::<Vec<_>>())?;
                return Ok(Outcome::Stored { inserted: all, duplicates: 0 });
            }
        };
        self.count(push, inserted)?;
        Ok(Outcome::Stored { inserted, duplicates: all - inserted })
    }

    /// Looks up what the key stands for, and lets it stand for this push when it is new.
    fn recall(&mut self, push: &Push, key: &str, content: [u8; 16]) -> Result<Recalled, RedbError> {
        let row = hot::push_key(push.collector, key);
        if let Some(record) = hot::get(&*self.pushes, &row, PushRecord::open)? {
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
        let mut seen = Contents::new();
        let mut minutes = BTreeMap::<Timestamp, (Contents, bool)>::new();
        for document in &push.documents {
            let minute = hot::minute_of(document.timestamp);
            let (known, is_changed) = match minutes.entry(minute) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(place) => {
                    let key = hot::hour_key(push.collector, minute);
                    let known = hot::get(&*self.contents, &key, hot::open_contents)?;
                    place.insert((known.map_or_else(Contents::new, |(_, contents)| contents), false))
                }
            };
            let content = (document.timestamp, document.content);
            let occurrence = seen.entry(content).or_default();
            *occurrence += 1;
            let stored = known.entry(content).or_default();
            if *occurrence > *stored {
                *stored = *occurrence;
                *is_changed = true;
                new.push(document);
            }
        }
        for (minute, (contents, _)) in minutes.iter().filter(|(_, (_, is_changed))| *is_changed) {
            let key = hot::hour_key(push.collector, *minute);
            hot::put(&mut self.contents, &key, &hot::put_contents(push.received_at, contents))?;
        }
        Ok(new)
    }

    fn insert(&mut self, push: &Push, documents: &[&Document]) -> Result<u64, RedbError> {
        let shapes = documents.iter().map(|document| &document.shape);
        let names = self.naming.name(push.collector, self.next_seq, shapes)?;
        let mut hours = BTreeMap::<Timestamp, Vec<Entry<'_>>>::new();
        for ((document, name), seq) in documents.iter().zip(&names).zip(self.next_seq..) {
            let shape = match name {
                Named::Number(number) => ShapeName::Number(*number),
                Named::Pieces(pieces) => ShapeName::Pieces(pieces),
            };
            let Document { kind, timestamp, values, .. } = document;
            let entry = Entry { kind, timestamp: *timestamp, seq, shape, values };
            hours.entry(hot::hour_of(*timestamp)).or_default().push(entry);
        }
        for (hour, entries) in hours {
            self.put_batch(push, hour, &entries)?;
        }
        let inserted = documents.len() as u64;
        self.next_seq += inserted;
        Ok(inserted)
    }

    fn put_batch(&mut self, push: &Push, hour: Timestamp, entries: &[Entry<'_>]) -> Result<(), RedbError> {
        let Some(first) = entries.first() else { return Ok(()) };
        let key = hot::batch_key(push.collector, hour, first.seq);
        hot::put_chunks(&mut self.batches, &key, &batch::encode(push.received_at, entries))?;
        self.note(push, entries)?;
        let key = hot::hour_key(push.collector, hour);
        let mut counts = hot::get(&*self.hours, &key, Hour::open)?.unwrap_or_default();
        counts.batches += 1;
        counts.documents += entries.len() as u64;
        hot::put(&mut self.hours, &key, &counts.bytes())
    }

    /// Notes a batch for whoever copies what collectors pushed.
    fn note(&mut self, push: &Push, entries: &[Entry<'_>]) -> Result<(), RedbError> {
        let Some(feed) = self.feed.as_mut().filter(|_| !matches!(push.identity, Identity::Own)) else {
            return Ok(());
        };
        let times = entries.iter().map(|entry| entry.timestamp);
        let ((Some(first), Some(last)), [begin, ..]) = ((times.clone().min(), times.max()), entries) else {
            return Ok(());
        };
        let key = FeedKey { collector: push.collector, first_seq: begin.seq };
        let last_seq = entries.last().map_or(begin.seq, |entry| entry.seq);
        let documents = entries.len() as u64;
        feed.add(key, FeedEntry { last_seq, documents, received_at: push.received_at, first, last })
    }

    fn count(&mut self, push: &Push, inserted: u64) -> Result<(), RedbError> {
        let key = hot::of_collector(push.collector);
        let known = hot::get(&*self.counters, &key, Counter::open)?;
        let counter = Counter {
            documents: known.map_or(0, |known| known.documents).saturating_add(inserted),
            last_push_documents: push.documents.len() as u64,
            last_push_received_at: push.received_at,
        };
        self.changed.insert(push.collector, counter);
        hot::put(&mut self.counters, &key, &counter.bytes())
    }
}

/// What an idempotency key stands for.
enum Recalled {
    New,
    Same,
    Other,
}
