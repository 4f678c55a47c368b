//! Reads an image: its index at once, its blocks when they are asked for, each under its checksum.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::iter::repeat_n;
use std::os::unix::fs::FileExt;

use super::column;
use super::format::{
    self, ColumnPart, Directory, END_BYTES, END_MAGIC, HEADER_BYTES, MAGIC, OLDEST_VERSION, Part, TableEntry,
    VERSION, checksum,
};
use super::pieces::{self, Arrival, Head, storage_order};
use super::table::{Piece, Row, Slice, Table, occurrences};
use super::value::Column;
use crate::clock::Timestamp;
use crate::limits;
use crate::storage::unpack;

/// Bytes that can be read in any order.
pub trait Source {
    fn size(&self) -> io::Result<u64>;
    /// Exactly so many bytes, or an error.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>>;
}

impl Source for &[u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let begin = usize::try_from(offset).ok();
        let bytes = begin.and_then(|begin| self.get(begin..begin.checked_add(length)?));
        bytes.map(Cow::Borrowed).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Cow<'_, [u8]>> {
        let mut bytes = vec![0; length];
        self.read_exact_at(&mut bytes, offset)?;
        Ok(Cow::Owned(bytes))
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    #[error("cannot read: {0}")]
    Read(io::Error),
    #[error("damaged: {0}")]
    Damaged(&'static str),
    #[error("it has format {found}, and this program knows {VERSION}: it was written by a newer release")]
    Newer { found: u32 },
}

impl From<io::Error> for ImageError {
    /// A source that ends too early was cut; any other error is the disk's.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends too early"),
            _ => Self::Read(error),
        }
    }
}

/// What an image says of one type without any block being read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindIndex {
    pub kind: String,
    pub rows: usize,
    /// The times of the first and the last row.
    pub first: Timestamp,
    pub last: Timestamp,
    pub samples: u64,
    pub pieces: usize,
    pub shapes: usize,
    pub columns: usize,
}

impl KindIndex {
    fn of(table: &TableEntry) -> Self {
        Self {
            kind: table.kind.clone(),
            rows: table.rows,
            first: Timestamp::from_millis(table.first),
            last: Timestamp::from_millis(table.last),
            samples: table.samples,
            pieces: table.pieces,
            shapes: table.shapes,
            columns: table.first_parts.len() - 1,
        }
    }
}

/// The rows of one kind of an image, and where its columns are.
#[derive(Clone, Debug)]
pub struct Layout {
    pub shapes: Vec<Vec<u32>>,
    pub rows: Vec<Row>,
    pub columns: Columns,
}

/// Where the columns of one kind of an image are.
#[derive(Clone, Debug)]
pub struct Columns {
    kind: usize,
    all: Vec<ColumnAt>,
}

#[derive(Clone, Copy, Debug)]
struct ColumnAt {
    /// The values that it has.
    length: u32,
    /// The first of its parts, which stand in the order of storage.
    first_part: u32,
}

impl Layout {
    fn new(
        (kind, entry): (usize, &TableEntry),
        heads: &[Head],
        shapes: Vec<Vec<u32>>,
        rows: Vec<Row>,
    ) -> Result<Self, ImageError> {
        // bounded by the rows and the bytes of the index
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let counts = occurrences(heads.len(), &shapes, &rows);
        let columns = heads.iter().zip(&counts);
        let column = |count| ColumnAt { length: number(count), first_part: 0 };
        let mut all: Vec<_> =
            columns.flat_map(|(head, count)| repeat_n(column(*count), head.slots as usize)).collect();
        let order = storage_order(heads.iter().copied());
        for (column, bounds) in order.into_iter().zip(entry.first_parts.windows(2)) {
            let parts = entry.column_parts.get(bounds[0] as usize..bounds[1] as usize);
            let column = all.get_mut(column).zip(parts).filter(|(column, parts)| column.fits(parts));
            let (column, _) =
                column.ok_or(ImageError::Damaged("the parts of a column do not fit its rows"))?;
            column.first_part = bounds[0];
        }
        Ok(Self { shapes, rows, columns: Columns { kind, all } })
    }
}

impl ColumnAt {
    /// Whether these are its parts: one for all values, or some that have as many.
    fn fits(self, parts: &[ColumnPart]) -> bool {
        let values: Option<u64> = parts.iter().map(|part| part.values.map(u64::from)).sum();
        values.map_or(parts.len() == 1, |values| values == u64::from(self.length))
    }
}

impl Columns {
    /// Puts columns in the order in which they are stored.
    pub fn sort<T>(&self, some: &mut [T], column: impl Fn(&T) -> usize) {
        some.sort_by_key(|one| self.all.get(column(one)).map(|column| column.first_part));
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }
}

/// An open image.
#[derive(Debug)]
pub struct Image<S> {
    source: S,
    pub(super) directory: Directory,
    kinds: Vec<KindIndex>,
    /// The end of the image: the length and checksum of its index, which has those of all blocks.
    mark: Vec<u8>,
}

impl<S: Source> Image<S> {
    /// Reads the index and checks that it accounts for every byte.
    pub fn open(source: S) -> Result<Self, ImageError> {
        let size = source.size()?;
        let Some(before_end) = size.checked_sub(END_BYTES as u64) else {
            return Err(ImageError::Damaged("it is shorter than an image can be"));
        };
        let end = source.read_at(before_end, END_BYTES)?.into_owned();
        let header = source.read_at(0, HEADER_BYTES)?.into_owned();
        if !header.starts_with(MAGIC) || !end.ends_with(END_MAGIC) {
            return Err(ImageError::Damaged("it does not begin and end as an image does"));
        }
        let word =
            |at: usize| end.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        let (Some(stored), Some(bytes), Some(sum)) = (word(0), word(4), word(8)) else {
            return Err(ImageError::Damaged("its end is cut"));
        };
        let (stored, bytes) = (stored as usize, bytes as usize);
        let Some(before) =
            before_end.checked_sub(stored as u64).filter(|_| bytes <= limits::IMAGE_BLOCK_BYTES)
        else {
            return Err(ImageError::Damaged("its index does not fit into it"));
        };
        let index = source.read_at(before, stored)?;
        if checksum(&[&header, &index, &end[..8]]) != sum {
            return Err(ImageError::Damaged("its index does not match its checksum"));
        }
        let (version, collector) = header_fields(&header).ok_or(ImageError::Damaged("its header is cut"))?;
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            return Err(ImageError::Newer { found: version });
        }
        let index = decompress(&index, bytes)?;
        let directory = format::directory(&index, collector, before);
        let directory = directory.ok_or(ImageError::Damaged("its index does not fit its content"))?;
        drop(index);
        let kinds = directory.tables.iter().map(KindIndex::of).collect();
        Ok(Self { source, directory, kinds, mark: end })
    }

    /// Where its bytes come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    pub fn collector(&self) -> [u8; 16] {
        self.directory.collector
    }

    /// What other content of the same place does not have.
    pub fn mark(&self) -> &[u8] {
        &self.mark
    }

    pub fn kinds(&self) -> &[KindIndex] {
        &self.kinds
    }

    /// Which of the kinds has this name.
    pub fn find(&self, kind: &str) -> Option<usize> {
        self.directory.tables.iter().position(|table| table.kind == kind)
    }

    pub fn pieces(&self, kind: usize) -> Result<Vec<Piece>, ImageError> {
        self.reading().pieces(self.entry(kind)?)
    }

    pub fn shapes(&self, kind: usize) -> Result<Vec<Vec<u32>>, ImageError> {
        self.reading().shapes(self.entry(kind)?)
    }

    pub fn rows(&self, kind: usize) -> Result<Vec<Row>, ImageError> {
        let mut reading = self.reading();
        let arrivals = reading.arrivals()?;
        reading.rows(self.entry(kind)?, &arrivals)
    }

    /// What must be known of a kind to find columns; worth keeping where columns are read again and again.
    pub fn layout(&self, kind: usize) -> Result<Layout, ImageError> {
        let mut reading = self.reading();
        let arrivals = reading.arrivals()?;
        let entry = self.entry(kind)?;
        let heads = reading.heads(entry)?;
        let (shapes, rows) = (reading.shapes(entry)?, reading.rows(entry, &arrivals)?);
        Layout::new((kind, entry), &heads, shapes, rows)
    }

    /// Shows some columns, each whole, with their places among those that are asked for: in the order of storage.
    pub fn each_column<E: From<ImageError>>(
        &self,
        columns: &Columns,
        wanted: &[usize],
        see: impl FnMut(usize, Column) -> Result<(), E>,
    ) -> Result<(), E> {
        self.reading().each_column(self.entry(columns.kind)?, columns, wanted, see)
    }

    pub fn table(&self, kind: usize) -> Result<Table, ImageError> {
        let mut reading = self.reading();
        let arrivals = reading.arrivals()?;
        reading.table(self.entry(kind)?, &arrivals)
    }

    /// Everything, each block decoded once: that all of it can be read is what it takes to call an image whole.
    pub fn slice(&self) -> Result<Slice, ImageError> {
        let mut reading = self.reading();
        let arrivals = reading.arrivals()?;
        let tables: Result<_, _> =
            self.directory.tables.iter().map(|entry| reading.table(entry, &arrivals)).collect();
        Ok(Slice { collector: self.directory.collector, tables: tables? })
    }

    fn entry(&self, kind: usize) -> Result<&TableEntry, ImageError> {
        self.directory.tables.get(kind).ok_or(ImageError::Damaged("it has no such type"))
    }

    pub(super) fn reading(&self) -> Reading<'_, S> {
        Reading { image: self, block: None }
    }
}

fn header_fields(header: &[u8]) -> Option<(u32, [u8; 16])> {
    let (version, collector) = header.get(MAGIC.len()..)?.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*version), collector.try_into().ok()?))
}

fn decompress(stored: &[u8], bytes: usize) -> Result<Vec<u8>, ImageError> {
    let content = unpack::decompress(stored, bytes);
    content
        .ok()
        .filter(|content| content.len() == bytes)
        .ok_or(ImageError::Damaged("a block does not decompress to its length"))
}

/// One pass over an image: it keeps the block where it stands.
pub(super) struct Reading<'a, S> {
    image: &'a Image<S>,
    block: Option<(u32, Vec<u8>)>,
}

impl<S: Source> Reading<'_, S> {
    fn part(&mut self, part: Part) -> Result<&[u8], ImageError> {
        if !matches!(&self.block, Some((at, _)) if *at == part.block) {
            self.block = Some((part.block, self.image.block(part.block as usize)?));
        }
        let bytes = self.block.as_ref().and_then(|(_, block)| block.get(part.range()));
        bytes.ok_or(ImageError::Damaged("a part does not lie in its block"))
    }

    pub(super) fn arrivals(&mut self) -> Result<Vec<Arrival>, ImageError> {
        let Directory { arrivals, arrivals_part, .. } = &self.image.directory;
        pieces::read_arrivals(self.part(*arrivals_part)?, *arrivals)
            .ok_or(ImageError::Damaged("its arrivals do not decode"))
    }

    fn heads(&mut self, entry: &TableEntry) -> Result<Vec<Head>, ImageError> {
        let heads = pieces::heads(self.part(entry.heads_part)?, entry.pieces);
        let columns = entry.first_parts.len() as u64 - 1;
        heads
            .filter(|heads| heads.iter().map(|head| u64::from(head.slots)).sum::<u64>() == columns)
            .ok_or(ImageError::Damaged("its pieces do not fit its columns"))
    }

    fn pieces(&mut self, entry: &TableEntry) -> Result<Vec<Piece>, ImageError> {
        let heads = self.heads(entry)?;
        let pieces = pieces::pieces(self.part(entry.pieces_part)?, &heads);
        pieces.ok_or(ImageError::Damaged("its pieces do not decode"))
    }

    fn shapes(&mut self, entry: &TableEntry) -> Result<Vec<Vec<u32>>, ImageError> {
        let shapes = pieces::shapes(self.part(entry.shapes_part)?, entry.shapes, entry.pieces);
        shapes.ok_or(ImageError::Damaged("its shapes do not decode"))
    }

    fn rows(&mut self, entry: &TableEntry, arrivals: &[Arrival]) -> Result<Vec<Row>, ImageError> {
        let rows = pieces::rows(self.part(entry.rows_part)?, entry.rows, arrivals, entry.shapes);
        rows.ok_or(ImageError::Damaged("its rows do not decode"))
    }

    /// What a table has before its columns.
    pub(super) fn head(
        &mut self,
        entry: &TableEntry,
        arrivals: &[Arrival],
    ) -> Result<(Vec<Piece>, Layout), ImageError> {
        let pieces = self.pieces(entry)?;
        let shapes = self.shapes(entry)?;
        let rows = self.rows(entry, arrivals)?;
        let heads = pieces.iter().map(|piece| Head { slots: piece.slots, family: piece.family });
        let layout = Layout::new((0, entry), &heads.collect::<Vec<_>>(), shapes, rows)?;
        Ok((pieces, layout))
    }

    fn table(&mut self, entry: &TableEntry, arrivals: &[Arrival]) -> Result<Table, ImageError> {
        let (pieces, layout) = self.head(entry, arrivals)?;
        let Layout { shapes, rows, columns: places } = layout;
        let mut columns = vec![Column::default(); places.count()];
        self.every_column(entry, &places, |place, column| columns[place] = column)?;
        Ok(Table { kind: entry.kind.clone(), pieces, shapes, rows, columns })
    }

    pub(super) fn every_column(
        &mut self,
        entry: &TableEntry,
        columns: &Columns,
        mut see: impl FnMut(usize, Column),
    ) -> Result<(), ImageError> {
        let all: Vec<usize> = (0..columns.count()).collect();
        self.each_column(entry, columns, &all, |place, column| {
            see(place, column);
            Ok(())
        })
    }

    /// Columns are decoded in the order of their storage, so that a block is decompressed once.
    fn each_column<E: From<ImageError>>(
        &mut self,
        entry: &TableEntry,
        columns: &Columns,
        wanted: &[usize],
        mut see: impl FnMut(usize, Column) -> Result<(), E>,
    ) -> Result<(), E> {
        const MISSING: ImageError = ImageError::Damaged("it has no such column");
        let mut in_order = Vec::with_capacity(wanted.len());
        for (place, index) in wanted.iter().enumerate() {
            let ColumnAt { length, first_part } = *columns.all.get(*index).ok_or(MISSING)?;
            in_order.push((first_part, place, length));
        }
        in_order.sort_unstable();
        for (first_part, place, length) in in_order {
            see(place, self.column(entry, first_part as usize, length as usize)?)?;
        }
        Ok(())
    }

    fn column(&mut self, entry: &TableEntry, first_part: usize, length: usize) -> Result<Column, ImageError> {
        const DAMAGED: ImageError = ImageError::Damaged("a column does not decode");
        let mut whole: Option<Column> = None;
        let mut left = length;
        for part in entry.column_parts.get(first_part..).unwrap_or_default() {
            let values = part.values.map_or(left, |values| values as usize);
            if values > left || values > limits::IMAGE_PART_VALUES {
                return Err(DAMAGED);
            }
            let column = column::decode(self.part(part.part)?, values).ok_or(DAMAGED)?;
            left -= values;
            match &mut whole {
                None => whole = Some(column),
                Some(whole) => whole.append(column),
            }
            if left == 0 {
                break;
            }
        }
        whole.filter(|_| left == 0).ok_or(DAMAGED)
    }
}

impl<S: Source> Image<S> {
    /// The content of a block, under its checksum.
    fn block(&self, index: usize) -> Result<Vec<u8>, ImageError> {
        let block = self.directory.blocks.get(index).ok_or(ImageError::Damaged("a block is missing"))?;
        let stored = self.source.read_at(block.offset, block.stored)?;
        if checksum(&[&stored]) != block.checksum {
            return Err(ImageError::Damaged("a block does not match its checksum"));
        }
        if block.stored == block.bytes { Ok(stored.into_owned()) } else { decompress(&stored, block.bytes) }
    }
}
