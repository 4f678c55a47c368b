//! Documents as columns: what an image holds of one type, and of one collector.
//!
//! To the engine a piece is bytes with a number of slots; what they mean is the metric store's affair.

use std::sync::Arc;

use super::value::Column;
use crate::clock::Timestamp;

/// The fixed part of an object, with slots where values move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub bytes: Arc<[u8]>,
    pub slots: u32,
    /// Pieces of equal family have like columns, which are stored side by side.
    pub family: u64,
}

/// One document: its times and its place in the order of arrival. Its values stand in the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub timestamp: Timestamp,
    pub seq: u64,
    pub received_at: Timestamp,
    /// Which of the table's shapes it has.
    pub shape: u32,
}

/// The documents of one type of one collector in a slice of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub kind: String,
    pub pieces: Vec<Piece>,
    /// The pieces of a document in order of the text: index into `pieces` plus one, and 0 where a list ends.
    pub shapes: Vec<Vec<u32>>,
    /// By timestamp, then by sequence number.
    pub rows: Vec<Row>,
    /// The slots of piece 0, of piece 1, and so on. A slot has a value for each time that its piece occurs in the
    /// shape of a row, in the order of the rows.
    pub columns: Vec<Column>,
}

/// Everything of one collector in a range of time, its tables by kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slice {
    pub collector: [u8; 16],
    pub tables: Vec<Table>,
}

/// Where the columns of each piece begin among those of its table; at the end, how many there are.
pub fn first_columns(pieces: &[Piece]) -> Vec<usize> {
    let mut next = 0;
    let mut firsts = vec![0];
    firsts.extend(pieces.iter().map(|piece| {
        next += piece.slots as usize;
        next
    }));
    firsts
}

/// How often each piece occurs in the rows: the length of its columns.
pub fn occurrences(pieces: usize, shapes: &[Vec<u32>], rows: &[Row]) -> Vec<usize> {
    let mut with_shape = vec![0; shapes.len()];
    for row in rows {
        if let Some(count) = with_shape.get_mut(row.shape as usize) {
            *count += 1;
        }
    }
    let mut counts = vec![0; pieces];
    for (shape, rows) in shapes.iter().zip(with_shape) {
        for piece in shape.iter().filter_map(|entry| (*entry as usize).checked_sub(1)) {
            if let Some(count) = counts.get_mut(piece) {
                *count += rows;
            }
        }
    }
    counts
}

impl Table {
    /// Numbers in all columns.
    pub fn samples(&self) -> usize {
        self.columns.iter().map(Column::samples).sum()
    }
}
