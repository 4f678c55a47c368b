//! Reading over images: of hours, and of segments.
//!
//! It guarantees: a block is read only for what is asked for, and under its checksum.

use std::collections::HashMap;
use std::sync::Arc;

use super::documents::ReadDocument;
use super::gather::order;
use super::hot::Place;
use super::number::Number;
use super::pack::Packed;
use super::piece::{Layout, Series};
use super::query::{Plans, QueryError};
use super::text;
use crate::clock::Timestamp;
use crate::storage::segment::{
    Column, Image, ImageError, Layout as Rows, Piece, Row, Source, Table, Value, first_columns,
};

/// Why an image could not be read, or the query that did.
#[derive(Debug)]
pub(super) enum Trouble {
    Image(ImageError),
    Query(QueryError),
}

impl From<ImageError> for Trouble {
    fn from(error: ImageError) -> Self {
        Self::Image(error)
    }
}

impl From<QueryError> for Trouble {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

const NO_PIECE: ImageError = ImageError::Damaged("a piece does not read");
const NO_DOCUMENT: ImageError = ImageError::Damaged("a document does not read");

fn layout(piece: &Piece) -> Result<Arc<Layout>, ImageError> {
    let layout = Layout::read(&piece.bytes).filter(|layout| layout.slots == piece.slots);
    layout.map(Arc::new).ok_or(NO_PIECE)
}

/// What must be known of one type of an image to find series in it.
pub(super) struct Known {
    pieces: Vec<(Piece, Arc<Layout>)>,
    /// Where the columns of each piece begin.
    firsts: Vec<usize>,
    rows: Rows,
}

impl Known {
    pub(super) fn read<S: Source>(image: &Image<S>, kind: usize) -> Result<Self, ImageError> {
        let pieces = image.pieces(kind)?;
        let firsts = first_columns(&pieces);
        let named = |piece: Piece| Ok((piece.clone(), layout(&piece)?));
        let pieces = pieces.into_iter().map(named).collect::<Result<_, ImageError>>()?;
        Ok(Self { pieces, firsts, rows: image.layout(kind)? })
    }
}

/// Shows the wanted numbers of an image, series after series. What must be known of its types is asked for, so that
/// it can be kept.
pub(super) fn show<S: Source>(
    image: &Image<S>,
    known: impl Fn(usize) -> Result<Arc<Known>, ImageError>,
    plans: &mut Plans<'_>,
    see: &mut impl FnMut(usize, &Series, Place, Number) -> Result<(), QueryError>,
) -> Result<(), Trouble> {
    for (at, kind) in image.kinds().iter().enumerate() {
        if !plans.concerns(&kind.kind) || !plans.touches(kind.first, kind.last) {
            continue;
        }
        let known = known(at)?;
        let (mut columns, mut wanted) = (Vec::new(), Vec::new());
        for (place, (piece, named)) in known.pieces.iter().enumerate() {
            for (slot, series) in plans.wanted_of(&piece.bytes, named)?.iter() {
                columns.push(known.firsts[place] + *slot as usize);
                wanted.push((place, *series));
            }
        }
        if wanted.is_empty() {
            continue;
        }
        let rows = &known.rows;
        plans.look_at(rows.rows.len() as u64)?;
        let columns = image.columns(rows, &columns)?;
        for ((piece, series), column) in wanted.iter().zip(&columns) {
            let counts = occurrences(&rows.shapes, *piece);
            let mut value = 0;
            for row in &rows.rows {
                let count = counts.get(row.shape as usize).copied().unwrap_or_default();
                if plans.touches(row.timestamp, row.timestamp) {
                    let place = Place { timestamp: row.timestamp, seq: row.seq };
                    for number in (value..value + count).filter_map(|value| number(column, value)) {
                        see(*series, &plans.series[*series], place, number)?;
                    }
                }
                value += count;
            }
        }
    }
    Ok(())
}

/// How often each shape has a piece.
fn occurrences(shapes: &[Vec<u32>], piece: usize) -> Vec<usize> {
    let is_it = |entry: &&u32| **entry as usize == piece + 1;
    shapes.iter().map(|shape| shape.iter().filter(is_it).count()).collect()
}

fn number(column: &Column, at: usize) -> Option<Number> {
    match column {
        Column::Whole(values) => values.get(at).copied().map(Number::Whole),
        Column::Real(values) => values.get(at).copied().map(Number::Real),
        Column::Mixed(values) => values.get(at).and_then(|value| Packed::of(value).number()),
    }
}

/// Shows the pieces of an image's kinds that are wanted, with the times of the first and the last document that
/// have them.
pub(super) fn each_span<S: Source>(
    image: &Image<S>,
    wanted: impl Fn(&str) -> bool,
    mut see: impl FnMut(&Piece, Timestamp, Timestamp),
) -> Result<(), ImageError> {
    for (at, _) in image.kinds().iter().enumerate().filter(|(_, kind)| wanted(&kind.kind)) {
        let (pieces, layout) = (image.pieces(at)?, image.layout(at)?);
        let mut shapes = vec![None; layout.shapes.len()];
        for row in &layout.rows {
            if let Some(span) = shapes.get_mut(row.shape as usize) {
                stretch(span, row.timestamp, row.timestamp);
            }
        }
        let mut spans = vec![None; pieces.len()];
        for (shape, span) in layout.shapes.iter().zip(shapes) {
            let Some((first, last)) = span else { continue };
            for piece in shape.iter().filter_map(|entry| (*entry as usize).checked_sub(1)) {
                if let Some(span) = spans.get_mut(piece) {
                    stretch(span, first, last);
                }
            }
        }
        for (piece, span) in pieces.iter().zip(spans) {
            if let Some((first, last)) = span {
                see(piece, first, last);
            }
        }
    }
    Ok(())
}

type Span = Option<(Timestamp, Timestamp)>;

fn stretch(span: &mut Span, first: Timestamp, last: Timestamp) {
    let (known_first, known_last) = span.unwrap_or((first, last));
    *span = Some((known_first.min(first), known_last.max(last)));
}

/// The documents of one kind of an image, read one after the other.
pub(super) struct Texts {
    table: Table,
    pieces: Vec<(Arc<Layout>, usize)>,
    orders: HashMap<u32, Vec<usize>>,
    /// For each column the value that comes next.
    next: Vec<usize>,
    row: usize,
}

impl Texts {
    pub(super) fn open<S: Source>(image: &Image<S>, kind: usize) -> Result<Self, ImageError> {
        let table = image.table(kind)?;
        let layouts = table.pieces.iter().map(layout).collect::<Result<Vec<_>, _>>()?;
        let pieces = layouts.into_iter().zip(first_columns(&table.pieces)).collect();
        let next = vec![0; table.columns.len()];
        Ok(Self { table, pieces, orders: HashMap::new(), next, row: 0 })
    }

    /// The document of a row, which is not before the one that was read last.
    pub(super) fn read(&mut self, row: usize) -> Result<ReadDocument, ImageError> {
        while self.row < row {
            let at = self.table.rows.get(self.row).ok_or(NO_DOCUMENT)?.shape;
            let shape = self.table.shapes.get(at as usize).ok_or(NO_DOCUMENT)?;
            if !self.orders.contains_key(&at) {
                self.orders.insert(at, order(shape, &self.pieces).ok_or(NO_DOCUMENT)?);
            }
            for column in &self.orders[&at] {
                *self.next.get_mut(*column).ok_or(NO_DOCUMENT)? += 1;
            }
            self.row += 1;
        }
        self.row += 1;
        self.write(row).ok_or(NO_DOCUMENT)
    }

    fn write(&mut self, row: usize) -> Option<ReadDocument> {
        let Self { table, pieces, next, .. } = self;
        let Row { timestamp, seq, received_at, shape } = *table.rows.get(row)?;
        let text = text::write(
            table.shapes.get(shape as usize)?,
            timestamp,
            |piece| pieces.get(piece as usize).map(|(layout, _)| Arc::clone(layout)).ok_or(()),
            |piece, slot, out| {
                let column = pieces.get(piece as usize)?.1 + slot as usize;
                let at = next.get_mut(column)?;
                write_value(table.columns.get(column)?, *at, out)?;
                *at += 1;
                Some(())
            },
        );
        let text = text.ok().flatten()?;
        Some(ReadDocument { seq, kind: table.kind.clone(), timestamp, received_at, text })
    }
}

fn write_value(column: &Column, at: usize, out: &mut Vec<u8>) -> Option<()> {
    match column {
        Column::Whole(values) => Packed::Whole(*values.get(at)?).write(out),
        Column::Real(values) => Packed::Real(*values.get(at)?).write(out),
        Column::Mixed(values) => Packed::of(values.get(at)? as &Value).write(out),
    }
    Some(())
}
