//! SQLite with one writer and many readers.
//!
//! It guarantees: a write transaction that returned is durable (`synchronous=FULL`); one that failed has left
//! nothing, or has poisoned the store. It does not know the tables.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::poison::{Poison, Poisoned};
use super::unit::{self, Unit};
use crate::clock::Timestamp;
use crate::ids;

/// Older releases lose data when the write-ahead log is reset.
const OLDEST_VERSION: i32 = 3_051_003;
/// Where the header of a file has the number of bytes that are reserved at the end of each page.
const RESERVED_AT: usize = 20;
/// Idle read connections that are kept; more are opened while they are needed.
const IDLE_READERS: usize = 8;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("sqlite: {0}")]
    Sqlite(rusqlite::Error),
    #[error("no space left for the registry")]
    Full,
    #[error("the transaction was taken back after an earlier failure")]
    Ended,
    #[error(transparent)]
    Poisoned(#[from] Poisoned),
    #[error("SQLite {0} is too old: 3.51.3 or later is needed")]
    TooOld(&'static str),
    #[error(
        "the registry has schema version {found}, and this program knows {known}: it was written by a newer release"
    )]
    Newer { found: usize, known: usize },
    #[error("the registry is damaged: {0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Whether a row was refused because it breaks a UNIQUE or PRIMARY KEY rule.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
            if matches!(failure.extended_code, rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY))
    }
}

/// What is committed at a moment: another one after anything else was, by whichever process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(i64);

/// One database file.
pub struct Sqlite {
    path: PathBuf,
    /// Dropped before the writer: when a reader goes last, the write-ahead log stays behind, and whoever copies
    /// the database file of a stopped daemon copies a part of it.
    idle: Mutex<Vec<Connection>>,
    /// A reader that looks whether anything was committed, from the first time on that somebody asks.
    watch: Mutex<Option<Connection>>,
    /// Held by whoever writes, a statement or a whole unit of work long.
    pub(super) writer: Arc<Mutex<Connection>>,
    poison: Poison,
    /// What the file was made with.
    migrations: Vec<String>,
}

impl Sqlite {
    /// Opens or creates the file and runs the migrations that it has not seen.
    pub fn open(path: &Path, migrations: &[&str], poison: Poison) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_VERSION {
            return Err(StoreError::TooOld(rusqlite::version()));
        }
        check_header(path)?;
        let mut writer = Connection::open(path)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        prepare(&writer)?;
        writer.pragma_update(None, "synchronous", "FULL")?;
        migrate(&mut writer, migrations)?;
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            watch: Mutex::default(),
            writer: Arc::new(Mutex::new(writer)),
            poison,
            migrations: migrations.iter().map(|sql| (*sql).to_owned()).collect(),
        })
    }

    /// Begins a unit of work of this thread: until its commit, writes of this thread are one transaction.
    pub fn unit(&self) -> Unit<'_> {
        Unit::begin(self)
    }

    /// Whether this thread has a unit of work that has written: then it reads what may be taken back.
    pub fn has_unit(&self) -> bool {
        unit::joined(&self.writer).is_some()
    }

    /// Runs `operation` in one transaction. When it returns `Ok`, its effect is durable; when it returns an
    /// error, it has none. In a unit of work, it is durable with the unit.
    pub fn write<T, E: From<StoreError>>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(joined) = unit::join(&self.writer)? {
            return joined.write(operation);
        }
        let mut writer = self.writer.lock();
        self.poison.check().map_err(StoreError::from)?;
        let transaction =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::from)?;
        let value = operation(&transaction)?;
        self.commit(&transaction)?;
        Ok(value)
    }

    /// A commit that fails has an unknown outcome, but for one: when the disk has no room for its last page, the pages
    /// before it count for nothing, and undoing it leaves the store as it was.
    pub(super) fn commit(&self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        if transaction.is_autocommit() {
            return Err(StoreError::Ended);
        }
        self.poison.check()?;
        transaction.execute_batch("COMMIT").map_err(|error| {
            let error = StoreError::from(error);
            let undo = || transaction.is_autocommit() || transaction.execute_batch("ROLLBACK").is_ok();
            if !matches!(error, StoreError::Full) || !undo() {
                self.poison.set(&format!("cannot commit to {}: {error}", self.path.display()));
            }
            error
        })
    }

    /// Runs `operation` on one consistent snapshot; in a unit of work that has written, on what it has written.
    pub fn read<T, E: From<StoreError>>(
        &self,
        operation: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(joined) = unit::joined(&self.writer) {
            return joined.read(operation);
        }
        let idle = self.idle.lock().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.open_reader()?,
        };
        let snapshot = reader.transaction().map_err(StoreError::from)?;
        let value = operation(&snapshot);
        drop(snapshot);
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_READERS {
            idle.push(reader);
        }
        value
    }

    /// What is committed now. It costs a look at the memory that all who use the file share, and no read of the file but
    /// for its first page after a commit.
    pub fn version(&self) -> Result<Version, StoreError> {
        let mut watch = self.watch.lock();
        let reader = match &mut *watch {
            Some(reader) => reader,
            none => none.insert(self.open_reader()?),
        };
        let mut statement = reader.prepare_cached("PRAGMA data_version")?;
        Ok(Version(statement.query_one([], |row| row.get(0))?))
    }

    /// What is wrong with the file, as SQLite itself finds it, or with what it says of its tables, where SQLite does
    /// not see that a letter was changed; nothing when it is sound.
    pub fn integrity(&self) -> Result<Option<String>, StoreError> {
        let expected = self.made_anew()?;
        self.read(|tx| {
            // the first that is wrong, and without the name of the database before it
            let found: String = tx.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                return Ok(found.lines().last().map(str::to_owned));
            }
            let definitions = definitions(tx)?;
            let other = expected.iter().find(|(name, sql)| definitions.get(*name) != Some(*sql));
            Ok(other.map(|(name, _)| format!("{name} is not defined as this release defines it")))
        })
    }

    /// The definitions that a new file would have.
    fn made_anew(&self) -> Result<BTreeMap<String, Option<String>>, StoreError> {
        let mut anew = Connection::open_in_memory()?;
        prepare(&anew)?;
        let migrations: Vec<&str> = self.migrations.iter().map(String::as_str).collect();
        migrate(&mut anew, &migrations)?;
        definitions(&anew)
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(&self.path, flags)?;
        prepare(&reader)?;
        Ok(reader)
    }
}

/// Runs a part of a transaction: when it fails, it leaves nothing, and the transaction may go on.
pub fn part<T, E: From<StoreError>>(
    tx: &Transaction<'_>,
    operation: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let run = |sql: &str| tx.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    run("SAVEPOINT part").map_err(StoreError::from)?;
    let done = operation();
    if done.is_err() {
        run("ROLLBACK TO part").map_err(StoreError::from)?;
    }
    run("RELEASE part").map_err(StoreError::from)?;
    done
}

/// How much of each page is in use stands in the header. SQLite believes what it finds there, and would go on to write.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = [0; 24];
    // a file that is new has none yet; whatever else is wrong is told when it is opened
    let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok();
    match header[RESERVED_AT] {
        reserved if is_read && reserved != 0 => Err(StoreError::Damaged(format!(
            "its header keeps {reserved} bytes of each page free, and not 0"
        ))),
        _ => Ok(()),
    }
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// How tables, indexes and triggers are defined, by their names.
fn definitions(connection: &Connection) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn migrate(writer: &mut Connection, migrations: &[&str]) -> Result<(), StoreError> {
    let found: usize = writer.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > migrations.len() {
        return Err(StoreError::Newer { found, known: migrations.len() });
    }
    for (number, sql) in migrations.iter().enumerate().skip(found) {
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Times stand in SQLite as integer milliseconds.
impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_millis().into())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_millis)
    }
}

/// Types that stand in SQLite as their text.
macro_rules! stored_as_text {
    ($($name:ty),+ $(,)?) => { $(
        impl rusqlite::types::ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl rusqlite::types::FromSql for $name {
            fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
                value.as_str()?.parse().map_err(rusqlite::types::FromSqlError::other)
            }
        }
    )+ };
}
pub(crate) use stored_as_text;

stored_as_text!(
    ids::CollectorId,
    ids::GroupId,
    ids::UserId,
    ids::SessionId,
    ids::TokenId,
    ids::RegistrationSecretId,
    ids::AuditEntryId,
    ids::ActionId,
    ids::CommandId,
    ids::OperationId,
    crate::postgres::SslMode,
);

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE things(name TEXT PRIMARY KEY) STRICT;";

    fn count(db: &Sqlite) -> i64 {
        db.read(|tx| Ok::<_, StoreError>(tx.query_one("SELECT count(*) FROM things", [], |row| row.get(0))?))
            .unwrap()
    }

    #[test]
    fn a_failed_operation_leaves_nothing_and_a_duplicate_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("db"), &[TABLE], Poison::default()).unwrap();
        let error = db
            .write(|tx| {
                tx.execute("INSERT INTO things VALUES ('a')", [])?;
                tx.execute("INSERT INTO things VALUES ('a')", [])?;
                Ok::<_, StoreError>(())
            })
            .unwrap_err();
        assert!(error.is_duplicate());
        assert_eq!(count(&db), 0);
    }

    #[test]
    fn a_part_that_fails_leaves_nothing_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&folder.path().join("db"), &[TABLE], Poison::default()).unwrap();
        let insert = |tx: &Transaction<'_>, name: &str| {
            tx.execute("INSERT INTO things VALUES (?)", [name]).map_err(StoreError::from)
        };
        db.write(|tx| {
            part(tx, || insert(tx, "a"))?;
            let failed = part(tx, || insert(tx, "b").and_then(|_| insert(tx, "a")));
            assert!(failed.unwrap_err().is_duplicate());
            part(tx, || insert(tx, "c"))?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
        assert_eq!(count(&db), 2);
    }

    /// SQLite takes such a file for another kind of its own, reads its pages wrongly, and writes to them.
    #[test]
    fn a_header_that_says_something_else_of_its_pages_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        drop(Sqlite::open(&path, &[TABLE], Poison::default()).unwrap());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[RESERVED_AT] ^= 0x10;
        crate::files::write_whole(&path, &bytes, crate::files::Access::Group).unwrap();
        let refused = Sqlite::open(&path, &[TABLE], Poison::default()).err().unwrap();
        assert_eq!(
            refused.to_string(),
            "the registry is damaged: its header keeps 16 bytes of each page free, and not 0"
        );
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }

    #[test]
    fn migrations_run_once_and_a_newer_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let second = "INSERT INTO things VALUES ('second');";
        drop(Sqlite::open(&path, &[TABLE], Poison::default()).unwrap());
        drop(Sqlite::open(&path, &[TABLE, second], Poison::default()).unwrap());
        let db = Sqlite::open(&path, &[TABLE, second], Poison::default()).unwrap();
        assert_eq!(count(&db), 1);
        drop(db);
        let refused = Sqlite::open(&path, &[TABLE], Poison::default());
        assert!(matches!(refused, Err(StoreError::Newer { found: 2, known: 1 })));
    }

    #[test]
    fn nothing_is_written_after_the_store_was_poisoned() {
        let folder = tempfile::tempdir().unwrap();
        let poison = Poison::default();
        let db = Sqlite::open(&folder.path().join("db"), &[TABLE], poison.clone()).unwrap();
        poison.set("the disk is gone");
        let refused = db.write(|tx| {
            tx.execute("INSERT INTO things VALUES ('a')", [])?;
            Ok::<_, StoreError>(())
        });
        assert!(matches!(refused, Err(StoreError::Poisoned(_))));
        assert_eq!(count(&db), 0);
    }
}
