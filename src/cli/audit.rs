//! `pganalytics audit`: the chain, checked on the machine itself.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::{Common, FAILED};
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Recompute every hash; exit status 1 when an entry was edited, deleted or inserted
    Verify(Common),
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the fields are those of GET /audit/verify")]
struct Verified {
    verified: bool,
    entries: u64,
    first_bad_entry: Option<u64>,
    head: String,
}

pub(super) fn run(command: AuditCommand, environment: &Environment) -> Result<ExitCode, String> {
    let AuditCommand::Verify(common) = command;
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
