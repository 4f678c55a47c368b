//! Walking over the documents of one type in the order of time, hour by hour.
//!
//! It guarantees: every hour that it enters has as many documents as were counted into it, and between the hours
//! there are none. So a row that the engine lost is damage, and not a shorter answer.

use redb::{AccessGuard, Range, ReadOnlyTable, ReadTransaction};

use super::hot::{self, Place};
use super::index::{Hour, Hours};
use crate::clock::Timestamp;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

pub(super) type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;
pub(super) type Row = (AccessGuard<'static, &'static [u8]>, AccessGuard<'static, &'static [u8]>);
type RowRange = Range<'static, &'static [u8], &'static [u8]>;

pub(super) struct Walk {
    documents: Rows,
    of_kind: Vec<u8>,
    first: Place,
    last: Place,
    /// The hours that are still to be entered.
    hours: CheckedHours,
    /// The rest of the present hour.
    rows: Option<RowRange>,
}

impl Walk {
    /// Walks from one place to another, both included.
    pub(super) fn new(
        tx: &ReadTransaction,
        of_kind: Vec<u8>,
        first: Place,
        last: Place,
    ) -> Result<Self, RedbError> {
        let documents = tx.open_table(hot::DOCUMENTS)?;
        let hours = CheckedHours::new(tx, &of_kind, first.timestamp, last.timestamp)?;
        Ok(Self { documents, of_kind, first, last, hours, rows: None })
    }

    pub(super) fn next(&mut self) -> Result<Option<(Place, Row)>, RedbError> {
        loop {
            if let Some(row) = self.rows.as_mut().and_then(Iterator::next) {
                let row = row?;
                let place = Place::of(row.0.value()).ok_or_else(|| damaged("document", row.0.value()))?;
                return Ok(Some((place, row)));
            }
            let Some(hour) = self.hours.next()? else { return Ok(None) };
            self.enter(&hour)?;
        }
    }

    /// Counts the documents of an hour and begins with them.
    fn enter(&mut self, hour: &Hour) -> Result<(), RedbError> {
        let (begin, end) = (Place { timestamp: hour.begin, seq: 0 }, hot::behind_hour(hour.begin));
        let keys = hot::document_key(&self.of_kind, begin)..hot::document_key(&self.of_kind, end);
        if count(&self.documents, &keys)? != hour.documents {
            return Err(damaged("hour of documents", &keys.start));
        }
        let first = hot::document_key(&self.of_kind, self.first.max(begin));
        let last = hot::document_key(&self.of_kind, self.last.min(end));
        let is_empty = first > last;
        self.rows =
            if is_empty { None } else { Some(self.documents.range(first.as_slice()..=last.as_slice())?) };
        Ok(())
    }
}

/// The hours of one type, between which there are no documents.
pub(super) struct CheckedHours {
    documents: Rows,
    of_kind: Vec<u8>,
    hours: Hours,
    /// Up to here every document lies in an hour that was given out.
    known: Place,
    /// Behind the last hour of the range.
    end: Place,
}

impl CheckedHours {
    /// The hours in which `from` and `to` lie, and those between them.
    pub(super) fn new(
        tx: &ReadTransaction,
        of_kind: &[u8],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, RedbError> {
        Ok(Self {
            documents: tx.open_table(hot::DOCUMENTS)?,
            of_kind: of_kind.to_vec(),
            hours: Hours::new(tx, of_kind, from, to)?,
            known: Place { timestamp: hot::hour_of(from), seq: 0 },
            end: hot::behind_hour(hot::hour_of(to)),
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<Hour>, RedbError> {
        let hour = self.hours.next()?;
        let begin = hour.as_ref().map_or(self.end, |hour| Place { timestamp: hour.begin, seq: 0 });
        let keys = hot::document_key(&self.of_kind, self.known)..hot::document_key(&self.of_kind, begin);
        let is_gap = self.known < begin;
        if is_gap && self.documents.range(keys.start.as_slice()..keys.end.as_slice())?.next().is_some() {
            return Err(damaged("hour of documents", &keys.start));
        }
        self.known = hour.as_ref().map_or(self.end, |hour| hot::behind_hour(hour.begin));
        Ok(hour)
    }
}

fn count(rows: &Rows, keys: &std::ops::Range<Vec<u8>>) -> Result<u64, RedbError> {
    let mut count = 0;
    for row in rows.range(keys.start.as_slice()..keys.end.as_slice())? {
        row?;
        count += 1;
    }
    Ok(count)
}
