//! Reading documents back as they were pushed, in the order of time and, within a time, of their sequence.

use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::{Batch, Found, Head};
use super::bytes::Reader;
use super::document::AGENT;
use super::hot::{self, Hour, Place};
use super::hours::{Hours, Table, batch, each_batch};
use super::layouts::Layouts;
use super::query::QueryError;
use super::text;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// Which documents are asked for. The range includes both ends.
#[derive(Debug)]
pub struct DocumentsQuery {
    pub collector: CollectorId,
    /// All types but the agent's own figures, when none is named.
    pub kind: Option<String>,
    pub from: Timestamp,
    pub to: Timestamp,
    /// At most [`limits::PAGE_DOCUMENTS`].
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadDocument {
    pub seq: u64,
    pub kind: String,
    pub timestamp: Timestamp,
    pub received_at: Timestamp,
    /// The JSON text: every member as it was pushed, without the space between them.
    pub text: String,
}

#[derive(Debug)]
pub struct DocumentsPage {
    pub documents: Vec<ReadDocument>,
    /// There are more behind it.
    pub next: Option<Cursor>,
}

/// The place behind a document, as a text that means nothing to its reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

/// The text was not a cursor that the store gave out.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor that a page ended with")]
pub struct NotACursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { timestamp, seq } = self.0;
        write!(f, "{}{seq:016x}", hex::encode(hot::ordered(timestamp)))
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotACursor)?;
        Place::of(&bytes).map(Self).ok_or(NotACursor)
    }
}

impl DocumentsQuery {
    fn first_place(&self) -> Option<Place> {
        let from = Place { timestamp: self.from, seq: 0 };
        let Some(Cursor(after)) = self.after else { return Some(from) };
        Some(from.max(Place { seq: after.seq.checked_add(1)?, ..after }))
    }
}

impl Metrics {
    /// One page of documents.
    pub fn documents(&self, query: &DocumentsQuery) -> Result<DocumentsPage, QueryError> {
        let none = DocumentsPage { documents: Vec::new(), next: None };
        let last = Place { timestamp: query.to, seq: u64::MAX };
        let Some(first) = query.first_place().filter(|first| *first <= last) else { return Ok(none) };
        self.hot.file.read(|tx| {
            let mut page = Page::new(tx, query, first, last)?;
            let mut hours = Hours::new(tx, query.collector, first.timestamp, last.timestamp)?;
            while let Some((hour, counts)) = hours.next()? {
                if page.add(hour, counts)? {
                    break;
                }
            }
            Ok(page.answer)
        })
    }
}

/// A page while it is read.
struct Page<'q> {
    query: &'q DocumentsQuery,
    first: Place,
    last: Place,
    batches: Table,
    layouts: Layouts,
    answer: DocumentsPage,
    bytes: usize,
}

/// Where a document stands: in which batch of its hour, and at which place of it.
type Stand = (Place, u64, usize);

impl<'q> Page<'q> {
    fn new(
        tx: &ReadTransaction,
        query: &'q DocumentsQuery,
        first: Place,
        last: Place,
    ) -> Result<Self, RedbError> {
        let answer = DocumentsPage { documents: Vec::new(), next: None };
        let (batches, layouts) = (tx.open_table(hot::BATCHES)?, Layouts::new(tx, query.collector)?);
        Ok(Self { query, first, last, batches, layouts, answer, bytes: 0 })
    }

    /// Adds the documents of an hour, and says whether the page is full.
    fn add(&mut self, hour: Timestamp, counts: Hour) -> Result<bool, QueryError> {
        let limit = self.query.limit.clamp(1, limits::PAGE_DOCUMENTS.1);
        let mut open: Option<(u64, Batch)> = None;
        for (place, seq, index) in self.stands(hour, counts, limit + 1 - self.answer.documents.len())? {
            if self.answer.documents.len() == limit || self.bytes > limits::PAGE_BYTES {
                let last = self.answer.documents.last();
                self.answer.next =
                    last.map(|last| Cursor(Place { timestamp: last.timestamp, seq: last.seq }));
                return Ok(true);
            }
            let (_, batch) = match open.take().filter(|(open, _)| *open == seq) {
                Some(same) => open.insert(same),
                None => open.insert((seq, batch(&self.batches, (self.query.collector, hour, seq))?)),
            };
            let document = read(batch, index, &mut self.layouts)?;
            let document = document
                .ok_or_else(|| damaged("document", &hot::batch_key(self.query.collector, hour, place.seq)))?;
            self.bytes += document.text.len();
            self.answer.documents.push(document);
        }
        Ok(false)
    }

    /// The first documents of an hour that are asked for, at most so many, in order.
    fn stands(&self, hour: Timestamp, counts: Hour, most: usize) -> Result<Vec<Stand>, QueryError> {
        let mut stands = BinaryHeap::<Stand>::new();
        let in_range = |head: &Head| head.first <= self.last.timestamp && head.last >= self.first.timestamp;
        let hour = (self.query.collector, hour, counts);
        each_batch(&self.batches, hour, in_range, |seq, batch| {
            for (index, document) in batch.documents.iter().enumerate() {
                let Found { kind, timestamp, seq: own, .. } = document;
                let place = Place { timestamp: *timestamp, seq: *own };
                let is_wanted = match &self.query.kind {
                    Some(kind) => batch.kinds[document.kind] == *kind,
                    None => batch.kinds[*kind] != AGENT,
                };
                if !is_wanted || !(self.first..=self.last).contains(&place) {
                    continue;
                }
                if stands.len() < most {
                    stands.push((place, seq, index));
                } else if stands.peek().is_some_and(|(behind, ..)| place < *behind) {
                    stands.pop();
                    stands.push((place, seq, index));
                }
            }
            Ok::<_, QueryError>(())
        })?;
        Ok(stands.into_sorted_vec())
    }
}

/// A document of a batch. `None` means that its values are none of its shape.
pub(super) fn read(
    batch: &Batch,
    index: usize,
    layouts: &mut Layouts,
) -> Result<Option<ReadDocument>, RedbError> {
    let found = &batch.documents[index];
    let shape = layouts.shape(&found.shape)?;
    let mut values = Reader(batch.values(found));
    let text = text::write(
        &shape,
        found.timestamp,
        |piece| layouts.piece(piece),
        |_, _, out| text::write_next(&mut values, out),
    )?;
    let text = text.filter(|_| values.is_empty());
    Ok(text.map(|text| ReadDocument {
        seq: found.seq,
        kind: batch.kinds[found.kind].clone(),
        timestamp: found.timestamp,
        received_at: batch.received_at,
        text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let cursor = Cursor(Place { timestamp: Timestamp::from_millis(-5), seq: 77 });
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "zz", &cursor.to_string()[1..]] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor));
        }
    }
}
