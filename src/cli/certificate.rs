//! `pganalytics certificate`: what agents and browsers are to trust, printed on the machine itself.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Serialize;

use super::Common;
use crate::clock::{Clock, Timestamp};
use crate::ids::IdSource;
use crate::node::Records;
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum CertificateCommand {
    /// Print the certificate of the internal authority, and the hash that agents pin with --ca-sha256
    Authority(Common),
}

#[derive(Serialize)]
struct Shown {
    certificate: String,
    sha256: String,
    expires_at: Timestamp,
}

pub(super) fn run(command: CertificateCommand, environment: &Environment) -> Result<ExitCode, String> {
    let CertificateCommand::Authority(common) = command;
    let options = common.load_quietly(environment)?.node;
    let records = Records::open(&options, &Clock::System, &IdSource::Random);
    let authority = records.map_err(|error| error.to_string())?.authority(&Clock::System);
    let authority = authority.map_err(|error| error.to_string())?;
    let facts = authority.facts();
    let shown = Shown {
        certificate: authority.certificate(),
        sha256: hex::encode(facts.fingerprint),
        expires_at: facts.not_after,
    };
    common.print(&shown, |shown| {
        let Shown { certificate, sha256, expires_at } = shown;
        format!("{certificate}sha256 {sha256}\nuntil  {expires_at}")
    })?;
    Ok(ExitCode::SUCCESS)
}
