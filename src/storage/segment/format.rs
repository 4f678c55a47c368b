//! The frame of an image: a header, blocks, a directory of what lies where in them, and an end.
//!
//! Every byte is covered by a checksum. The directory accounts for every byte of every block, so that an image that
//! was cut, extended or put together from two is found when it is opened.

use std::ops::Range;

use crate::limits;
use crate::storage::bytes::{Reader, put_bytes, put_length, put_signed, put_varint};

pub(super) const MAGIC: &[u8; 8] = b"pgAimage";
pub(super) const END_MAGIC: &[u8; 8] = b"pgAindex";
/// What is written. The first one had no decimals; else it is the same.
pub(super) const VERSION: u32 = 2;
pub(super) const OLDEST_VERSION: u32 = 1;
/// Magic, version, collector.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 16;
/// Bytes of the directory as stored, bytes of it, checksum, magic.
pub(super) const END_BYTES: usize = 4 + 4 + 4 + 8;

/// Bytes that are compressed and checked together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Where it begins in the image.
    pub offset: u64,
    pub stored: usize,
    /// As many as are stored when it is not compressed.
    pub bytes: usize,
    pub checksum: u32,
}

/// Bytes that are decoded together; they lie in one block. There are as many as columns, so they are small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub block: u32,
    offset: u32,
    bytes: u32,
}

impl Part {
    /// Where it lies in its block.
    pub(super) fn range(self) -> Range<usize> {
        let begin = self.offset as usize;
        begin..begin + self.bytes as usize
    }
}

/// A part of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ColumnPart {
    pub part: Part,
    /// Its values; absent when they are all that the column has.
    pub values: Option<u32>,
}

/// What the directory says of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableEntry {
    pub kind: String,
    pub rows: usize,
    pub first: i64,
    pub last: i64,
    pub samples: u64,
    pub pieces: usize,
    pub shapes: usize,
    pub heads_part: Part,
    pub pieces_part: Part,
    pub shapes_part: Part,
    pub rows_part: Part,
    /// The parts of all columns, in the order of their storage.
    pub column_parts: Vec<ColumnPart>,
    /// Where the parts of each column begin among them; at the end, how many there are.
    pub first_parts: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directory {
    pub collector: [u8; 16],
    pub blocks: Vec<Block>,
    pub arrivals: usize,
    pub arrivals_part: Part,
    pub tables: Vec<TableEntry>,
}

/// What the writer knows of a table when it writes the directory.
pub(super) struct TableParts {
    pub kind: String,
    pub rows: usize,
    pub first: i64,
    pub last: i64,
    pub samples: u64,
    pub pieces: usize,
    pub shapes: usize,
    /// Bytes of the parts before the columns.
    pub heads: [usize; 4],
    /// For each column the bytes and values of its parts.
    pub columns: Vec<Vec<(usize, usize)>>,
}

pub(super) fn put_header(out: &mut Vec<u8>, collector: [u8; 16]) {
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    out.extend(collector);
}

/// The directory before its compression.
pub(super) fn directory_bytes(blocks: &[Block], arrivals: (usize, usize), tables: &[TableParts]) -> Vec<u8> {
    let mut out = Vec::new();
    put_length(&mut out, blocks.len());
    for block in blocks {
        put_length(&mut out, block.stored);
        put_length(&mut out, block.bytes);
        out.extend(block.checksum.to_le_bytes());
    }
    put_length(&mut out, arrivals.0);
    put_length(&mut out, arrivals.1);
    put_length(&mut out, tables.len());
    for table in tables {
        put_table(&mut out, table);
    }
    out
}

fn put_table(out: &mut Vec<u8>, table: &TableParts) {
    put_bytes(out, table.kind.as_bytes());
    put_length(out, table.rows);
    put_signed(out, table.first);
    put_signed(out, table.last);
    put_varint(out, table.samples);
    put_length(out, table.pieces);
    put_length(out, table.shapes);
    for bytes in table.heads {
        put_length(out, bytes);
    }
    put_length(out, table.columns.len());
    for parts in &table.columns {
        let last = parts.len().saturating_sub(1);
        for (index, (bytes, values)) in parts.iter().enumerate() {
            let is_last = index == last;
            put_varint(out, (*bytes as u64) << 1 | u64::from(!is_last));
            if parts.len() > 1 {
                put_length(out, *values);
            }
        }
    }
}

/// Goes through the blocks as parts are laid in them: one behind the other, none across two blocks.
struct Cursor<'a> {
    blocks: &'a [Block],
    block: u32,
    offset: u32,
}

impl Cursor<'_> {
    fn part(&mut self, bytes: usize) -> Option<Part> {
        while self.block()?.bytes == self.offset as usize {
            (self.block, self.offset) = (self.block + 1, 0);
        }
        let part = Part { block: self.block, offset: self.offset, bytes: u32::try_from(bytes).ok()? };
        self.offset = self.offset.checked_add(part.bytes)?;
        (self.offset as usize <= self.block()?.bytes).then_some(part)
    }

    fn block(&self) -> Option<&Block> {
        self.blocks.get(self.block as usize)
    }

    /// Whether nothing lies behind the last part.
    fn is_at_end(&self) -> bool {
        match self.blocks.split_last() {
            Some((last, before)) => self.block as usize == before.len() && self.offset as usize == last.bytes,
            None => true,
        }
    }
}

/// Reads a directory whose image has so many bytes before it. `None`: it is none, or does not fit them.
pub(super) fn directory(bytes: &[u8], collector: [u8; 16], before: u64) -> Option<Directory> {
    let mut reader = Reader(bytes);
    let blocks = blocks(&mut reader)?;
    let stored: u64 = blocks.iter().map(|block| block.stored as u64).sum();
    if stored.checked_add(HEADER_BYTES as u64)? != before {
        return None;
    }
    let mut cursor = Cursor { blocks: &blocks, block: 0, offset: 0 };
    let arrivals = reader.count(limits::IMAGE_ROWS)?;
    let arrivals_part = cursor.part(reader.count(usize::MAX)?)?;
    let count = reader.listed()?;
    let tables: Option<Vec<_>> = (0..count).map(|_| table(&mut reader, &mut cursor)).collect();
    let is_whole = reader.is_empty() && cursor.is_at_end();
    let tables = tables.filter(|_| is_whole)?;
    let arrivals = (arrivals, arrivals_part);
    Some(Directory { collector, blocks, arrivals: arrivals.0, arrivals_part: arrivals.1, tables })
}

fn blocks(reader: &mut Reader) -> Option<Vec<Block>> {
    let count = reader.listed()?;
    let mut blocks = Vec::with_capacity(count);
    let mut offset = HEADER_BYTES as u64;
    for _ in 0..count {
        let stored = reader.count(limits::IMAGE_BLOCK_BYTES)?;
        let bytes = reader.count(limits::IMAGE_BLOCK_BYTES)?;
        blocks.push(Block { offset, stored, bytes, checksum: reader.u32()? });
        offset = offset.checked_add(stored as u64)?;
    }
    // an empty block would let parts be counted twice
    blocks.iter().all(|block| block.bytes > 0).then_some(blocks)
}

fn table(reader: &mut Reader, cursor: &mut Cursor) -> Option<TableEntry> {
    let kind = reader.text()?.to_owned();
    let rows = reader.count(limits::IMAGE_ROWS)?;
    let (first, last) = (reader.signed()?, reader.signed()?);
    let samples = reader.varint()?;
    let (pieces, shapes) = (reader.count(limits::IMAGE_ROWS)?, reader.count(limits::IMAGE_ROWS)?);
    let mut head = || cursor.part(reader.count(usize::MAX)?);
    let (heads_part, pieces_part, shapes_part, rows_part) = (head()?, head()?, head()?, head()?);
    let columns = reader.listed()?;
    let mut column_parts = Vec::with_capacity(columns);
    let mut first_parts = Vec::with_capacity(columns + 1);
    for _ in 0..columns {
        first_parts.push(u32::try_from(column_parts.len()).ok()?);
        let mut is_cut = false;
        loop {
            let word = reader.varint()?;
            let part = cursor.part(usize::try_from(word >> 1).ok()?)?;
            let more = word & 1 == 1;
            is_cut |= more;
            let values = if is_cut { Some(reader.count(limits::IMAGE_PART_VALUES)?) } else { None };
            let values = values.map(u32::try_from).transpose().ok()?;
            column_parts.push(ColumnPart { part, values });
            if !more {
                break;
            }
        }
    }
    first_parts.push(u32::try_from(column_parts.len()).ok()?);
    let parts = (heads_part, pieces_part, shapes_part, rows_part);
    let (heads_part, pieces_part, shapes_part, rows_part) = parts;
    Some(TableEntry {
        kind,
        rows,
        first,
        last,
        samples,
        pieces,
        shapes,
        heads_part,
        pieces_part,
        shapes_part,
        rows_part,
        column_parts,
        first_parts,
    })
}

pub(super) fn checksum(parts: &[&[u8]]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    for part in parts {
        sum.update(part);
    }
    sum.finalize()
}
