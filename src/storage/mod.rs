//! The engines: the data directory, SQLite, redb, and the poison that stops all after a failed write.
//!
//! They know bytes, rows and folders, what is kept in memory, and nothing of collectors, users or metrics.

pub(crate) mod bytes;
pub mod data_dir;
pub mod free_space;
mod journal;
pub mod journaled;
pub mod kept;
pub mod memo;
pub mod poison;
pub mod redb_file;
pub mod reseal;
pub mod sealed;
pub mod segment;
pub mod sqlite;
pub mod unit;
pub(crate) mod unpack;

pub use data_dir::DataDir;
pub use free_space::FreeSpace;
pub use kept::Kept;
pub use memo::Memo;
pub use poison::Poison;
pub use redb_file::{RedbError, RedbFile};
pub use reseal::{Reseal, Resealed};
pub(crate) use sqlite::stored_as_text;
pub use sqlite::{Sqlite, StoreError};
pub use unit::{Unit, after_commit};

pub type Result<T> = std::result::Result<T, StoreError>;
