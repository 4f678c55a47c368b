//! Reading everything that is stored and checking it, while no daemon has the store open.
//!
//! It guarantees: when it finds nothing, every document reads back and every number of it belongs to a series.

use std::path::Path;

use redb::{ReadTransaction, ReadableTable};

use super::dictionary::{self, Numbers};
use super::documents::read;
use super::feed::{self, FEED};
use super::hot;
use super::hours::{Hours, each_batch, hour_image, no_image};
use super::image::Texts;
use super::layouts::Layouts;
use super::owner::{RegistryMark, owner, registry_mark};
use super::{OpenError, check, create};
use crate::crypto::Hash;
use crate::limits;
use crate::storage::redb_file::{damaged, unseal};
use crate::storage::segment::{Image, ImageError, Source};
use crate::storage::{Poison, RedbError, RedbFile};

/// What was found whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    pub values: u64,
    pub documents: u64,
    /// The registry that they belong to, where they say.
    pub registry: Option<Hash>,
    /// How far that had come when they last looked.
    pub registry_mark: Option<RegistryMark>,
    /// The number that the next document gets.
    pub next_seq: u64,
}

/// Checks the store at `path`. The first damage that is found is the error.
pub fn verify(path: &Path) -> Result<Verified, OpenError> {
    if !path.is_file() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(RedbError::File { operation: "find", path: path.to_owned(), source }.into());
    }
    let file = RedbFile::open(path, limits::HOT_CACHE_BYTES, Poison::default(), |tx| create(tx, 1))?;
    check(&file)?;
    Ok(file.read(|tx| {
        let (values, documents) = (verify_values(tx)?, verify_documents(tx)?);
        let (registry, registry_mark) = (owner(tx)?, registry_mark(tx)?);
        let next_seq = feed::next_seq(&tx.open_table(hot::META)?)?;
        Ok::<_, RedbError>(Verified { values, documents, registry, registry_mark, next_seq })
    })?)
}

fn verify_values(tx: &ReadTransaction) -> Result<u64, RedbError> {
    let mut values = 0;
    // the feed is there once somebody wanted one
    for (name, table) in hot::ALL.into_iter().chain([("entry of the feed", FEED)]) {
        let rows = match tx.open_table(table) {
            Err(redb::TableError::TableDoesNotExist(_)) if name == "entry of the feed" => continue,
            rows => rows?,
        };
        for row in rows.iter()? {
            let (key, sealed) = row?;
            unseal(name, key.value(), sealed.value())?;
            values += 1;
        }
    }
    Ok(values)
}

fn verify_documents(tx: &ReadTransaction) -> Result<u64, RedbError> {
    let (batches, images) = (tx.open_table(hot::BATCHES)?, tx.open_table(hot::IMAGES)?);
    let (entries, dictionaries) = (tx.open_table(hot::DICTIONARY)?, tx.open_table(hot::DICTIONARIES)?);
    let mut documents = 0;
    for collector in hot::collectors_in(&tx.open_table(hot::HOURS)?)? {
        let numbers = hot::get(&dictionaries, &hot::of_collector(collector), Numbers::open)?;
        dictionary::count(&entries, collector, numbers.unwrap_or_default())?;
        let mut layouts = Layouts::new(tx, collector)?;
        let mut hours = Hours::all(tx, collector)?;
        while let Some((hour, counts)) = hours.next()? {
            if let Some(image) = hour_image(&images, (collector, hour, counts))? {
                let read = verify_image(&image);
                documents += read.map_err(|error| no_image(collector, hour, &error))?;
            }
            each_batch(
                &batches,
                (collector, hour, counts),
                |_| true,
                |seq, batch| {
                    for index in 0..batch.documents.len() {
                        let document = read(&batch, index, &mut layouts)?;
                        document.ok_or_else(|| damaged("document", &hot::batch_key(collector, hour, seq)))?;
                        documents += 1;
                    }
                    Ok::<_, RedbError>(())
                },
            )?;
        }
    }
    Ok(documents)
}

/// Reads every document of an image, and says how many there are.
fn verify_image<S: Source>(image: &Image<S>) -> Result<u64, ImageError> {
    let mut documents = 0;
    for (at, kind) in image.kinds().iter().enumerate() {
        let mut texts = Texts::open(image, at)?;
        for row in 0..kind.rows {
            texts.read(row)?;
            documents += 1;
        }
    }
    Ok(documents)
}
