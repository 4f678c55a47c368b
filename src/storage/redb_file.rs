//! A redb file: created whole or not at all, written by one commit at a time, read on snapshots.
//!
//! It guarantees: a write that returned `Ok` is durable; one that failed in the engine has poisoned the store;
//! a value that was changed on the disk is found when it is opened. It does not know the tables.
//!
//! Small writes are made durable by a journal beside the file (`journaled`), as a commit of the engine itself costs
//! two syncs and many pages.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use redb::{Builder, Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use super::data_dir::journal_of;
use super::free_space::FreeSpace;
use super::journal::{Journal, JournalError};
use super::poison::{Poison, Poisoned};
use crate::{files, limits};

/// What a file system counts in.
const BLOCK_BYTES: u64 = 512;
/// Bytes of the checksum before every value.
const CHECKSUM_BYTES: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum RedbError {
    #[error("cannot {operation} {path}: {source}")]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("cannot open {path}: {source}; it is left as it is")]
    Open { path: PathBuf, source: Box<redb::Error> },
    #[error("cannot use {path}, which has changes that {store} needs: {source}; both are left as they are")]
    Journal { path: PathBuf, store: PathBuf, source: JournalError },
    #[error("redb: {0}")]
    Engine(Box<redb::Error>),
    #[error("{0} is damaged: the engine gave up on it; it is left as it is")]
    Panicked(PathBuf),
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
    #[error(
        "no space left to change {path}: {free} bytes are free, and {} stay free",
        limits::HOT_FREE_BYTES
    )]
    NoRoom { path: PathBuf, free: u64 },
    #[error("damaged: the {what} under {key} does not match its checksum")]
    Damaged { what: &'static str, key: String },
}

/// redb has one error for each operation; all of them mean that the engine failed.
macro_rules! engine_errors {
    ($($error:ty),+ $(,)?) => { $(
        impl From<$error> for RedbError {
            fn from(error: $error) -> Self {
                Self::Engine(Box::new(error.into()))
            }
        }
    )+ };
}

engine_errors!(redb::StorageError, redb::TableError, redb::TransactionError, redb::SetDurabilityError);

/// One open file.
pub struct RedbFile {
    pub(super) path: PathBuf,
    /// Held until the drop, which must be guarded.
    database: Option<Database>,
    /// There once something was written to it. Held by whoever writes.
    pub(super) journal: Mutex<Option<Journal>>,
    pub(super) poison: Poison,
}

impl Drop for RedbFile {
    fn drop(&mut self) {
        // what is in the journal alone is found again at the next start
        let _ = self.settle();
        // closing writes, so it can meet damage as well
        let _ = guard(&self.path, || drop(self.database.take()));
    }
}

impl RedbFile {
    /// Opens the file, or creates it when there is none, with what `first` puts into it. A file that is there
    /// and can't be opened is an error.
    pub fn open(
        path: &Path,
        cache_bytes: usize,
        poison: Poison,
        first: impl FnOnce(&WriteTransaction) -> Result<(), RedbError>,
    ) -> Result<Self, RedbError> {
        let mut builder = Builder::new();
        builder.set_cache_size(cache_bytes);
        if !exists(path)? {
            create(path, &builder, first)?;
        }
        let file = Self::attach(path, &builder, poison)?;
        guard(path, || file.recover()).unwrap_or_else(Err)?;
        Ok(file)
    }

    /// Opens the file without a look at its journal.
    pub(super) fn attach(path: &Path, builder: &Builder, poison: Poison) -> Result<Self, RedbError> {
        let database = guard(path, || builder.open(path))?.map_err(|source| opening(path, source))?;
        Ok(Self { path: path.to_owned(), database: Some(database), journal: Mutex::default(), poison })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn database(&self) -> Result<&Database, RedbError> {
        self.database.as_ref().ok_or_else(|| RedbError::Panicked(self.path.clone()))
    }

    /// Runs `operation` in one transaction and makes it durable. When it returns an error, nothing is left of
    /// it, unless the engine itself failed: then the outcome is unknown and the store is poisoned. So that a disk
    /// that is full is no such failure, it is not begun without room.
    pub fn write<T>(
        &self,
        operation: impl FnOnce(&WriteTransaction) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        self.change(|journal| {
            let transaction = self.begin()?;
            let value = operation(&transaction)?;
            self.commit(transaction, journal)?;
            Ok(value)
        })
    }

    /// Runs what changes the file, one at a time.
    pub(super) fn change<T>(
        &self,
        write: impl FnOnce(&mut Option<Journal>) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        self.poison.check()?;
        self.check_room()?;
        let result = guard(&self.path, || write(&mut self.journal.lock())).unwrap_or_else(Err);
        if let Err(error) = &result
            && matches!(error, RedbError::Engine(_) | RedbError::Panicked(_) | RedbError::Journal { .. })
        {
            self.poison.set(&format!("cannot write to {}: {error}", self.path.display()));
        }
        result
    }

    pub(super) fn journal_path(&self) -> PathBuf {
        journal_of(&self.path)
    }

    fn check_room(&self) -> Result<(), RedbError> {
        match FreeSpace::around(&self.path).bytes() {
            Ok(free) if free < limits::HOT_FREE_BYTES => {
                Err(RedbError::NoRoom { path: self.path.clone(), free })
            }
            // where nobody can tell, the engine finds out
            _ => Ok(()),
        }
    }

    /// A transaction whose commit is durable.
    pub(super) fn begin(&self) -> Result<WriteTransaction, RedbError> {
        let mut transaction = self.database()?.begin_write()?;
        // the next start then needs no walk over the whole file, however the process ends
        transaction.set_quick_repair(true);
        transaction.set_durability(redb::Durability::Immediate)?;
        Ok(transaction)
    }

    /// Runs `operation` on a snapshot of what is durable.
    pub fn read<T, E: From<RedbError>>(
        &self,
        operation: impl FnOnce(&ReadTransaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let read = || {
            let transaction = self.database()?.begin_read().map_err(RedbError::from)?;
            operation(&transaction)
        };
        guard(&self.path, read).unwrap_or_else(|panicked| Err(panicked.into()))
    }

    /// Bytes that the file takes on the disk: where it was made longer and not written yet, it takes none.
    pub fn bytes(&self) -> Result<u64, RedbError> {
        let figures = std::fs::metadata(&self.path);
        figures
            .map(|figures| (figures.blocks() * BLOCK_BYTES).min(figures.len()))
            .map_err(|source| RedbError::File { operation: "look at", path: self.path.clone(), source })
    }
}

/// redb panics on some damaged pages. That must cost the request that met them, not the process.
fn guard<T>(path: &Path, work: impl FnOnce() -> T) -> Result<T, RedbError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!(path = %path.display(), "the engine panicked; the file is likely damaged");
        RedbError::Panicked(path.to_owned())
    })
}

fn exists(path: &Path) -> Result<bool, RedbError> {
    path.try_exists().map_err(|source| RedbError::File {
        operation: "look for",
        path: path.to_owned(),
        source,
    })
}

fn opening(path: &Path, source: redb::DatabaseError) -> RedbError {
    RedbError::Open { path: path.to_owned(), source: Box::new(source.into()) }
}

/// redb's own creation leaves a file that does not open when it is interrupted, so the file is made under
/// another name, where an interrupted attempt is simply made again.
fn create(
    path: &Path,
    builder: &Builder,
    first: impl FnOnce(&WriteTransaction) -> Result<(), RedbError>,
) -> Result<(), RedbError> {
    let beside = files::beside(path);
    let failed = |operation| {
        let path = beside.clone();
        move |source| RedbError::File { operation, path, source }
    };
    if exists(&beside)? {
        std::fs::remove_file(&beside).map_err(failed("remove"))?;
    }
    let database = builder.create(&beside).map_err(|source| opening(&beside, source))?;
    let transaction = database.begin_write()?;
    first(&transaction)?;
    transaction.commit().map_err(|error| RedbError::Engine(Box::new(error.into())))?;
    drop(database);
    let file = std::fs::File::open(&beside).map_err(failed("open"))?;
    file.sync_all().map_err(failed("sync"))?;
    files::publish(&beside, path).map_err(failed("publish"))
}

/// Puts a checksum over key and value before the value.
pub fn seal(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(CHECKSUM_BYTES + value.len());
    sealed.extend(checksum(key, value).to_le_bytes());
    sealed.extend(value);
    sealed
}

/// The value of what [`seal`] made under the same key. Anything else is damage, told as an alarm.
pub fn unseal<'a>(what: &'static str, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], RedbError> {
    if let Some((sum, value)) = sealed.split_first_chunk::<CHECKSUM_BYTES>()
        && u32::from_le_bytes(*sum) == checksum(key, value)
    {
        return Ok(value);
    }
    Err(damaged(what, key))
}

/// Reports a value that can't be what was written.
pub fn damaged(what: &'static str, key: &[u8]) -> RedbError {
    let key = hex::encode(key);
    tracing::error!(what, key, "a stored value is damaged; it is not served");
    RedbError::Damaged { what, key }
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(key);
    sum.update(value);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use redb::TableDefinition;

    use super::*;

    const THINGS: TableDefinition<&str, &[u8]> = TableDefinition::new("things");
    const CACHE: usize = 1024 * 1024;

    fn get(tx: &ReadTransaction, key: &str) -> Result<Option<Vec<u8>>, RedbError> {
        Ok(tx.open_table(THINGS)?.get(key)?.map(|value| value.value().to_vec()))
    }

    fn open(path: &Path, poison: Poison) -> Result<RedbFile, RedbError> {
        RedbFile::open(path, CACHE, poison, |tx| {
            tx.open_table(THINGS)?;
            Ok(())
        })
    }

    fn put(file: &RedbFile, key: &str) -> Result<(), RedbError> {
        file.write(|tx| {
            tx.open_table(THINGS)?.insert(key, seal(key.as_bytes(), b"value").as_slice())?;
            Ok(())
        })
    }

    #[test]
    fn what_was_written_is_there_after_a_reopen_and_nothing_stands_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        put(&open(&path, Poison::default()).unwrap(), "a").unwrap();
        let file = open(&path, Poison::default()).unwrap();
        let sealed = file.read(|tx| get(tx, "a")).unwrap().unwrap();
        assert_eq!(unseal("thing", b"a", &sealed).unwrap(), b"value");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_interrupted_creation_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        files::write_whole(&files::beside(&path), b"half", files::Access::Group).unwrap();
        assert!(open(&path, Poison::default()).is_ok());
    }

    #[test]
    fn a_file_that_is_not_a_store_is_named_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        for content in [&b""[..], b"not a store at all"] {
            files::write_whole(&path, content, files::Access::Group).unwrap();
            let error = open(&path, Poison::default()).err().unwrap();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn a_flipped_bit_and_a_value_under_another_key_are_damage() {
        let sealed = seal(b"a", b"value");
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(unseal("thing", b"a", &flipped), Err(RedbError::Damaged { .. })));
        }
        assert!(unseal("thing", b"b", &sealed).is_err());
        assert!(unseal("thing", b"a", b"").is_err());
    }

    #[test]
    fn nothing_is_written_after_the_store_was_poisoned() {
        let folder = tempfile::tempdir().unwrap();
        let poison = Poison::default();
        let file = open(&folder.path().join("hot"), poison.clone()).unwrap();
        put(&file, "a").unwrap();
        poison.set("the disk is gone");
        assert!(matches!(put(&file, "b"), Err(RedbError::Poisoned(_))));
        assert_eq!(file.read(|tx| get(tx, "b")).unwrap(), None);
    }
}
