//! `pganalytics verify`: every checksum of every file of the data directory, while no daemon runs.

use std::process::ExitCode;

use serde::Serialize;

use super::{Common, FAILED};
use crate::logging;
use crate::node::{self, FileReport};
use crate::settings::Environment;

#[derive(Serialize)]
struct Verified {
    verified: bool,
    files: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    file: String,
    whole: bool,
    found: String,
}

impl From<FileReport> for Checked {
    fn from(report: FileReport) -> Self {
        let whole = report.found.is_ok();
        let found = report.found.unwrap_or_else(|damage| damage);
        Self { file: report.file.display().to_string(), whole, found }
    }
}

pub(super) fn run(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let settings = common.load(environment)?;
    logging::start("error", logging::Format::Text).map_err(|error| error.to_string())?;
    let files: Vec<Checked> = node::verify(&settings.node)
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(Checked::from)
        .collect();
    let verified = Verified { verified: files.iter().all(|file| file.whole), files };
    common.print(&verified, |verified| {
        let line = |file: &Checked| {
            let state = if file.whole { "whole" } else { "DAMAGED" };
            format!("{state}: {}: {}", file.file, file.found)
        };
        verified.files.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if verified.verified { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
