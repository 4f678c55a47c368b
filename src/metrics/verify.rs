//! Reading everything that is stored and checking it, while no daemon has the store open.
//!
//! It guarantees: when it finds nothing, every document reads back and every number of it belongs to a series.

use std::collections::HashMap;
use std::path::Path;

use redb::{ReadTransaction, ReadableTable};

use super::bytes::Reader;
use super::hot::{self, Place, StoredDocument};
use super::shape::{self, ShapeHash};
use super::walk::{Rows, Walk};
use super::{OpenError, check, create, index, kinds};
use crate::clock::Timestamp;
use crate::ids::CollectorId;
use crate::limits;
use crate::storage::redb_file::{damaged, unseal};
use crate::storage::{Poison, RedbError, RedbFile};

/// What was found whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub values: u64,
    pub documents: u64,
}

/// Checks the store at `path`. The first damage that is found is the error.
pub fn verify(path: &Path) -> Result<Verified, OpenError> {
    if !path.is_file() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(RedbError::File { operation: "find", path: path.to_owned(), source }.into());
    }
    let file = RedbFile::open(path, limits::HOT_CACHE_BYTES, Poison::default(), create)?;
    check(&file)?;
    Ok(file.read(|tx| {
        Ok::<_, RedbError>(Verified { values: verify_values(tx)?, documents: verify_documents(tx)? })
    })?)
}

fn verify_values(tx: &ReadTransaction) -> Result<u64, RedbError> {
    let mut values = 0;
    for (name, table) in hot::ALL {
        for row in tx.open_table(table)?.iter()? {
            let (key, sealed) = row?;
            unseal(name, key.value(), sealed.value())?;
            values += 1;
        }
    }
    Ok(values)
}

fn verify_documents(tx: &ReadTransaction) -> Result<u64, RedbError> {
    let (shapes, rows) = (tx.open_table(hot::SHAPES)?, tx.open_table(hot::NUMBERS)?);
    let mut documents = 0;
    for collector in index::collectors_in(tx, hot::DOCUMENTS)? {
        let mut numbers = HashMap::new();
        for kind in kinds(tx, collector)? {
            let last = Place { timestamp: Timestamp::from_millis(i64::MAX), seq: u64::MAX };
            let mut walk = Walk::new(tx, hot::of_kind(collector, &kind), Place::FIRST, last)?;
            while let Some((place, (key, sealed))) = walk.next()? {
                let document = StoredDocument::open(key.value(), sealed.value())?;
                document.text(key.value())?;
                let count = numbers_of(&shapes, &mut numbers, collector, document.shape)?;
                let key = hot::numbers_key(collector, document.shape, place);
                let whole = |key: &[u8], sealed: &[u8]| {
                    let mut reader = Reader(unseal("row of numbers", key, sealed)?);
                    Ok(reader.numbers_at(0..count).is_some() && reader.is_empty())
                };
                if hot::get(&rows, &key, whole)?.unwrap_or(false) != (count > 0) {
                    return Err(damaged("row of numbers", &key));
                }
                documents += 1;
            }
        }
    }
    Ok(documents)
}

/// How many numbers a document of a shape has.
fn numbers_of(
    shapes: &Rows,
    known: &mut HashMap<ShapeHash, usize>,
    collector: CollectorId,
    shape: ShapeHash,
) -> Result<usize, RedbError> {
    if let Some(count) = known.get(&shape) {
        return Ok(*count);
    }
    let key = hot::shape_key(collector, shape);
    let stored = hot::get(shapes, &key, hot::open_shape)?.ok_or_else(|| damaged("shape", &key))?;
    let mut count = 0;
    shape::each_group(&stored, |group| count += group.keys.len()).ok_or_else(|| damaged("shape", &key))?;
    known.insert(shape, count);
    Ok(count)
}
