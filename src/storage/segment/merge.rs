//! Puts slices of one collector together.
//!
//! The rows of the result are those of all slices in their order; a document that several slices have (the same
//! sequence number at the same time) is there once.

use std::collections::HashMap;
use std::sync::Arc;

use super::table::{Piece, Row, Slice, Table, first_columns};
use super::value::Column;

/// The slices as one.
pub fn merge(slices: Vec<Slice>) -> Slice {
    let collector = slices.first().map_or([0; 16], |slice| slice.collector);
    let mut by_kind: Vec<(String, Vec<Table>)> = Vec::new();
    for table in slices.into_iter().flat_map(|slice| slice.tables) {
        match by_kind.iter_mut().find(|(kind, _)| *kind == table.kind) {
            Some((_, tables)) => tables.push(table),
            None => by_kind.push((table.kind.clone(), vec![table])),
        }
    }
    by_kind.sort_by(|one, next| one.0.cmp(&next.0));
    Slice {
        collector,
        tables: by_kind.into_iter().map(|(kind, tables)| merge_tables(kind, tables)).collect(),
    }
}

fn merge_tables(kind: String, mut tables: Vec<Table>) -> Table {
    if tables.len() == 1 {
        return tables.pop().unwrap_or_default();
    }
    let (pieces, of_pieces) = common_pieces(&tables);
    let (shapes, of_shapes) = common_shapes(&tables, &of_pieces);
    let order = order(&tables);
    let rows = order.iter().filter(|place| !place.is_repeated).filter_map(|place| {
        let row = tables.get(place.table)?.rows.get(place.row)?;
        Some(Row { shape: *of_shapes.get(place.table)?.get(row.shape as usize)?, ..*row })
    });
    let rows = rows.collect();
    let columns = columns(tables, &pieces, &of_pieces, &order);
    Table { kind, pieces, shapes, rows, columns }
}

/// Every piece once, and for each table the places of its own among them.
fn common_pieces(tables: &[Table]) -> (Vec<Piece>, Vec<Vec<usize>>) {
    let (mut places, mut pieces) = (HashMap::<Arc<[u8]>, usize>::new(), Vec::new());
    let mut place = |piece: &Piece| {
        *places.entry(Arc::clone(&piece.bytes)).or_insert_with(|| {
            pieces.push(piece.clone());
            pieces.len() - 1
        })
    };
    let of_tables = tables.iter().map(|table| table.pieces.iter().map(&mut place).collect()).collect();
    (pieces, of_tables)
}

fn common_shapes(tables: &[Table], of_pieces: &[Vec<usize>]) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let (mut places, mut shapes) = (HashMap::<Vec<u32>, u32>::new(), Vec::new());
    let mut of_tables = Vec::with_capacity(tables.len());
    for (table, of_pieces) in tables.iter().zip(of_pieces) {
        let renamed = |entry: &u32| {
            let piece = (*entry as usize).checked_sub(1).and_then(|piece| of_pieces.get(piece));
            piece.map_or(0, |piece| u32::try_from(piece + 1).unwrap_or(u32::MAX))
        };
        let mut of_shapes = Vec::with_capacity(table.shapes.len());
        for shape in &table.shapes {
            let shape: Vec<u32> = shape.iter().map(renamed).collect();
            let next = u32::try_from(shapes.len()).unwrap_or(u32::MAX);
            of_shapes.push(*places.entry(shape).or_insert_with_key(|shape| {
                shapes.push(shape.clone());
                next
            }));
        }
        of_tables.push(of_shapes);
    }
    (shapes, of_tables)
}

/// A row of one of the tables.
struct Place {
    table: usize,
    row: usize,
    is_repeated: bool,
}

/// All rows by time and sequence number.
fn order(tables: &[Table]) -> Vec<Place> {
    let key = |place: &Place| {
        let row = tables.get(place.table).and_then(|table| table.rows.get(place.row));
        row.map(|row| (row.timestamp, row.seq))
    };
    let mut order: Vec<Place> = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        order.extend((0..table.rows.len()).map(|row| Place { table: index, row, is_repeated: false }));
    }
    // stable, and nearly sorted already
    order.sort_by_key(key);
    let mut last = None;
    for place in &mut order {
        let this = key(place);
        place.is_repeated = last == Some(this);
        last = Some(this);
    }
    order
}

/// Values of one table that follow each other in a merged column.
struct Run {
    table: usize,
    values: usize,
    is_repeated: bool,
}

fn columns(tables: Vec<Table>, pieces: &[Piece], of_pieces: &[Vec<usize>], order: &[Place]) -> Vec<Column> {
    let runs = runs(&tables, pieces.len(), of_pieces, order);
    let mut sources: Vec<Source> =
        tables.into_iter().zip(of_pieces).map(|(table, of_pieces)| Source::new(table, of_pieces)).collect();
    let mut merged = Vec::new();
    for (place, (piece, runs)) in pieces.iter().zip(&runs).enumerate() {
        for slot in 0..piece.slots as usize {
            merged.push(follow(runs, &mut sources, place, slot));
        }
    }
    merged
}

/// For each piece, from which tables its values come.
fn runs(tables: &[Table], pieces: usize, of_pieces: &[Vec<usize>], order: &[Place]) -> Vec<Vec<Run>> {
    let mut runs: Vec<Vec<Run>> = (0..pieces).map(|_| Vec::new()).collect();
    for place in order {
        let Some((table, of_pieces)) = tables.get(place.table).zip(of_pieces.get(place.table)) else {
            continue;
        };
        let row = table.rows.get(place.row);
        let shape = row.and_then(|row| table.shapes.get(row.shape as usize));
        for entry in shape.into_iter().flatten() {
            let piece = (*entry as usize).checked_sub(1).and_then(|piece| of_pieces.get(piece));
            let Some(runs) = piece.and_then(|piece| runs.get_mut(*piece)) else { continue };
            match runs.last_mut() {
                Some(run) if run.table == place.table && run.is_repeated == place.is_repeated => {
                    run.values += 1;
                }
                _ => runs.push(Run { table: place.table, values: 1, is_repeated: place.is_repeated }),
            }
        }
    }
    runs
}

/// The columns of one table, each to be taken once.
struct Source {
    columns: Vec<Column>,
    /// Where the columns of a common piece begin.
    firsts: HashMap<usize, usize>,
}

impl Source {
    fn new(table: Table, of_pieces: &[usize]) -> Self {
        let firsts = first_columns(&table.pieces);
        Self { columns: table.columns, firsts: of_pieces.iter().copied().zip(firsts).collect() }
    }

    fn take(&mut self, piece: usize, slot: usize) -> Option<Column> {
        let first = self.firsts.get(&piece)?;
        self.columns.get_mut(first + slot).map(std::mem::take)
    }
}

/// Takes the runs of one column out of the columns of the tables.
fn follow(runs: &[Run], sources: &mut [Source], piece: usize, slot: usize) -> Column {
    let mut columns: Vec<Option<(Column, usize)>> = sources.iter().map(|_| None).collect();
    let mut merged = Column::with_capacity(runs.iter().map(|run| run.values).sum());
    for run in runs {
        let Some((column, source)) = columns.get_mut(run.table).zip(sources.get_mut(run.table)) else {
            continue;
        };
        let (column, next) = column.get_or_insert_with(|| (source.take(piece, slot).unwrap_or_default(), 0));
        let end = *next + run.values;
        if !run.is_repeated {
            merged.append_range(column, *next..end);
        }
        *next = end;
    }
    merged
}
