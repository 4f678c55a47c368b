//! Checking a whole data directory while no daemon has it open.
//!
//! SQLite's own check does not see every flipped byte: the chain of the audit log and the seals of users and tokens
//! are checked beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::marks;
use super::open::{OpenError, Options, check_registry, holds_anything};
use super::records::Records;
use crate::archive::{FileCheck, Segments};
use crate::clock::Clock;
use crate::crypto::Hash;
use crate::ids::IdSource;
use crate::logs::Logs;
use crate::metrics::{self, RegistryMark};
use crate::registry::Collectors;
use crate::storage::Poison;
use crate::storage::data_dir::Layout;

const NOT_YET: &str = "it is not there, as no daemon has run yet";
const OF_ANOTHER: &str = "it belongs to another registry than the one beside it";

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
    let records =
        check_registry(&layout).and_then(|()| Records::open(options, &Clock::System, &IdSource::Random));
    let records = records.map_err(|error| error.to_string());
    let found = records.as_ref().map_err(Clone::clone).and_then(registry);
    let owner = records.as_ref().ok().and_then(|records| records.audit.first_hash().ok().flatten());
    let is_new = records.as_ref().is_ok_and(|records| is_before_the_first_start(&layout, records));
    let (hot, mark) =
        if is_new { (Ok(NOT_YET.to_owned()), None) } else { hot(&layout, records.as_ref().ok(), owner) };
    let logs = if is_new { Ok(NOT_YET.to_owned()) } else { logs(&layout.logs(), owner) };
    let found = found.and_then(|found| match &records {
        Ok(records) => marks::check_registry(&layout, &records.audit, mark)
            .map_err(|error| error.to_string())
            .map(|()| found),
        Err(_) => Ok(found),
    });
    let mut reports = vec![
        FileReport { file: layout.registry(), found },
        FileReport { file: layout.hot(), found: hot },
        FileReport { file: layout.logs(), found: logs },
    ];
    reports.extend(segments(records.ok(), &layout)?);
    Ok(reports)
}

/// Whether a command made the registry, and no daemon has put anything beside it since.
fn is_before_the_first_start(layout: &Layout, records: &Records) -> bool {
    let (db, ring) = (Arc::clone(&records.db), Arc::clone(&records.ring));
    let collectors = Collectors::new(db, ring, Clock::System, IdSource::Random);
    !layout.hot().exists()
        && !layout.logs().exists()
        && matches!(marks::of_metrics(&records.db), Ok(None))
        && collectors.none_ever().unwrap_or(false)
}

fn registry(records: &Records) -> Result<String, String> {
    let in_words = |error: &dyn std::fmt::Display| error.to_string();
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

/// What is found in the metrics, and how far they knew the registry to be.
fn hot(
    layout: &Layout,
    records: Option<&Records>,
    owner: Option<Hash>,
) -> (Result<String, String>, Option<RegistryMark>) {
    let verified = match metrics::verify(&layout.hot()) {
        Ok(verified) => verified,
        Err(error) => return (Err(error.to_string()), None),
    };
    if verified.registry.zip(owner).is_some_and(|(said, owner)| said != owner) {
        return (Err(OF_ANOTHER.to_owned()), None);
    }
    let mark = records.and_then(|records| marks::of_metrics(&records.db).ok().flatten());
    let found = marks::check_metrics(layout, verified.next_seq, mark).map_err(|error| error.to_string());
    let whole = format!("{} values, {} documents", verified.values, verified.documents);
    (found.map(|()| whole), verified.registry_mark)
}

/// One report for all segments that are whole, and one for each that is not.
fn segments(records: Option<Records>, layout: &Layout) -> Result<Vec<FileReport>, OpenError> {
    let folder = layout.segments();
    let (clock, poison) = (Clock::System, Poison::default());
    let Some(Records { db, .. }) = records else {
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

fn logs(path: &Path, owner: Option<Hash>) -> Result<String, String> {
    // opening it would make it
    if !holds_anything(path) {
        return Err("it is missing or empty".to_owned());
    }
    let logs = Logs::open(path, Poison::default(), Clock::System).map_err(|error| error.to_string())?;
    let entries = logs.verify().map_err(|error| error.to_string())??;
    if let Some(owner) = owner
        && logs.belongs_to_another(owner).map_err(|error| error.to_string())?
    {
        return Err(OF_ANOTHER.to_owned());
    }
    Ok(format!("{entries} log entries"))
}
