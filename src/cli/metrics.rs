//! `pganalytics metrics`: what an administrator decides about the stored metrics, on the machine itself.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::Common;
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::node::{self, AcceptedLoss, Lost};
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum MetricsCommand {
    /// Begin with new metrics where their file is missing, or go on with an older copy of it, and no backup has more; the
    /// audit log keeps that it was done
    AcceptLoss(Common),
}

#[derive(Serialize)]
struct Accepted {
    /// The file that was missing and is new now; null where none was.
    made_anew: Option<String>,
    /// The journal that cannot be used and was set aside; null where there is none.
    set_aside: Option<String>,
    /// The older copy that is gone on with; null where it is none.
    older_copy: Option<String>,
}

pub(super) fn run(command: MetricsCommand, environment: &Environment) -> Result<ExitCode, String> {
    let MetricsCommand::AcceptLoss(common) = command;
    let settings = common.load_quietly(environment)?;
    let loss = node::accept_loss(&settings.node, &Clock::System, &IdSource::Random);
    let loss = loss.map_err(|error| error.to_string())?;
    let path =
        |what| loss.as_ref().filter(|loss| loss.what == what).map(|loss| loss.path.display().to_string());
    let accepted = Accepted {
        made_anew: path(Lost::File),
        set_aside: path(Lost::Journal),
        older_copy: path(Lost::Newer),
    };
    common.print(&accepted, |_| match &loss {
        Some(AcceptedLoss { path, what: Lost::File }) => {
            format!("made {} anew, without a metric", path.display())
        }
        Some(AcceptedLoss { path, what: Lost::Journal }) => {
            format!("set {} aside; the metrics go on without what it had", path.display())
        }
        Some(AcceptedLoss { path, what: Lost::Newer }) => {
            format!("{} goes on without what it lacks", path.display())
        }
        None => "no metrics are missing; nothing was changed".to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}
