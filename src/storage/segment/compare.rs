//! Compares an image with the slice that it was made of, column by column, so that no second slice is needed.

use super::format::{Directory, TableEntry};
use super::pieces::Arrival;
use super::reader::{Image, ImageError, Reading, Source};
use super::table::{Slice, Table};

impl<S: Source> Image<S> {
    /// Whether reading all of it gives this slice. When it does, every block was decoded under its checksum.
    pub fn is_slice(&self, slice: &Slice) -> Result<bool, ImageError> {
        let Directory { collector, tables, .. } = &self.directory;
        if *collector != slice.collector || tables.len() != slice.tables.len() {
            return Ok(false);
        }
        let mut reading = self.reading();
        let arrivals = reading.arrivals()?;
        for (entry, table) in tables.iter().zip(&slice.tables) {
            if !is_table(&mut reading, entry, &arrivals, table)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn is_table<S: Source>(
    reading: &mut Reading<'_, S>,
    entry: &TableEntry,
    arrivals: &[Arrival],
    Table { kind, pieces, shapes, rows, columns }: &Table,
) -> Result<bool, ImageError> {
    let (own, layout) = reading.head(entry, arrivals)?;
    let mut is_it = entry.kind == *kind
        && own == *pieces
        && layout.shapes == *shapes
        && layout.rows == *rows
        && layout.columns.count() == columns.len();
    if is_it {
        reading.every_column(entry, &layout.columns, |place, column| is_it &= column == columns[place])?;
    }
    Ok(is_it)
}
