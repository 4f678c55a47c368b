//! A unit of work: writes of one thread that become durable together.
//!
//! From its beginning to its commit, every write of its thread to its database joins one transaction, which opens
//! at the first of them, and every read after that sees them. A write that fails inside of it leaves nothing of
//! itself. What is to happen after a commit waits for the unit's. A unit that is dropped has left nothing.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::{ArcMutexGuard, Mutex, RawMutex};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use self_cell::self_cell;

use super::sqlite::{Sqlite, StoreError};

type Writer = ArcMutexGuard<RawMutex, Connection>;

self_cell!(
    /// The writer, and the transaction that is open on it.
    struct Open {
        owner: Writer,
        #[covariant]
        dependent: Transaction,
    }
);

/// What the thread that works on a unit knows of it.
struct Current {
    /// The database, by its writer.
    of: Arc<Mutex<Connection>>,
    open: Option<Rc<Open>>,
    after: Vec<Box<dyn FnOnce()>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Does something that must not be seen before what this thread has written is durable: now, or after the commit
/// of the unit of work that has written it. It is not done when that is taken back.
pub fn after_commit(then: impl FnOnce() + 'static) {
    let now = CURRENT.with_borrow_mut(|current| match current {
        Some(Current { open: Some(_), after, .. }) => {
            after.push(Box::new(then));
            None
        }
        _ => Some(then),
    });
    if let Some(then) = now {
        then();
    }
}

/// The transaction of this thread's unit of work on the database, if there is one and it has written already.
pub(super) fn joined(of: &Arc<Mutex<Connection>>) -> Option<Joined> {
    CURRENT.with_borrow(|current| {
        let current = current.as_ref().filter(|current| Arc::ptr_eq(&current.of, of))?;
        current.open.clone().map(Joined)
    })
}

/// The same, which it opens where it has not.
pub(super) fn join(of: &Arc<Mutex<Connection>>) -> Result<Option<Joined>, StoreError> {
    let is_here =
        CURRENT.with_borrow(|current| current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.of, of)));
    if !is_here || joined(of).is_some() {
        return Ok(joined(of));
    }
    let immediate = TransactionBehavior::Immediate;
    let open = Open::try_new(of.lock_arc(), |writer| Transaction::new_unchecked(writer, immediate))?;
    let open = Rc::new(open);
    CURRENT.with_borrow_mut(|current| {
        if let Some(current) = current {
            current.open = Some(Rc::clone(&open));
        }
    });
    Ok(Some(Joined(open)))
}

/// A share in an open transaction.
pub(super) struct Joined(Rc<Open>);

impl Joined {
    pub(super) fn read<T>(&self, operation: impl FnOnce(&Transaction<'_>) -> T) -> T {
        operation(self.0.borrow_dependent())
    }

    /// What fails leaves nothing, and the transaction goes on.
    pub(super) fn write<T, E: From<StoreError>>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.0.borrow_dependent();
        let run = |sql| transaction.execute_batch(sql).map_err(StoreError::from);
        // a full disk ends the whole transaction: what comes then must not commit on its own
        if transaction.is_autocommit() {
            return Err(StoreError::Ended.into());
        }
        run("SAVEPOINT part")?;
        match operation(transaction) {
            Ok(value) => {
                run("RELEASE part")?;
                Ok(value)
            }
            Err(error) => {
                if !transaction.is_autocommit() {
                    run("ROLLBACK TO part; RELEASE part")?;
                }
                Err(error)
            }
        }
    }
}

/// A unit of work of the thread that began it.
#[must_use = "a unit that is dropped leaves nothing"]
pub struct Unit<'a> {
    db: &'a Sqlite,
    /// It stays on its thread.
    _thread: PhantomData<Rc<()>>,
}

impl<'a> Unit<'a> {
    /// Begins a unit of work; the one that this thread had left open is taken back.
    pub(super) fn begin(db: &'a Sqlite) -> Self {
        let of = Arc::clone(&db.writer);
        let before = CURRENT.replace(Some(Current { of, open: None, after: Vec::new() }));
        drop(before);
        Self { db, _thread: PhantomData }
    }

    pub fn has_written(&self) -> bool {
        joined(&self.db.writer).is_some()
    }

    /// When it returns `Ok`, all that was written is durable, and what waited for that has been done.
    pub fn commit(self) -> Result<(), StoreError> {
        let Some(Current { open, after, .. }) = CURRENT.take() else { return Ok(()) };
        if let Some(open) = open {
            self.db.commit(open.borrow_dependent())?;
        }
        for then in after {
            then();
        }
        Ok(())
    }
}

impl Drop for Unit<'_> {
    fn drop(&mut self) {
        drop(CURRENT.take());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::storage::Poison;

    const TABLE: &str = "CREATE TABLE things(name TEXT PRIMARY KEY) STRICT;";

    fn open() -> (tempfile::TempDir, Sqlite) {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("db"), &[TABLE], Poison::default()).unwrap();
        (folder, db)
    }

    fn add(db: &Sqlite, name: &str) -> Result<(), StoreError> {
        db.write(|tx| {
            tx.execute("INSERT INTO things VALUES (?)", [name])?;
            Ok(())
        })
    }

    fn names(db: &Sqlite) -> Vec<String> {
        let all = |tx: &Transaction<'_>| {
            let mut statement = tx.prepare("SELECT name FROM things ORDER BY name")?;
            let names = statement.query_map([], |row| row.get(0))?;
            Ok::<_, StoreError>(names.collect::<Result<_, _>>()?)
        };
        db.read(all).unwrap()
    }

    /// As another thread sees it.
    fn seen(db: &Sqlite) -> Vec<String> {
        std::thread::scope(|scope| scope.spawn(|| names(db)).join().unwrap())
    }

    #[test]
    fn writes_are_seen_by_their_thread_at_once_and_by_others_after_the_commit() {
        let (_folder, db) = open();
        let told = Rc::new(Cell::new(false));
        let unit = db.unit();
        assert!(!unit.has_written());
        add(&db, "a").unwrap();
        assert!(add(&db, "a").unwrap_err().is_duplicate());
        let tell = Rc::clone(&told);
        after_commit(move || tell.set(true));
        add(&db, "b").unwrap();
        assert_eq!((names(&db), seen(&db)), (vec!["a".to_owned(), "b".to_owned()], vec![]));
        assert!(unit.has_written() && !told.get());
        unit.commit().unwrap();
        assert_eq!(seen(&db), ["a", "b"]);
        assert!(told.get());
        add(&db, "c").unwrap();
        assert_eq!(seen(&db), ["a", "b", "c"], "the thread writes on its own again");
    }

    #[test]
    fn a_unit_that_is_dropped_leaves_nothing_and_tells_nobody() {
        let (_folder, db) = open();
        let told = Rc::new(Cell::new(0));
        let unit = db.unit();
        let tell = Rc::clone(&told);
        after_commit(move || tell.set(tell.get() + 1));
        assert_eq!(told.get(), 1, "nothing was written that it could wait for");
        add(&db, "a").unwrap();
        let tell = Rc::clone(&told);
        after_commit(move || tell.set(tell.get() + 1));
        drop(unit);
        assert_eq!((names(&db), told.get()), (vec![], 1));
        add(&db, "b").unwrap();
        assert_eq!(seen(&db), ["b"]);
    }

    #[test]
    fn other_threads_and_other_databases_have_no_part_in_it() {
        let (_folder, db) = open();
        let (_other_folder, other) = open();
        let unit = db.unit();
        add(&other, "x").unwrap();
        assert_eq!(seen(&other), ["x"]);
        std::thread::scope(|scope| scope.spawn(|| add(&db, "theirs").unwrap()).join().unwrap());
        add(&db, "ours").unwrap();
        drop(unit);
        assert_eq!(seen(&db), ["theirs"]);
    }
}
