//! What a collector has, in numbers: its types, the shapes and spans of each type, the documents of each hour.
//!
//! The engine does not notice when a damaged page hides rows. Therefore every row that can be listed is counted
//! in another table, in the same transaction, and readers compare.

use std::iter::Peekable;

use redb::{AccessGuard, Range, ReadTransaction, ReadableTable, WriteTransaction};

use super::hot::{self, Rows, Span};
use super::shape::ShapeHash;
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

/// The open tables of one transaction.
pub(super) struct Index<'tx> {
    kinds: Rows<'tx>,
    spans: Rows<'tx>,
    hours: Rows<'tx>,
}

impl<'tx> Index<'tx> {
    pub(super) fn open(tx: &'tx WriteTransaction) -> Result<Self, RedbError> {
        let (kinds, spans) = (tx.open_table(hot::KINDS)?, tx.open_table(hot::SPANS)?);
        Ok(Self { kinds, spans, hours: tx.open_table(hot::HOURS)? })
    }

    /// Counts new documents of an hour.
    pub(super) fn add_documents(
        &mut self,
        of_kind: &[u8],
        hour: Timestamp,
        shape: ShapeHash,
        count: u64,
    ) -> Result<(), RedbError> {
        let key = hot::hour_shape_key(of_kind, hour, shape);
        let known = get_count(&self.hours, &key)?;
        let mut total = self.total(of_kind, hour)?;
        total.documents += count;
        total.shapes += u64::from(known == 0);
        put_count(&mut self.hours, &key, known + count)?;
        self.put_total(of_kind, hour, total)
    }

    /// Takes documents of an hour out of the count.
    pub(super) fn remove_documents(
        &mut self,
        of_kind: &[u8],
        hour: Timestamp,
        shape: ShapeHash,
        count: u64,
    ) -> Result<(), RedbError> {
        let key = hot::hour_shape_key(of_kind, hour, shape);
        let left = get_count(&self.hours, &key)?.checked_sub(count).ok_or_else(|| damaged("hour", &key))?;
        let mut total = self.total(of_kind, hour)?;
        total.documents = total.documents.checked_sub(count).ok_or_else(|| damaged("hour", &key))?;
        total.shapes -= u64::from(left == 0).min(total.shapes);
        put_count(&mut self.hours, &key, left)?;
        self.put_total(of_kind, hour, total)
    }

    fn total(&self, of_kind: &[u8], hour: Timestamp) -> Result<Total, RedbError> {
        let total = hot::get(&self.hours, &hot::hour_key(of_kind, hour), Total::open)?;
        Ok(total.unwrap_or(Total { documents: 0, shapes: 0 }))
    }

    fn put_total(&mut self, of_kind: &[u8], hour: Timestamp, total: Total) -> Result<(), RedbError> {
        let key = hot::hour_key(of_kind, hour);
        if total.documents == 0 {
            self.hours.remove(key.as_slice())?;
            return Ok(());
        }
        hot::put(&mut self.hours, &key, &[total.documents.to_le_bytes(), total.shapes.to_le_bytes()].concat())
    }

    /// The first hours of a type, before a moment.
    pub(super) fn hours_before(
        &self,
        of_kind: &[u8],
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<Timestamp>, RedbError> {
        let keys = of_kind.to_vec()..hot::hour_key(of_kind, before);
        let mut hours = Vec::new();
        for row in self.hours.range(keys.start.as_slice()..keys.end.as_slice())? {
            let (hour, _) = hour_and_shape(of_kind, row?.0.value())?;
            if hours.last() != Some(&hour) {
                if hours.len() == most {
                    break;
                }
                hours.push(hour);
            }
        }
        Ok(hours)
    }

    /// Says that there are documents of a shape in a span.
    pub(super) fn stretch(
        &mut self,
        collector: CollectorId,
        of_kind: &[u8],
        shape: ShapeHash,
        span: Span,
    ) -> Result<(), RedbError> {
        let key = hot::span_key(of_kind, shape);
        let known = hot::get(&self.spans, &key, Span::open)?;
        let stretched = known.map_or(span, |known| known.with(span));
        if known.is_none() {
            self.count_span(collector, of_kind)?;
        }
        if known != Some(stretched) {
            hot::put(&mut self.spans, &key, &stretched.bytes())?;
        }
        Ok(())
    }

    fn count_span(&mut self, collector: CollectorId, of_kind: &[u8]) -> Result<(), RedbError> {
        let spans = get_count(&self.kinds, of_kind)?;
        if spans == 0 {
            let collector = hot::of_collector(collector);
            let kinds = get_count(&self.kinds, &collector)?;
            put_count(&mut self.kinds, &collector, kinds + 1)?;
        }
        put_count(&mut self.kinds, of_kind, spans + 1)
    }

    /// Says that nothing of a type is older than `before`, and gives the shapes that it has no more.
    pub(super) fn shorten(
        &mut self,
        collector: CollectorId,
        of_kind: &[u8],
        before: Timestamp,
    ) -> Result<Vec<ShapeHash>, RedbError> {
        let mut gone = Vec::new();
        for (shape, span) in spans_of(&self.spans, &self.kinds, of_kind)? {
            let key = hot::span_key(of_kind, shape);
            if span.last < before {
                self.spans.remove(key.as_slice())?;
                gone.push(shape);
            } else if span.first < before {
                hot::put(&mut self.spans, &key, &Span { first: before, ..span }.bytes())?;
            }
        }
        self.discount_spans(collector, of_kind, gone.len() as u64)?;
        Ok(gone)
    }

    fn discount_spans(&mut self, collector: CollectorId, of_kind: &[u8], gone: u64) -> Result<(), RedbError> {
        let collector = hot::of_collector(collector);
        let spans = get_count(&self.kinds, of_kind)?;
        if gone > 0 && spans == gone {
            let kinds = get_count(&self.kinds, &collector)?;
            put_count(&mut self.kinds, &collector, kinds.saturating_sub(1))?;
        }
        put_count(&mut self.kinds, of_kind, spans.saturating_sub(gone))
    }
}

/// The collectors that have rows in a table.
pub(super) fn collectors_in(
    tx: &ReadTransaction,
    table: hot::Definition,
) -> Result<Vec<CollectorId>, RedbError> {
    let table = tx.open_table(table)?;
    let mut collectors = Vec::new();
    let mut next = Some(Vec::new());
    while let Some(first) = next {
        let Some(row) = table.range(first.as_slice()..)?.next() else { break };
        let (key, _) = row?;
        let collector = key.value().first_chunk::<16>().ok_or_else(|| damaged("key", key.value()))?;
        collectors.push(CollectorId::from(uuid::Uuid::from_bytes(*collector)));
        next = first_behind(collector);
    }
    Ok(collectors)
}

/// The first key behind all that begin with `prefix`.
pub(super) fn first_behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// The types of a collector's documents, in order.
pub(super) fn kinds(tx: &ReadTransaction, collector: CollectorId) -> Result<Vec<String>, RedbError> {
    let table = tx.open_table(hot::KINDS)?;
    let collector = hot::of_collector(collector);
    let expected = get_count(&table, &collector)?;
    let mut kinds = Vec::new();
    for row in table.range(collector.as_slice()..)? {
        let (key, _) = row?;
        let Some(rest) = key.value().strip_prefix(collector.as_slice()) else { break };
        // the row of the collector itself has no type
        let Some(kind) = rest.strip_suffix(&[0]) else { continue };
        let kind = std::str::from_utf8(kind).map_err(|_| damaged("type", key.value()))?;
        kinds.push(kind.to_owned());
    }
    if kinds.len() as u64 == expected { Ok(kinds) } else { Err(damaged("list of types", &collector)) }
}

/// The shapes of one type and their spans.
pub(super) fn spans_of(
    spans: &impl ReadableTable<&'static [u8], &'static [u8]>,
    kinds: &impl ReadableTable<&'static [u8], &'static [u8]>,
    of_kind: &[u8],
) -> Result<Vec<(ShapeHash, Span)>, RedbError> {
    let mut found = Vec::new();
    for row in spans.range(of_kind..)? {
        let (key, sealed) = row?;
        let Some(hash) = key.value().strip_prefix(of_kind) else { break };
        let hash = hash.try_into().map_err(|_| damaged("span", key.value()))?;
        found.push((hash, Span::open(key.value(), sealed.value())?));
    }
    let expected = get_count(kinds, of_kind)?;
    if found.len() as u64 == expected { Ok(found) } else { Err(damaged("list of shapes", of_kind)) }
}

/// What one hour of one type holds in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Total {
    documents: u64,
    shapes: u64,
}

impl Total {
    fn open(key: &[u8], sealed: &[u8]) -> Result<Self, RedbError> {
        hot::words("hour", key, sealed).map(|[documents, shapes]| Self { documents, shapes })
    }
}

/// An hour with documents of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hour {
    pub(super) begin: Timestamp,
    pub(super) documents: u64,
    /// How many of them have which shape.
    pub(super) shapes: Vec<(ShapeHash, u64)>,
}

/// The hours of one type in a range, each with its shapes, checked against its total.
pub(super) struct Hours {
    of_kind: Vec<u8>,
    rows: Peekable<Range<'static, &'static [u8], &'static [u8]>>,
}

impl Hours {
    /// The hours in which `from` and `to` lie, and those between them.
    pub(super) fn new(
        tx: &ReadTransaction,
        of_kind: &[u8],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, RedbError> {
        let first = hot::hour_key(of_kind, hot::hour_of(from));
        let last = hot::hour_shape_key(of_kind, hot::hour_of(to), [u8::MAX; 16]);
        let rows = tx.open_table(hot::HOURS)?.range(first.as_slice()..=last.as_slice())?;
        Ok(Self { of_kind: of_kind.to_vec(), rows: rows.peekable() })
    }

    pub(super) fn next(&mut self) -> Result<Option<Hour>, RedbError> {
        let Some(row) = self.rows.next() else { return Ok(None) };
        let (key, sealed) = row?;
        let (begin, None) = hour_and_shape(&self.of_kind, key.value())? else {
            return Err(damaged("hour", key.value()));
        };
        let total = Total::open(key.value(), sealed.value())?;
        let mut hour = Hour { begin, documents: 0, shapes: Vec::new() };
        while let Some((shape, count)) = self.next_shape(begin)? {
            hour.documents += count;
            hour.shapes.push((shape, count));
        }
        let is_whole = hour.documents == total.documents && hour.shapes.len() as u64 == total.shapes;
        if is_whole { Ok(Some(hour)) } else { Err(damaged("hour", key.value())) }
    }

    fn next_shape(&mut self, hour: Timestamp) -> Result<Option<(ShapeHash, u64)>, RedbError> {
        let is_of_hour = |row: &Result<(AccessGuard<'_, &[u8]>, _), _>| {
            row.as_ref().is_ok_and(|(key, _)| {
                hour_and_shape(&self.of_kind, key.value())
                    .is_ok_and(|(begin, shape)| begin == hour && shape.is_some())
            })
        };
        let Some(row) = self.rows.next_if(is_of_hour) else { return Ok(None) };
        let (key, sealed) = row?;
        let (_, shape) = hour_and_shape(&self.of_kind, key.value())?;
        Ok(shape.zip(Some(open_count(key.value(), sealed.value())?)))
    }
}

/// What a key of `HOURS` says behind the type.
fn hour_and_shape(of_kind: &[u8], key: &[u8]) -> Result<(Timestamp, Option<ShapeHash>), RedbError> {
    let rest = key.strip_prefix(of_kind).and_then(|rest| rest.split_first_chunk::<8>());
    let (hour, shape) = rest.ok_or_else(|| damaged("hour", key))?;
    let shape =
        if shape.is_empty() { None } else { Some(shape.try_into().map_err(|_| damaged("hour", key))?) };
    Ok((hot::from_ordered(*hour), shape))
}

/// A count; what has no row has none.
pub(super) fn get_count(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
) -> Result<u64, RedbError> {
    let found = hot::get(rows, key, open_count)?;
    Ok(found.unwrap_or(0))
}

pub(super) fn open_count(key: &[u8], sealed: &[u8]) -> Result<u64, RedbError> {
    hot::words("count", key, sealed).map(|[count]| count)
}

/// Stores a count; none needs no row.
pub(super) fn put_count(rows: &mut Rows<'_>, key: &[u8], count: u64) -> Result<(), RedbError> {
    if count == 0 {
        rows.remove(key)?;
        return Ok(());
    }
    hot::put(rows, key, &count.to_le_bytes())
}
