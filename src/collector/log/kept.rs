//! Lines that could not be sent yet, in a file beside the spool.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::collector::config::read_bounded;
use crate::files::{self, Access};
use crate::limits::LOG_LINES_FILE_BYTES;
use crate::wire::LogEntry;

const FILE: &str = "log-lines.json";

/// Lines under one name, so that the daemon keeps them once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) name: String,
    pub(super) entries: Vec<LogEntry>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// What was sent and not answered.
    pub(super) under_way: Option<Batch>,
    pub(super) waiting: Vec<LogEntry>,
}

impl Kept {
    /// What an earlier run left; nothing where there is none, and nothing where it does not read.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        match read_bounded(&folder.join(FILE), LOG_LINES_FILE_BYTES) {
            Ok(text) => Ok(serde_json::from_str(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::write_whole(&folder.join(FILE), &serde_json::to_vec(self)?, Access::Group)
    }

    pub(super) fn remove(folder: &Path) -> io::Result<()> {
        match fs::remove_file(folder.join(FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
