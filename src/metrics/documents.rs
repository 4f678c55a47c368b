//! Reading documents back as they were pushed, in the order of time and, within a time, of their sequence.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::str::FromStr;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::Batch;
use super::hot::{self, Place};
use super::image::Texts;
use super::layouts::Layouts;
use super::query::QueryError;
use super::sealed::past_damage;
use super::stands::{Stand, Stands};
use super::text;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
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
pub struct Cursor(pub(super) Place);

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
        past_damage(|| self.hot.file.read(|tx| self.page(tx, query, (first, last))))
    }

    fn page(
        &self,
        tx: &ReadTransaction,
        query: &DocumentsQuery,
        range: (Place, Place),
    ) -> Result<DocumentsPage, QueryError> {
        let limit = query.limit.clamp(1, limits::PAGE_DOCUMENTS.1);
        let mut stands = Stands::new(self, tx, query, range, limit + 1)?;
        let layouts = Layouts::new(tx, query.collector)?;
        let mut reading = Reading { layouts, batch: None, texts: HashMap::new() };
        let (mut documents, mut bytes) = (Vec::<ReadDocument>::new(), 0);
        while let Some((list, stand)) = stands.next()? {
            if documents.len() == limit || bytes > limits::PAGE_BYTES {
                let last = documents.last().map(|last| Place { timestamp: last.timestamp, seq: last.seq });
                return Ok(DocumentsPage { next: last.map(Cursor), documents });
            }
            let document = match stand {
                Stand::Row { kind, row } => reading.row(&stands, (list, kind), row)?,
                Stand::Batch { seq, index } => reading.in_batch(&stands, (list, seq), index)?,
            };
            bytes += document.text.len();
            documents.push(document);
        }
        Ok(DocumentsPage { documents, next: None })
    }
}

/// Documents that are read in order.
struct Reading {
    layouts: Layouts,
    /// The batch that was read last, with the sequence number in its key.
    batch: Option<(u64, Batch)>,
    /// The documents of the types of images and segments, by their lists and the places of the types.
    texts: HashMap<(usize, usize), Texts>,
}

impl Reading {
    fn row(
        &mut self,
        stands: &Stands<'_>,
        (list, kind): (usize, usize),
        row: usize,
    ) -> Result<ReadDocument, QueryError> {
        let texts = match self.texts.entry((list, kind)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(stands.texts(list, kind)?),
        };
        texts.read(row).map_err(|error| stands.unreadable(list, error))
    }

    fn in_batch(
        &mut self,
        stands: &Stands<'_>,
        (list, seq): (usize, u64),
        index: usize,
    ) -> Result<ReadDocument, QueryError> {
        let (_, batch) = match self.batch.take().filter(|(open, _)| *open == seq) {
            Some(same) => self.batch.insert(same),
            None => self.batch.insert((seq, stands.batch(list, seq)?)),
        };
        let document = read(batch, index, &mut self.layouts)?;
        Ok(document.ok_or_else(|| damaged("document", &seq.to_be_bytes()))?)
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
