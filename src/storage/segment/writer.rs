//! Writes a slice as an image.

use std::collections::HashSet;

use super::column;
use super::format::{Block, END_MAGIC, TableParts, checksum, directory_bytes, put_header};
use super::pieces::{self, Arrival, Head, storage_order};
use super::table::{Slice, Table, first_columns, occurrences};
use crate::limits;

/// How much work an image is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For an image that lives for hours.
    Fast,
    /// For one that is kept for months.
    Small,
}

impl Effort {
    const fn compression_level(self) -> i32 {
        match self {
            Self::Fast => 1,
            Self::Small => 3,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("a slice of {rows} documents with {bytes} bytes at once is too large for one image")]
    TooLarge { rows: usize, bytes: usize },
    #[error("the documents of type {0} contradict each other: their rows, shapes and columns do not fit")]
    Contradiction(String),
    #[error("cannot compress a block: {0}")]
    Compress(#[from] std::io::Error),
}

/// Appends the image of a slice.
pub fn write(slice: &Slice, effort: Effort, out: &mut Vec<u8>) -> Result<(), WriteError> {
    for table in &slice.tables {
        check(table)?;
    }
    let arrivals = pieces::arrivals(slice.tables.iter().flat_map(|table| &table.rows));
    if arrivals.len() > limits::IMAGE_ROWS {
        return Err(WriteError::TooLarge { rows: arrivals.len(), bytes: 0 });
    }
    let begin = out.len();
    put_header(out, slice.collector);
    let mut blocks = Blocks {
        out,
        waiting: Vec::new(),
        written: Vec::new(),
        compressor: zstd::bulk::Compressor::new(effort.compression_level())?,
    };
    let arrivals_bytes = blocks.part(|out| pieces::put_arrivals(out, &arrivals))?;
    let mut tables = Vec::with_capacity(slice.tables.len());
    for table in &slice.tables {
        tables.push(put_table(table, &arrivals, effort, &mut blocks)?);
    }
    let written = blocks.finish()?;
    let directory = directory_bytes(&written, (arrivals.len(), arrivals_bytes), &tables);
    put_end(out, begin, &directory, effort)
}

/// The directory, and behind it how to find it.
fn put_end(out: &mut Vec<u8>, begin: usize, directory: &[u8], effort: Effort) -> Result<(), WriteError> {
    let stored = zstd::bulk::compress(directory, effort.compression_level())?;
    let too_large = || WriteError::TooLarge { rows: 0, bytes: directory.len() };
    let length = |bytes: usize| {
        let fits = bytes <= limits::IMAGE_BLOCK_BYTES;
        u32::try_from(bytes).ok().filter(|_| fits).map(u32::to_le_bytes).ok_or_else(too_large)
    };
    let (stored_length, bytes) = (length(stored.len())?, length(directory.len())?);
    let header = out.get(begin..begin + super::format::HEADER_BYTES).unwrap_or(&[]);
    let sum = checksum(&[header, &stored, &stored_length, &bytes]);
    out.extend(&stored);
    out.extend(stored_length);
    out.extend(bytes);
    out.extend(sum.to_le_bytes());
    out.extend(END_MAGIC);
    Ok(())
}

/// A reader would not find what does not fit together, and a row out of order.
fn check(table: &Table) -> Result<(), WriteError> {
    let Table { kind, pieces, shapes, rows, columns } = table;
    let most = limits::IMAGE_ROWS;
    if rows.len() > most || pieces.len() > most || shapes.len() > most {
        return Err(WriteError::TooLarge { rows: rows.len(), bytes: 0 });
    }
    let counts = occurrences(pieces.len(), shapes, rows);
    let firsts = first_columns(pieces);
    let lengths_fit = counts.iter().zip(firsts.windows(2)).all(|(count, of_piece)| {
        let columns = columns.get(of_piece[0]..of_piece[1]).unwrap_or(&[]);
        columns.len() == of_piece[1] - of_piece[0] && columns.iter().all(|column| column.len() == *count)
    });
    let distinct: HashSet<&[u8]> = pieces.iter().map(|piece| &*piece.bytes).collect();
    let fits = firsts.last() == Some(&columns.len())
        && lengths_fit
        && distinct.len() == pieces.len()
        && rows.iter().all(|row| (row.shape as usize) < shapes.len())
        && rows.is_sorted_by(|one, next| (one.timestamp, one.seq) < (next.timestamp, next.seq))
        && shapes.iter().flatten().all(|entry| *entry as usize <= pieces.len());
    if fits { Ok(()) } else { Err(WriteError::Contradiction(kind.clone())) }
}

fn put_table(
    table: &Table,
    arrivals: &[Arrival],
    effort: Effort,
    blocks: &mut Blocks,
) -> Result<TableParts, WriteError> {
    let Table { kind, pieces, shapes, rows, columns } = table;
    let heads = [
        blocks.part(|out| pieces::put_heads(out, pieces))?,
        blocks.part(|out| pieces::put_pieces(out, pieces))?,
        blocks.part(|out| pieces::put_shapes(out, shapes, pieces.len()))?,
        blocks.part(|out| pieces::put_rows(out, rows, arrivals))?,
    ];
    let order = storage_order(pieces.iter().map(|piece| Head { slots: piece.slots, family: piece.family }));
    let mut parts = Vec::with_capacity(columns.len());
    for column in order.into_iter().filter_map(|index| columns.get(index)) {
        let mut of_column = Vec::with_capacity(1);
        for range in column::cut(column) {
            let values = range.len();
            of_column.push((blocks.part(|out| column::encode(column, range, effort, out))?, values));
        }
        parts.push(of_column);
    }
    Ok(TableParts {
        kind: kind.clone(),
        rows: rows.len(),
        first: rows.first().map_or(0, |row| row.timestamp.as_millis()),
        last: rows.last().map_or(0, |row| row.timestamp.as_millis()),
        samples: table.samples() as u64,
        pieces: pieces.len(),
        shapes: shapes.len(),
        heads,
        columns: parts,
    })
}

/// Parts one behind the other, compressed together until a block is full.
struct Blocks<'a> {
    out: &'a mut Vec<u8>,
    waiting: Vec<u8>,
    written: Vec<Block>,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Blocks<'_> {
    /// Appends what `encode` appends, in one block, and says how many bytes that are.
    fn part(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<usize, WriteError> {
        let before = self.waiting.len();
        encode(&mut self.waiting);
        let bytes = self.waiting.len() - before;
        if bytes > limits::IMAGE_BLOCK_BYTES {
            return Err(WriteError::TooLarge { rows: 1, bytes });
        }
        if before > 0 && self.waiting.len() > limits::IMAGE_BLOCK_AIM {
            self.flush(before)?;
        }
        Ok(bytes)
    }

    fn flush(&mut self, bytes: usize) -> Result<(), WriteError> {
        let content = self.waiting.get(..bytes).unwrap_or(&[]);
        let compressed = self.compressor.compress(content)?;
        let stored = if compressed.len() < bytes { compressed.as_slice() } else { content };
        let checksum = checksum(&[stored]);
        self.written.push(Block { offset: 0, stored: stored.len(), bytes, checksum });
        self.out.extend(stored);
        self.waiting.drain(..bytes);
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Block>, WriteError> {
        if !self.waiting.is_empty() {
            self.flush(self.waiting.len())?;
        }
        Ok(self.written)
    }
}
