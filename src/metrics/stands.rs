//! Where the documents of a range stand, in the order of time: in segments, in the images of hours, in batches.
//!
//! It guarantees: a document is told once, also when two of them have it; nothing is opened before its turn, and no
//! more of it is kept than one page needs.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use redb::ReadTransaction;

use super::Metrics;
use super::batch::Batch;
use super::document::AGENT;
use super::documents::DocumentsQuery;
use super::hot::{self, Hour, Place};
use super::hours::{Hours, Table, batch, each_batch, hour_image, no_image};
use super::image::Texts;
use super::query::QueryError;
use crate::archive::Opened;
use crate::clock::Timestamp;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Image, ImageError, Source};

/// Where a document stands in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stand {
    /// In the batch with this sequence number, at that place of it.
    Batch { seq: u64, index: usize },
    /// In a segment or an image: type and row.
    Row { kind: usize, row: usize },
}

/// What has documents in order.
#[derive(Clone, Copy, Debug)]
enum Holder {
    /// The documents of one type of a segment.
    Segment {
        segment: usize,
        kind: usize,
    },
    Hour(Timestamp, Hour),
}

/// The first documents of a holder, the next one at the end.
struct List {
    holder: Holder,
    /// Absent before its turn.
    stands: Option<Vec<(Place, Stand)>>,
}

pub(super) struct Stands<'q> {
    metrics: &'q Metrics,
    query: &'q DocumentsQuery,
    first: Place,
    last: Place,
    /// How many are needed of one list.
    most: usize,
    sealed: Vec<Opened>,
    hours: Hours,
    batches: Table,
    images: Table,
    lists: Vec<List>,
    /// The lists, by the place of their next document; before its turn, by one that is not behind it.
    next: BinaryHeap<Reverse<(Place, usize)>>,
    told: Option<Place>,
}

impl<'q> Stands<'q> {
    pub(super) fn new(
        metrics: &'q Metrics,
        tx: &ReadTransaction,
        query: &'q DocumentsQuery,
        (first, last): (Place, Place),
        most: usize,
    ) -> Result<Self, QueryError> {
        let (from, to) = (first.timestamp, last.timestamp);
        let mut stands = Self {
            metrics,
            query,
            first,
            last,
            most,
            hours: Hours::new(tx, query.collector, from, to)?,
            batches: tx.open_table(hot::BATCHES)?,
            images: tx.open_table(hot::IMAGES)?,
            sealed: metrics.sealed((query.collector, from, to), |kind| wants(query, kind))?,
            lists: Vec::new(),
            next: BinaryHeap::new(),
            told: None,
        };
        for segment in 0..stands.sealed.len() {
            let image = Arc::clone(&stands.sealed[segment].image);
            for (kind, index) in image.kinds().iter().enumerate() {
                if wants(query, &index.kind) && stands.touches(index.first, index.last) {
                    stands.add(Holder::Segment { segment, kind }, index.first);
                }
            }
        }
        stands.add_hour()?;
        Ok(stands)
    }

    fn touches(&self, first: Timestamp, last: Timestamp) -> bool {
        first <= self.last.timestamp && last >= self.first.timestamp
    }

    fn add(&mut self, holder: Holder, begin: Timestamp) {
        self.next.push(Reverse((Place { timestamp: begin, seq: 0 }, self.lists.len())));
        self.lists.push(List { holder, stands: None });
    }

    fn add_hour(&mut self) -> Result<(), QueryError> {
        if let Some((hour, counts)) = self.hours.next()? {
            self.add(Holder::Hour(hour, counts), hour);
        }
        Ok(())
    }

    /// The next document: its list and where it stands there.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Stand)>, QueryError> {
        while let Some(Reverse((place, at))) = self.next.pop() {
            let holder = self.lists[at].holder;
            let Some(stands) = &mut self.lists[at].stands else {
                let mut found = self.open(holder)?;
                found.reverse();
                self.lists[at].stands = Some(found);
                self.queue(at);
                if matches!(holder, Holder::Hour(..)) {
                    self.add_hour()?;
                }
                continue;
            };
            let stand = stands.pop();
            self.queue(at);
            if let Some((_, stand)) = stand.filter(|_| self.told != Some(place)) {
                self.told = Some(place);
                return Ok(Some((at, stand)));
            }
        }
        Ok(None)
    }

    fn queue(&mut self, at: usize) {
        if let Some((place, _)) = self.lists[at].stands.as_ref().and_then(|stands| stands.last()) {
            self.next.push(Reverse((*place, at)));
        }
    }

    /// The first documents of a holder that are asked for, as many as are needed, in order.
    fn open(&self, holder: Holder) -> Result<Vec<(Place, Stand)>, QueryError> {
        let mut found = Firsts { most: self.most, range: (self.first, self.last), stands: BinaryHeap::new() };
        match holder {
            Holder::Segment { segment, kind } => {
                let sealed = &self.sealed[segment];
                let added = add_rows(&sealed.image, kind, &mut found);
                added.map_err(|error| self.metrics.refused(sealed, error))?;
            }
            Holder::Hour(hour, counts) => self.add_hour_of((hour, counts), &mut found)?,
        }
        Ok(found.stands.into_sorted_vec())
    }

    fn add_hour_of(&self, (hour, counts): (Timestamp, Hour), found: &mut Firsts) -> Result<(), QueryError> {
        let of_hour = (self.query.collector, hour, counts);
        if let Some(image) = hour_image(&self.images, of_hour)? {
            for (at, kind) in image.kinds().iter().enumerate() {
                if wants(self.query, &kind.kind) && self.touches(kind.first, kind.last) {
                    let added = add_rows(&image, at, found);
                    added.map_err(|error| no_image(self.query.collector, hour, &error))?;
                }
            }
        }
        each_batch(
            &self.batches,
            of_hour,
            |head| self.touches(head.first, head.last),
            |seq, batch| {
                for (index, document) in batch.documents.iter().enumerate() {
                    if wants(self.query, &batch.kinds[document.kind]) {
                        let place = Place { timestamp: document.timestamp, seq: document.seq };
                        found.add(place, Stand::Batch { seq, index });
                    }
                }
                Ok(())
            },
        )
    }

    /// The documents of one type of the image or the segment that a list is of.
    pub(super) fn texts(&self, list: usize, kind: usize) -> Result<Texts, QueryError> {
        match self.lists[list].holder {
            Holder::Segment { segment, .. } => Texts::open(&*self.sealed[segment].image, kind),
            Holder::Hour(hour, counts) => {
                let image = hour_image(&self.images, (self.query.collector, hour, counts))?;
                image.map_or(Err(ImageError::Damaged("there is none")), |image| Texts::open(&image, kind))
            }
        }
        .map_err(|error| self.unreadable(list, error))
    }

    /// What could not be read of the image or the segment that a list is of.
    pub(super) fn unreadable(&self, list: usize, error: ImageError) -> QueryError {
        match self.lists[list].holder {
            Holder::Segment { segment, .. } => self.metrics.refused(&self.sealed[segment], error),
            Holder::Hour(hour, _) => no_image(self.query.collector, hour, &error).into(),
        }
    }

    /// A batch of the hour that a list is of.
    pub(super) fn batch(&self, list: usize, seq: u64) -> Result<Batch, RedbError> {
        match self.lists[list].holder {
            Holder::Hour(hour, _) => batch(&self.batches, (self.query.collector, hour, seq)),
            Holder::Segment { .. } => Err(damaged("batch", &seq.to_be_bytes())),
        }
    }
}

fn wants(query: &DocumentsQuery, kind: &str) -> bool {
    query.kind.as_ref().map_or(kind != AGENT, |wanted| wanted == kind)
}

fn add_rows<S: Source>(image: &Image<S>, kind: usize, found: &mut Firsts) -> Result<(), ImageError> {
    for (row, at) in image.rows(kind)?.iter().enumerate() {
        found.add(Place { timestamp: at.timestamp, seq: at.seq }, Stand::Row { kind, row });
    }
    Ok(())
}

/// The first of many documents that lie in a range.
struct Firsts {
    most: usize,
    range: (Place, Place),
    stands: BinaryHeap<(Place, Stand)>,
}

impl Firsts {
    fn add(&mut self, place: Place, stand: Stand) {
        if !(self.range.0..=self.range.1).contains(&place) {
            return;
        }
        if self.stands.len() < self.most {
            self.stands.push((place, stand));
        } else if self.stands.peek().is_some_and(|(behind, _)| place < *behind) {
            self.stands.pop();
            self.stands.push((place, stand));
        }
    }
}
