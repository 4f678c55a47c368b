//! Checking a whole data directory while no daemon has it open.
//!
//! SQLite's own check does not see every flipped byte: the chain of the audit log and the seals of users and tokens
//! are checked beside it.

use std::path::{Path, PathBuf};

use super::open::{OpenError, Options};
use super::records::Records;
use crate::archive::{FileCheck, Segments};
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
    let mut reports: Vec<_> = [registry, hot].into_iter().chain(logs).collect();
    reports.extend(segments(options, &layout)?);
    Ok(reports)
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

/// One report for all segments that are whole, and one for each that is not.
fn segments(options: &Options, layout: &Layout) -> Result<Vec<FileReport>, OpenError> {
    let folder = layout.segments();
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let (clock, poison) = (Clock::System, Poison::default());
    let Ok(Records { db, .. }) = Records::open(options, &clock, &IdSource::Random) else {
        // what is wrong with the registry is told already
        let found = Err("nothing tells which segments there are".to_owned());
        return Ok(vec![FileReport { file: folder, found }]);
    };
    let segments = Segments::attach(db, &folder, poison, clock);
    let (mut reports, mut whole, mut documents) = (Vec::new(), 0_u64, 0);
    segments.verify(|FileCheck { file, found }| match found {
        Ok(found) => {
            whole += 1;
            documents += found;
        }
        Err(damage) => reports.push(FileReport { file, found: Err(damage) }),
    })?;
    // as a crash leaves it between the naming of a segment and its listing
    let told = || Ok("nothing lists it, so it is not read".to_owned());
    reports.extend(segments.unlisted()?.into_iter().map(|file| FileReport { file, found: told() }));
    let all = format!("{whole} segments, {documents} documents");
    reports.push(FileReport { file: folder, found: Ok(all) });
    Ok(reports)
}

fn logs(path: &Path) -> Result<String, String> {
    let logs = Logs::open(path, Poison::default(), Clock::System).map_err(|error| error.to_string())?;
    let entries = logs.verify().map_err(|error| error.to_string())??;
    Ok(format!("{entries} log entries"))
}
