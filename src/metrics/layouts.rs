//! The dictionary of one collector as readers want it: each entry read once, when it is needed.

use std::collections::HashMap;
use std::sync::Arc;

use redb::ReadTransaction;

use super::batch::FoundShape;
use super::dictionary::Entry;
use super::hot;
use super::hours::Table;
use super::piece::Layout;
use crate::ids::CollectorId;
use crate::storage::RedbError;
use crate::storage::redb_file::damaged;

pub(super) struct Layouts {
    entries: Table,
    collector: CollectorId,
    pieces: HashMap<u32, Arc<Layout>>,
    shapes: HashMap<u32, Arc<[u32]>>,
}

impl Layouts {
    pub(super) fn new(tx: &ReadTransaction, collector: CollectorId) -> Result<Self, RedbError> {
        let entries = tx.open_table(hot::DICTIONARY)?;
        Ok(Self { entries, collector, pieces: HashMap::new(), shapes: HashMap::new() })
    }

    /// The pieces of a shape: their numbers plus one, and 0 where a list ends.
    pub(super) fn shape(&mut self, shape: &FoundShape) -> Result<Arc<[u32]>, RedbError> {
        let number = match shape {
            FoundShape::Pieces(pieces) => return Ok(Arc::clone(pieces)),
            FoundShape::Number(number) => *number,
        };
        if let Some(pieces) = self.shapes.get(&number) {
            return Ok(Arc::clone(pieces));
        }
        let Entry::Shape(pieces) = self.entry(number)? else { return Err(self.missing(number)) };
        self.shapes.insert(number, Arc::clone(&pieces));
        Ok(pieces)
    }

    pub(super) fn piece(&mut self, number: u32) -> Result<Arc<Layout>, RedbError> {
        if let Some(layout) = self.pieces.get(&number) {
            return Ok(Arc::clone(layout));
        }
        let Entry::Piece(bytes) = self.entry(number)? else { return Err(self.missing(number)) };
        let layout = Arc::new(Layout::read(&bytes).ok_or_else(|| self.missing(number))?);
        self.pieces.insert(number, Arc::clone(&layout));
        Ok(layout)
    }

    /// Batches refer to what is stored with them, so what is missing is damage.
    fn entry(&self, number: u32) -> Result<Entry, RedbError> {
        let key = hot::entry_key(self.collector, number);
        hot::get(&self.entries, &key, Entry::open)?.ok_or_else(|| self.missing(number))
    }

    fn missing(&self, number: u32) -> RedbError {
        damaged("entry of a dictionary", &hot::entry_key(self.collector, number))
    }
}
