//! A part of a slice: some of its rows, with the pieces and shapes that they need.

use std::collections::HashMap;

use super::table::{Row, Slice, Table, first_columns};
use super::value::Column;

/// The rows of a slice that are wanted, by their kind. Tables without any are left out.
pub fn keep(slice: &Slice, mut is_wanted: impl FnMut(&str, &Row) -> bool) -> Slice {
    let tables = slice.tables.iter().map(|table| keep_in(table, |row| is_wanted(&table.kind, row)));
    Slice { collector: slice.collector, tables: tables.filter(|table| !table.rows.is_empty()).collect() }
}

/// Hands out new numbers in the order in which old ones are first used.
#[derive(Default)]
struct Renumbered {
    numbers: HashMap<u32, u32>,
    old: Vec<u32>,
}

impl Renumbered {
    fn number(&mut self, old: u32) -> u32 {
        let next = u32::try_from(self.old.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(old).or_insert_with(|| {
            self.old.push(old);
            next
        })
    }
}

fn keep_in(table: &Table, mut is_wanted: impl FnMut(&Row) -> bool) -> Table {
    let wanted: Vec<bool> = table.rows.iter().map(&mut is_wanted).collect();
    let (mut shapes, mut pieces) = (Renumbered::default(), Renumbered::default());
    let rows = table.rows.iter().zip(&wanted).filter(|(_, wanted)| **wanted);
    let rows: Vec<Row> = rows.map(|(row, _)| Row { shape: shapes.number(row.shape), ..*row }).collect();
    let old_shapes = shapes.old.iter().filter_map(|old| table.shapes.get(*old as usize));
    let new_shapes = old_shapes.map(|shape| {
        let entry = |entry: &u32| entry.checked_sub(1).map_or(0, |piece| pieces.number(piece) + 1);
        shape.iter().map(entry).collect()
    });
    let shapes = new_shapes.collect();
    let kept = kept_values(table, &wanted);
    let firsts = first_columns(&table.pieces);
    let mut columns = Vec::new();
    for old in &pieces.old {
        let old = *old as usize;
        let Some((bounds, kept)) = firsts.get(old..old + 2).zip(kept.get(old)) else { continue };
        for column in table.columns.get(bounds[0]..bounds[1]).unwrap_or(&[]) {
            columns.push(some(column, kept));
        }
    }
    let pieces = pieces.old.iter().filter_map(|old| table.pieces.get(*old as usize).cloned()).collect();
    Table { kind: table.kind.clone(), pieces, shapes, rows, columns }
}

/// For each piece and each of its occurrences, whether it is in a wanted row.
fn kept_values(table: &Table, wanted: &[bool]) -> Vec<Vec<bool>> {
    let mut kept: Vec<Vec<bool>> = vec![Vec::new(); table.pieces.len()];
    for (row, wanted) in table.rows.iter().zip(wanted) {
        for entry in table.shapes.get(row.shape as usize).into_iter().flatten() {
            let piece = (*entry as usize).checked_sub(1).and_then(|piece| kept.get_mut(piece));
            if let Some(kept) = piece {
                kept.push(*wanted);
            }
        }
    }
    kept
}

fn some(column: &Column, kept: &[bool]) -> Column {
    let mut some = Column::default();
    let mut begin = 0;
    for run in kept.chunk_by(|one, next| one == next) {
        let end = begin + run.len();
        if run.first() == Some(&true) {
            some.append(column.range(begin..end));
        }
        begin = end;
    }
    some
}
