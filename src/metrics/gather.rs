//! The documents of an hour put together as columns.
//!
//! It guarantees: what it gives is what the batches and the image of the hour hold, in the order of time and
//! sequence. It changes nothing.

use std::collections::HashMap;
use std::sync::Arc;

use redb::ReadTransaction;

use super::batch::{Batch, FoundShape};
use super::hot::{self, Hour};
use super::hours::{each_batch, hour_image, no_image};
use super::layouts::Layouts;
use super::pack::{self, Packed};
use super::piece::Layout;
use super::text::{self, Step};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::bytes::Reader;
use crate::storage::redb_file::damaged;
use crate::storage::segment::{Column, Piece, Row, Slice, Table, merge};

/// All documents of an hour of the collector of these layouts.
pub(super) fn slice(
    tx: &ReadTransaction,
    (collector, hour, counts): (CollectorId, Timestamp, Hour),
    layouts: &mut Layouts,
) -> Result<Slice, RedbError> {
    let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
    let mut slices = Vec::new();
    if let Some(image) = hour_image(&images, (collector, hour, counts))? {
        let slice = image.slice();
        slices.push(slice.map_err(|error| no_image(collector, hour, &error))?);
    }
    let mut found = Vec::new();
    each_batch(
        &batches,
        (collector, hour, counts),
        |_| true,
        |_, batch| {
            found.push(batch);
            Ok::<_, RedbError>(())
        },
    )?;
    slices.push(columns_of(collector, &found, layouts)?);
    Ok(merge(slices))
}

fn columns_of(collector: CollectorId, batches: &[Batch], layouts: &mut Layouts) -> Result<Slice, RedbError> {
    let mut order = Vec::new();
    for (at, batch) in batches.iter().enumerate() {
        let documents = batch.documents.iter().enumerate();
        order.extend(documents.map(|(index, document)| (document.timestamp, document.seq, at, index)));
    }
    order.sort_unstable();
    let mut tables = HashMap::<&str, Gathered>::new();
    for (_, seq, at, index) in order {
        let (batch, document) = (&batches[at], &batches[at].documents[index]);
        let table = tables
            .entry(&batch.kinds[document.kind])
            .or_insert_with(|| Gathered { documents: batches.len(), ..Gathered::default() });
        let shape = table.shape(&document.shape, layouts)?;
        let row = Row { timestamp: document.timestamp, seq, received_at: batch.received_at, shape };
        let added = table.add(row, &mut Reader(batch.values(document)));
        added.ok_or_else(|| damaged("document", &seq.to_be_bytes()))?;
    }
    let mut tables: Vec<_> = tables
        .into_iter()
        .map(|(kind, gathered)| Table { kind: kind.to_owned(), ..gathered.table })
        .collect();
    tables.sort_by(|one, next| one.kind.cmp(&next.kind));
    Ok(Slice { collector: hot::of_collector(collector), tables })
}

/// A table while its rows are added.
#[derive(Default)]
struct Gathered {
    table: Table,
    /// How many documents with a piece there may be: most pushes have one.
    documents: usize,
    /// For each piece its layout and the first of its columns.
    pieces: Vec<(Arc<Layout>, usize)>,
    /// By the numbers of the dictionary.
    known_pieces: HashMap<u32, u32>,
    /// By their bytes: a dictionary that began anew has given a piece another number.
    same_pieces: HashMap<Arc<[u8]>, u32>,
    known_shapes: HashMap<u32, u32>,
    /// By the places in the table.
    shapes: HashMap<Vec<u32>, u32>,
    /// For each shape the columns of its values, in the order of the text.
    orders: Vec<Vec<usize>>,
}

impl Gathered {
    /// The place of a shape among those of the table.
    fn shape(&mut self, shape: &FoundShape, layouts: &mut Layouts) -> Result<u32, RedbError> {
        if let FoundShape::Number(number) = shape
            && let Some(known) = self.known_shapes.get(number)
        {
            return Ok(*known);
        }
        let numbers = layouts.shape(shape)?;
        let place = |number: &u32| match number.checked_sub(1) {
            Some(piece) => self.piece(piece, layouts).map(|place| place + 1),
            None => Ok(0),
        };
        let pieces = numbers.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let known = match self.shapes.get(&pieces) {
            Some(known) => *known,
            None => self.add_shape(pieces)?,
        };
        if let FoundShape::Number(number) = shape {
            self.known_shapes.insert(*number, known);
        }
        Ok(known)
    }

    fn add_shape(&mut self, pieces: Vec<u32>) -> Result<u32, RedbError> {
        let order = order(&pieces, &self.pieces).ok_or_else(|| damaged("shape", &[]))?;
        let place = u32::try_from(self.orders.len()).map_err(|_| damaged("shapes of an hour", &[]))?;
        self.orders.push(order);
        self.table.shapes.push(pieces.clone());
        self.shapes.insert(pieces, place);
        Ok(place)
    }

    fn piece(&mut self, number: u32, layouts: &mut Layouts) -> Result<u32, RedbError> {
        if let Some(known) = self.known_pieces.get(&number) {
            return Ok(*known);
        }
        let layout = layouts.piece(number)?;
        let same = self.same_pieces.get(layout.bytes()).copied();
        let place = same.map_or_else(|| self.add_piece(layout), Ok)?;
        self.known_pieces.insert(number, place);
        Ok(place)
    }

    fn add_piece(&mut self, layout: Arc<Layout>) -> Result<u32, RedbError> {
        let place = u32::try_from(self.pieces.len()).map_err(|_| damaged("pieces of an hour", &[]))?;
        let (bytes, slots) = (Arc::clone(layout.bytes()), layout.slots);
        self.same_pieces.insert(Arc::clone(&bytes), place);
        self.table.pieces.push(Piece { bytes, slots, family: layout.family() });
        self.pieces.push((layout, self.table.columns.len()));
        self.table
            .columns
            .resize_with(self.table.columns.len() + slots as usize, || Column::with_capacity(self.documents));
        Ok(place)
    }

    /// Adds a document; `None` means that its values are none of its shape.
    fn add(&mut self, row: Row, values: &mut Reader<'_>) -> Option<()> {
        for column in self.orders.get(row.shape as usize)? {
            let column = self.table.columns.get_mut(*column)?;
            match pack::read(values)? {
                Packed::Whole(value) => column.push_whole(value),
                Packed::Real(value) => column.push_real(value),
                other => column.push(other.value()),
            }
        }
        self.table.rows.push(row);
        values.is_empty().then_some(())
    }
}

/// The columns of the values of a shape, in the order of the text.
pub(super) fn order(shape: &[u32], pieces: &[(Arc<Layout>, usize)]) -> Option<Vec<usize>> {
    let mut order = Vec::new();
    let walked = text::walk(
        shape,
        |piece| pieces.get(piece as usize).map(|(layout, _)| Arc::clone(layout)).ok_or(()),
        |step| {
            if let Step::Slot { piece, slot } = step {
                order.push(pieces.get(piece as usize)?.1 + slot as usize);
            }
            Some(())
        },
    );
    walked.ok().flatten().map(|()| order)
}
