//! What a collector has in the hot store, hour by hour.
//!
//! It guarantees: every hour that is entered has as many batches and documents as were counted into it, and between
//! the hours there is nothing. So a row that the engine lost is damage, and not a shorter answer.

use std::borrow::Cow;
use std::io;

use redb::{Range, ReadOnlyTable, ReadTransaction, ReadableTable};

use super::batch::{Batch, Head};
use super::hot::{self, Hour};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::{damaged, unseal};
use crate::storage::segment::{Image, ImageError, Source};

pub(super) type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The hours of a collector in a range, between which there is nothing.
pub(super) struct Hours {
    collector: CollectorId,
    rows: Range<'static, &'static [u8], &'static [u8]>,
    batches: Table,
    images: Table,
    /// Up to here everything lies in an hour that was given out.
    known: Timestamp,
    /// Behind the last hour of the range.
    end: Timestamp,
}

impl Hours {
    /// The hours in which `from` and `to` lie, and those between them.
    pub(super) fn new(
        tx: &ReadTransaction,
        collector: CollectorId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Self, RedbError> {
        let (known, last) = (hot::hour_of(from), hot::hour_of(to));
        let (first, behind) = (hot::hour_key(collector, known), hot::hour_key(collector, last));
        Ok(Self {
            collector,
            rows: tx.open_table(hot::HOURS)?.range(first.as_slice()..=behind.as_slice())?,
            batches: tx.open_table(hot::BATCHES)?,
            images: tx.open_table(hot::IMAGES)?,
            known,
            end: hot::behind(last),
        })
    }

    /// All hours of a collector.
    pub(super) fn all(tx: &ReadTransaction, collector: CollectorId) -> Result<Self, RedbError> {
        Self::new(tx, collector, Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX))
    }

    pub(super) fn next(&mut self) -> Result<Option<(Timestamp, Hour)>, RedbError> {
        let hour = match self.rows.next() {
            None => None,
            Some(row) => {
                let (key, sealed) = row?;
                let begin = hot::hour_in(key.value()).ok_or_else(|| damaged("hour", key.value()))?;
                Some((begin, Hour::open(key.value(), sealed.value())?))
            }
        };
        let begin = hour.map_or(self.end, |(begin, _)| begin);
        let gap = hot::hour_key(self.collector, self.known)..hot::hour_key(self.collector, begin);
        for table in [&self.batches, &self.images] {
            if gap.start < gap.end && table.range(gap.start.as_slice()..gap.end.as_slice())?.next().is_some()
            {
                return Err(damaged("hour", &gap.start));
            }
        }
        self.known = hour.map_or(self.end, |(begin, _)| hot::behind(begin));
        Ok(hour)
    }
}

/// Shows the batches of an hour in the order of their arrival, each by the sequence number in its key: those that
/// are wanted. All of them are counted.
pub(super) fn each_batch<E: From<RedbError>>(
    batches: &impl ReadableTable<&'static [u8], &'static [u8]>,
    (collector, hour, counts): (CollectorId, Timestamp, Hour),
    wanted: impl Fn(&Head) -> bool,
    mut see: impl FnMut(u64, Batch) -> Result<(), E>,
) -> Result<(), E> {
    let begin = hot::hour_key(collector, hour);
    let mut found = Hour { batches: 0, documents: 0, ..counts };
    let mut show = |key: &[u8], value: &[u8]| {
        let damage = || damaged("batch", key);
        let head = Head::read(&mut Reader(value)).ok_or_else(damage)?;
        found.batches += 1;
        found.documents += head.documents;
        let (_, seq) = key.split_last_chunk::<8>().ok_or_else(damage)?;
        if !wanted(&head) {
            return Ok(());
        }
        see(u64::from_be_bytes(*seq), Batch::read(value).ok_or_else(damage)?)
    };
    each_value(batches, &begin, &mut show)?;
    if found == counts { Ok(()) } else { Err(damaged("hour", &begin).into()) }
}

/// The batch of an hour whose key has this sequence number.
pub(super) fn batch(
    batches: &impl ReadableTable<&'static [u8], &'static [u8]>,
    (collector, hour, seq): (CollectorId, Timestamp, u64),
) -> Result<Batch, RedbError> {
    let mut found = None;
    let key = hot::batch_key(collector, hour, seq);
    each_value(batches, &key, &mut |_, value| {
        found = Batch::read(value);
        Ok::<_, RedbError>(())
    })?;
    found.ok_or_else(|| damaged("batch", &key))
}

/// What could not be read of the image of an hour.
pub(super) fn no_image(collector: CollectorId, hour: Timestamp, error: &ImageError) -> RedbError {
    tracing::error!(%error, "an hour of metrics cannot be read");
    damaged("image", &hot::hour_key(collector, hour))
}

/// The image of an hour, where there is one.
pub(super) fn hour_image<T: ReadableTable<&'static [u8], &'static [u8]>>(
    images: &T,
    (collector, hour, counts): (CollectorId, Timestamp, Hour),
) -> Result<Option<Image<Chunks<'_, T>>>, RedbError> {
    if counts.chunks == 0 {
        return Ok(None);
    }
    let key = hot::hour_key(collector, hour);
    let chunks = Chunks { images, key, count: counts.chunks };
    let image = Image::open(chunks).map_err(|error| no_image(collector, hour, &error))?;
    let documents: usize = image.kinds().iter().map(|kind| kind.rows).sum();
    if documents as u64 == counts.folded { Ok(Some(image)) } else { Err(damaged("image", &key)) }
}

/// The bytes of an image, read chunk by chunk as they are needed.
pub(super) struct Chunks<'t, T> {
    images: &'t T,
    key: [u8; 24],
    count: u64,
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Chunks<'_, T> {
    fn chunk(&self, number: u64) -> io::Result<Vec<u8>> {
        let number = u32::try_from(number).map_err(io::Error::other)?;
        let key = hot::chunk_key(&self.key, number);
        let open = |key: &[u8], sealed: &[u8]| unseal("image", key, sealed).map(<[u8]>::to_vec);
        let chunk = hot::get(self.images, &key, open).map_err(io::Error::other)?;
        chunk.ok_or_else(|| io::Error::other(damaged("image", &key)))
    }
}

impl<T: ReadableTable<&'static [u8], &'static [u8]>> Source for Chunks<'_, T> {
    fn size(&self) -> io::Result<u64> {
        let before = self.count.saturating_sub(1);
        Ok(before * hot::CHUNK_BYTES as u64 + self.chunk(before)?.len() as u64)
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let mut bytes = Vec::new();
        let (first, skip) = (offset / hot::CHUNK_BYTES as u64, offset % hot::CHUNK_BYTES as u64);
        let mut skip = usize::try_from(skip).map_err(io::Error::other)?;
        for number in first..self.count {
            let chunk = self.chunk(number)?;
            let rest = chunk.get(skip..).unwrap_or_default();
            bytes.extend(&rest[..rest.len().min(length - bytes.len())]);
            if bytes.len() == length {
                return Ok(Cow::Owned(bytes));
            }
            skip = 0;
        }
        if length == 0 { Ok(Cow::Borrowed(&[])) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Puts the chunks of values together whose keys begin with `prefix`.
pub(super) fn each_value<E: From<RedbError>>(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    see: &mut impl FnMut(&[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let (mut present, mut value, mut chunks) = (Vec::new(), Vec::new(), 0);
    for row in rows.range(prefix..).map_err(RedbError::from)? {
        let (key, sealed) = row.map_err(RedbError::from)?;
        if !key.value().starts_with(prefix) {
            break;
        }
        let chunk = unseal("chunk", key.value(), sealed.value())?;
        let damage = || damaged("chunk", key.value());
        let (own, number) = hot::without_chunk(key.value()).ok_or_else(damage)?;
        if own != present.as_slice() {
            if !present.is_empty() {
                see(&present, &value)?;
            }
            present = own.to_vec();
            value.clear();
            chunks = 0;
        }
        if number != chunks {
            return Err(damage().into());
        }
        chunks += 1;
        value.extend(chunk);
    }
    if present.is_empty() { Ok(()) } else { see(&present, &value) }
}
