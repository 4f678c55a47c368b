//! Reading documents for somebody who copies the store: batch by batch as the feed names them, and page by page where
//! the feed has a gap.
//!
//! It guarantees: a batch is found wherever its documents lie by now. What is read at once is bounded, but by one batch
//! at least.

use std::collections::{BTreeMap, BTreeSet};

use redb::ReadTransaction;

use super::batch::Batch;
use super::documents::read;
use super::feed::{FeedEntry, FeedKey, Gap, entries};
use super::hot;
use super::hours::{Table, batch};
use super::layouts::Layouts;
use super::query::QueryError;
use super::{Cursor, DocumentsQuery, Metrics, ReadDocument};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// An entry of the feed with what it stands for.
#[derive(Debug)]
pub struct Arrival {
    pub key: FeedKey,
    /// Documents that it had when it came.
    pub documents: u64,
    pub received_at: Timestamp,
    pub content: Content,
}

#[derive(Debug)]
pub enum Content {
    /// Those that are still there, in the order of their sequence numbers.
    Documents(Vec<ReadDocument>),
    /// Everything of its collector up to its sequence number was discarded.
    Discarded,
    /// It does not read, and why.
    Damaged(String),
}

/// A part of the gap.
#[derive(Debug)]
pub struct Page {
    pub collector: CollectorId,
    /// Those that are in the gap.
    pub documents: Vec<ReadDocument>,
    /// The gap behind it; `None` when nothing is left.
    pub rest: Option<Gap>,
}

type Entry = (FeedKey, FeedEntry);

impl Metrics {
    /// What waits behind a place of the feed, in order, up to so many bytes of text: none when nothing waits there.
    pub fn arrivals(&self, after: Option<FeedKey>, most_bytes: usize) -> Result<Vec<Arrival>, QueryError> {
        let noted = self.hot.file.read(|tx| entries(tx, after, limits::FEED_DOCUMENTS_AT_ONCE))?;
        let (mut arrivals, mut bytes) = (Vec::new(), 0);
        let mut rest = noted.as_slice();
        while !rest.is_empty() && bytes < most_bytes {
            let mut found = self.in_batches(rest, most_bytes - bytes)?;
            if found.is_empty() {
                found = self.in_hour(rest, most_bytes)?;
            }
            rest = rest.get(found.len()..).unwrap_or_default();
            for (arrival, (key, entry)) in found.into_iter().zip(noted.iter().skip(arrivals.len())) {
                bytes += arrival.bytes();
                let FeedEntry { documents, received_at, .. } = *entry;
                arrivals.push(Arrival { key: *key, documents, received_at, content: arrival });
            }
        }
        Ok(arrivals)
    }

    /// The first entries, as far as they are among the batches of the hot store.
    fn in_batches(&self, entries: &[Entry], most_bytes: usize) -> Result<Vec<Content>, QueryError> {
        self.hot.file.read(|tx| {
            let mut finder = Finder { tx, batches: tx.open_table(hot::BATCHES)?, layouts: None };
            let (mut found, mut bytes) = (Vec::new(), 0);
            for entry in entries {
                let content = match finder.find(*entry) {
                    Ok(Some(content)) => content,
                    Ok(None) => break,
                    Err(RedbError::Damaged { what, key }) => {
                        Content::Damaged(format!("the {what} under {key}"))
                    }
                    Err(other) => return Err(other.into()),
                };
                bytes += content.bytes();
                found.push(content);
                if bytes >= most_bytes {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// The first entries, as far as they lie in the hour of the first one: its documents were folded or sealed, or are
    /// gone. When they are too long together, fewer.
    fn in_hour(&self, entries: &[Entry], most_bytes: usize) -> Result<Vec<Content>, QueryError> {
        let Some((first, entry)) = entries.first() else { return Ok(Vec::new()) };
        let hour = (first.collector, hot::hour_of(entry.first));
        let is_same =
            |(key, entry): &&Entry| entry.documents > 0 && (key.collector, hot::hour_of(entry.first)) == hour;
        let mut count = entries.iter().take_while(is_same).count().max(1);
        loop {
            let some = entries.get(..count).unwrap_or(entries);
            match self.look_through(some, if count > 1 { most_bytes } else { usize::MAX }) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => count = count.div_ceil(2),
                Err(error @ QueryError::Store(RedbError::Damaged { .. })) => {
                    return Ok(some.iter().map(|_| Content::Damaged(error.to_string())).collect());
                }
                Err(other) => return Err(other),
            }
        }
    }

    /// Finds entries of one hour wherever their documents lie; nothing when they have more than so many bytes.
    fn look_through(&self, entries: &[Entry], most_bytes: usize) -> Result<Option<Vec<Content>>, QueryError> {
        let times = entries.iter().map(|(_, entry)| (entry.first, entry.last));
        let (Some((first, _)), Some(from), Some(to)) =
            (entries.first(), times.clone().map(|time| time.0).min(), times.map(|time| time.1).max())
        else {
            return Ok(None);
        };
        let mut found: BTreeMap<u64, (u64, Vec<ReadDocument>)> =
            entries.iter().map(|(key, entry)| (key.first_seq, (entry.last_seq, Vec::new()))).collect();
        let (collector, limit) = (first.collector, limits::PAGE_DOCUMENTS.1);
        let mut query = DocumentsQuery { collector, kind: None, from, to, limit, after: None };
        let mut bytes = 0;
        loop {
            let page = self.documents(&query)?;
            for document in page.documents {
                let place = found.range_mut(..=document.seq).next_back();
                if let Some((_, (_, documents))) = place.filter(|(_, (last, _))| document.seq <= *last) {
                    bytes += document.text.len();
                    documents.push(document);
                }
            }
            if bytes > most_bytes {
                return Ok(None);
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let contents = found.into_values().map(|(_, mut documents)| {
            documents.sort_by_key(|document| document.seq);
            Content::Documents(documents)
        });
        Ok(Some(contents.collect()))
    }

    /// All collectors of which there may be documents.
    fn collectors(&self) -> Result<BTreeSet<CollectorId>, QueryError> {
        let mut all: BTreeSet<CollectorId> = self.hot.counters.lock().keys().copied().collect();
        let mut last = None;
        loop {
            let sealed = self.segments.collectors(last, limits::SEGMENTS_LISTED)?;
            last = sealed.last().copied();
            all.extend(sealed);
            if last.is_none() {
                return Ok(all);
            }
        }
    }

    /// The next documents of the gap, in the order of collectors and times.
    pub fn fill(&self, gap: Gap) -> Result<Option<Page>, QueryError> {
        let pushed = self.collectors()?;
        let first = CollectorId::from(uuid::Uuid::from_u128(gap.collector));
        let mut left = pushed.range(first..);
        let Some(collector) = left.next().copied() else { return Ok(None) };
        let page = self.documents(&DocumentsQuery {
            collector,
            kind: None,
            from: Timestamp::from_millis(i64::MIN),
            to: Timestamp::from_millis(i64::MAX),
            limit: limits::PAGE_DOCUMENTS.1,
            after: gap.after.filter(|_| collector == first),
        })?;
        let documents: Vec<_> =
            page.documents.into_iter().filter(|one| (gap.from..gap.to).contains(&one.seq)).collect();
        let done = gap.done + documents.len() as u64;
        let goes_on = |collector: &CollectorId, after: Option<Cursor>| Gap {
            done,
            collector: collector.as_uuid().as_u128(),
            after,
            ..gap
        };
        let rest = match page.next {
            Some(next) => Some(goes_on(&collector, Some(next))),
            None => left.next().map(|next| goes_on(next, None)),
        };
        Ok(Some(Page { collector, documents, rest }))
    }
}

impl Content {
    fn bytes(&self) -> usize {
        let Self::Documents(documents) = self else { return 0 };
        documents.iter().map(|document| document.text.len()).sum()
    }
}

/// Finds entries among the batches of the hot store.
struct Finder<'tx> {
    tx: &'tx ReadTransaction,
    batches: Table,
    layouts: Option<(CollectorId, Layouts)>,
}

impl Finder<'_> {
    /// Nothing when the batch is not there any more.
    fn find(&mut self, (key, entry): Entry) -> Result<Option<Content>, RedbError> {
        let FeedKey { collector, first_seq } = key;
        if entry.documents == 0 {
            return Ok(Some(Content::Discarded));
        }
        let hour = hot::hour_of(entry.first);
        let first_chunk = hot::chunk_key(&hot::batch_key(collector, hour, first_seq), 0);
        if self.batches.get(first_chunk.as_slice())?.is_none() {
            return Ok(None);
        }
        let batch = batch(&self.batches, (collector, hour, first_seq))?;
        Ok(Some(Content::Documents(self.documents(collector, &batch)?)))
    }

    fn documents(&mut self, collector: CollectorId, batch: &Batch) -> Result<Vec<ReadDocument>, RedbError> {
        let known = self.layouts.take().filter(|(of, _)| *of == collector);
        let (_, layouts) = match known {
            Some(known) => self.layouts.insert(known),
            None => self.layouts.insert((collector, Layouts::new(self.tx, collector)?)),
        };
        let mut documents = Vec::with_capacity(batch.documents.len());
        for index in 0..batch.documents.len() {
            let document = read(batch, index, layouts)?;
            let seq = batch.documents[index].seq;
            documents.push(document.ok_or_else(|| {
                damaged("document", &hot::batch_key(collector, Timestamp::from_millis(0), seq))
            })?);
        }
        Ok(documents)
    }
}
