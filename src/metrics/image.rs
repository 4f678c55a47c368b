//! Reading over images: of hours, and of segments.
//!
//! It guarantees: a block is read only for what is asked for, and under its checksum. The columns that it chooses can
//! be read by several threads at once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::directory::{Found, layout};
use super::documents::ReadDocument;
use super::gather::order;
use super::hot::Place;
use super::known::{Known, Places};
use super::number::Number;
use super::pack::Packed;
use super::piece::{Layout, Series};
use super::query::QueryError;
use super::text;
use super::visit::Plans;
use crate::storage::segment::{Column, Image, ImageError, Row, Source, Table, Value, first_columns};

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

const NO_DOCUMENT: ImageError = ImageError::Damaged("a document does not read");

/// Shows the columns of an image whose series are wanted. What must be known of its types is asked for, so that it can
/// be kept.
pub(super) fn show<S: Source>(
    image: &Image<S>,
    known: impl Fn(usize) -> Result<Arc<Known>, ImageError>,
    plans: &mut Plans<'_>,
    see: &mut impl FnMut(&Chosen<'_, S>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    for (at, kind) in image.kinds().iter().enumerate() {
        if !plans.concerns(&kind.kind) || !plans.touches(kind.first, kind.last) {
            continue;
        }
        let known = known(at)?;
        let mut found = Vec::new();
        known.each_wanted(plans.wanted, |Found { name, labels, mark, piece, column }| {
            let series = Series { name: Arc::clone(name), labels: Arc::clone(labels) };
            found.push((column, piece, series, mark));
        });
        if found.is_empty() {
            continue;
        }
        plans.look_at(known.rows() as u64)?;
        let of = |(column, piece, series, mark)| {
            Ok(ChosenColumn { column, piece, slot: plans.slot(series, mark)? })
        };
        let mut columns = found.into_iter().map(of).collect::<Result<Vec<_>, QueryError>>()?;
        known.columns.sort(&mut columns, |one| one.column);
        let rows = known.between(plans.range);
        see(&Chosen { image, known: &known, rows, columns, series: &plans.series })?;
    }
    Ok(())
}

/// The columns of one type of an image whose series are wanted, in the order of their storage.
pub(super) struct Chosen<'k, S> {
    image: &'k Image<S>,
    known: &'k Known,
    /// Those in the range.
    rows: Range<usize>,
    pub(super) columns: Vec<ChosenColumn>,
    series: &'k [Series],
}

/// A column, and the place of its series among those found so far.
pub(super) struct ChosenColumn {
    column: usize,
    piece: usize,
    slot: usize,
}

/// What a column has in the range.
pub(super) struct Run<'k> {
    pub(super) slot: usize,
    pub(super) series: &'k Series,
    places: Places<'k>,
    column: Column,
    values: Range<usize>,
}

impl<S: Source> Chosen<'_, S> {
    /// Reads some of its columns, one after the other.
    pub(super) fn each(
        &self,
        some: &[ChosenColumn],
        mut see: impl FnMut(Run<'_>) -> Result<(), QueryError>,
    ) -> Result<(), Trouble> {
        let columns: Vec<_> = some.iter().map(|one| one.column).collect();
        self.image.each_column(&self.known.columns, &columns, |place, column| {
            let ChosenColumn { piece, slot, .. } = some[place];
            let (values, places) = self.known.values(piece, &self.rows);
            Ok(see(Run { slot, series: &self.series[slot], places, column, values })?)
        })
    }
}

impl Run<'_> {
    /// Values, of which some may be no numbers.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Shows its numbers.
    pub(super) fn each<E>(&self, mut see: impl FnMut(Place, Number) -> Result<(), E>) -> Result<(), E> {
        let (mut places, values) = (self.places.iter(), self.values.clone());
        match &self.column {
            Column::Whole(all) => places
                .zip(all.get(values).unwrap_or_default())
                .try_for_each(|(place, value)| see(place, Number::Whole(*value))),
            Column::Real(all) => places
                .zip(all.get(values).unwrap_or_default())
                .try_for_each(|(place, value)| see(place, Number::Real(*value))),
            Column::Mixed(all) => all.get(values).unwrap_or_default().iter().try_for_each(|value| {
                let number = places.next().zip(Packed::of(value).number());
                number.map_or(Ok(()), |(place, number)| see(place, number))
            }),
        }
    }
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
        let layouts = table.pieces.iter().map(|piece| layout(piece).map(Arc::new));
        let layouts = layouts.collect::<Result<Vec<_>, _>>()?;
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
