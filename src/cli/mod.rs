//! The daemon's command line: what it understands, and its exit status.
//!
//! 0 done, 1 failed, 2 wrong usage, 3 done in part. Results go to standard output, everything else to standard
//! error or the journal. Secrets come by standard input or file, never as an argument.

mod audit;
mod certificate;
mod daemon;
mod demo;
mod key;
mod metrics;
mod owner;
mod reload;
mod serve;
mod signals;
mod user;
mod verify;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use nix::sys::stat::{Mode, umask};
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::files;
use crate::ids::IdSource;
use crate::limits::OPEN_FILES;
use crate::logging;
use crate::node::Records;
use crate::settings::Environment;

const FAILED: u8 = 1;

/// Watches a fleet of PostgreSQL servers: registers collectors, keeps what they measure, shows it live.
#[derive(Debug, Parser)]
#[command(name = "pganalytics", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon until SIGTERM
    Serve(Common),
    /// Show it at work: a daemon, an agent and a small database, gone without a trace when it ends
    Demo(demo::Demo),
    /// Say every problem of a configuration at once, and write nothing
    Check(Common),
    /// Manage users on this machine, also when nobody can sign in
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check every checksum of every file of the data directory, while no daemon runs
    Verify(Common),
    /// Decide what becomes of metrics that are missing
    #[command(subcommand)]
    Metrics(metrics::MetricsCommand),
    /// Show what agents and browsers are to trust
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// List and rotate the keys that encrypt and sign
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Examine the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
}

#[derive(Debug, Args)]
struct Common {
    /// Configuration file; without it, defaults and the environment
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Does what was asked for and says how it went.
pub fn run(arguments: Arguments, environment: &Environment) -> ExitCode {
    // nothing that this program writes is for everybody on the machine
    umask(Mode::from_bits_truncate(0o027));
    // with fewer it works as well, and opens them more often
    let _ = files::ask_for_open(OPEN_FILES);
    let done = match arguments.command {
        Command::Serve(common) => serve::serve(&common, environment),
        Command::Demo(wanted) => demo::demo(wanted, environment),
        Command::Check(common) => check(&common, environment),
        Command::User(command) => user::run(command, environment),
        Command::Verify(common) => verify::run(&common, environment),
        Command::Metrics(command) => metrics::run(command, environment),
        Command::Certificate(command) => certificate::run(command, environment),
        Command::Key(command) => key::run(command, environment),
        Command::Audit(command) => audit::run(command, environment),
    };
    done.unwrap_or_else(|message| {
        // standard error may be closed; the exit status still tells
        let _ = writeln!(io::stderr(), "pganalytics: {message}");
        ExitCode::from(FAILED)
    })
}

impl Common {
    /// The settings, for a command that works on the data directory.
    fn load(&self, environment: &Environment) -> Result<Settings, String> {
        let settings = config::load(self.config.as_deref(), environment);
        let settings = settings.map_err(|problems| problems.to_string())?;
        owner::become_owner(&settings.node.data_dir)?;
        Ok(settings)
    }

    /// Opens registry and audit log, whether the daemon runs or not.
    fn open_records(&self, environment: &Environment) -> Result<Records, String> {
        let node = self.load_quietly(environment)?.node;
        Records::open(&node, &Clock::System, &IdSource::Random).map_err(|error| error.to_string())
    }

    /// The same, and makes them where there are none.
    fn open_or_create_records(&self, environment: &Environment) -> Result<Records, String> {
        let node = self.load_quietly(environment)?.node;
        Records::open_or_create(&node, &Clock::System, &IdSource::Random).map_err(|error| error.to_string())
    }

    /// The settings, for a command whose log would only be in the way.
    fn load_quietly(&self, environment: &Environment) -> Result<Settings, String> {
        let settings = self.load(environment)?;
        logging::start("warn", logging::Format::Text).map_err(|error| error.to_string())?;
        Ok(settings)
    }

    fn print<T: Serialize>(&self, result: &T, text: impl FnOnce(&T) -> String) -> Result<(), String> {
        print_text(&self.output.shown(result, text)?)
    }
}

impl Output {
    /// A result as JSON, or as the text that a person reads.
    fn shown<T: Serialize>(self, result: &T, text: impl FnOnce(&T) -> String) -> Result<String, String> {
        match self {
            Self::Json => serde_json::to_string(result).map_err(|error| error.to_string()),
            Self::Text => Ok(text(result)),
        }
    }
}

fn print_text(text: &str) -> Result<(), String> {
    writeln!(io::stdout(), "{text}").map_err(|error| format!("cannot print the result: {error}"))
}

#[derive(Serialize)]
struct Checked {
    ok: bool,
    problems: Vec<Said>,
}

#[derive(Serialize)]
struct Said {
    field: String,
    value: Option<String>,
    rule: String,
    hint: String,
}

fn check(common: &Common, environment: &Environment) -> Result<ExitCode, String> {
    let problems = match config::load(common.config.as_deref(), environment) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.0,
    };
    let checked = Checked {
        ok: problems.is_empty(),
        problems: problems
            .iter()
            .map(|problem| Said {
                field: problem.field.clone(),
                value: problem.value.clone(),
                rule: problem.rule.clone(),
                hint: problem.hint.clone(),
            })
            .collect(),
    };
    let status = if checked.ok { ExitCode::SUCCESS } else { ExitCode::from(FAILED) };
    common.print(&checked, |_| match problems.as_slice() {
        [] => "the configuration is good".to_owned(),
        problems => crate::settings::Problems(problems.to_vec()).to_string(),
    })?;
    Ok(status)
}
