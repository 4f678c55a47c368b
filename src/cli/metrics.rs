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
    /// Begin with new metrics where their file is missing, or go on with an older copy of it, and no backup has more; the
    /// audit log keeps that it was done
    AcceptLoss(Common),
}

#[derive(Serialize)]
struct Accepted {
    /// The file that was made; null where none was missing.
    made_anew: Option<String>,
    /// The older copy that is gone on with; null where it is none.
    older_copy: Option<String>,
}

pub(super) fn run(command: MetricsCommand, environment: &Environment) -> Result<ExitCode, String> {
    let MetricsCommand::AcceptLoss(common) = command;
    let settings = common.load_quietly(environment)?;
    let loss = node::accept_loss(&settings.node, &Clock::System, &IdSource::Random);
    let loss = loss.map_err(|error| error.to_string())?;
    let path = |is_new: bool| {
        let loss = loss.as_ref().filter(|loss| loss.is_new == is_new);
        loss.map(|loss| loss.path.display().to_string())
    };
    let accepted = Accepted { made_anew: path(true), older_copy: path(false) };
    common.print(&accepted, |accepted| match (&accepted.made_anew, &accepted.older_copy) {
        (Some(path), _) => format!("made {path} anew, without a metric"),
        (None, Some(path)) => format!("{path} goes on without what it lacks"),
        (None, None) => "no metrics are missing; nothing was changed".to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}
