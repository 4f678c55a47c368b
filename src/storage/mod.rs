//! The engines: the data directory, SQLite, and the poison that stops both after a failed write.
//!
//! They know bytes, rows and folders, and nothing of collectors, users or metrics.

pub mod data_dir;
pub mod poison;
pub mod sqlite;

pub use data_dir::DataDir;
pub use poison::Poison;
pub(crate) use sqlite::stored_as_text;
pub use sqlite::{Sqlite, StoreError};

pub type Result<T> = std::result::Result<T, StoreError>;
