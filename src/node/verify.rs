//! Checking a whole data directory while no daemon has it open.
//!
//! SQLite's own check does not see every flipped byte: the chain of the audit log and the seals of users and tokens
//! are checked beside it.

use std::path::{Path, PathBuf};

use super::open::{OpenError, Options};
use super::records::Records;
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::logs::Logs;
use crate::metrics;
use crate::storage::Poison;
use crate::storage::data_dir::Layout;

/// One file, and what was found in it.
#[derive(Clone, Debug)]
pub struct FileReport {
    pub file: PathBuf,
    /// What was checked, in words, when it is whole; else the first thing that is wrong.
    pub found: Result<String, String>,
}

/// Checks every checksum of every file. An error is what keeps it from being done at all.
pub fn verify(options: &Options) -> Result<Vec<FileReport>, OpenError> {
    let layout = Layout::of(&options.data_dir);
    if !layout.registry().exists() && !layout.hot().exists() {
        return Err(OpenError::NoRegistry(options.data_dir.clone()));
    }
    let _alone = layout.lock_alone()?;
    let registry = FileReport { file: layout.registry(), found: registry(options) };
    let hot = FileReport { file: layout.hot(), found: hot(&layout) };
    let logs = layout.logs();
    // a directory of an older release has none
    let logs = logs.exists().then(|| FileReport { found: self::logs(&logs), file: logs });
    Ok([registry, hot].into_iter().chain(logs).collect())
}

fn registry(options: &Options) -> Result<String, String> {
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
    let records = Records::open(options, &Clock::System, &IdSource::Random).map_err(|e| in_words(&e))?;
    if let Some(damage) = records.db.integrity().map_err(|e| in_words(&e))? {
        return Err(damage);
    }
    let users = records.access.users().map_err(|e| in_words(&e))?.len();
    let chain = records.audit.verify(&*records.access.signing_keys()).map_err(|e| in_words(&e))?;
    match chain.first_bad_entry {
        Some(bad) => Err(format!("the audit chain is broken at entry {bad}")),
        None => Ok(format!("{users} users, {} audit entries", chain.entries)),
    }
}

fn hot(layout: &Layout) -> Result<String, String> {
    let verified = metrics::verify(&layout.hot()).map_err(|error| error.to_string())?;
    Ok(format!("{} values, {} documents", verified.values, verified.documents))
}

fn logs(path: &Path) -> Result<String, String> {
    let logs = Logs::open(path, Poison::default(), Clock::System).map_err(|error| error.to_string())?;
    let entries = logs.verify().map_err(|error| error.to_string())??;
    Ok(format!("{entries} log entries"))
}
