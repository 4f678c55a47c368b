//! `pganalytics metrics`: what an administrator decides about the stored metrics, on the machine itself.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::Common;
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::node;
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum MetricsCommand {
    /// Begin with new metrics where their file is missing and no backup has it; the audit log keeps that it was done
    AcceptLoss(Common),
}

#[derive(Serialize)]
struct Accepted {
    /// The file that was made, or the journal that was given up; null where nothing was missing.
    made_anew: Option<String>,
}

pub(super) fn run(command: MetricsCommand, environment: &Environment) -> Result<ExitCode, String> {
    let MetricsCommand::AcceptLoss(common) = command;
    let settings = common.load_quietly(environment)?;
    let made = node::accept_loss(&settings.node, &Clock::System, &IdSource::Random);
    let made = made.map_err(|error| error.to_string())?;
    let accepted = Accepted { made_anew: made.map(|path| path.display().to_string()) };
    common.print(&accepted, |accepted| match &accepted.made_anew {
        Some(path) => format!("begun anew, without what {path} had"),
        None => "no metrics are missing; nothing was changed".to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}
