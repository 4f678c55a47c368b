//! `pg_log`: what PostgreSQL has written to its log files on this machine, in all its formats but syslog.
//!
//! The log is followed across rotation by device, inode and offset. Each document names the place where it
//! ends; the spool makes that place durable together with the batch, so that after any crash reading goes on
//! exactly behind what was kept. Whoever looks for the first time starts shortly before the end.
//!
//! It does not know logs of other machines, nor those that are gone before they were read.

mod entry;
mod files;
mod format;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::collector::collection::to_document;
use crate::collector::postgres::{PostgresError, Session};
use crate::limits::{FILE_SYSTEM_TIME, LOG_DOCUMENTS};

use entry::Entry;
pub(crate) use files::Place;

/// Where the server writes, and in which file now. The function says nothing while nothing is collected.
const DIRECTORY: &str = "
    SELECT current_setting('data_directory'), current_setting('log_directory'),
           current_setting('logging_collector') = 'on'";
const MAY_ASK: &str = "SELECT pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')";

/// The log of one server, with the place up to which it was read.
pub(crate) struct PgLog {
    /// As it is configured, or as the server said.
    directory: Option<PathBuf>,
    place: Option<Place>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    database: &'static str,
    entries: &'a [Entry],
    /// Where the next document begins.
    position: &'a Place,
}

impl PgLog {
    pub(crate) fn new(directory: Option<PathBuf>, place: Option<Place>) -> Self {
        Self { directory, place }
    }

    pub(crate) fn knows_where(&self) -> bool {
        self.directory.is_some()
    }

    /// Asks the server where its log is. An error says what would help.
    pub(crate) async fn ask_where(
        &mut self,
        session: &mut Session,
    ) -> Result<Result<(), String>, PostgresError> {
        let transaction = session.read_only().await?;
        if !transaction.query_one(MAY_ASK, &[]).await?.try_get::<_, bool>(0)? {
            return Ok(Err("where the log is may not be asked; needs pg_monitor".to_owned()));
        }
        let row = transaction.query_one(DIRECTORY, &[]).await?;
        transaction.commit().await?;
        let (data, log): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        if !row.try_get::<_, bool>(2)? {
            return Ok(Err(
                "PostgreSQL collects no log (logging_collector = off); name the folder that it is \
                           written to in pg_log.directory"
                    .to_owned(),
            ));
        }
        self.directory = Some(Path::new(data).join(log));
        Ok(Ok(()))
    }

    /// What was written since the last time, in as many documents as it takes.
    pub(crate) async fn documents(&mut self, now: Timestamp) -> Result<Vec<Box<RawValue>>, String> {
        let Some(directory) = self.directory.clone() else { return Ok(Vec::new()) };
        let place = self.place.clone();
        let reading = tokio::task::spawn_blocking(move || read(&directory, place, now));
        let seconds = FILE_SYSTEM_TIME.as_secs();
        let read = tokio::time::timeout(FILE_SYSTEM_TIME, reading).await;
        let read = read.map_err(|_| format!("the log was not read within {seconds} s"))?;
        let (documents, place) = read.map_err(|error| format!("cannot read the log: {error}"))??;
        self.place = place;
        Ok(documents)
    }
}

fn read(
    directory: &Path,
    mut place: Option<Place>,
    now: Timestamp,
) -> Result<(Vec<Box<RawValue>>, Option<Place>), String> {
    let failed = |error: std::io::Error| format!("cannot read the log in {}: {error}", directory.display());
    let mut documents = Vec::new();
    while documents.len() < LOG_DOCUMENTS {
        let Some((entries, end)) = files::next(directory, place.as_ref()).map_err(failed)? else { break };
        let document = Document {
            r#type: "pg_log",
            timestamp: now,
            database: "postgres",
            entries: &entries,
            position: &end,
        };
        documents.push(to_document(&document).map_err(|error| error.to_string())?);
        place = Some(end);
    }
    Ok((documents, place))
}

/// The place where a document ends, if it is one of a log.
pub(crate) fn position_of(document: &RawValue) -> Option<serde_json::Value> {
    #[derive(Deserialize)]
    struct Reach {
        position: serde_json::Value,
    }
    let text = document.get();
    // no other document is taken apart for this
    let is_log = text.starts_with(r#"{"type":"pg_log","#);
    is_log.then(|| serde_json::from_str::<Reach>(text).ok()).flatten().map(|reach| reach.position)
}
