//! Walking over the documents of one type in the order of time, hour by hour.
//!
//! It guarantees: every hour that it enters has as many documents as were counted into it, and between the hours
//! there are none. So a row that the engine lost is damage, and not a shorter answer.

use redb::{AccessGuard, Range, ReadOnlyTable, ReadTransaction};

use super::hot::{self, Place};
use super::index;
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
    hours: RowRange,
    /// The rest of the present hour.
    rows: Option<RowRange>,
    /// Up to here everything was counted.
    counted: Place,
}

impl Walk {
    /// Walks from one place to another, both included.
    pub(super) fn new(
        tx: &ReadTransaction,
        of_kind: Vec<u8>,
        first: Place,
        last: Place,
    ) -> Result<Self, RedbError> {
        let start = hot::hour_of(first.timestamp);
        let keys = hot::hour_key(&of_kind, start)..=hot::hour_key(&of_kind, hot::hour_of(last.timestamp));
        let hours = tx.open_table(hot::HOURS)?.range(keys.start().as_slice()..=keys.end().as_slice())?;
        let documents = tx.open_table(hot::DOCUMENTS)?;
        let counted = Place { timestamp: start, seq: 0 };
        Ok(Self { documents, of_kind, first, last, hours, rows: None, counted })
    }

    pub(super) fn next(&mut self) -> Result<Option<(Place, Row)>, RedbError> {
        loop {
            if let Some(row) = self.rows.as_mut().and_then(Iterator::next) {
                let row = row?;
                let place = Place::of(row.0.value()).ok_or_else(|| damaged("document", row.0.value()))?;
                return Ok(Some((place, row)));
            }
            if !self.enter_hour()? {
                return Ok(None);
            }
        }
    }

    /// Counts the documents of the next hour and begins with them. After the last hour, says no.
    fn enter_hour(&mut self) -> Result<bool, RedbError> {
        let Some(row) = self.hours.next() else {
            let end = hot::behind_hour(hot::hour_of(self.last.timestamp));
            self.expect(self.counted, end, 0)?;
            self.counted = end;
            return Ok(false);
        };
        let (key, sealed) = row?;
        let hour = index::hour_in(key.value())?;
        let count = index::open_count(key.value(), sealed.value())?;
        let (begin, end) = (Place { timestamp: hour, seq: 0 }, hot::behind_hour(hour));
        self.expect(self.counted, begin, 0)?;
        self.expect(begin, end, count)?;
        self.counted = end;
        let first = hot::document_key(&self.of_kind, self.first.max(begin));
        let last = hot::document_key(&self.of_kind, self.last.min(end));
        let is_empty = first > last;
        self.rows =
            if is_empty { None } else { Some(self.documents.range(first.as_slice()..=last.as_slice())?) };
        Ok(true)
    }

    /// Checks that so many documents lie from one place up to another.
    fn expect(&self, from: Place, to: Place, count: u64) -> Result<(), RedbError> {
        if from >= to {
            return Ok(());
        }
        let keys = hot::document_key(&self.of_kind, from)..hot::document_key(&self.of_kind, to);
        let rows = self.documents.range(keys.start.as_slice()..keys.end.as_slice())?;
        let mut found = 0;
        for row in rows {
            row?;
            found += 1;
        }
        if found == count { Ok(()) } else { Err(damaged("hour of documents", &keys.start)) }
    }
}
