//! Up to where the database's log is in the spool: as durable as the batches that hold it.
//!
//! The position travels in the header of its batch and is noted beside the batches right after. A crash between the two
//! is mended from the newest batch, so that no entry is kept twice and none is passed over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::{self, Access};

#[derive(Serialize, Deserialize)]
pub(super) struct LogPosition {
    /// Of the batch that reached it.
    pub(super) sequence: u64,
    pub(super) position: Value,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("log.position")
}

impl LogPosition {
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::write_whole(&file(folder), &serde_json::to_vec(self)?, Access::Group)
    }

    /// `None` where no log was ever read, or where the note cannot be.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(file(folder)).ok()?).ok()
    }
}

/// Where reading the log goes on, by the spool in this folder.
pub fn log_position(folder: &Path) -> Option<Value> {
    LogPosition::read(folder).map(|noted| noted.position)
}
