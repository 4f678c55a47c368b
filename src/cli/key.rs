//! `pganalytics key`: root keys and signing keys, listed and rotated on the machine itself, beside a running daemon or
//! without one.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::{Common, Output};
use crate::audit::{Actor, Origin};
use crate::clock::{Clock, Timestamp};
use crate::crypto::KeyRing;
use crate::ids::IdSource;
use crate::node::Records;
use crate::settings::Environment;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Show the keys, and how much stands under each of them
    List(Common),
    /// Add keys that seal and sign from now on; a running daemon takes them up, and encrypts anew what there is
    Rotate(Rotate),
    /// Take a root key out of the ring when nothing stands under it any more; backups of before need it still
    Remove(Remove),
    /// Print the line of a new root key, for a ring that the site keeps itself, such as in a credential
    Generate(Generate),
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    common: Common,
    /// One kind of key only
    #[arg(long, value_enum)]
    only: Option<Which>,
}

#[derive(Debug, Args)]
pub(super) struct Generate {
    /// The number of the key: one more than the last of the ring
    #[arg(long, default_value_t = 1)]
    id: u32,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    #[command(flatten)]
    common: Common,
    /// The number of the root key
    id: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// What secrets are encrypted with
    Root,
    /// What tokens and checkpoints are signed with
    Signing,
}

#[derive(Serialize)]
struct Listed {
    algorithm: &'static str,
    root_keys: Vec<RootKeyView>,
    signing_keys: Vec<SigningKeyView>,
}

#[derive(Serialize)]
struct RootKeyView {
    id: u32,
    seals: bool,
    values: u64,
}

#[derive(Serialize)]
struct SigningKeyView {
    id: String,
    created_at: Timestamp,
    retired_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Rotated {
    root_key: Option<u32>,
    signing_key: Option<String>,
}

#[derive(Serialize)]
struct Generated<'a> {
    id: u32,
    /// As it stands in a ring.
    line: &'a str,
}

#[derive(Serialize)]
struct Removed {
    removed: u32,
}

pub(super) fn run(command: KeyCommand, environment: &Environment) -> Result<ExitCode, String> {
    match command {
        KeyCommand::List(common) => list(&common, environment),
        KeyCommand::Rotate(Rotate { common, only }) => rotate(&common, only, environment),
        KeyCommand::Remove(Remove { common, id }) => remove(&common, id, environment),
        KeyCommand::Generate(wanted) => generate(&wanted),
    }
    .map(|()| ExitCode::SUCCESS)
}

fn generate(wanted: &Generate) -> Result<(), String> {
    let ring = KeyRing::generate_as(wanted.id).to_text();
    let generated = Generated { id: wanted.id, line: ring.expose().trim_end() };
    super::print_text(&wanted.output.shown(&generated, |generated| generated.line.to_owned())?)
}

fn list(common: &Common, environment: &Environment) -> Result<(), String> {
    let records = common.open_records(environment)?;
    let root_keys = records.root_keys().map_err(|error| error.to_string())?;
    let view =
        |key: crate::node::RootKeyReport| RootKeyView { id: key.id, seals: key.seals, values: key.values };
    let keys = Listed {
        algorithm: records.ring.algorithm().as_str(),
        root_keys: root_keys.into_iter().map(view).collect(),
        signing_keys: records
            .access
            .signing_keys()
            .list()
            .into_iter()
            .map(|key| SigningKeyView { id: key.id, created_at: key.created_at, retired_at: key.retired_at })
            .collect(),
    };
    common.print(&keys, |keys| {
        let roots = keys.root_keys.iter().map(|key| {
            let seals = if key.seals { format!(", seals by {}", keys.algorithm) } else { String::new() };
            format!("root key {}: {} values{seals}", key.id, key.values)
        });
        let signing = keys.signing_keys.iter().map(|key| match key.retired_at {
            Some(at) => format!("signing key {}: since {}, retired {at}", key.id, key.created_at),
            None => format!("signing key {}: since {}, signs", key.id, key.created_at),
        });
        roots.chain(signing).collect::<Vec<_>>().join("\n")
    })
}

fn rotate(common: &Common, only: Option<Which>, environment: &Environment) -> Result<(), String> {
    let options = common.load_quietly(environment)?.node;
    let records =
        Records::open(&options, &Clock::System, &IdSource::Random).map_err(|error| error.to_string())?;
    let origin = Origin::local(Actor::command_line());
    let root_key = (only != Some(Which::Signing)).then(|| records.rotate_root_key(&options, &origin));
    let root_key = root_key.transpose().map_err(|error| error.to_string())?;
    let signing_key = (only != Some(Which::Root)).then(|| records.access.rotate_signing_key(&origin));
    let signing_key = signing_key.transpose().map_err(|error| error.to_string())?;
    common.print(&Rotated { root_key, signing_key }, |rotated| {
        let root = rotated.root_key.map(|id| {
            format!(
                "root key {id} seals from now on; back up the ring, and keep the old one for older backups"
            )
        });
        let signing = rotated.signing_key.as_ref().map(|id| format!("signing key {id} signs from now on"));
        root.into_iter().chain(signing).collect::<Vec<_>>().join("\n")
    })
}

fn remove(common: &Common, id: u32, environment: &Environment) -> Result<(), String> {
    let options = common.load_quietly(environment)?.node;
    let records =
        Records::open(&options, &Clock::System, &IdSource::Random).map_err(|error| error.to_string())?;
    let origin = Origin::local(Actor::command_line());
    records.remove_root_key(&options, &origin, id).map_err(|error| error.to_string())?;
    common
        .print(&Removed { removed: id }, |removed| format!("root key {} is out of the ring", removed.removed))
}
