//! What was read of a database, kept in memory for as long as nobody commits to it.
//!
//! It guarantees: what it gives is what a read would give now, whichever process wrote last. Inside of a unit of work
//! that has written, everything is read. It holds a bounded number of values.

use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

use super::kept::Kept;
use super::sqlite::{Sqlite, StoreError, Version};

pub struct Memo<K, V> {
    db: Arc<Sqlite>,
    /// Each with what the database was at before it was read.
    kept: Mutex<Kept<K, (Version, V)>>,
}

impl<K: Copy + Eq + Hash, V: Clone> Memo<K, V> {
    /// Of so many values at most.
    pub fn new(db: Arc<Sqlite>, most: usize) -> Self {
        Self { db, kept: Mutex::new(Kept::new(most)) }
    }

    /// The value, where nothing need be read for it.
    pub fn known(&self, key: &K) -> Option<V> {
        if self.db.has_unit() {
            return None;
        }
        self.read_at(self.db.version().ok()?, key)
    }

    /// The value as it is known, else as it is read.
    pub fn get<E: From<StoreError>>(&self, key: K, read: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        if self.db.has_unit() {
            return read();
        }
        // what is committed from here on makes another version, whether it is in what is read or not
        let version = self.db.version()?;
        if let Some(known) = self.read_at(version, &key) {
            return Ok(known);
        }
        let value = read()?;
        self.kept.lock().keep(key, (version, value.clone()), 1);
        Ok(value)
    }

    fn read_at(&self, version: Version, key: &K) -> Option<V> {
        let (of, value) = self.kept.lock().get(key)?;
        (of == version).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::storage::Poison;

    const TABLE: &str = "CREATE TABLE things(name TEXT PRIMARY KEY) STRICT;";
    const INSERT: &str = "INSERT INTO things VALUES (hex(randomblob(8)))";

    fn count(db: &Sqlite) -> Result<i64, StoreError> {
        db.read(|tx| Ok(tx.query_one("SELECT count(*) FROM things", [], |row| row.get(0))?))
    }

    fn insert(db: &Sqlite) {
        db.write(|tx| Ok::<_, StoreError>(tx.execute(INSERT, [])?)).unwrap();
    }

    #[test]
    fn a_value_is_read_again_after_a_commit_of_whoever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let db = Arc::new(Sqlite::open(&path, &[TABLE], Poison::default()).unwrap());
        let memo = Memo::new(Arc::clone(&db), 10);
        let get = || memo.get((), || count(&db)).unwrap();
        let is_known = || memo.known(&()).is_some();
        assert!(!is_known());
        assert_eq!((get(), is_known()), (0, true));
        assert_eq!(memo.get((), || Err(StoreError::Ended)).unwrap(), 0, "it was read though it is known");

        insert(&db);
        assert!(!is_known());
        assert_eq!((get(), is_known()), (1, true));
        // as another process does it
        Connection::open(&path).unwrap().execute(INSERT, []).unwrap();
        assert!(!is_known());
        assert_eq!(get(), 2);
        let failed = db.write(|tx| {
            tx.execute(INSERT, [])?;
            Err::<(), _>(StoreError::Ended)
        });
        assert!(failed.is_err() && get() == 2);
    }

    #[test]
    fn what_is_committed_while_it_is_read_is_seen_by_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(Sqlite::open(&folder.path().join("db"), &[TABLE], Poison::default()).unwrap());
        let memo = Memo::new(Arc::clone(&db), 10);
        let read_before_a_commit = || {
            let count = count(&db);
            insert(&db);
            count
        };
        assert_eq!(memo.get((), read_before_a_commit).unwrap(), 0);
        assert_eq!(memo.get((), || count(&db)).unwrap(), 1);
    }

    #[test]
    fn a_unit_of_work_sees_what_it_has_written_and_leaves_nothing_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(Sqlite::open(&folder.path().join("db"), &[TABLE], Poison::default()).unwrap());
        let memo = Memo::new(Arc::clone(&db), 10);
        let get = || memo.get((), || count(&db)).unwrap();
        assert_eq!(get(), 0);
        let unit = db.unit();
        insert(&db);
        assert_eq!((memo.known(&()), get()), (None, 1));
        drop(unit);
        assert_eq!(get(), 0);
    }
}
