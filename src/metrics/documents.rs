//! Reading documents back as they were pushed, in the order of time and, within a time, of their sequence.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use redb::ReadTransaction;

use super::document::AGENT;
use super::hot::{self, Place, StoredDocument};
use super::query::QueryError;
use super::walk::{Row, Walk};
use super::{Metrics, kinds};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;

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
    /// The JSON text, as it was pushed.
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
            let kinds = match &query.kind {
                Some(kind) => vec![kind.clone()],
                None => kinds(tx, query.collector)?.into_iter().filter(|kind| kind != AGENT).collect(),
            };
            if kinds.len() > limits::QUERY_TYPES {
                return Err(QueryError::TooManyTypes);
            }
            read_page(Merged::new(tx, query.collector, kinds, first, last)?, query.limit)
        })
    }
}

fn read_page(mut rows: Merged, limit: usize) -> Result<DocumentsPage, QueryError> {
    let limit = limit.clamp(1, limits::PAGE_DOCUMENTS.1);
    let mut documents: Vec<ReadDocument> = Vec::new();
    let mut bytes = 0;
    while let Some((place, kind, row)) = rows.next()? {
        if documents.len() == limit || bytes > limits::PAGE_BYTES {
            let last = documents.last().map(|last| Place { timestamp: last.timestamp, seq: last.seq });
            return Ok(DocumentsPage { documents, next: last.map(Cursor) });
        }
        let stored = StoredDocument::open(row.0.value(), row.1.value())?;
        let text = stored.text(row.0.value())?;
        bytes += text.len();
        let Place { timestamp, seq } = place;
        documents.push(ReadDocument { seq, kind, timestamp, received_at: stored.received_at, text });
    }
    Ok(DocumentsPage { documents, next: None })
}

/// The documents of several types in one order.
struct Merged {
    types: Vec<(String, Walk)>,
    heads: BinaryHeap<Reverse<(Place, usize)>>,
    /// For each type its row at the head.
    rows: Vec<Option<Row>>,
}

impl Merged {
    fn new(
        tx: &ReadTransaction,
        collector: CollectorId,
        kinds: Vec<String>,
        first: Place,
        last: Place,
    ) -> Result<Self, QueryError> {
        let mut merged = Self { types: Vec::new(), heads: BinaryHeap::new(), rows: Vec::new() };
        for kind in kinds {
            let walk = Walk::new(tx, hot::of_kind(collector, &kind), first, last)?;
            merged.types.push((kind, walk));
            merged.rows.push(None);
            merged.advance(merged.types.len() - 1)?;
        }
        Ok(merged)
    }

    fn next(&mut self) -> Result<Option<(Place, String, Row)>, RedbError> {
        let Some(Reverse((place, at))) = self.heads.pop() else { return Ok(None) };
        let row = self.rows[at].take();
        self.advance(at)?;
        Ok(row.map(|row| (place, self.types[at].0.clone(), row)))
    }

    fn advance(&mut self, at: usize) -> Result<(), RedbError> {
        if let Some((place, row)) = self.types[at].1.next()? {
            self.heads.push(Reverse((place, at)));
            self.rows[at] = Some(row);
        }
        Ok(())
    }
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
