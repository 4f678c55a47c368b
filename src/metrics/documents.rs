//! Reading documents back as they were pushed, in the order of time and, within a time, of their sequence.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;
use std::str::FromStr;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::Batch;
use super::document::AGENT;
use super::hot::{self, Hour, Place};
use super::hours::{Chunks, Hours, Table, batch, each_batch, hour_image, no_image};
use super::image::Texts;
use super::layouts::Layouts;
use super::query::QueryError;
use super::text;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Image, ImageError, Source};

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
    images: Table,
    layouts: Layouts,
    answer: DocumentsPage,
    bytes: usize,
}

/// Where a document stands in its hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stand {
    /// In the batch with this sequence number, at that place of it.
    Batch(u64, usize),
    /// In the image: type and row.
    Image(usize, usize),
}

impl<'q> Page<'q> {
    fn new(
        tx: &ReadTransaction,
        query: &'q DocumentsQuery,
        first: Place,
        last: Place,
    ) -> Result<Self, RedbError> {
        let answer = DocumentsPage { documents: Vec::new(), next: None };
        let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
        let layouts = Layouts::new(tx, query.collector)?;
        Ok(Self { query, first, last, batches, images, layouts, answer, bytes: 0 })
    }

    /// Adds the documents of an hour, and says whether the page is full.
    fn add(&mut self, hour: Timestamp, counts: Hour) -> Result<bool, QueryError> {
        let limit = self.query.limit.clamp(1, limits::PAGE_DOCUMENTS.1);
        let found = (self.query.collector, hour, counts);
        let image = hour_image(&self.images, found)?;
        let stands = self.stands(found, image.as_ref(), limit + 1 - self.answer.documents.len())?;
        let mut reading = Reading { found, batches: &self.batches, open: None, image, texts: HashMap::new() };
        for (_, stand) in stands {
            if self.answer.documents.len() == limit || self.bytes > limits::PAGE_BYTES {
                let last = self.answer.documents.last();
                self.answer.next =
                    last.map(|last| Cursor(Place { timestamp: last.timestamp, seq: last.seq }));
                return Ok(true);
            }
            let document = reading.document(stand, &mut self.layouts)?;
            self.bytes += document.text.len();
            self.answer.documents.push(document);
        }
        Ok(false)
    }

    /// The first documents of an hour that are asked for, at most so many, in order.
    fn stands<S: Source>(
        &self,
        found: (CollectorId, Timestamp, Hour),
        image: Option<&Image<S>>,
        most: usize,
    ) -> Result<Vec<(Place, Stand)>, QueryError> {
        let mut stands = BinaryHeap::<(Place, Stand)>::new();
        let mut add = |timestamp, seq, stand| {
            let place = Place { timestamp, seq };
            if !(self.first..=self.last).contains(&place) {
                return;
            }
            if stands.len() < most {
                stands.push((place, stand));
            } else if stands.peek().is_some_and(|(behind, _)| place < *behind) {
                stands.pop();
                stands.push((place, stand));
            }
        };
        for (at, kind) in image.iter().flat_map(|image| image.kinds()).enumerate() {
            if !self.wants(&kind.kind) || !self.touches(kind.first, kind.last) {
                continue;
            }
            let rows = image.map(|image| image.rows(at)).transpose();
            let rows = rows.map_err(|error| no_image(found.0, found.1, &error))?;
            for (row, found) in rows.iter().flatten().enumerate() {
                add(found.timestamp, found.seq, Stand::Image(at, row));
            }
        }
        each_batch(
            &self.batches,
            found,
            |head| self.touches(head.first, head.last),
            |seq, batch| {
                for (index, document) in batch.documents.iter().enumerate() {
                    if self.wants(&batch.kinds[document.kind]) {
                        add(document.timestamp, document.seq, Stand::Batch(seq, index));
                    }
                }
                Ok::<_, QueryError>(())
            },
        )?;
        Ok(stands.into_sorted_vec())
    }

    fn wants(&self, kind: &str) -> bool {
        self.query.kind.as_ref().map_or(kind != AGENT, |wanted| wanted == kind)
    }

    fn touches(&self, first: Timestamp, last: Timestamp) -> bool {
        first <= self.last.timestamp && last >= self.first.timestamp
    }
}

/// An hour whose documents are read in order.
struct Reading<'t> {
    found: (CollectorId, Timestamp, Hour),
    batches: &'t Table,
    /// The batch that was read last.
    open: Option<(u64, Batch)>,
    image: Option<Image<Chunks<'t, Table>>>,
    texts: HashMap<usize, Texts>,
}

impl Reading<'_> {
    fn document(&mut self, stand: Stand, layouts: &mut Layouts) -> Result<ReadDocument, RedbError> {
        let (collector, hour, _) = self.found;
        let (seq, index) = match stand {
            Stand::Image(kind, row) => {
                let read = self.read_image(kind, row);
                return read.map_err(|error| no_image(collector, hour, &error));
            }
            Stand::Batch(seq, index) => (seq, index),
        };
        let (_, batch) = match self.open.take().filter(|(open, _)| *open == seq) {
            Some(same) => self.open.insert(same),
            None => self.open.insert((seq, batch(self.batches, (collector, hour, seq))?)),
        };
        let document = read(batch, index, layouts)?;
        document.ok_or_else(|| damaged("document", &hot::batch_key(collector, hour, seq)))
    }

    fn read_image(&mut self, kind: usize, row: usize) -> Result<ReadDocument, ImageError> {
        let Some(image) = &self.image else { return Err(ImageError::Damaged("there is none")) };
        let texts = match self.texts.entry(kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(Texts::open(image, kind)?),
        };
        texts.read(row)
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
