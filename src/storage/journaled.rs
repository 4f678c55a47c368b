//! Small writes to a redb file, made durable by its journal.
//!
//! Such a write is appended to the journal and synced; then the engine shows it to readers without a sync of its own.
//! Every other write makes the file itself durable, with all that was journaled before, and the journal begins anew.
//! The file says in a table of its own which generation of which journal counts: at the next start those records are
//! written again, and as a record says what stands under a key afterwards, once is as good as twice.

use std::cell::RefCell;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use redb::{Builder, Durability, Table, TableDefinition, TableError, TableHandle, WriteTransaction};

use super::Poison;
use super::bytes::{Reader, put_bytes, put_text};
use super::journal::{Id, Journal, JournalError};
use super::redb_file::{RedbError, RedbFile, damaged, seal, unseal};
use crate::{files, limits};

type Bytes = &'static [u8];
type Definition<'n> = TableDefinition<'n, Bytes, Bytes>;

/// Which journal counts.
const JOURNAL: Definition<'static> = TableDefinition::new("journal");
const COUNTS: &[u8] = b"counts";
/// Bytes of the changes of one commit, most times: a push of 3,000 numbers.
const CHANGES_EXPECTED: usize = 32 * 1024;

/// A transaction whose changes are written down.
pub struct Journaled<'tx> {
    transaction: &'tx WriteTransaction,
    changes: &'tx RefCell<Vec<u8>>,
}

impl<'tx> Journaled<'tx> {
    pub fn open_table(&self, table: Definition<'static>) -> Result<Rows<'tx>, RedbError> {
        Ok(Rows { table: self.transaction.open_table(table)?, changes: Some(self.changes) })
    }
}

/// An open table, into which values are put.
pub struct Rows<'tx> {
    table: Table<'tx, Bytes, Bytes>,
    /// Where that is written down, unless the whole transaction will be durable.
    changes: Option<&'tx RefCell<Vec<u8>>>,
}

impl<'tx> Rows<'tx> {
    /// A table in a transaction that will be durable.
    pub fn open(transaction: &'tx WriteTransaction, table: Definition<'static>) -> Result<Self, RedbError> {
        Ok(Self { table: transaction.open_table(table)?, changes: None })
    }
}

impl<'tx> Deref for Rows<'tx> {
    type Target = Table<'tx, Bytes, Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

/// Into which a value can be put under a key.
pub trait Put {
    fn put(&mut self, key: &[u8], sealed: &[u8]) -> Result<(), RedbError>;
}

impl Put for Table<'_, Bytes, Bytes> {
    fn put(&mut self, key: &[u8], sealed: &[u8]) -> Result<(), RedbError> {
        self.insert(key, sealed)?;
        Ok(())
    }
}

impl Put for Rows<'_> {
    fn put(&mut self, key: &[u8], sealed: &[u8]) -> Result<(), RedbError> {
        if let Some(changes) = self.changes {
            let mut changes = changes.borrow_mut();
            put_text(&mut changes, self.table.name());
            put_bytes(&mut changes, key);
            put_bytes(&mut changes, sealed);
        }
        self.table.put(key, sealed)
    }
}

impl RedbFile {
    /// The same as [`RedbFile::write`], for what only puts values. It is durable when it returns, too, and costs less.
    pub fn write_journaled<T>(
        &self,
        operation: impl FnOnce(&Journaled<'_>) -> Result<T, RedbError>,
    ) -> Result<T, RedbError> {
        self.change(|journal| {
            let journal = match journal {
                Some(journal) => journal,
                None => journal.insert(self.begin_journal()?),
            };
            let mut transaction = self.begin()?;
            let changes = RefCell::new(Vec::with_capacity(CHANGES_EXPECTED));
            let value = operation(&Journaled { transaction: &transaction, changes: &changes })?;
            let changes = changes.into_inner();
            if !journal.has_room(changes.len()) {
                commit_with(transaction, journal)?;
                return Ok(value);
            }
            journal.append(&changes).map_err(|error| self.cannot_journal(error.into()))?;
            transaction.set_durability(Durability::None)?;
            finish(transaction)?;
            Ok(value)
        })
    }

    /// Makes the file durable with all that the journal has, and removes the journal.
    pub fn settle(&self) -> Result<(), RedbError> {
        if self.journal.lock().is_none() {
            return Ok(());
        }
        self.change(|journal| {
            let transaction = self.begin()?;
            transaction.open_table(JOURNAL)?.remove(COUNTS)?;
            finish(transaction)?;
            *journal = None;
            let path = self.journal_path();
            let removed = std::fs::remove_file(&path).and_then(|()| files::sync_folder_of(&path));
            removed.map_err(|error| self.cannot_journal(error.into()))
        })
    }

    /// Makes the journal, and only then says that it counts.
    fn begin_journal(&self) -> Result<Journal, RedbError> {
        let journal = Journal::create(&self.journal_path(), limits::JOURNAL_BYTES, 0);
        let mut journal = journal.map_err(|error| self.cannot_journal(error.into()))?;
        commit_with(self.begin()?, &mut journal)?;
        Ok(journal)
    }

    /// Goes on without the journal of a file, after [`lost_journal`] has named it. What is there of it is set aside.
    pub fn give_up_journal(path: &Path) -> Result<(), RedbError> {
        let file = Self::attach(path, &Builder::new(), Poison::default())?;
        let transaction = file.begin()?;
        transaction.open_table(JOURNAL)?.remove(COUNTS)?;
        finish(transaction)?;
        let journal = file.journal_path();
        if !journal.exists() {
            return Ok(());
        }
        let mut aside = journal.clone().into_os_string();
        aside.push(".damaged");
        files::publish(&journal, Path::new(&aside)).map_err(|error| file.cannot_journal(error.into()))
    }

    /// Writes again what only the journal has.
    pub(super) fn recover(&self) -> Result<(), RedbError> {
        let Some((id, generation)) = self.counting()? else { return Ok(()) };
        let opened = Journal::open(&self.journal_path(), id, generation);
        let (mut journal, records) = opened.map_err(|error| self.cannot_journal(error))?;
        let transaction = self.begin()?;
        for record in &records {
            let unreadable = || self.cannot_journal(JournalError::Damaged("a record does not read"));
            write_again(&transaction, record)?.ok_or_else(unreadable)?;
        }
        if !records.is_empty() {
            tracing::info!(records = records.len(), "the store has taken up what its journal had");
        }
        commit_with(transaction, &mut journal)?;
        *self.journal.lock() = Some(journal);
        Ok(())
    }

    /// The journal that counts, and its generation.
    fn counting(&self) -> Result<Option<(Id, u64)>, RedbError> {
        self.read(|transaction| {
            let table = match transaction.open_table(JOURNAL) {
                Err(TableError::TableDoesNotExist(_)) => return Ok(None),
                table => table?,
            };
            let Some(sealed) = table.get(COUNTS)? else { return Ok(None) };
            let mut reader = Reader(unseal("journal", COUNTS, sealed.value())?);
            let counts = reader.array().zip(reader.u64());
            counts.map(Some).ok_or_else(|| damaged("journal", COUNTS))
        })
    }

    fn cannot_journal(&self, source: JournalError) -> RedbError {
        RedbError::Journal { path: self.journal_path(), store: self.path.clone(), source }
    }
}

/// The journal of a file that needs one and cannot use it, if that is so.
pub fn lost_journal(path: &Path) -> Result<Option<PathBuf>, RedbError> {
    let file = RedbFile::attach(path, &Builder::new(), Poison::default())?;
    match file.recover() {
        Ok(()) => Ok(None),
        Err(RedbError::Journal { path, .. }) => Ok(Some(path)),
        Err(error) => Err(error),
    }
}

/// Puts the values of a record. `None` means that the bytes are something else.
fn write_again(transaction: &WriteTransaction, record: &[u8]) -> Result<Option<()>, RedbError> {
    let mut reader = Reader(record);
    while !reader.is_empty() {
        let mut change = || Some((reader.text()?, reader.bytes()?, reader.bytes()?));
        let Some((table, key, sealed)) = change() else { return Ok(None) };
        transaction.open_table(Definition::new(table))?.put(key, sealed)?;
    }
    Ok(Some(()))
}

/// Makes a transaction durable, and everything before it.
pub(super) fn commit(transaction: WriteTransaction, journal: &mut Option<Journal>) -> Result<(), RedbError> {
    match journal {
        None => finish(transaction),
        Some(journal) => commit_with(transaction, journal),
    }
}

fn commit_with(transaction: WriteTransaction, journal: &mut Journal) -> Result<(), RedbError> {
    let generation = journal.generation + 1;
    let counts = [&journal.id[..], &generation.to_le_bytes()].concat();
    transaction.open_table(JOURNAL)?.put(COUNTS, &seal(COUNTS, &counts))?;
    finish(transaction)?;
    journal.begin(generation);
    Ok(())
}

fn finish(transaction: WriteTransaction) -> Result<(), RedbError> {
    transaction.commit().map_err(|error| RedbError::Engine(Box::new(error.into())))
}

#[cfg(test)]
mod tests {
    use redb::ReadTransaction;

    use super::*;

    const THINGS: Definition<'static> = TableDefinition::new("things");

    fn open(path: &Path) -> Result<RedbFile, RedbError> {
        RedbFile::open(path, 1 << 20, Poison::default(), |tx| {
            tx.open_table(THINGS)?;
            Ok(())
        })
    }

    fn put(file: &RedbFile, key: &[u8], value: &[u8]) -> Result<(), RedbError> {
        file.write_journaled(|tx| tx.open_table(THINGS)?.put(key, value))
    }

    fn remove(file: &RedbFile, key: &[u8]) {
        let removed = file.write(|tx| {
            tx.open_table(THINGS)?.remove(key)?;
            Ok(())
        });
        removed.unwrap();
    }

    fn all(file: &RedbFile) -> Vec<(Vec<u8>, Vec<u8>)> {
        let read = |tx: &ReadTransaction| {
            let rows = tx.open_table(THINGS)?;
            let rows = rows.range::<&[u8]>(..)?.map(|row| {
                let (key, value) = row?;
                Ok((key.value().to_vec(), value.value().to_vec()))
            });
            rows.collect::<Result<Vec<_>, RedbError>>()
        };
        file.read(read).unwrap()
    }

    fn pair(key: &[u8], value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        (key.to_vec(), value.to_vec())
    }

    /// The files as they are while the store is open, as after a crash.
    fn crashed(path: &Path) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("hot");
        std::fs::copy(path, &copy).unwrap();
        std::fs::copy(path.with_file_name("hot-journal"), folder.path().join("hot-journal")).unwrap();
        (folder, copy)
    }

    #[test]
    fn what_is_in_the_journal_alone_is_there_after_a_crash_and_nothing_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        let file = open(&path).unwrap();
        put(&file, b"a", b"1").unwrap();
        put(&file, b"b", b"1").unwrap();
        remove(&file, b"a");
        put(&file, b"b", b"2").unwrap();
        put(&file, b"c", b"1").unwrap();
        let expected = [pair(b"b", b"2"), pair(b"c", b"1")];
        assert_eq!(all(&file), expected);
        let (_folder, copy) = crashed(&path);
        for _ in 0..2 {
            let again = open(&copy).unwrap();
            assert_eq!(all(&again), expected);
            put(&again, b"c", b"1").unwrap();
        }
    }

    #[test]
    fn nothing_of_a_write_that_fails_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        let file = open(&path).unwrap();
        put(&file, b"a", b"1").unwrap();
        let failed = file.write_journaled(|tx| {
            tx.open_table(THINGS)?.put(b"b", b"1")?;
            Err::<(), _>(damaged("thing", b"b"))
        });
        assert!(failed.is_err());
        let (_folder, copy) = crashed(&path);
        assert_eq!(all(&open(&copy).unwrap()), [pair(b"a", b"1")]);
    }

    #[test]
    fn a_full_journal_makes_the_file_durable_and_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        let file = open(&path).unwrap();
        let large = vec![7; 3 << 20];
        for key in 0..7_u8 {
            put(&file, &[key], &large).unwrap();
        }
        let (_folder, copy) = crashed(&path);
        let again = open(&copy).unwrap();
        assert_eq!(all(&again).len(), 7);
        assert_eq!(
            std::fs::metadata(path.with_file_name("hot-journal")).unwrap().len(),
            limits::JOURNAL_BYTES
        );
    }

    #[test]
    fn a_store_that_is_closed_has_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        let file = open(&path).unwrap();
        put(&file, b"a", b"1").unwrap();
        file.settle().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        put(&file, b"b", b"1").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(all(&open(&path).unwrap()), [pair(b"a", b"1"), pair(b"b", b"1")]);
    }

    #[test]
    fn a_journal_that_is_missing_or_of_another_store_is_named_and_nothing_is_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hot");
        let file = open(&path).unwrap();
        put(&file, b"a", b"1").unwrap();
        let (crashed_folder, copy) = crashed(&path);
        let journal = crashed_folder.path().join("hot-journal");
        let other = tempfile::tempdir().unwrap();
        let of_another = open(&other.path().join("hot")).unwrap();
        put(&of_another, b"a", b"2").unwrap();
        std::fs::copy(other.path().join("hot-journal"), &journal).unwrap();
        for _ in 0..2 {
            let refused = open(&copy).err().unwrap().to_string();
            assert!(refused.contains(journal.to_str().unwrap()), "{refused}");
            assert_eq!(lost_journal(&copy).unwrap(), Some(journal.clone()));
            let _ = std::fs::remove_file(&journal);
        }
        RedbFile::give_up_journal(&copy).unwrap();
        assert_eq!(lost_journal(&copy).unwrap(), None);
        assert_eq!(all(&open(&copy).unwrap()), []);
    }
}
