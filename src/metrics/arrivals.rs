//! Reading documents for somebody who copies the store: push by push as the feed names them, and page by page where
//! the feed has a gap.
//!
//! It guarantees: a push is found wherever its documents lie by now, and what is not found is told. What is read at
//! once is bounded, but by one push at least.

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
    /// What waits behind a place of the feed, up to so many bytes of text or documents: none when nothing waits there.
    pub fn arrivals(&self, after: Option<FeedKey>, most_bytes: usize) -> Result<Vec<Arrival>, QueryError> {
        let noted = self.hot.file.read(|tx| entries(tx, after, limits::FEED_DOCUMENTS_AT_ONCE))?;
        let (mut arrivals, mut bytes, mut elsewhere) = (Vec::new(), 0, Vec::new());
        let mut read = Vec::new();
        self.hot.file.read(|tx| {
            let mut finder = Finder::new(tx)?;
            for entry in &noted {
                read.push((*entry, finder.find(*entry)));
                bytes += read.last().map_or(0, |(_, found)| found.as_ref().map_or(0, Lookup::bytes));
                if bytes >= most_bytes {
                    break;
                }
            }
            Ok::<_, RedbError>(())
        })?;
        for (entry, found) in read {
            let content = match found {
                Ok(Lookup::Found(content)) => content,
                Ok(Lookup::Elsewhere) => {
                    elsewhere.push(entry);
                    Content::Documents(Vec::new())
                }
                Err(RedbError::Damaged { what, key }) => Content::Damaged(format!("the {what} under {key}")),
                Err(other) => return Err(other.into()),
            };
            let (key, FeedEntry { documents, received_at, .. }) = entry;
            arrivals.push(Arrival { key, documents, received_at, content });
        }
        let mut filled = self.look_through(&elsewhere)?;
        for arrival in &mut arrivals {
            if let Some(content) = filled.remove(&arrival.key) {
                arrival.content = content;
            }
        }
        Ok(arrivals)
    }

    /// Finds pushes whose documents were folded or sealed, those of one hour together.
    fn look_through(&self, entries: &[Entry]) -> Result<BTreeMap<FeedKey, Content>, QueryError> {
        let mut hours = BTreeMap::<_, Vec<Entry>>::new();
        for (key, entry) in entries {
            let hour = (key.collector, hot::hour_of(entry.first));
            hours.entry(hour).or_default().push((*key, *entry));
        }
        let mut found = BTreeMap::new();
        for ((collector, _), entries) in hours {
            match self.look_through_hour(collector, &entries) {
                Ok(documents) => found.extend(documents),
                Err(error @ QueryError::Store(RedbError::Damaged { .. })) => {
                    found.extend(entries.iter().map(|(key, _)| (*key, Content::Damaged(error.to_string()))));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(found)
    }

    fn look_through_hour(
        &self,
        collector: CollectorId,
        entries: &[Entry],
    ) -> Result<Vec<(FeedKey, Content)>, QueryError> {
        let times = entries.iter().map(|(_, entry)| (entry.first, entry.last));
        let (Some(from), Some(to)) = (times.clone().map(|t| t.0).min(), times.map(|t| t.1).max()) else {
            return Ok(Vec::new());
        };
        let mut found: BTreeMap<u64, (FeedKey, u64, Vec<ReadDocument>)> =
            entries.iter().map(|(key, entry)| (key.first_seq, (*key, entry.last_seq, Vec::new()))).collect();
        let mut query =
            DocumentsQuery { collector, kind: None, from, to, limit: limits::PAGE_DOCUMENTS.1, after: None };
        loop {
            let page = self.documents(&query)?;
            for document in page.documents {
                if let Some((_, (_, last, documents))) = found.range_mut(..=document.seq).next_back()
                    && document.seq <= *last
                {
                    documents.push(document);
                }
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        let contents = found.into_values().map(|(key, _, mut documents)| {
            documents.sort_by_key(|document| document.seq);
            (key, Content::Documents(documents))
        });
        Ok(contents.collect())
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

enum Lookup {
    Found(Content),
    /// It is not among the batches.
    Elsewhere,
}

impl Lookup {
    fn bytes(&self) -> usize {
        match self {
            Self::Found(Content::Documents(documents)) => {
                documents.iter().map(|document| document.text.len()).sum()
            }
            // it is read later, and its size is not known: as much as a busy push has
            Self::Elsewhere => 64 * 1024,
            Self::Found(_) => 0,
        }
    }
}

/// Finds pushes among the batches of the hot store.
struct Finder<'tx> {
    tx: &'tx ReadTransaction,
    batches: Table,
    layouts: Option<(CollectorId, Layouts)>,
}

impl<'tx> Finder<'tx> {
    fn new(tx: &'tx ReadTransaction) -> Result<Self, RedbError> {
        Ok(Self { tx, batches: tx.open_table(hot::BATCHES)?, layouts: None })
    }

    fn find(&mut self, (key, entry): Entry) -> Result<Lookup, RedbError> {
        let FeedKey { collector, first_seq } = key;
        if entry.documents == 0 {
            return Ok(Lookup::Found(Content::Discarded));
        }
        let hour = hot::hour_of(entry.first);
        // a push of several hours is several batches
        if hour != hot::hour_of(entry.last) {
            return Ok(Lookup::Elsewhere);
        }
        let first_chunk = hot::chunk_key(&hot::batch_key(collector, hour, first_seq), 0);
        if self.batches.get(first_chunk.as_slice())?.is_none() {
            return Ok(Lookup::Elsewhere);
        }
        let batch = batch(&self.batches, (collector, hour, first_seq))?;
        Ok(Lookup::Found(Content::Documents(self.documents(collector, &batch)?)))
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
                crate::storage::redb_file::damaged(
                    "document",
                    &hot::batch_key(collector, Timestamp::from_millis(0), seq),
                )
            })?);
        }
        Ok(documents)
    }
}
