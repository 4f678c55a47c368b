//! What left the spool without being acknowledged, counted on disk.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::gaps::Gaps;
use crate::files::{self, Access};

const FILE_NAME: &str = "counts.json";

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) dropped_batches: u64,
    pub(super) dropped_documents: u64,
    pub(super) refused_batches: u64,
    pub(super) damaged_batches: u64,
    /// What the daemon is told of all that.
    #[serde(default)]
    pub(super) gaps: Gaps,
    /// A batch that is counted as dropped already and whose file is about to go.
    pub(super) dropping: Option<u64>,
}

impl Counts {
    /// The counts of a spool; zero for a new one. Unreadable counts are set aside, and zero as well.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE_NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice(&text) {
            Ok(counts) => Ok(counts),
            Err(error) => {
                tracing::error!(file = %path.display(), %error, "the spool's counts are damaged: set aside, counting from zero");
                files::publish(&path, &folder.join("counts.damaged"))?;
                Ok(Self::default())
            }
        }
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        files::write_whole(&folder.join(FILE_NAME), &serde_json::to_vec(self)?, Access::Group)
    }
}
