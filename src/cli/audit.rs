//! `pganalytics audit`: the chain, checked on the machine itself.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::{Common, FAILED};
use crate::clock::Clock;
use crate::ids::IdSource;
use crate::node;
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Recompute every hash; exit status 1 when an entry was edited, deleted or inserted
    Verify(Common),
    /// Go on with an older copy of the registry, where no backup has a newer one; the audit log keeps that it was done.
    /// What was revoked or removed since then is there again
    AcceptLoss(Common),
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the fields are those of GET /audit/verify")]
struct Verified {
    verified: bool,
    entries: u64,
    first_bad_entry: Option<u64>,
    head: String,
}

#[derive(Serialize)]
struct Accepted {
    /// The older copy that is gone on with; null where it is none.
    older_copy: Option<String>,
}

pub(super) fn run(command: AuditCommand, environment: &Environment) -> Result<ExitCode, String> {
    match command {
        AuditCommand::Verify(common) => verify(&common, environment),
        AuditCommand::AcceptLoss(common) => accept_loss(&common, environment),
    }
}

fn accept_loss(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let settings = common.load_quietly(environment)?;
    let loss = node::accept_older_registry(&settings.node, &Clock::System, &IdSource::Random);
    let loss = loss.map_err(|error| error.to_string())?;
    let accepted = Accepted { older_copy: loss.map(|loss| loss.path.display().to_string()) };
    common.print(&accepted, |accepted| match &accepted.older_copy {
        Some(path) => format!("{path} goes on without what it lacks"),
        None => "the audit log has all that is known of it; nothing was changed".to_owned(),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn verify(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let records = common.open_records(environment)?;
    let verification = records.audit.verify(&*records.access.signing_keys());
    let verification = verification.map_err(|error| error.to_string())?;
    let verified = Verified {
        verified: verification.first_bad_entry.is_none(),
        entries: verification.entries,
        first_bad_entry: verification.first_bad_entry,
        head: hex::encode(verification.head.hash),
    };
    common.print(&verified, |verified| match verified.first_bad_entry {
        None => format!("chain verified, {} entries", verified.entries),
        Some(bad) => format!("chain broken at entry {bad}"),
    })?;
    Ok(if verified.verified { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
